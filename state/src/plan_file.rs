//! The file of a saved plan: a clear header, and one sealed part for each stack.
//!
//! The main type is [`PlanFile`]. A part is sealed with the key of the state of its stack, for its
//! place under this very header, so that nothing of a file opens where the state does not. Nothing
//! but the header is in clear. What the parts hold is for whoever saves them to know.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use infra_sdk::store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::seal::random_id;

/// The format of the file that this release writes, and the only one that it reads: a plan is not
/// kept for long, and is made anew in seconds.
pub const PLAN_FORMAT: u32 = 1;

/// Begins every file, of every format.
const MAGIC: &str = "infra-plan ";

/// Begins its last line.
const CHECK: &str = "check ";

/// What stands in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanHeader {
    /// The release of `infra` that made it.
    pub release: String,
    /// The environment that it is for.
    pub environment: String,
    /// The stacks, in the order of the parts.
    pub stacks: Vec<PlannedStack>,
    /// When it was made, RFC 3339.
    pub made: String,
}

/// A stack of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedStack {
    /// Its name.
    pub name: String,
    /// The history of its state.
    pub lineage: String,
}

/// Why a file cannot be taken for a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// The system refuses.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// It is something else.
    #[error("it does not begin as a saved plan does")]
    NoPlan,
    /// It is of a format that this release does not read.
    #[error("it is of format {found}, and this release reads {PLAN_FORMAT}")]
    Format {
        /// The format that it names.
        found: String,
    },
    /// It was cut, or changed.
    #[error("{0}")]
    Damaged(&'static str),
}

/// A saved plan, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// What stands in clear.
    pub header: PlanHeader,
    /// The line of the header, which the parts are bound to.
    line: String,
    sealed: Vec<String>,
}

impl PlanFile {
    /// Seals a part for each stack of the header, with the store of that stack.
    ///
    /// # Errors
    /// When a store has no key or cannot seal.
    pub fn seal(header: PlanHeader, parts: &[(&dyn Store, Vec<u8>)]) -> Result<Self, StoreError> {
        let unavailable = |error: serde_json::Error| StoreError::Unavailable {
            action: "write the header of the plan".to_owned(),
            reason: error.to_string(),
        };
        let line = serde_json::to_string(&header).map_err(unavailable)?;
        let seal = |(part, (store, bytes)): (usize, &(&dyn Store, Vec<u8>))| {
            store.seal(&place(&line, part), bytes)
        };
        let sealed = parts.iter().enumerate().map(seal).collect::<Result<_, _>>()?;
        Ok(Self { header, line, sealed })
    }

    /// Opens the part of a stack with its store.
    ///
    /// # Errors
    /// `Damaged` when it was changed, belongs to another state, or was sealed with another key.
    pub fn open(&self, part: usize, store: &dyn Store) -> Result<Vec<u8>, StoreError> {
        let sealed = self.sealed.get(part).map_or("", String::as_str);
        store.unseal(&place(&self.line, part), sealed)
    }

    /// Writes the file, private and as a whole or not at all. What was there is replaced.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", random_id()?));
        let written = self.write_to(&temporary).and_then(|()| std::fs::rename(&temporary, path));
        if let Err(error) = written {
            std::fs::remove_file(&temporary).ok();
            return Err(error);
        }
        files::sync_parent(path)
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let mut file = files::open(path, OpenOptions::new().write(true).create_new(true))?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()
    }

    fn text(&self) -> String {
        let mut text = format!("{MAGIC}{PLAN_FORMAT}\n{}\n", self.line);
        for sealed in &self.sealed {
            text.push_str(sealed);
            text.push('\n');
        }
        let check = blake3::hash(text.as_bytes()).to_hex();
        format!("{text}{CHECK}{check}\n")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When there is none, or it is no plan that this release can read.
    pub fn read(path: &Path) -> Result<Self, PlanFileError> {
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PlanFileError::Missing,
            _ => PlanFileError::Unreadable(error),
        })?;
        // A device may have no end.
        if !metadata.is_file() {
            return Err(PlanFileError::NoPlan);
        }
        Self::parse(&std::fs::read(path).map_err(PlanFileError::Unreadable)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, PlanFileError> {
        let cut = PlanFileError::Damaged("it is cut off");
        if bytes.len() < MAGIC.len() && MAGIC.as_bytes().starts_with(bytes) {
            return Err(cut);
        }
        if !bytes.starts_with(MAGIC.as_bytes()) {
            return Err(PlanFileError::NoPlan);
        }
        let changed = || PlanFileError::Damaged("it was changed");
        let text = std::str::from_utf8(bytes).map_err(|_| changed())?;
        let Some((first, _)) = text.split_once('\n') else { return Err(cut) };
        let found = &first[MAGIC.len()..];
        let numeric = !found.is_empty() && found.bytes().all(|byte| byte.is_ascii_digit());
        match found.parse::<u32>() {
            Ok(PLAN_FORMAT) => {}
            _ if numeric => return Err(PlanFileError::Format { found: found.to_owned() }),
            _ => return Err(changed()),
        }
        let Some(body) = text.strip_suffix('\n') else { return Err(cut) };
        let Some((body, check)) = body.rsplit_once('\n') else { return Err(cut) };
        let Some(check) = check.strip_prefix(CHECK) else { return Err(cut) };
        let checked = &text[..=body.len()];
        if blake3::hash(checked.as_bytes()).to_hex().as_str() != check {
            return Err(changed());
        }
        let mut lines = body.lines().skip(1);
        let line = lines.next().ok_or_else(changed)?.to_owned();
        let header: PlanHeader = serde_json::from_str(&line).map_err(|_| changed())?;
        let sealed: Vec<_> = lines.map(str::to_owned).collect();
        if sealed.len() != header.stacks.len() {
            return Err(changed());
        }
        Ok(Self { header, line, sealed })
    }
}

/// Where a part belongs: to this header, at this place.
fn place(line: &str, part: usize) -> String {
    format!("plan {} {part}", blake3::hash(line.as_bytes()).to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with two sealed parts that nobody opens.
    fn file() -> PlanFile {
        let stack = |name: &str| PlannedStack { name: name.to_owned(), lineage: "l".to_owned() };
        let header = PlanHeader {
            release: "0.1.0".to_owned(),
            environment: "dev".to_owned(),
            stacks: vec![stack("network"), stack("web")],
            made: "2026-01-01T00:00:00Z".to_owned(),
        };
        let line = serde_json::to_string(&header).expect("JSON");
        PlanFile { header, line, sealed: vec!["AAAA".to_owned(), "BBBB".to_owned()] }
    }

    #[test]
    fn a_file_is_read_back_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan");
        std::fs::write(&path, "what was there").expect("written");
        file().write(&path).expect("written");
        assert_eq!(PlanFile::read(&path).expect("read"), file());
        let mode = path.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let good = file().text().into_bytes();
        for length in 0..good.len() {
            assert!(PlanFile::parse(&good[..length]).is_err(), "cut at {length}");
        }
        for bit in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(PlanFile::parse(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_plan_and_what_is_of_another_format_is_told_apart() {
        let why = |text: &str| PlanFile::parse(text.as_bytes()).expect_err("refused").to_string();
        assert_eq!(why("{\"format_version\": \"1.2\"}"), "it does not begin as a saved plan does");
        assert_eq!(why("infra-plan 2\nwhatever"), "it is of format 2, and this release reads 1");
        assert_eq!(why("infra-pl"), "it is cut off");
        let text = file().text().replace("dev", "prd");
        assert_eq!(why(&text), "it was changed");
    }
}
