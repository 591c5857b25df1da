//! Where the states of an environment are kept, and what seals them: `state`, `state_key` and
//! `[state_options]` of `infra.toml`.
//!
//! The main types are [`StateKey`] and [`StateOptions`].

use std::path::PathBuf;
use std::str::FromStr;

use infra_sdk::Diagnostic;

use crate::config::fields::{Fields, Text};

/// What wraps the keys of the states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StateKey {
    /// A key file, relative to the project.
    File(PathBuf),
    /// A passphrase, from the environment or asked for.
    Passphrase,
}

impl FromStr for StateKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "passphrase" => Ok(Self::Passphrase),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err("write `passphrase`, or `file:` and the path of a key file".to_owned()),
        }
    }
}

impl StateKey {
    /// As it stands in `infra.toml`.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::File(path) => format!("file:{}", path.display()),
            Self::Passphrase => "passphrase".to_owned(),
        }
    }
}

/// What else there is to say about states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StateOptions {
    /// Accepts a local state on a disk that other machines share.
    pub(crate) allow_network_disk: bool,
}

impl StateOptions {
    /// Takes them from a table.
    pub(super) fn read(mut fields: Fields<'_, '_, '_>) -> Self {
        let allow_network_disk = fields.truth("allow_network_disk").unwrap_or(false);
        fields.finish();
        Self { allow_network_disk }
    }
}

/// A folder of states.
pub(super) fn folder(state: Option<&Text>, problems: &mut Vec<Diagnostic>) -> PathBuf {
    let Some(state) = state else { return ".infra".into() };
    // A state elsewhere than in a folder must not be taken for a folder of that name.
    if state.text.is_empty() || state.text.contains("://") {
        problems.push(
            Diagnostic::error("config::state", "a state is not kept in a folder")
                .detail(format!("`{}` is not a path", state.text))
                .location(Some(state.location.clone()))
                .hint("write the path of a folder, or leave `state` out for `.infra`"),
        );
    }
    state.text.clone().into()
}

/// The key that was written.
pub(super) fn key(key: Option<&Text>, problems: &mut Vec<Diagnostic>) -> Option<StateKey> {
    let key = key?;
    match key.text.parse() {
        Ok(parsed) => Some(parsed),
        Err(way) => {
            // What stands there may be a passphrase that somebody took for the right thing to write.
            problems.push(
                Diagnostic::error("config::state-key", "a state has no such kind of key")
                    .detail("`state_key` says what wraps the key, and never a secret itself")
                    .location(Some(key.location.clone()))
                    .hint(way),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for text in ["passphrase", "file:keys/dev.key"] {
            assert_eq!(text.parse::<StateKey>().expect("valid").written(), text);
        }
        for text in ["", "file:", "hunter2", "passphrase:x", "kms"] {
            assert!(text.parse::<StateKey>().is_err(), "{text}");
        }
    }
}
