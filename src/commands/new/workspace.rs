//! The files of a new workspace.
//!
//! Start reading at [`make`]. Nothing that is there is written over, and what was made is taken back
//! where a file cannot be written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use infra_sdk::Diagnostic;

use super::name::module;

/// Path and text of each file; `{{…}}` stands for what differs.
const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    ("infra.toml", include_str!("template/infra.toml.in")),
    (".gitignore", include_str!("template/gitignore.in")),
    ("README.md", include_str!("template/README.md.in")),
    ("stacks/Cargo.toml", include_str!("template/stacks/Cargo.toml.in")),
    ("stacks/src/main.rs", include_str!("template/stacks/src/main.rs.in")),
    ("stacks/src/{{module}}.rs", include_str!("template/stacks/src/stack.rs.in")),
    ("stacks/settings/sandbox.toml", include_str!("template/stacks/settings/sandbox.toml.in")),
    (
        "stacks/settings/production.toml",
        include_str!("template/stacks/settings/production.toml.in"),
    ),
];

/// Versions of what the crates need, as they were tested with.
const LOCK: &str = "Cargo.lock";

/// Makes a workspace in a folder and returns the paths of its files.
///
/// # Errors
/// When a file cannot be written; then nothing is left of the others.
pub(super) fn make(folder: &Path, name: &str, sdk: &Path) -> Result<Vec<String>, Diagnostic> {
    let mut made = Made::default();
    match write(folder, name, sdk, &mut made) {
        Ok(files) => Ok(files),
        Err(failed) => {
            made.take_back();
            Err(failed)
        }
    }
}

fn write(
    folder: &Path,
    name: &str,
    sdk: &Path,
    made: &mut Made,
) -> Result<Vec<String>, Diagnostic> {
    let path = |folder: &str| {
        let path = sdk.join(folder);
        let text = path.to_str().map(|text| toml::Value::from(text).to_string());
        text.ok_or_else(|| {
            Diagnostic::error("new::sdk", "a manifest cannot name the crates for stacks")
                .detail(format!("the path is not Unicode: `{}`", path.display()))
        })
    };
    let words = [
        ("{{name}}", name.to_owned()),
        ("{{module}}", module(name)),
        ("{{aws}}", path("aws")?),
        ("{{sdk}}", path("sdk")?),
        ("{{version}}", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let fill = |text: &str| {
        words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    };
    let mut files: Vec<_> = FILES.iter().map(|(path, text)| (fill(path), fill(text))).collect();
    // Cargo keeps what is needed of it: the crates are built with what they were tested with.
    match fs::read_to_string(sdk.join(LOCK)) {
        Ok(text) => files.push((LOCK.to_owned(), text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unwritable(&sdk.join(LOCK), &error)),
    }
    for (path, text) in &files {
        let path = folder.join(path);
        made.file(&path, text).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error("new::file", "the workspace cannot be made")
        .detail(format!("`{}`: {error}", path.display()))
        .hint("nothing was left behind: mend what is said, or choose another folder")
}

/// What was made, in order.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes())
    }

    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            self.folder(above)?;
        }
        fs::create_dir(path)?;
        self.folders.push(path.to_owned());
        Ok(())
    }

    /// What cannot be removed either stays: there is nothing more that could be done.
    fn take_back(&self) {
        for file in self.files.iter().rev() {
            fs::remove_file(file).ok();
        }
        for folder in self.folders.iter().rev() {
            fs::remove_dir(folder).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_where_a_file_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("deep/shop");
        fs::create_dir_all(target.join("stacks/Cargo.toml")).expect("in the way");
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
        make(&target, "shop", sdk).expect_err("a folder is in the way");
        let left: Vec<_> = fs::read_dir(&target).expect("read").collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn every_word_is_filled_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("shop");
        let files = make(&target, "my-shop", Path::new(env!("CARGO_MANIFEST_DIR"))).expect("made");
        assert!(files.iter().any(|file| file == "stacks/src/my_shop.rs"), "{files:?}");
        for file in files.iter().filter(|file| *file != LOCK) {
            let text = fs::read_to_string(target.join(file)).expect("read");
            assert!(!text.contains("{{"), "{file}: {text}");
        }
    }
}
