//! What a program was built from, and the digest of all of it.
//!
//! The main type is [`Inputs`]. Where it cannot be told what a file held, there is no digest.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cargo::{Compiled, Workspace};

/// Whose digests are compared: what is digested, and how.
const FORMAT: &str = concat!("infra build 1, ", env!("CARGO_PKG_VERSION"));

/// More than this is not looked through: cargo is quicker.
const MOST_ENTRIES: usize = 20_000;
const MOST_BYTES: u64 = 256 << 20;

/// Files in the folder of a package, or in one above it, that cargo looks for.
const ABOVE: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config",
    ".cargo/config.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
];

/// Begins what a build script says of a file that it reads.
const READS: [&str; 2] = ["cargo:rerun-if-changed=", "cargo::rerun-if-changed="];

/// When a file was changed, and which one it is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp([i64; 4], [u64; 2]);

impl Stamp {
    /// The stamp of a file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let it = fs::metadata(path)?;
        Ok(Self([it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()], [it.ino(), it.size()]))
    }
}

/// Everything that cargo looks at before it says that nothing is to be built.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inputs {
    /// Folders of packages whose sources may change: all that is in them.
    packages: BTreeSet<PathBuf>,
    /// Manifests of the workspace: another member's wishes may change what all are built with.
    members: BTreeSet<PathBuf>,
    /// Other files: sources, what is included in them, what build scripts read.
    files: BTreeSet<PathBuf>,
    /// Where cargo builds, which may be in the folder of a package.
    target: PathBuf,
}

impl Inputs {
    /// What a program was built from. `None` where that is in doubt.
    pub(super) fn of(compiled: &Compiled, workspace: Workspace) -> Option<Self> {
        let folder = |manifest: &PathBuf| manifest.parent().map(Path::to_owned);
        let packages: Option<BTreeSet<_>> = compiled.packages.iter().map(folder).collect();
        let dependencies = fs::read_to_string(compiled.executable.with_extension("d")).ok()?;
        let mut files = named_files(&dependencies)?;
        for script in &compiled.scripts {
            // What it printed stands beside the folder that it wrote to.
            let said = fs::read(script.parent()?.join("output")).ok()?;
            let said = String::from_utf8_lossy(&said).into_owned();
            let reads = said
                .lines()
                .filter_map(|line| READS.iter().find_map(|reads| line.strip_prefix(reads)));
            // Others are in the folder of a package, or among the files already.
            files.extend(reads.map(PathBuf::from).filter(|path| path.is_absolute()));
        }
        let members = workspace.members.into_iter().collect();
        let inputs = Self { packages: packages?, members, files, target: workspace.target };
        (!inputs.packages.is_empty() && !inputs.files.is_empty()).then_some(inputs)
    }

    /// The digest of everything, of the files above the project's folder, and of what else there is
    /// to say. `None` where something cannot be read, or where there is too much of it.
    pub(super) fn digest(&self, root: &Path, around: &[u8]) -> Option<String> {
        let mut digest = Digest::default();
        digest.part(FORMAT.as_bytes());
        digest.part(around);
        for path in above(self.packages.iter().map(PathBuf::as_path).chain([root])) {
            digest.file_or_none(&path)?;
        }
        for member in &self.members {
            digest.file_or_none(member)?;
        }
        for folder in neighbours(&self.members)? {
            digest.part(folder.as_os_str().as_bytes());
        }
        for package in &self.packages {
            digest.folder(package, &self.target)?;
        }
        for path in &self.files {
            // One that is not there is always built anew.
            if fs::metadata(path).ok()?.is_dir() {
                digest.folder(path, &self.target)?;
            } else {
                digest.file(path)?;
            }
        }
        Some(digest.hasher.finalize().to_hex().to_string())
    }
}

/// The files after the colon of what compilers write for `make`; `None` where it is not understood.
/// Source: cargo's book, dep-info files; a space in a name has a backslash.
fn named_files(dependencies: &str) -> Option<BTreeSet<PathBuf>> {
    let mut lines = dependencies.lines();
    let (line, rest) = (lines.next()?, lines.next());
    let (_, named) = line.split_once(": ")?;
    let named = named.replace("\\ ", "\0");
    let files: BTreeSet<_> = named
        .split(' ')
        .filter(|name| !name.is_empty())
        .map(|name| PathBuf::from(name.replace('\0', " ")))
        .collect();
    (rest.is_none() && files.iter().all(|path| path.is_absolute())).then_some(files)
}

/// What cargo looks for in these folders and in those above them.
fn above<'a>(folders: impl Iterator<Item = &'a Path>) -> BTreeSet<PathBuf> {
    let all: BTreeSet<_> = folders.flat_map(Path::ancestors).collect();
    all.iter().flat_map(|folder| ABOVE.map(|name| folder.join(name))).collect()
}

/// Packages beside the members: a new one may be a member by a pattern.
fn neighbours(members: &BTreeSet<PathBuf>) -> Option<BTreeSet<PathBuf>> {
    let folders: BTreeSet<_> =
        members.iter().filter_map(|manifest| manifest.parent()?.parent()).collect();
    let mut found = BTreeSet::new();
    for folder in folders {
        for entry in fs::read_dir(folder).ok()? {
            let path = entry.ok()?.path();
            if path.join("Cargo.toml").exists() {
                found.insert(path);
            }
        }
    }
    Some(found)
}

