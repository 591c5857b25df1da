//! The envelope: every state has a data key of its own, and keeps it beside itself, wrapped.
//!
//! The main type is [`KeySource`]: what wraps and unwraps the data key. A key file of mode 0600 that is
//! made on first use, a passphrase (Argon2id), or a service such as KMS ([`KeyWrapper`]). The wrapped
//! key stands in the state and in its exports, so each of them opens wherever its source is at hand.
//! A data key is never written in clear, never compared, and never part of an error.
//!
//! Limits: keys and opened texts that this crate holds are wiped when they are dropped. Values that
//! were handed to the engine, copies that the operating system, a swap file or a library's stack
//! frame keeps, and the bytes that a disk keeps of files that were replaced are out of its reach.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use infra_sdk::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::record::MetaWire;
use crate::seal::SealingKey;

const SALT: usize = 16;

/// Memory in KiB, passes and lanes: the second choice of RFC 9106, with one lane, because the
/// library computes them one after the other.
const COST: (u32, u32, u32) = (64 << 10, 3, 1);

/// The most that a state may ask for: it could have been made to exhaust whoever opens it.
const MOST: (u32, u32, u32) = (1 << 20, 64, 16);

/// What wraps the data keys of states.
#[derive(Clone)]
pub enum KeySource {
    /// A key in a file of its own, mode 0600, made on first use.
    File(PathBuf),
    /// A passphrase, from which Argon2id makes a key.
    Passphrase(Zeroizing<String>),
    /// A service, such as KMS.
    Service(Arc<dyn KeyWrapper>),
}

/// A service that wraps keys without showing its own. Its calls may block: they are only made on
/// threads that may.
pub trait KeyWrapper: Send + Sync {
    /// Its kind, as states name it: `kms`.
    fn kind(&self) -> &'static str;

    /// Wraps a key, bound to the context.
    ///
    /// # Errors
    /// `Key` when the service refuses or does not answer.
    fn wrap(&self, key: &[u8; 32], context: &KeyContext) -> Result<String, StoreError>;

    /// Unwraps what [`KeyWrapper::wrap`] gave for the same context.
    ///
    /// # Errors
    /// As [`KeyWrapper::wrap`], and when it is not of this service or this context.
    fn unwrap(
        &self,
        wrapped: &str,
        context: &KeyContext,
    ) -> Result<Zeroizing<[u8; 32]>, StoreError>;
}

/// What a wrapped key is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyContext {
    /// The history that the state belongs to.
    pub lineage: String,
    /// The stack as it was called when the key was wrapped.
    pub stack: String,
}

impl KeyContext {
    /// Written so that no two contexts look the same.
    fn associated_data(&self) -> Vec<u8> {
        json!(["infra-wrap-1", self.lineage, self.stack]).to_string().into_bytes()
    }
}

/// A wrapped data key, as it stands in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrappedKey {
    context: KeyContext,
    by: By,
    /// The wrapped bytes, as text.
    sealed: String,
}

/// What wrapped a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum By {
    /// The key of this id, from a file.
    File { key: String },
    /// A passphrase, with the salt in base64 and the cost.
    Passphrase { salt: String, memory_kib: u32, passes: u32, lanes: u32 },
    /// A service of this kind.
    Service { kind: String },
}

impl WrappedKey {
    /// Whether the key of this id, from a file, wrapped it.
    pub(crate) fn is_by(&self, id: &str) -> bool {
        matches!(&self.by, By::File { key } if key == id)
    }
}

impl KeySource {
    /// A passphrase, which is wiped from memory with the source.
    #[must_use]
    pub fn passphrase(text: String) -> Self {
        Self::Passphrase(Zeroizing::new(text))
    }

