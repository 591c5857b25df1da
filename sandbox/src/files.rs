//! Files of a sandbox: private folders, locks between processes, the ends of logs.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::SandboxError;

/// Bytes of a log's end that are shown.
const TAIL: u64 = 2000;

/// Makes a folder that only its owner can enter.
pub(crate) fn private_directory(path: &Path) -> Result<(), SandboxError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| failure("cannot make", path, source))
}

/// Makes a new file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> Result<File, SandboxError> {
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| failure("cannot write", path, source))
}

/// Writes a private file so that a reader sees all of it or the one before.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), SandboxError> {
    let fresh = path.with_extension("new");
    private_file(&fresh)?
        .write_all(text.as_bytes())
        .and_then(|()| std::fs::rename(&fresh, path))
        .map_err(|source| failure("cannot write", path, source))
}

/// Removes a file that may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), SandboxError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(failure("cannot remove", path, source))
        }
        _ => Ok(()),
    }
}

/// The end of a log, or why it cannot be shown.
pub(crate) fn tail(path: &Path) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_else(|error| format!("(cannot be read: {error})"))
}

/// A lock between processes. It goes with the process, whatever ends it.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, unless another has it.
    pub(crate) fn try_take(path: &Path) -> Result<Option<Self>, SandboxError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)
            .map_err(|source| failure("cannot open", path, source))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(failure("cannot lock", path, error.into())),
        }
    }

    /// Takes the lock, and waits for it that long.
    pub(crate) async fn take(path: &Path, patience: Duration) -> Result<Self, SandboxError> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                let seconds = patience.as_secs();
                return Err(SandboxError::Locked { path: path.to_owned(), seconds });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

pub(crate) fn failure(action: &'static str, path: &Path, source: std::io::Error) -> SandboxError {
    SandboxError::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::{Lock, private_directory, tail, write_whole};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    #[tokio::test]
    async fn a_lock_is_held_by_one_and_freed_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::try_take(&path).unwrap().expect("free");
        assert!(Lock::try_take(&path).unwrap().is_none());
        Lock::take(&path, Duration::from_millis(60)).await.unwrap_err();
        drop(held);
        Lock::take(&path, Duration::from_millis(60)).await.unwrap();
    }

    #[test]
    fn what_is_written_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        private_directory(&inner).unwrap();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&inner), 0o700);
        let file = inner.join("f.json");
        write_whole(&file, "first").unwrap();
        write_whole(&file, "second").unwrap();
        assert_eq!((mode(&file), tail(&file).as_str()), (0o600, "second"));
    }
}