/// A digest that is being made. Its methods give nothing where there cannot be one.
#[derive(Default)]
struct Digest {
    hasher: blake3::Hasher,
    entries: usize,
    bytes: u64,
}

impl Digest {
    fn part(&mut self, bytes: &[u8]) {
        self.hasher.update(&bytes.len().to_le_bytes());
        self.hasher.update(bytes);
    }

    /// A file, or that there is none.
    fn file_or_none(&mut self, path: &Path) -> Option<()> {
        match fs::metadata(path) {
            Ok(metadata) => self.read(path, &metadata),
            Err(error) if is_nothing(&error) => {
                self.part(path.as_os_str().as_bytes());
                self.part(b"none");
                Some(())
            }
            Err(_) => None,
        }
    }

    fn file(&mut self, path: &Path) -> Option<()> {
        self.read(path, &fs::metadata(path).ok()?)
    }

    /// What a file holds, and when it was changed: who touches a file wants it built.
    fn read(&mut self, path: &Path, metadata: &Metadata) -> Option<()> {
        self.entries += 1;
        self.bytes += metadata.len();
        if self.entries > MOST_ENTRIES || self.bytes > MOST_BYTES || !metadata.is_file() {
            return None;
        }
        let content = fs::read(path).ok()?;
        self.part(path.as_os_str().as_bytes());
        self.part(&metadata.mtime().to_le_bytes());
        self.part(&metadata.mtime_nsec().to_le_bytes());
        self.part(&content);
        Some(())
    }

    /// All that is in a folder but what is built, what infra keeps, and git's own.
    fn folder(&mut self, folder: &Path, target: &Path) -> Option<()> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).ok()? {
            paths.push(entry.ok()?.path());
        }
        paths.sort();
        self.part(folder.as_os_str().as_bytes());
        for path in paths {
            self.entries += 1;
            let name = path.file_name()?;
            let kind = fs::symlink_metadata(&path).ok()?.file_type();
            if kind.is_dir() {
                let foreign = name == ".git" || name == ".infra" || path == target;
                if !foreign && !path.join("CACHEDIR.TAG").exists() {
                    self.folder(&path, target)?;
                }
            } else if kind.is_symlink() {
                // Editors lock files with links that lead nowhere. One to a folder gives none.
                self.file_or_none(&path)?;
            } else {
                self.file(&path)?;
            }
        }
        Some(())
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_dependency_list_are_told_apart() {
        let list = named_files("/t/debug/stacks: /a/main.rs /a/with\\ space.txt /b/lib.rs\n");
        let expected = ["/a/main.rs", "/a/with space.txt", "/b/lib.rs"].map(PathBuf::from);
        assert_eq!(list, Some(expected.into()));
        for doubtful in ["", "/t/stacks:", "/t/stacks: main.rs\n", "/t/a: /b\n/t/c: /d\n"] {
            assert_eq!(named_files(doubtful), None, "{doubtful}");
        }
    }

    #[test]
    fn every_change_gives_another_digest() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| {
            fs::create_dir_all(at(name).parent().expect("a parent")).expect("a folder");
            fs::write(at(name), text).expect("written");
        };
        write("ws/one/Cargo.toml", "one");
        write("ws/one/src/main.rs", "fn main() {}");
        write("ws/two/Cargo.toml", "two");
        write("ws/one/target/CACHEDIR.TAG", "");
        write("included.txt", "text");
        let inputs = Inputs {
            packages: [at("ws/one")].into(),
            members: [at("ws/one/Cargo.toml"), at("ws/two/Cargo.toml")].into(),
            files: [at("included.txt")].into(),
            target: at("ws/one/target"),
        };
        let digest = || inputs.digest(&at("ws"), b"around").expect("a digest");
        let mut seen = BTreeSet::from([digest()]);
        write("ws/one/target/new", "");
        write("ws/one/.infra/new", "");
        assert!(seen.contains(&digest()), "what is built is not what it is built from");
        assert!(seen.insert(inputs.digest(&at("ws"), b"other").expect("a digest")));
        for (name, text) in [
            ("ws/one/src/main.rs", "fn main() { }"),
            ("ws/one/src/new.rs", ""),
            ("ws/two/Cargo.toml", "three"),
            ("ws/three/Cargo.toml", "a neighbour"),
            ("ws/Cargo.lock", ""),
            ("ws/.cargo/config.toml", ""),
            ("rust-toolchain.toml", "above"),
            ("included.txt", "test"),
        ] {
            write(name, text);
            assert!(seen.insert(digest()), "{name}");
        }
        let touched = fs::File::options().append(true).open(at("ws/one/src/main.rs"));
        let earlier = std::time::SystemTime::UNIX_EPOCH;
        touched.and_then(|file| file.set_modified(earlier)).expect("touched");
        assert!(seen.insert(digest()), "a touched file");
        fs::remove_file(at("included.txt")).expect("removed");
        assert_eq!(inputs.digest(&at("ws"), b"around"), None);
    }
}
