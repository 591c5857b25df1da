//! Where the states of an environment are kept, and what seals them: `state`, `state_key` and
//! `[state_options]` of `infra.toml`.
//!
//! The main types are [`StatePlace`], [`StateKey`] and [`StateOptions`].

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use infra_sdk::Diagnostic;

use crate::config::environment::{Endpoint, endpoint_problem};
use crate::config::fields::{Fields, Text};

/// Where states are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StatePlace {
    /// A folder, relative to the project.
    Folder(PathBuf),
    /// A bucket that several machines share.
    Bucket {
        /// Its name.
        bucket: String,
        /// What the keys of all states begin with; may be empty.
        prefix: String,
    },
}

impl Default for StatePlace {
    fn default() -> Self {
        Self::Folder(".infra".into())
    }
}

impl FromStr for StatePlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            if text.is_empty() || text.contains("://") {
                return Err("write the path of a folder, or `s3://BUCKET/PREFIX`".to_owned());
            }
            return Ok(Self::Folder(text.into()));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // Source: S3 user guide, naming rules of general purpose buckets.
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) {
            return Err("the name of a bucket is 3 to 63 lower-case letters, digits, `-` and `.`"
                .to_owned());
        }
        let prefix = prefix.trim_end_matches('/');
        let good = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed)
        };
        if !prefix.is_empty() && !prefix.split('/').all(good) {
            return Err("a prefix is letters, digits, `-`, `_` and `.` between slashes".to_owned());
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl StatePlace {
    /// As it stands in `infra.toml`.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => format!("s3://{bucket}"),
            Self::Bucket { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
        }
    }
}

/// What wraps the keys of the states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StateKey {
    /// A key file, relative to the project.
    File(PathBuf),
    /// A passphrase, from the environment or asked for.
    Passphrase,
    /// A key of KMS: its id, alias or ARN.
    Kms(String),
}

impl FromStr for StateKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "passphrase" => Ok(Self::Passphrase),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("kms", key)) if is_kms_key(key) => Ok(Self::Kms(key.to_owned())),
            _ => {
                Err("write `passphrase`, or `file:` and the path of a key file, or `kms:` and the \
                      id, alias or ARN of a key"
                    .to_owned())
            }
        }
    }
}

/// Whether this may name a key of KMS. Source: KMS API, Encrypt, `KeyId`.
fn is_kms_key(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
    !key.is_empty() && key.len() <= 2048 && key.chars().all(allowed)
}

impl StateKey {
    /// As it stands in `infra.toml`.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::File(path) => format!("file:{}", path.display()),
            Self::Passphrase => "passphrase".to_owned(),
            Self::Kms(key) => format!("kms:{key}"),
        }
    }
}

/// What else there is to say about states: mostly, how a bucket is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StateOptions {
    /// Accepts a local state on a disk that other machines share.
    pub(crate) allow_network_disk: bool,
    /// The region of the bucket and of the KMS keys, where it is not the environment's.
    pub(crate) region: Option<String>,
    /// Who answers for AWS there, where it is not who does for the environment.
    pub(crate) endpoint: Option<Endpoint>,
    /// A DynamoDB table for the lock, for stores without conditional writes.
    pub(crate) lock_table: Option<String>,
    /// The KMS key that S3 encrypts the objects with.
    pub(crate) kms_key: Option<String>,
    /// How long a lock outlives the last sign of life of its holder.
    pub(crate) lease: Option<Duration>,
}

/// The shortest lease: a renewal takes a moment, and a third of the lease is between two.
const SHORTEST_LEASE: u64 = 3;

impl StateOptions {
    /// Takes them from a table; what is wrong is left in `problems`.
    pub(super) fn read(mut fields: Fields<'_, '_, '_>) -> Self {
        let allow_network_disk = fields.truth("allow_network_disk").unwrap_or(false);
        let region = fields.text("region");
        let endpoint = fields.text("endpoint");
        let lock_table = fields.text("lock_table");
        let kms_key = fields.text("kms_key");
        let lease = fields.seconds("lease");
        let mut wrong = |name: &str, hint: &str, bad: bool| {
            if bad {
                fields.problem(name, hint);
            }
        };
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.text.clone());
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_region = |text: &str| !text.is_empty() && text.bytes().all(lower);
        wrong(
            "region",
            "write a region such as `eu-central-1`",
            region.as_ref().is_some_and(|region| !is_region(&region.text)),
        );
        // Source: DynamoDB developer guide, naming rules.
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_table = |text: &str| (3..=255).contains(&text.len()) && text.chars().all(named);
        wrong(
            "lock_table",
            "the name of a table is 3 to 255 letters, digits, `-`, `_` and `.`",
            lock_table.as_ref().is_some_and(|table| !is_table(&table.text)),
        );
        wrong(
            "kms_key",
            "write the id, the alias (`alias/NAME`) or the ARN of a KMS key",
            kms_key.as_ref().is_some_and(|key| !is_kms_key(&key.text)),
        );
        wrong(
            "lease",
            "a lease is 3 seconds at least: it is renewed every third of it",
            lease.is_some_and(|lease| lease < SHORTEST_LEASE),
        );
        let problem = endpoint.as_ref().and_then(endpoint_problem);
        fields.problems().extend(problem);
        fields.finish();
        Self {
            allow_network_disk,
            region: text(&region),
            endpoint: endpoint.map(|endpoint| Endpoint::from(endpoint.text)),
            lock_table: text(&lock_table),
            kms_key: text(&kms_key),
            lease: lease.map(Duration::from_secs),
        }
    }
}

/// The place that was written.
pub(super) fn place(state: Option<&Text>, problems: &mut Vec<Diagnostic>) -> StatePlace {
    let Some(state) = state else { return StatePlace::default() };
    // A state elsewhere than in a folder must not be taken for a folder of that name.
    state.text.parse().unwrap_or_else(|way: String| {
        problems.push(
            Diagnostic::error("config::state", "a state is not kept there")
                .detail(format!("`{}` is neither a folder nor a bucket", state.text.escape_debug()))
                .location(Some(state.location.clone()))
                .hint(way),
        );
        StatePlace::default()
    })
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
        for text in ["passphrase", "file:keys/dev.key", "kms:alias/state", "kms:1234abcd-12ab"] {
            assert_eq!(text.parse::<StateKey>().expect("valid").written(), text);
        }
        for text in ["", "file:", "hunter2", "passphrase:x", "kms", "kms:", "kms:a b"] {
            assert!(text.parse::<StateKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in [".infra", "kept/states", "s3://states", "s3://team-states/a/b_c"] {
            assert_eq!(text.parse::<StatePlace>().expect("valid").written(), text);
        }
        let bucket = "s3://states/a/".parse::<StatePlace>().expect("valid");
        assert_eq!(bucket.written(), "s3://states/a");
        for text in ["", "s3://", "s3://St", "s3://states/../a", "s3://a//b", "gs://states"] {
            assert!(text.parse::<StatePlace>().is_err(), "{text}");
        }
    }
}
