//! Where in S3 states are kept, and what the objects of one state are called.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use infra_sdk::store::StoreError;

use crate::envelope::{KeyContext, KeySource};
use crate::site::Site;

/// A bucket with states in it.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Location {
    /// Name of the bucket.
    pub bucket: String,
    /// What the keys of all states begin with; may be empty.
    pub prefix: String,
    /// The bucket's region.
    pub region: String,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
    /// Credentials for an endpoint that is not AWS: access key and secret. `None` uses the SDK's
    /// standard chain.
    pub credentials: Option<(String, String)>,
    /// The KMS key that S3 encrypts the objects with; S3's own key without one.
    pub kms_key_id: Option<String>,
    /// A DynamoDB table for the lock, for stores that look alike and have no conditional writes.
    pub lock_table: Option<String>,
    /// How long a lock outlives the last sign of life of its holder.
    pub lease: Duration,
    /// The key file that wraps the states' data keys where no other source is configured.
    pub key: PathBuf,
}

impl S3Location {
    /// The lease of a lock where nothing else is configured.
    pub const LEASE: Duration = Duration::from_secs(30);
}

impl fmt::Debug for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = self.credentials.as_ref().map(|(key, _)| (key, "(redacted)"));
        f.debug_struct("S3Location")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("endpoint_url", &self.endpoint_url)
            .field("credentials", &credentials)
            .field("kms_key_id", &self.kms_key_id)
            .field("lock_table", &self.lock_table)
            .field("lease", &self.lease)
            .field("key", &self.key)
            .finish()
    }
}

/// Where one state is, and what its objects are called.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    bucket: String,
    /// Ends with a slash.
    prefix: String,
    stack: String,
    key: KeySource,
    has_export: Arc<AtomicBool>,
}

/// Objects of a state whose keys have a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// `journal/N`
    Journal,
    /// `snapshot/N`
    Snapshot,
}

/// Digits of a number in a key, so that keys sort as their numbers do.
const DIGITS: usize = 20;

impl Place {
    /// The place of a stack's state. The names have been checked.
    ///
    /// # Errors
    /// `Unavailable` when the prefix could not be told from another.
    pub(crate) fn new(
        location: &S3Location,
        environment: &str,
        stack: &str,
    ) -> Result<Self, StoreError> {
        let prefix = format!("{}{stack}/", environment_prefix(location, environment)?);
        let (bucket, stack) = (location.bucket.clone(), stack.to_owned());
        let key = KeySource::File(location.key.clone());
        Ok(Self { bucket, prefix, stack, key, has_export: Arc::default() })
    }

    /// The same with another source of the key.
    pub(crate) fn with_key(self, key: KeySource) -> Self {
        Self { key, ..self }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What wraps the state's data key.
    pub(crate) fn key(&self) -> &KeySource {
        &self.key
    }

    /// What a newly wrapped key is bound to.
    pub(crate) fn key_context(&self, lineage: &str) -> KeyContext {
        KeyContext { lineage: lineage.to_owned(), stack: self.stack.clone() }
    }

    pub(crate) fn lock(&self) -> String {
        format!("{}lock", self.prefix)
    }

    pub(crate) fn export(&self) -> String {
        format!("{}export.json", self.prefix)
    }

    pub(crate) fn numbered(&self, kind: Numbered, number: u64) -> String {
        let folder = kind.folder();
        format!("{}{folder}{number:0DIGITS$}", self.prefix)
    }

    /// Where an object of this state is kept when another state takes its place.
    pub(crate) fn aside(&self, id: &str, key: &str) -> String {
        let rest = key.strip_prefix(&self.prefix).unwrap_or(key);
        format!("{}replaced/{id}/{rest}", self.prefix)
    }

    /// The number in a key, if it is of that kind. Anything else below the folder is not ours.
    pub(crate) fn number(&self, kind: Numbered, key: &str) -> Option<u64> {
        let digits = key.strip_prefix(&self.prefix)?.strip_prefix(kind.folder())?;
        let plain = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    }

    /// What a person calls an object.
    pub(crate) fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// Notes whether there is an export to go back to.
    pub(crate) fn note_export(&self, there: bool) {
        self.has_export.store(there, Ordering::SeqCst);
    }
}

impl Numbered {
    fn folder(self) -> &'static str {
        match self {
            Self::Journal => "journal/",
            Self::Snapshot => "snapshot/",
        }
    }
}

impl Site for Place {
    fn name(&self) -> String {
        self.url(self.prefix.trim_end_matches('/'))
    }

    fn damaged(&self, what: &str, reason: &str) -> StoreError {
        let export = self.url(&self.export());
        let way_out = if self.has_export.load(Ordering::SeqCst) {
            format!("the last export is {export}")
        } else {
            format!("there is no export at {export}")
        };
        StoreError::Damaged { what: what.to_owned(), reason: format!("{reason}; {way_out}") }
    }
}

/// What the keys of all states of an environment begin with.
pub(crate) fn environment_prefix(
    location: &S3Location,
    environment: &str,
) -> Result<String, StoreError> {
    Ok(format!("{}{environment}/", states_prefix(location)?))
}

/// What the keys of all states begin with: empty, or with a slash at the end.
pub(crate) fn states_prefix(location: &S3Location) -> Result<String, StoreError> {
    let prefix = location.prefix.trim_matches('/');
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed);
    if prefix.is_empty() {
        Ok(String::new())
    } else if prefix.split('/').all(good) {
        Ok(format!("{prefix}/"))
    } else {
        let action = format!("keep states below the prefix `{}`", prefix.escape_debug());
        let reason = "only letters, digits, `-`, `_` and `.` are allowed between slashes, and no \
                      `.` in front";
        Err(StoreError::Refused { action, reason: reason.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(prefix: &str) -> S3Location {
        S3Location {
            bucket: "states".to_owned(),
            prefix: prefix.to_owned(),
            region: "eu-central-1".to_owned(),
            endpoint_url: None,
            credentials: Some(("key".to_owned(), "hunter2".to_owned())),
            kms_key_id: None,
            lock_table: None,
            lease: S3Location::LEASE,
            key: PathBuf::from(".infra/state.key"),
        }
    }

    #[test]
    fn keys_sort_as_their_numbers_and_are_read_back() {
        let place = Place::new(&location("/team/"), "dev", "shop").expect("good names");
        assert_eq!(place.name(), "s3://states/team/dev/shop");
        let key = |number| place.numbered(Numbered::Journal, number);
        assert_eq!(key(12), "team/dev/shop/journal/00000000000000000012");
        assert!(key(9) < key(10) && key(10) < key(u64::MAX));
        for number in [0, 9, u64::MAX] {
            assert_eq!(place.number(Numbered::Journal, &key(number)), Some(number));
            assert_eq!(place.number(Numbered::Snapshot, &key(number)), None);
        }
        for other in ["team/dev/shop/journal/12", "team/dev/shop/journal/+0000000000000000012"] {
            assert_eq!(place.number(Numbered::Journal, other), None, "{other}");
        }
    }

    #[test]
    fn a_prefix_is_plain_folders() {
        for bad in ["a//b", "../x", "a/./b", "a b", "ä"] {
            assert!(states_prefix(&location(bad)).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(states_prefix(&location("/")).expect("fine"), "");
        assert_eq!(states_prefix(&location("a/b/")).expect("fine"), "a/b/");
    }

    #[test]
    fn credentials_are_never_shown() {
        let shown = format!("{:?}", location(""));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
