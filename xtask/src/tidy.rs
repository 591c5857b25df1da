//! The rules of the house: which crate may import which, how long a file may be, that no
//! resource type and no code of a diagnostic was forgotten. Each check returns what breaks its rule, a line each.

use std::fs;
use std::path::{Path, PathBuf};

use crate::codes;

/// Which workspace crates a crate may depend on. docs/architecture.md explains the arrows.
const ARROWS: &[(&str, &[&str])] = &[
    (".", &["infra-aws", "infra-engine", "infra-sandbox", "infra-sdk", "infra-state"]),
    ("aws", &["infra-sdk"]),
    ("engine", &["infra-sdk"]),
    ("sandbox", &[]),
    ("sdk", &["infra-macros"]),
    ("sdk/macros", &[]),
    ("stacks", &["infra-aws", "infra-sdk"]),
    ("state", &["infra-sdk"]),
    ("testkit", &["infra-sdk"]),
    ("xtask", &[]),
];

/// Which workspace crates an example may depend on: what everybody's stacks may.
const EXAMPLE_ARROWS: &[&str] = &["infra-aws", "infra-sdk"];

/// Crates that must not link an async runtime or an AWS SDK crate.
const LIGHT: &[&str] = &["sdk", "sdk/macros", "stacks"];

/// Lines that a file may have.
const BUDGET: usize = 600;
/// Lines that a file may have which holds a resource type with its fixtures.
const RESOURCE_BUDGET: usize = 400;

/// A file that may be longer, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Modules that alone may name a crate: `(word, files)`.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("sled::", &["state/src/sled_table.rs"]),
    ("aws_config::defaults", &["aws/src/frame/clients.rs", "state/src/s3/bucket.rs"]),
];

/// Everything that breaks a rule, in the repository at `root`.
#[must_use]
pub fn violations(root: &Path) -> Vec<String> {
    let files = rust_files(root);
    let mut found = arrows(root);
    found.extend(example_arrows(root, &files));
    found.extend(budgets(root, &files));
    found.extend(logic_in_mod_files(root, &files));
    found.extend(forgotten_types(root, &files));
    found.extend(words_out_of_place(root, &files));
    found.extend(codes::violations(root, &files));
    found
}

fn dependencies(root: &Path, folder: &str) -> Result<Vec<String>, String> {
    let path = root.join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest: toml::Table =
        text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    Ok(table.map(|table| table.keys().cloned().collect()).unwrap_or_default())
}

fn arrows(root: &Path) -> Vec<String> {
    let one = |(folder, allowed): &(&str, &[&str])| {
        wrong_arrows(root, folder, allowed, LIGHT.contains(folder))
    };
    ARROWS.iter().flat_map(one).collect()
}

/// Examples are light, all of them: they begin what people write, and are built where people plan.
fn example_arrows(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let folders = files.iter().filter_map(|path| {
        let name = relative(root, path);
        let folder = name.strip_suffix("/src/main.rs").or(name.strip_suffix("/src/lib.rs"))?;
        folder.starts_with("examples/").then(|| folder.to_owned())
    });
    folders.flat_map(|folder| wrong_arrows(root, &folder, EXAMPLE_ARROWS, true)).collect()
}

fn wrong_arrows(root: &Path, folder: &str, allowed: &[&str], light: bool) -> Vec<String> {
    let names = match dependencies(root, folder) {
        Ok(names) => names,
        Err(message) => return vec![message],
    };
    let mut found = Vec::new();
    for name in names {
        let ours = name.starts_with("infra-") || name == "stacks";
        if ours && !allowed.contains(&name.as_str()) {
            found.push(format!("{folder}/Cargo.toml: must not depend on {name}"));
        }
        let heavy = name.starts_with("aws-") || name == "tokio";
        if heavy && light {
            found.push(format!("{folder}/Cargo.toml: must stay light, and depends on {name}"));
        }
    }
    found
}

fn budgets(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let over = |path: &PathBuf| {
        let name = relative(root, path);
        let text = fs::read_to_string(path).ok()?;
        let lines = text.lines().count();
        let budget = if text.contains("#[resource(") { RESOURCE_BUDGET } else { BUDGET };
        let excepted = EXCEPTIONS.iter().any(|(file, _)| *file == name);
        let test = name.contains("tests/");
        (lines > budget && !excepted && !test)
            .then(|| format!("{name}: {lines} lines, at most {budget}"))
    };
    files.iter().filter_map(over).collect()
}

fn logic_in_mod_files(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let is_mod = |path: &&PathBuf| path.file_name().is_some_and(|name| name == "mod.rs");
    let has_logic = |path: &PathBuf| {
        let name = relative(root, path);
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| {
            let line = line.trim_start();
            ["fn ", "pub fn ", "impl ", "struct ", "enum ", "pub struct ", "pub enum "]
                .iter()
                .any(|word| line.starts_with(word))
        })?;
        (!name.contains("tests/")).then(|| format!("{name}: a mod.rs holds no logic: `{line}`"))
    };
    files.iter().filter(is_mod).filter_map(has_logic).collect()
}

fn forgotten_types(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let Ok(registry) = fs::read_to_string(root.join("aws/src/types.rs")) else {
        return vec!["aws/src/types.rs: cannot be read".to_owned()];
    };
    let mut found = Vec::new();
    for path in files {
        let name = relative(root, path);
        let Some((service, _)) =
            name.strip_prefix("aws/src/").and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        let text = fs::read_to_string(path).unwrap_or_default();
        for (at, _) in text.match_indices("#[resource(") {
            let declared = text[at..].split("pub struct ").nth(1).unwrap_or_default();
            let end = declared.find([' ', '<', '{']).unwrap_or(declared.len());
            let line = format!("Adapter::<{service}::{}>", &declared[..end]);
            // A macro that writes several types names none of them here.
            if !declared.starts_with('$') && !registry.contains(&line) {
                found.push(format!("{name}: {line} is not in aws/src/types.rs"));
            }
        }
    }
    found
}

fn words_out_of_place(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut found = Vec::new();
    for path in files {
        let name = relative(root, path);
        if name.starts_with("xtask/") || name.contains("tests/") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        for (word, places) in ONLY_IN {
            let elsewhere = !places.iter().any(|place| name.starts_with(place));
            if elsewhere && code_lines(&text).any(|line| line.contains(word)) {
                found.push(format!("{name}: `{word}` belongs in {} only", places.join(" and ")));
            }
        }
    }
    found
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Every Rust file of the repository, sorted; without build output.
fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_in_order() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        assert_eq!(violations(root), Vec::<String>::new());
    }
}
