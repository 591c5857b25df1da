//! The crates that stacks are written with, as the package has them: a workspace of their own, so that
//! a stacks crate can name them by path.
//!
//! Their tests stay behind, and with them what only tests depend on.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::tools::{at, files, write};

/// The crates, by their folders.
const CRATES: [&str; 3] = ["sdk", "sdk/macros", "aws"];

/// Copies the crates from the repository at `root`.
pub(super) fn copy(root: &Path, to: &Path) -> Result<(), String> {
    let workspace = manifest(&root.join("Cargo.toml"))?;
    let mut used = Vec::new();
    for folder in CRATES {
        let package = without_tests(manifest(&root.join(folder).join("Cargo.toml"))?);
        used.extend(dependencies(&package));
        write(&to.join(folder).join("Cargo.toml"), package.to_string())?;
        let sources = root.join(folder).join("src");
        for file in files(&sources)? {
            let below = file.strip_prefix(root).map_err(|error| error.to_string())?;
            write(&to.join(below), fs::read(&file).map_err(at(&file))?)?;
        }
    }
    write(&to.join("Cargo.toml"), workspace_of(workspace, &used)?.to_string())
}

fn manifest(path: &Path) -> Result<Table, String> {
    let text = fs::read_to_string(path).map_err(at(path))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

/// A package without what only its tests use.
fn without_tests(mut package: Table) -> Table {
    for part in ["dev-dependencies", "bin", "bench", "test"] {
        package.remove(part);
    }
    package
}

fn dependencies(package: &Table) -> Vec<String> {
    let table = package.get("dependencies").and_then(Value::as_table);
    table.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

/// The workspace that holds the crates, with the versions that they use.
fn workspace_of(repository: Table, used: &[String]) -> Result<Table, String> {
    let missing = || "the root Cargo.toml is no workspace".to_owned();
    let mut workspace = repository.get("workspace").cloned().ok_or_else(missing)?;
    let table = workspace.as_table_mut().ok_or_else(missing)?;
    table.insert("members".to_owned(), CRATES.map(Value::from).to_vec().into());
    if let Some(versions) = table.get_mut("dependencies").and_then(Value::as_table_mut) {
        versions.retain(|name, _| used.iter().any(|one| one == name));
    }
    Ok(Table::from_iter([("workspace".to_owned(), workspace)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_has_the_crates_and_what_they_depend_on() {
        let text = "[workspace]\nmembers = [\"all\"]\nresolver = \"3\"\n[workspace.dependencies]\n\
                    serde = \"1\"\nsled = \"0.34\"\n[package]\nname = \"infra\"\n";
        let made = workspace_of(text.parse().expect("TOML"), &["serde".to_owned()]).expect("made");
        let expected = "[workspace]\nmembers = [\"sdk\", \"sdk/macros\", \"aws\"]\n\
                        resolver = \"3\"\n[workspace.dependencies]\nserde = \"1\"\n";
        assert_eq!(made, expected.parse::<Table>().expect("TOML"));
    }

    #[test]
    fn what_only_tests_use_stays_behind() {
        let text = "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\n\
                    [dev-dependencies]\ntrybuild = \"1\"\n[[bin]]\nname = \"t\"\n";
        let package = without_tests(text.parse().expect("TOML"));
        assert_eq!(dependencies(&package), ["serde"]);
        assert_eq!(package.keys().collect::<Vec<_>>(), ["dependencies", "package"]);
    }
}
