//! An object in a bucket. A change of anything but its tags and locks writes it anew; in a bucket
//! that is versioned deleting it deletes its versions too, as in Terraform.
//!
//! What a `sensitive_content` really is after it was written is not looked at; of the others the
//! SHA-256 that S3 keeps is.
//!
//! API: PutObject, HeadObject, GetObjectTagging, PutObjectTagging, DeleteObjectTagging,
//! PutObjectLegalHold, PutObjectRetention, ListObjectVersions, DeleteObject.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};
use sha2::{Digest as _, Sha256};

use super::{BucketName, ObjectStorageClass, SseAlgorithm};
use crate::kms::Key;
use crate::rules::Rules;

/// An object in a bucket, with at most one of `content`, `content_base64`, `sensitive_content` and
/// `source`; without one it is empty.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_object", outputs = BucketObjectOutputs, validate = validate)]
pub struct BucketObject {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// Its key, at most 1024 bytes.
    #[field(force_new)]
    pub key: String,
    /// What is in it, as text.
    pub content: Option<String>,
    /// What is in it, in Base64.
    pub content_base64: Option<String>,
    /// What is in it, as text that is shown to nobody.
    #[field(write_only, sensitive)]
    pub sensitive_content: Option<String>,
    /// The file that is its content: a path, absolute or from where `infra` is started. Not over
    /// 5 GB.
    #[field(write_only)]
    pub source: Option<String>,
    /// SHA-256 of the file in Base64, as [`file_sha256`] gives it: what tells that it changed.
    pub source_hash: Option<String>,
    /// Access list that S3 makes. Only in a bucket that has access lists.
    #[field(write_only)]
    pub acl: Option<CannedAcl>,
    /// Use a bucket key, which asks KMS less often.
    #[field(computed)]
    pub bucket_key_enabled: Option<bool>,
    /// The header `Cache-Control` of answers.
    pub cache_control: Option<String>,
    /// The header `Content-Disposition` of answers.
    pub content_disposition: Option<String>,
    /// The header `Content-Encoding` of answers.
    pub content_encoding: Option<String>,
    /// The header `Content-Language` of answers.
    pub content_language: Option<String>,
    /// The header `Content-Type` of answers. Left out, S3 says that it does not know.
    #[field(computed)]
    pub content_type: Option<String>,
    /// Delete it although it is locked in `GOVERNANCE` or held.
    #[field(default = false)]
    pub force_destroy: bool,
    /// Key that encrypts it. Left out, what the bucket says.
    #[field(computed)]
    pub kms_key_id: Option<Arn<Key>>,
    /// Headers `x-amz-meta-…` of answers, by the rest of their names, in lower case.
    pub metadata: BTreeMap<String, String>,
    /// Whether it is held for ever.
    #[field(computed)]
    pub object_lock_legal_hold_status: Option<LegalHoldStatus>,
    /// Who may delete it before its date.
    #[field(computed)]
    pub object_lock_mode: Option<ObjectLockMode>,
    /// Until when it is locked: `2027-01-01T00:00:00Z`.
    #[field(computed)]
    pub object_lock_retain_until_date: Option<String>,
    /// How it is encrypted. Left out, as the bucket says.
    #[field(computed)]
    pub server_side_encryption: Option<SseAlgorithm>,
    /// Where it is kept.
    #[field(default = ObjectStorageClass::Standard)]
    pub storage_class: ObjectStorageClass,
    /// Where a bucket that is a website sends those who ask for it.
    pub website_redirect: Option<String>,
    /// Tags, ten at most, of which `infra` needs three.
    pub tags: Tags,
}

/// Access lists that S3 makes. Source: S3 user guide, canned ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CannedAcl {
    /// The owner does everything.
    #[choice("private")]
    Private,
    /// And everyone reads.
    #[choice("public-read")]
    PublicRead,
    /// And everyone reads and writes.
    #[choice("public-read-write")]
    PublicReadWrite,
    /// And every account of AWS reads.
    #[choice("authenticated-read")]
    AuthenticatedRead,
    /// And EC2 reads.
    #[choice("aws-exec-read")]
    AwsExecRead,
    /// And the bucket's owner reads.
    #[choice("bucket-owner-read")]
    BucketOwnerRead,
    /// And the bucket's owner does everything.
    #[choice("bucket-owner-full-control")]
    BucketOwnerFullControl,
}

/// Whether an object is held for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LegalHoldStatus {
    /// It is.
    #[choice("ON")]
    On,
    /// It is not.
    #[choice("OFF")]
    Off,
}

/// Who may delete a locked object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ObjectLockMode {
    /// Those who have the permission.
    #[choice("GOVERNANCE")]
    Governance,
    /// Nobody.
    #[choice("COMPLIANCE")]
    Compliance,
}

