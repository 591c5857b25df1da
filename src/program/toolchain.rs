//! What a build depends on beside files of the project: variables, compilers, cargo's settings.
//!
//! Start reading at [`surroundings`]. Compilers are looked at and not started, which would cost as
//! much as asking cargo.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::cargo::cargo;
use super::environment::is_scrubbed_of_builds;
use super::inputs::Stamp;

/// Variables that name another compiler, or one that wraps it: what that one is, is not looked into.
const COMPILERS: [&str; 6] = [
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
];

/// All of it. `None` where it cannot be told by looking which compiler is used.
pub(super) fn surroundings(root: &Path) -> Option<Vec<u8>> {
    let mut around = Vec::new();
    variables(&mut around)?;
    program(&mut around, &cargo())?;
    program(&mut around, OsStr::new("rustc"))?;
    let home = |name: &str, folder: &str| {
        let otherwise = || Some(Path::new(&std::env::var_os("HOME")?).join(folder));
        std::env::var_os(name).map(PathBuf::from).or_else(otherwise)
    };
    rustup(&mut around, &home("RUSTUP_HOME", ".rustup")?)?;
    let cargo_home = home("CARGO_HOME", ".cargo")?;
    let above = root.ancestors().map(|folder| folder.join(".cargo"));
    for folder in above.chain([cargo_home]) {
        for name in ["config", "config.toml"] {
            settings(&mut around, &folder.join(name), &["include", "rustc"])?;
        }
    }
    for folder in root.ancestors() {
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            settings(&mut around, &folder.join(name), &["path"])?;
        }
    }
    Some(around)
}

fn part(around: &mut Vec<u8>, bytes: &[u8]) {
    around.extend(bytes.len().to_le_bytes());
    around.extend(bytes);
}

fn stamp(around: &mut Vec<u8>, path: &Path) -> Option<()> {
    part(around, path.as_os_str().as_bytes());
    part(around, &serde_json::to_vec(&Stamp::of(path).ok()?).ok()?);
    Some(())
}

/// All variables that cargo is given: any may be read by a macro or a build script.
fn variables(around: &mut Vec<u8>) -> Option<()> {
    let mut all: Vec<_> = std::env::vars_os().collect();
    all.retain(|(name, _)| !is_scrubbed_of_builds(name));
    all.sort();
    for (name, value) in all {
        if COMPILERS.iter().any(|compiler| name == *compiler) {
            return None;
        }
        part(around, name.as_bytes());
        part(around, value.as_bytes());
    }
    Some(())
}

/// A program of the search path, which is no script: a script may choose anything.
fn program(around: &mut Vec<u8>, name: &OsStr) -> Option<()> {
    let named = Path::new(name);
    let path = if named.components().count() > 1 {
        named.to_owned()
    } else {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(named)).find(|path| path.is_file())?
    };
    if !path.is_absolute() {
        return None;
    }
    let mut begin = [0; 2];
    fs::File::open(&path).ok()?.read_exact(&mut begin).ok()?;
    if &begin == b"#!" {
        return None;
    }
    part(around, path.as_os_str().as_bytes());
    stamp(around, &path.canonicalize().ok()?)
}

/// The toolchains of rustup, and which one it takes where nothing else says. Source: the rustup book,
/// overrides.
fn rustup(around: &mut Vec<u8>, home: &Path) -> Option<()> {
    settings(around, &home.join("settings.toml"), &[])?;
    let Ok(toolchains) = fs::read_dir(home.join("toolchains")) else { return Some(()) };
    let mut folders = Vec::new();
    for toolchain in toolchains {
        folders.push(toolchain.ok()?.path().canonicalize().ok()?);
    }
    folders.sort();
    for folder in folders {
        for file in ["bin/rustc", "bin/cargo", "lib"] {
            let path = folder.join(file);
            if path.exists() {
                stamp(around, &path)?;
            }
        }
    }
    Some(())
}

/// A file of settings, if it is there, without words that lead elsewhere.
fn settings(around: &mut Vec<u8>, path: &Path, elsewhere: &[&str]) -> Option<()> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(()),
        Err(_) => return None,
    };
    part(around, path.as_os_str().as_bytes());
    part(around, text.as_bytes());
    (!elsewhere.iter().any(|word| text.contains(word))).then_some(())
}
