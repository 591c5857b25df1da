//! The file in which a run leaves the windows of its limits for the next one.
//!
//! It is a hint and no more: it may be deleted at any time, and one that is damaged is passed over with
//! a word in the log. There is nothing in it but names of operations, accounts and numbers.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::limiter::{LEAST, MOST};

/// What the file is; one of another version is passed over.
const VERSION: u64 = 1;
/// More than any run has: a file with more was not written by us.
const BUCKETS: usize = 100_000;

/// The windows that a run left, by account, region and bucket.
pub(super) fn read(file: &Path) -> HashMap<String, f64> {
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return HashMap::new(),
        Err(error) => {
            tracing::debug!(file = %file.display(), %error, "limits of the last run cannot be read");
            return HashMap::new();
        }
    };
    parse(&text).unwrap_or_else(|| {
        tracing::debug!(file = %file.display(), "limits of the last run are damaged: starting anew");
        HashMap::new()
    })
}

fn parse(text: &[u8]) -> Option<HashMap<String, f64>> {
    let document: Value = serde_json::from_slice(text).ok()?;
    if document.get("version")?.as_u64()? != VERSION {
        return None;
    }
    let windows = document.get("windows")?.as_object().filter(|all| all.len() <= BUCKETS)?;
    windows
        .iter()
        .map(|(bucket, size)| Some((bucket.clone(), size.as_f64()?.clamp(LEAST, MOST))))
        .collect()
}

/// Writes the windows beside those of other accounts and regions that are in the file already.
pub(super) fn write(file: &Path, windows: HashMap<String, f64>) {
    let mut all: BTreeMap<_, _> = read(file).into_iter().collect();
    all.extend(windows);
    let document = json!({ "version": VERSION, "windows": all });
    if let Err(error) = replace(file, document.to_string().as_bytes()) {
        tracing::debug!(file = %file.display(), %error, "limits of this run cannot be kept");
    }
}

/// Whole or not at all: two runs may end at once.
fn replace(file: &Path, text: &[u8]) -> io::Result<()> {
    let new = file.with_extension(format!("{}.new", std::process::id()));
    let written = create(&new).and_then(|mut new| new.write_all(text));
    let done = written.and_then(|()| std::fs::rename(&new, file));
    if done.is_err() {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        let _left = std::fs::remove_file(&new);
    }
    done
}

fn create(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_only_its_owner_may() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("limits.json");
        write(&file, HashMap::from([("1/a/ec2:CreateVpc".to_owned(), 3.5)]));
        write(&file, HashMap::from([("2/a/ec2:CreateVpc".to_owned(), 1000.0)]));
        let read = read(&file);
        assert_eq!(read.get("1/a/ec2:CreateVpc"), Some(&3.5));
        assert_eq!(read.get("2/a/ec2:CreateVpc"), Some(&MOST), "no window is larger");
        let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_that_is_damaged_is_as_none_and_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("limits.json");
        assert!(read(&file).is_empty(), "there is none yet");
        for damaged in [
            "",
            "{",
            "[]",
            "{\"version\":2,\"windows\":{\"a\":1}}",
            "{\"version\":1}",
            "{\"version\":1,\"windows\":{\"a\":\"many\"}}",
        ] {
            std::fs::write(&file, damaged).expect("written");
            assert!(read(&file).is_empty(), "{damaged}");
            write(&file, HashMap::from([("a".to_owned(), 2.0)]));
            assert_eq!(read(&file), HashMap::from([("a".to_owned(), 2.0)]), "{damaged}");
        }
    }
}