    /// The key file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Passphrase(_) | Self::Service(_) => None,
        }
    }

    /// Makes a data key and wraps it.
    pub(crate) fn make(&self, context: KeyContext) -> Result<(SealingKey, WrappedKey), StoreError> {
        let key = SealingKey::random().map_err(|error| StoreError::Unavailable {
            action: "make a key".to_owned(),
            reason: error.to_string(),
        })?;
        let wrapped = self.wrap(&key, context)?;
        Ok((key, wrapped))
    }

    /// Wraps a data key.
    pub(crate) fn wrap(
        &self,
        key: &SealingKey,
        context: KeyContext,
    ) -> Result<WrappedKey, StoreError> {
        let place = context.associated_data();
        let (by, sealed) = match self {
            Self::File(path) => {
                let file = SealingKey::read_or_create(path)?;
                let sealed = file.wrapping().seal(&place, key.expose())?;
                (By::File { key: file.id().to_owned() }, sealed)
            }
            Self::Passphrase(passphrase) => {
                let mut salt = [0; SALT];
                getrandom::fill(&mut salt).map_err(|error| StoreError::Unavailable {
                    action: "make a salt".to_owned(),
                    reason: error.to_string(),
                })?;
                let sealed = derive(passphrase, &salt, COST)?.seal(&place, key.expose())?;
                let (memory_kib, passes, lanes) = COST;
                let salt = STANDARD.encode(salt);
                (By::Passphrase { salt, memory_kib, passes, lanes }, sealed)
            }
            Self::Service(service) => {
                let sealed = service.wrap(key.expose(), &context)?;
                (By::Service { kind: service.kind().to_owned() }, sealed)
            }
        };
        Ok(WrappedKey { context, by, sealed })
    }

    /// What a state is when this data key of it has been wrapped: in format 1 it was not.
    pub(crate) fn complete(
        &self,
        meta: MetaWire,
        key: &SealingKey,
        context: KeyContext,
    ) -> Result<MetaWire, StoreError> {
        if meta.wrapped.is_some() {
            return Ok(meta);
        }
        Ok(MetaWire { wrapped: Some(self.wrap(key, context)?), ..meta })
    }

    /// The data key of a state.
    pub(crate) fn open(&self, meta: &MetaWire) -> Result<SealingKey, StoreError> {
        let Some(wrapped) = &meta.wrapped else {
            // Format 1: the key of the file is the data key itself.
            return self.of_file(&meta.key);
        };
        if wrapped.context.lineage != meta.lineage {
            return Err(damaged("it is of another state"));
        }
        let key = self.unwrap(wrapped)?;
        if key.id() == meta.key { Ok(key) } else { Err(damaged("it holds another key")) }
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<SealingKey, StoreError> {
        let place = wrapped.context.associated_data();
        let bytes = match (&wrapped.by, self) {
            (By::File { key: id }, _) => {
                let opened = self.of_file(id)?.wrapping().unseal(&place, &wrapped.sealed);
                exact(&opened.map_err(|_| damaged("it does not open with its own key"))?)?
            }
            (By::Passphrase { salt, memory_kib, passes, lanes }, Self::Passphrase(passphrase)) => {
                let salt = STANDARD.decode(salt).map_err(|_| damaged("its salt is not base64"))?;
                let key = derive(passphrase, &salt, (*memory_kib, *passes, *lanes))?;
                let opened = key.unseal(&place, &wrapped.sealed);
                exact(&opened.map_err(|_| StoreError::Key {
                    action: "open the state, which is sealed with a passphrase".to_owned(),
                    reason: "the passphrase is not the one that it was sealed with".to_owned(),
                })?)?
            }
            (By::Service { kind }, Self::Service(service)) if *kind == service.kind() => {
                service.unwrap(&wrapped.sealed, &wrapped.context)?
            }
            (By::Passphrase { .. }, _) => return Err(self.other("a passphrase")),
            (By::Service { kind }, _) => return Err(self.other(&format!("`{kind}`"))),
        };
        Ok(SealingKey::from_bytes(&bytes))
    }

    /// The key of this id, from the file.
    fn of_file(&self, id: &str) -> Result<SealingKey, StoreError> {
        let Self::File(path) = self else {
            return Err(self.other(&format!("the key {id} of a key file")));
        };
        let action = format!("open the state, which was sealed with the key {id}");
        let Some(key) = SealingKey::read(path)? else {
            let reason = format!("the key file {} is missing; put it back", path.display());
            return Err(StoreError::Key { action, reason });
        };
        if key.id() != id {
            let found = key.id();
            let reason = format!("the key file holds the key {found}; put the right one back");
            return Err(StoreError::Key { action, reason });
        }
        Ok(key)
    }

    fn other(&self, needed: &str) -> StoreError {
        let given = match self {
            Self::File(path) => format!("the key file {}", path.display()),
            Self::Passphrase(_) => "a passphrase".to_owned(),
            Self::Service(service) => format!("`{}`", service.kind()),
        };
        StoreError::Key {
            action: format!("open the state, which is sealed with {needed}"),
            reason: format!("{given} was given for it; name the source that it was sealed with"),
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Passphrase(_) => f.write_str("Passphrase(..)"),
            Self::Service(service) => f.debug_tuple("Service").field(&service.kind()).finish(),
        }
    }
}

/// The key that a passphrase makes with a salt.
fn derive(
    passphrase: &str,
    salt: &[u8],
    (memory, passes, lanes): (u32, u32, u32),
) -> Result<SealingKey, StoreError> {
    if passphrase.is_empty() {
        return Err(StoreError::Key {
            action: "make a key from the passphrase".to_owned(),
            reason: "it is empty".to_owned(),
        });
    }
    if memory > MOST.0 || passes > MOST.1 || lanes > MOST.2 {
        return Err(damaged("it asks for more memory or time than any release would"));
    }
    let cost = Params::new(memory, passes, lanes, Some(32));
    let cost = cost.map_err(|error| damaged(&error.to_string()))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .map_err(|error| damaged(&error.to_string()))?;
    Ok(SealingKey::from_bytes(&key))
}

fn exact(bytes: &Zeroizing<Vec<u8>>) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(damaged("it has not 32 bytes"));
    }
    key.copy_from_slice(bytes);
    Ok(key)
}

fn damaged(reason: &str) -> StoreError {
    let what = "the wrapped key of the state".to_owned();
    StoreError::Damaged { what, reason: reason.to_owned() }
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