/// What AWS assigns to a [`BucketObject`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct BucketObjectOutputs {
    /// Bucket and key: `bucket/key`, which is also what Terraform imports by.
    pub id: String,
    /// The object's ARN.
    pub arn: Arn<BucketObject>,
    /// What S3 calls its content; its MD5 unless a key in KMS encrypts it.
    pub etag: String,
    /// SHA-256 of its content in Base64.
    pub checksum_sha256: Option<String>,
    /// Its version, in a bucket that is versioned.
    pub version_id: Option<String>,
}

/// SHA-256 of a file in Base64, for `source_hash`.
///
/// # Errors
/// When the file cannot be read.
pub fn file_sha256(path: impl AsRef<Path>) -> io::Result<String> {
    std::fs::read(path).map(|content| sha256(&content))
}

/// SHA-256 in Base64, as S3 writes it.
pub(crate) fn sha256(content: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(content))
}

/// What Base64 stands for.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Source: S3 API Reference, PutObject; S3 user guide, object keys and tags.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.at_most_one(&["content", "content_base64", "sensitive_content", "source"]);
    if rules.text("content_base64").is_some_and(|text| decoded(text).is_none()) {
        rules.refuse("content_base64", "is not Base64");
    }
    if rules.has("source") {
        rules.required(&["source_hash"], "with `source`");
    } else {
        rules.without(&["source_hash"], "without `source`");
    }
    let is_hash = |text: &str| decoded(text).is_some_and(|digest| digest.len() == 32);
    if rules.text("source_hash").is_some_and(|text| !is_hash(text)) {
        rules.refuse("source_hash", "must be a SHA-256 in Base64, as `file_sha256` gives it");
    }
    if rules.text("key").is_some_and(|key| key.is_empty() || key.len() > 1024) {
        rules.refuse("key", "must have 1 to 1024 bytes");
    }
    let metadata = inputs.get("metadata").and_then(|value| value.as_map());
    let odd = metadata.and_then(|entries| {
        entries.keys().find(|key| key.chars().any(|c| c.is_ascii_uppercase() || c == ' '))
    });
    if let Some(odd) = odd {
        rules.refuse("metadata", format!("`{odd}` must be in lower case and without spaces"));
    }
    if rules.has("kms_key_id") && rules.text("server_side_encryption") == Some("AES256") {
        rules.refuse("kms_key_id", "cannot be given with the algorithm `AES256`");
    }
    for (one, other) in [
        ("object_lock_mode", "object_lock_retain_until_date"),
        ("object_lock_retain_until_date", "object_lock_mode"),
    ] {
        if rules.has(one) {
            rules.required(&[other], &format!("with `{one}`"));
        }
    }
    // Three tags say whose it is.
    let tags = inputs.get("tags").and_then(|value| value.as_map());
    if tags.is_some_and(|tags| tags.len() > 7) {
        rules.refuse("tags", "can be seven at most: S3 takes ten, and `infra` needs three");
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn an_object_has_one_content() {
        let text = |name: &'static str, text: &str| (name, Value::from(text));
        assert_eq!(check(&[text("content", "a")]), [""; 0]);
        assert_eq!(check(&[text("content", "a"), text("content_base64", "YQ==")]).len(), 1);
        assert_eq!(check(&[text("content_base64", "%")]), ["content_base64"]);
        assert_eq!(check(&[text("source", "a")]), ["source_hash"]);
        let hash = sha256(b"a");
        assert_eq!(check(&[text("source", "a"), text("source_hash", &hash)]), [""; 0]);
        assert_eq!(check(&[text("source_hash", &hash)]), ["source_hash"]);
        assert_eq!(check(&[text("source", "a"), text("source_hash", "YQ==")]), ["source_hash"]);
    }

    #[test]
    fn what_s3_would_change_or_refuse_is_refused() {
        let metadata = |key: &str| {
            let entries = Object::from([(key.to_owned(), Value::from("x"))]);
            check(&[("metadata", Value::Map(entries))])
        };
        assert_eq!(metadata("owner"), [""; 0]);
        assert_eq!(metadata("Owner"), ["metadata"]);
        assert_eq!(check(&[("key", "".into())]), ["key"]);
        let mode = ("object_lock_mode", Value::from("GOVERNANCE"));
        assert_eq!(check(&[mode]), ["object_lock_retain_until_date"]);
        let key = ("kms_key_id", Value::Unknown);
        assert_eq!(check(&[key, ("server_side_encryption", "AES256".into())]), ["kms_key_id"]);
    }

    #[test]
    fn digests_are_as_s3_writes_them() {
        // Of nothing. Source: S3 API Reference, signing requests.
        assert_eq!(sha256(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
