//! Files of the store: private to their owner, never reached through a symbolic link, and replaced
//! as a whole or not at all.
//!
//! Every file that this crate opens itself goes through here. The modes are set after opening as
//! well, so that neither the umask nor an earlier, laxer file can widen them.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use infra_sdk::store::StoreError;
use rustix::fs::OFlags;

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// The store's error for a refusal of the system.
pub(crate) fn unavailable(action: &str, path: &Path, error: &io::Error) -> StoreError {
    let link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    let reason = if link {
        "it is a symbolic link, and the store follows none".to_owned()
    } else {
        error.to_string()
    };
    StoreError::Unavailable { action: format!("{action} {}", path.display()), reason }
}

/// Opens a file the way `options` say, or makes it private.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.mode(FILE_MODE).custom_flags(no_follow()).open(path)?;
    restrict(&file, FILE_MODE)?;
    Ok(file)
}

/// Reads a whole file; `None` where there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match OpenOptions::new().read(true).custom_flags(no_follow()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Replaces a file, durably: whoever looks sees the old one or the new one, whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    write_new(&temporary, bytes)?;
    std::fs::rename(&temporary, path)?;
    sync_parent(path)
}

/// As [`replace`], by what `write` writes.
pub(crate) fn replace_by(
    path: &Path,
    refuse: &dyn Fn(io::Error) -> StoreError,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let temporary = path.with_extension("tmp");
    let options = &mut OpenOptions::new();
    let file = open(&temporary, options.write(true).create(true).truncate(true)).map_err(refuse)?;
    let mut buffer = BufWriter::new(file);
    write(&mut buffer)?;
    let file = buffer.into_inner().map_err(|error| refuse(error.into_error()))?;
    let placed = file.sync_all().and_then(|()| std::fs::rename(&temporary, path));
    placed.and_then(|()| sync_parent(path)).map_err(refuse)
}

/// Writes a file and waits until it is on the disk; its name is not yet.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = open(path, OpenOptions::new().write(true).create(true).truncate(true))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a directory where there is none, and private in any case.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        Ok(()) => sync_parent(path)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    restrict(&open_directory(path)?, DIRECTORY_MODE)
}

/// Makes private what a library made: a file or a directory. Returns it open.
pub(crate) fn take_over(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path)?;
    let mode = if file.metadata()?.is_dir() { DIRECTORY_MODE } else { FILE_MODE };
    restrict(&file, mode)?;
    Ok(file)
}

/// Copies a directory and what is in it, durably but for its own name. A copy that was begun and
/// not ended is made again.
pub(crate) fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    private_directory(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            let bytes = read(&entry.path())?.ok_or(io::ErrorKind::NotFound)?;
            write_new(&target, &bytes)?;
        }
    }
    sync_directory(to)
}

/// Waits until the names in a directory are on the disk.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    open_directory(path)?.sync_all()
}

/// Whether something of that name is there, a broken link included.
pub(crate) fn exists(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Does once everything that a run will need of the directory, so that a full disk or a read-only
/// folder is known before the first call that changes anything.
pub(crate) fn probe(directory: &Path) -> io::Result<()> {
    let path = directory.join("probe");
    replace(&path, &[0; 4096])?;
    std::fs::remove_file(&path)
}

/// What kind of disk a directory is on, where other machines may share it.
#[cfg(target_os = "linux")]
pub(crate) fn network_disk(directory: &Path) -> io::Result<Option<&'static str>> {
    let status = rustix::fs::fstatfs(&open_directory(directory)?)?;
    Ok(network_kind(u64::try_from(status.f_type).unwrap_or_default() & 0xffff_ffff))
}

/// Other systems do not say it in a way that could be trusted.
#[cfg(not(target_os = "linux"))]
pub(crate) fn network_disk(_directory: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// By the number that Linux has for a kind of file system (statfs(2)).
#[cfg(target_os = "linux")]
fn network_kind(number: u64) -> Option<&'static str> {
    match number {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x6573_5546 => Some("FUSE"),
        0x0102_1997 => Some("9P"),
        0x5346_414f | 0x6b41_4653 => Some("AFS"),
        0x00c3_6400 => Some("Ceph"),
        0x0bd0_0bd0 => Some("Lustre"),
        _ => None,
    }
}

/// Waits until the name of a file is on the disk.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

fn open_directory(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::DIRECTORY).bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

/// Takes away what others may do. Gives nothing: a folder that its owner made read-only stays so.
fn restrict(file: &File, allowed: u32) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & !allowed == 0 {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode & allowed))
}

fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_not_followed_and_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        std::fs::write(&target, b"mine").expect("written");
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        let error = read(&link).expect_err("a link was followed");
        let shown = unavailable("read", &link, &error).to_string();
        assert!(shown.ends_with("it is a symbolic link, and the store follows none"), "{shown}");
        assert!(open(&link, OpenOptions::new().write(true)).is_err());
        assert_eq!(std::fs::read(&target).expect("still there"), b"mine");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_disk_that_machines_share_is_told_from_one_of_this_machine() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(network_disk(folder.path()).expect("asked"), None);
        let ours = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630];
        assert!(ours.into_iter().all(|number| network_kind(number).is_none()));
        assert_eq!(network_kind(0x6969), Some("NFS"));
        assert_eq!(network_kind(0xfe53_4d42), Some("SMB"));
        assert_eq!(network_kind(0x6573_5546), Some("FUSE"));
    }

    #[test]
    fn what_is_replaced_is_private_even_if_it_was_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file.json");
        std::fs::write(&path, b"old").expect("written");
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("opened up");
        replace(&path, b"new").expect("replaced");
        assert_eq!(std::fs::read(&path).expect("read"), b"new");
        let mode = path.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, FILE_MODE);
    }
}
