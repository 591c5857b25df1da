//! Files and programs, with errors that name them.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Runs a program to its end and returns what it prints.
pub(super) fn run(command: &mut Command) -> Result<Vec<u8>, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{name}` does not start: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{name} {}` failed: {}", arguments.join(" "), errors.trim_end()))
}

/// The same, of a program that prints text.
pub(super) fn read(command: &mut Command) -> Result<String, String> {
    let printed = run(command)?;
    String::from_utf8(printed).map_err(|error| format!("{command:?} prints no text: {error}"))
}

/// Names the file of an error.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> String + '_ {
    move |error| format!("{}: {error}", path.display())
}

/// Writes a file that everybody may read, and the folders above it.
pub(super) fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(path, contents).map_err(at(path))?;
    fs::set_permissions(path, Permissions::from_mode(0o644)).map_err(at(path))
}

/// Writes a compressed file. It has no time in it, so that the same contents give the same file.
pub(super) fn write_compressed(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), String> {
    write(path, contents)?;
    run(Command::new("gzip").args(["-9", "--no-name", "--force"]).arg(path)).map(drop)
}

/// Every file below a folder, sorted.
pub(super) fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
