//! The lock of a local state: held by the kernel, explained by a file.
//!
//! The main type is [`Lock`]. The lock file says who holds it; the kernel's lock on that file says
//! whether he still does, so a holder that died frees it by dying. The file is never removed: two
//! runs could then hold two files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use infra_sdk::store::StoreError;
use serde::{Deserialize, Serialize};

use crate::files;

/// Who opens a state, for whoever finds it locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOwner {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// Name of the user.
    pub user: String,
    /// What runs: `infra apply --env staging`.
    pub command: String,
    /// Since when, RFC 3339.
    pub started: String,
}

/// Holds the lock until it is dropped or the process ends.
pub(crate) struct Lock {
    file: File,
}

/// Tries, and the pause between two: [`Lock::holder_of`] has the lock for a moment.
const LOOKED_AT: (u32, Duration) = (5, Duration::from_millis(10));

impl Lock {
    /// Takes the lock and writes down who did. Waits for a moment where it is held.
    pub(crate) fn acquire(path: &Path, owner: &LockOwner) -> Result<Self, StoreError> {
        Self::acquire_after(path, owner, || thread::sleep(LOOKED_AT.1))
    }

    fn acquire_after(
        path: &Path,
        owner: &LockOwner,
        mut pause: impl FnMut(),
    ) -> Result<Self, StoreError> {
        let refuse = |error| files::unavailable("lock the state with", path, &error);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = files::open(path, options).map_err(refuse)?;
        let (mut tries, _) = LOOKED_AT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries > 1 => {
                    tries -= 1;
                    pause();
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked {
                        holder: holder(&mut file).map_err(refuse)?,
                        // It ends with its process.
                        id: None,
                    });
                }
                Err(TryLockError::Error(error)) => return Err(refuse(error)),
            }
        }
        let mut lock = Self { file };
        write_owner(&mut lock.file, owner).map_err(refuse)?;
        Ok(lock)
    }

    /// Who holds the lock just now, if anybody does and it can be seen.
    pub(crate) fn holder_of(path: &Path) -> Option<String> {
        let mut file = files::open(path, OpenOptions::new().read(true)).ok()?;
        match file.try_lock_shared() {
            Ok(()) => {
                drop(Self { file });
                None
            }
            Err(TryLockError::WouldBlock) => holder(&mut file).ok(),
            Err(TryLockError::Error(_)) => None,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is being started just now has a copy of it
        // until it becomes another program. Where this fails, the lock goes with the last copy.
        self.file.unlock().ok();
    }
}

/// The owner of a lock as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnerWire {
    pid: u32,
    host: String,
    user: String,
    command: String,
    started: String,
}

impl From<&LockOwner> for OwnerWire {
    fn from(owner: &LockOwner) -> Self {
        Self {
            pid: owner.pid,
            host: owner.host.clone(),
            user: owner.user.clone(),
            command: owner.command.clone(),
            started: owner.started.clone(),
        }
    }
}

impl OwnerWire {
    /// One sentence about who it is, without control characters.
    pub(crate) fn sentence(&self) -> String {
        let Self { pid, host, user, command, started } = self;
        let sentence = format!("{user} runs `{command}` on {host} (process {pid}) since {started}");
        sentence.chars().filter(|c| !c.is_control()).collect()
    }
}

fn write_owner(file: &mut File, owner: &LockOwner) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(&OwnerWire::from(owner))?;
    text.push(b'\n');
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)
}

/// One sentence about who holds the lock. What the file says is shown without control characters.
fn holder(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.rewind()?;
    // The holder may be writing it just now, so what cannot be read is no error.
    let read = file.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str(&text).ok());
    Ok(read.map_or_else(
        || "another process holds it and has not yet said who it is".to_owned(),
        |owner: OwnerWire| owner.sentence(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(user: &str) -> LockOwner {
        LockOwner {
            pid: 4242,
            host: "build-3".to_owned(),
            user: user.to_owned(),
            command: "infra apply --env staging".to_owned(),
            started: "2026-11-22T04:57:00Z".to_owned(),
        }
    }

    #[test]
    fn the_second_is_told_who_is_first_and_follows_when_he_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock.json");
        let first = Lock::acquire(&path, &owner("ann")).expect("free");
        let refused = Lock::acquire(&path, &owner("bob")).err().expect("held").to_string();
        assert_eq!(
            refused,
            "the state is locked: ann runs `infra apply --env staging` on build-3 (process 4242) \
             since 2026-11-22T04:57:00Z"
        );
        drop(first);
        let second = Lock::acquire(&path, &owner("\u{1b}[31mbob")).expect("free again");
        let refused = Lock::acquire(&path, &owner("ann")).err().expect("held").to_string();
        assert!(refused.contains("[31mbob") && !refused.contains('\u{1b}'), "{refused}");
        drop(second);
    }

    #[test]
    fn a_lock_that_is_dropped_is_free_though_a_child_has_a_copy_of_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock.json");
        let first = Lock::acquire(&path, &owner("ann")).expect("free");
        let of_a_child = first.file.try_clone().expect("a copy");
        drop(first);
        assert_eq!(Lock::holder_of(&path), None);
        drop(Lock::acquire(&path, &owner("bob")).expect("free again"));
        drop(of_a_child);
    }

    #[test]
    fn a_look_at_who_holds_it_keeps_nobody_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock.json");
        drop(Lock::acquire(&path, &owner("ann")).expect("free"));
        let mut look = File::open(&path).ok();
        look.as_ref().expect("there").try_lock_shared().expect("free");
        let bob = Lock::acquire_after(&path, &owner("bob"), || drop(look.take()));
        drop(bob.expect("free in a moment"));
        assert!(look.is_none(), "nobody looked");
    }
}
