//! Sealing: sensitive values are encrypted one by one before they reach a disk.
//!
//! The main type is [`SealingKey`]: the data key of a state, or the key of a file that wraps it (see
//! `envelope`). A sealed value is bound to where it stands (lineage, address, attribute path), so that
//! it cannot be moved to another attribute where it would be shown. A key never appears in an error.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use infra_sdk::store::StoreError;
use zeroize::Zeroizing;

use crate::files;

const HEADER: &str = "infra-key-1";
const NONCE: usize = 24;

/// The key that seals sensitive values. It is wiped from memory when it is dropped.
pub struct SealingKey {
    /// Boxed, so that moving the key leaves no copy behind.
    bytes: Box<Zeroizing<[u8; 32]>>,
    id: String,
}

impl SealingKey {
    /// Reads the key from its file; `None` where there is no file.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read, `Key` when it holds no key.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let refuse = |error| files::unavailable("read the key file", path, &error);
        let Some(text) = files::read(path).map_err(refuse)?.map(Zeroizing::new) else {
            return Ok(None);
        };
        // A checkout or a copy may have opened it up to others.
        files::take_over(path).map_err(refuse)?;
        // The states are whole: to put an export in their place would not help.
        let damaged = |reason: &str| StoreError::Key {
            action: format!("read the key file {}", path.display()),
            reason: format!("it is damaged: {reason}"),
        };
        let text = std::str::from_utf8(&text).map_err(|_| damaged("it is not text"))?;
        let mut words = text.split_whitespace();
        let (Some(HEADER), Some(key), Some(check), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(damaged("it does not hold a key of a format that this release reads"));
        };
        let decoded = STANDARD.decode(key).map(Zeroizing::new);
        let key = match decoded.as_ref().map(|decoded| decoded.as_slice().try_into()) {
            Ok(Ok(bytes)) => Self::from_bytes(bytes),
            _ => return Err(damaged("it does not hold 32 bytes in base64")),
        };
        if key.id == check { Ok(Some(key)) } else { Err(damaged("its checksum does not match")) }
    }

    /// Reads the key, and makes one first where there is none.
    ///
    /// # Errors
    /// As [`SealingKey::read`], and when the file cannot be written.
    pub fn read_or_create(path: &Path) -> Result<Self, StoreError> {
        if let Some(key) = Self::read(path)? {
            return Ok(key);
        }
        Self::create(path)
            .map_err(|error| files::unavailable("make the key file", path, &error))?;
        Self::read(path)?.ok_or_else(|| {
            let error = io::Error::from(io::ErrorKind::NotFound);
            files::unavailable("read the key file", path, &error)
        })
    }

    /// A name for the key that says nothing about it: tells whether a state was sealed with it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A key that nobody has had before.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        getrandom::fill(&mut **bytes)?;
        Ok(Self::new(bytes))
    }

    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut boxed = Box::new(Zeroizing::new([0; 32]));
        boxed.copy_from_slice(bytes);
        Self::new(boxed)
    }

    fn new(bytes: Box<Zeroizing<[u8; 32]>>) -> Self {
        let id = blake3::derive_key("infra 2026-11 sealing key id", &**bytes);
        let id = blake3::Hash::from_bytes(id).to_hex()[..16].to_owned();
        Self { bytes, id }
    }

    /// The bytes, to be wrapped.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The key that wraps data keys: another one, so that what seals values never seals keys.
    pub(crate) fn wrapping(&self) -> Self {
        let bytes = Zeroizing::new(blake3::derive_key("infra 2026-11 key wrap", &**self.bytes));
        Self::from_bytes(&bytes)
    }

    /// Makes a key file. Another process may make it at the same time, for another stack: the
    /// first one wins, and nobody ever sees half a file.
    fn create(path: &Path) -> io::Result<()> {
        // The folder of a project that keeps its states elsewhere may not be there yet. One that is
        // there is the user's, and stays as it is.
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !files::exists(folder)?
        {
            files::private_directory(folder)?;
        }
        let key = Self::random()?;
        let encoded = Zeroizing::new(STANDARD.encode(key.expose()));
        let line = Zeroizing::new(format!("{HEADER} {} {}\n", encoded.as_str(), key.id));
        let temporary = path.with_extension(format!("{}.tmp", random_id()?));
        files::write_new(&temporary, line.as_bytes())?;
        let linked = std::fs::hard_link(&temporary, path);
        std::fs::remove_file(&temporary)?;
        match linked {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        // Syncs the name by way of the file's own directory.
        files::open(path, OpenOptions::new().read(true))?.sync_all()?;
        files::sync_parent(path)
    }

    /// Seals a text for one place. The answer is base64 of nonce and ciphertext.
    pub(crate) fn seal(&self, place: &[u8], plain: &[u8]) -> Result<String, StoreError> {
        let refuse = |reason: String| StoreError::Unavailable {
            action: "seal a sensitive value".to_owned(),
            reason,
        };
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| refuse(error.to_string()))?;
        let payload = Payload { msg: plain, aad: place };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| refuse("it is too long to be encrypted".to_owned()))?;
        Ok(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed for this place, or says why not.
    pub(crate) fn unseal(&self, place: &[u8], text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let bytes = STANDARD.decode(text).map_err(|_| "a sealed value is not base64".to_owned())?;
        let Some((nonce, sealed)) = bytes.split_first_chunk::<NONCE>() else {
            return Err("a sealed value is too short".to_owned());
        };
        let payload = Payload { msg: sealed, aad: place };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| {
            "a sealed value does not open: it was changed, moved from elsewhere, or sealed with another key"
                .to_owned()
        })
    }

    /// A digest that tells nothing to whoever has not the key.
    pub(crate) fn digest(&self, text: &str) -> String {
        let key = Zeroizing::new(blake3::derive_key("infra 2026-11 lookup digest", self.expose()));
        blake3::keyed_hash(&key, text.as_bytes()).to_hex()[..32].to_owned()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.expose().into())
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// 128 random bits as text: lineages and names of temporary files.
pub(crate) fn random_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealingKey {
        SealingKey::from_bytes(&[7; 32])
    }

    #[test]
    fn opens_only_where_it_was_sealed_and_with_its_key() {
        let sealed = key().seal(b"here", b"hunter2").expect("sealed");
        assert!(!sealed.contains("hunter2"));
        assert_eq!(key().unseal(b"here", &sealed).expect("opens").as_slice(), b"hunter2");
        assert!(key().unseal(b"there", &sealed).is_err());
        let other = SealingKey::from_bytes(&[8; 32]);
        assert!(other.unseal(b"here", &sealed).is_err());
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let seal = || key().seal(b"here", b"hunter2").expect("sealed");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn the_key_file_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.key");
        assert!(SealingKey::read(&path).expect("readable").is_none());
        let made = SealingKey::read_or_create(&path).expect("made");
        let again = SealingKey::read_or_create(&path).expect("read");
        assert_eq!(made.expose(), again.expose());
        assert_ne!(made.expose(), &[0; 32]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
        let shown = format!("{made:?}");
        assert!(!shown.contains(&STANDARD.encode(made.expose())), "{shown}");
    }

    #[test]
    fn a_key_file_with_a_wrong_letter_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.key");
        SealingKey::read_or_create(&path).expect("made");
        let text = std::fs::read_to_string(&path).expect("text");
        let at = HEADER.len() + 5;
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        std::fs::write(&path, format!("{}{other}{}", &text[..at], &text[at + 1..])).expect("put");
        let error = SealingKey::read(&path).expect_err("accepted");
        assert!(error.to_string().ends_with("its checksum does not match"), "{error}");
    }
}
