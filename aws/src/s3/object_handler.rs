//! The calls of [`object`](super::object), which stands apart because its definition is long.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types as wire;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::types::partition_of;
use infra_sdk::{Arn, Tags, Value};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::common::NO_BUCKET;
use super::object::{BucketObjectOutputs, decoded, sha256};
use super::{BucketName, BucketObject, ObjectStorageClass};
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::prelude::*;

/// Inputs that say how an object is locked; each has a call of its own.
const LOCKS: &[&str] =
    &["object_lock_legal_hold_status", "object_lock_mode", "object_lock_retain_until_date"];
/// Inputs that only a new version of the object can have.
const WRITTEN: &[&str] = &[
    "acl",
    "bucket_key_enabled",
    "cache_control",
    "content",
    "content_base64",
    "content_disposition",
    "content_encoding",
    "content_language",
    "content_type",
    "kms_key_id",
    "metadata",
    "sensitive_content",
    "server_side_encryption",
    "source",
    "source_hash",
    "storage_class",
    "website_redirect",
];

impl Handler for BucketObject {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        create: "s3:PutObject",
        operations: &[
            "s3:DeleteObject",
            "s3:DeleteObjectTagging",
            "s3:GetObjectTagging",
            "s3:HeadObject",
            "s3:ListObjectVersions",
            "s3:PutObject",
            "s3:PutObjectLegalHold",
            "s3:PutObjectRetention",
            "s3:PutObjectTagging",
        ],
        actions: &[
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "s3:BypassGovernanceRetention",
            "s3:DeleteObject",
            "s3:DeleteObjectTagging",
            "s3:DeleteObjectVersion",
            "s3:GetObject",
            "s3:GetObjectLegalHold",
            "s3:GetObjectRetention",
            "s3:GetObjectTagging",
            "s3:ListBucket",
            "s3:ListBucketVersions",
            "s3:PutObject",
            "s3:PutObjectAcl",
            "s3:PutObjectLegalHold",
            "s3:PutObjectRetention",
            "s3:PutObjectTagging",
        ],
        gone: &[NO_BUCKET, "NoSuchKey", "NotFound"],
        // Another write of the same key goes on.
        not_yet: &[(NO_BUCKET, ""), ("ConditionalRequestConflict", "")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        write(aws, want, &want.tags, true).await?;
        Ok(format!("{}/{}", want.bucket, want.key))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let (bucket, key) = parse_id(id)?;
        if changed.any(WRITTEN) {
            // A new version has no tags but those that it is given.
            let tags = tags_of(aws, bucket, key).await?;
            return write(aws, want, &tags, false).await;
        }
        if changed.any(LOCKS) {
            lock(aws, bucket, key, want, changed).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let (bucket, key) = parse_id(id)?;
        let pages = versions(aws, bucket, key).await?;
        for version in pages {
            if was.force_destroy && was.object_lock_legal_hold_status.is_some() {
                release(aws, bucket, key, &version).await?;
            }
            aws.call(|| {
                let call = aws.s3().delete_object().bucket(bucket).key(key).version_id(&version);
                let bypass = was.force_destroy.then_some(true);
                call.set_bypass_governance_retention(bypass).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let (bucket, key) = (want.bucket.as_str(), want.key.as_str());
        let tags = absent(tags_of(aws, bucket, key).await.map(Some), Self::CALLS.gone)?;
        let ours = tags.is_some_and(|tags| is_ours(&want.tags.0, &tags.0));
        Ok(ours.then(|| format!("{bucket}/{key}")).into_iter().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let (bucket, key) = parse_id(id)?;
        // PutObjectTagging replaces all tags: those that others set are kept.
        let mut all = tags_of(aws, bucket, key).await?;
        all.0.retain(|name, _| !change.remove.contains(name));
        all.0.extend(change.set.clone());
        if all.0.is_empty() {
            let delete = || aws.s3().delete_object_tagging().bucket(bucket).key(key).send();
            return aws.call(delete).await.map(drop);
        }
        let tag = |(name, value)| wire::Tag::builder().key(name).value(value).build();
        let tags = all.0.iter().map(tag).collect::<std::result::Result<_, _>>();
        let tags = tags.map_err(incomplete)?;
        let tagging = wire::Tagging::builder().set_tag_set(Some(tags)).build();
        let tagging = tagging.map_err(incomplete)?;
        aws.call(|| {
            let call = aws.s3().put_object_tagging().bucket(bucket).key(key);
            call.tagging(tagging.clone()).send()
        })
        .await
        .map(drop)
    }
}

/// Bucket and key of an id. Names of buckets have no `/`.
fn parse_id(id: &str) -> Result<(&str, &str)> {
    match id.strip_prefix("s3://").unwrap_or(id).split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok((bucket, key)),
        _ => {
            let message = format!("`{id}` is not the id of an object: `bucket/key`");
            Err(Failure::new(FailureClass::Invalid, message))
        }
    }
}

/// What goes into the object.
async fn content(want: &BucketObject) -> Result<Vec<u8>> {
    if let Some(text) = want.content.as_ref().or(want.sensitive_content.as_ref()) {
        return Ok(text.clone().into_bytes());
    }
    if let Some(text) = &want.content_base64 {
        let wrong = || Failure::new(FailureClass::Invalid, "`content_base64` is not Base64");
        return decoded(text).ok_or_else(wrong);
    }
    let Some(path) = &want.source else { return Ok(Vec::new()) };
    let content = tokio::fs::read(path).await.map_err(|error| {
        Failure::new(FailureClass::Invalid, format!("`{path}` cannot be read: {error}"))
    })?;
    if want.source_hash.as_ref().is_some_and(|hash| *hash != sha256(&content)) {
        let message = format!("`{path}` is not what it was when its SHA-256 was taken");
        return Err(Failure::new(FailureClass::Invalid, message));
    }
    Ok(content)
}

async fn write(aws: &Aws, want: &BucketObject, tags: &Tags, new: bool) -> Result<()> {
    let content = content(want).await?;
    let digest = sha256(&content);
    let metadata = (!want.metadata.is_empty())
        .then(|| want.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect());
    let algorithm = match (&want.server_side_encryption, &want.kms_key_id) {
        (Some(algorithm), _) => Some(algorithm.as_str()),
        (None, Some(_)) => Some("aws:kms"),
        (None, None) => None,
    };
    let until = date_to_wire(want)?;
    aws.call(|| {
        aws.s3()
            .put_object()
            .bucket(want.bucket.as_str())
            .key(&want.key)
            .body(ByteStream::from(content.clone()))
            .checksum_algorithm(wire::ChecksumAlgorithm::Sha256)
            .checksum_sha256(&digest)
            // An object that is there is not written over unasked.
            .set_if_none_match(new.then(|| "*".to_owned()))
            .set_acl(want.acl.map(|acl| wire::ObjectCannedAcl::from(acl.as_str())))
            .set_bucket_key_enabled(want.bucket_key_enabled)
            .set_cache_control(want.cache_control.clone())
            .set_content_disposition(want.content_disposition.clone())
            .set_content_encoding(want.content_encoding.clone())
            .set_content_language(want.content_language.clone())
            .set_content_type(want.content_type.clone())
            .set_metadata(metadata.clone())
            .set_object_lock_legal_hold_status(hold(want))
            .set_object_lock_mode(
                want.object_lock_mode.map(|mode| wire::ObjectLockMode::from(mode.as_str())),
            )
            .set_object_lock_retain_until_date(until)
            .set_server_side_encryption(algorithm.map(wire::ServerSideEncryption::from))
            .set_ssekms_key_id(want.kms_key_id.as_ref().map(ToString::to_string))
            .storage_class(wire::StorageClass::from(want.storage_class.as_str()))
            .set_tagging(Some(encoded(&tags.0)))
            .set_website_redirect_location(want.website_redirect.clone())
            .send()
    })
    .await
    .map(drop)
}

/// Tags as a header, which is written as a query is. Source: S3 API Reference, PutObject.
fn encoded(tags: &BTreeMap<String, String>) -> String {
    let part = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let pairs = tags.iter().map(|(key, value)| format!("{}={}", part(key), part(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn hold(want: &BucketObject) -> Option<wire::ObjectLockLegalHoldStatus> {
    want.object_lock_legal_hold_status.map(|hold| hold.as_str().into())
}

fn date_to_wire(want: &BucketObject) -> Result<Option<DateTime>> {
    let read = |date: &String| {
        DateTime::from_str(date, Format::DateTime)
            .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))
    };
    want.object_lock_retain_until_date.as_ref().map(read).transpose()
}

async fn lock(
    aws: &Aws,
    bucket: &str,
    key: &str,
    want: &BucketObject,
    changed: &Changed,
) -> Result<()> {
    if changed.has(LOCKS[0]) {
        let hold = wire::ObjectLockLegalHold::builder().set_status(hold(want)).build();
        aws.call(|| {
            let call = aws.s3().put_object_legal_hold().bucket(bucket).key(key);
            call.legal_hold(hold.clone()).send()
        })
        .await?;
    }
    if changed.any(&LOCKS[1..]) {
        let mode = want.object_lock_mode.map(|mode| mode.as_str().into());
        let retention = wire::ObjectLockRetention::builder()
            .set_mode(mode)
            .set_retain_until_date(date_to_wire(want)?)
            .build();
        let bypass = want.force_destroy.then_some(true);
        aws.call(|| {
            let call = aws.s3().put_object_retention().bucket(bucket).key(key);
            let call = call.set_bypass_governance_retention(bypass);
            call.retention(retention.clone()).send()
        })
        .await?;
    }
    Ok(())
}

/// Ends a hold, so that the version can be deleted.
async fn release(aws: &Aws, bucket: &str, key: &str, version: &str) -> Result<()> {
    let off = wire::ObjectLockLegalHoldStatus::Off;
    let off = wire::ObjectLockLegalHold::builder().status(off).build();
    aws.call(|| {
        let call = aws.s3().put_object_legal_hold().bucket(bucket).key(key).version_id(version);
        call.legal_hold(off.clone()).send()
    })
    .await
    .map(drop)
}

/// Every version and delete marker of the key; `null` in a bucket that is not versioned.
async fn versions(aws: &Aws, bucket: &str, key: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut marker: (Option<String>, Option<String>) = (None, None);
    loop {
        let page = aws
            .call(|| {
                aws.s3()
                    .list_object_versions()
                    .bucket(bucket)
                    .prefix(key)
                    .set_key_marker(marker.0.clone())
                    .set_version_id_marker(marker.1.clone())
                    .send()
            })
            .await?;
        let versions = page.versions.unwrap_or_default().into_iter();
        let versions = versions.map(|version| (version.key, version.version_id));
        let markers = page.delete_markers.unwrap_or_default().into_iter();
        let markers = markers.map(|marker| (marker.key, marker.version_id));
        let same = versions.chain(markers).filter(|(found, _)| found.as_deref() == Some(key));
        found.extend(same.filter_map(|(_, version)| version));
        // Keys are in order: what comes after this one only begins with it.
        let next = (page.next_key_marker, page.next_version_id_marker);
        if next.0.as_deref() != Some(key) || next == marker {
            return Ok(found);
        }
        marker = next;
    }
}

async fn tags_of(aws: &Aws, bucket: &str, key: &str) -> Result<Tags> {
    let answer = aws.call(|| aws.s3().get_object_tagging().bucket(bucket).key(key).send()).await?;
    Ok(Tags(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketObject>>> {
    let (bucket, key) = parse_id(&item.id)?;
    let head = || {
        let call = aws.s3().head_object().bucket(bucket).key(key);
        call.checksum_mode(wire::ChecksumMode::Enabled).send()
    };
    let (head, tags) = futures_util::try_join!(aws.call(head), tags_of(aws, bucket, key))?;
    let partition = partition_of(aws.region());
    let outputs = BucketObjectOutputs {
        id: format!("{bucket}/{key}"),
        arn: Arn::new(format!("arn:{partition}:s3:::{bucket}/{key}")),
        etag: head.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
        checksum_sha256: head.checksum_sha256.clone(),
        version_id: head.version_id.clone(),
    };
    let inputs = inputs(BucketName::new(bucket), key, &item, head, tags)?;
    Ok(Some(Seen::new(inputs, outputs)))
}

fn inputs(
    bucket: BucketName,
    key: &str,
    item: &Known,
    head: HeadObjectOutput,
    tags: Tags,
) -> Result<BucketObject> {
    // The engine marks again what it knows as sensitive.
    let recorded = |name: &str| item.recorded.get(name).and_then(|value| value.reveal().as_str());
    let there = head.checksum_sha256.as_deref();
    // The content itself is not fetched: it is what it was if its digest is.
    let unchanged = |name: &str, bytes: fn(&str) -> Option<Vec<u8>>| {
        let text = recorded(name)?;
        let same = bytes(text).is_some_and(|bytes| there == Some(sha256(&bytes).as_str()));
        same.then(|| text.to_owned())
    };
    let mode = head.object_lock_mode.as_ref().map(wire::ObjectLockMode::as_str);
    let hold = head.object_lock_legal_hold_status.as_ref();
    let hold = hold.map(wire::ObjectLockLegalHoldStatus::as_str);
    let algorithm = head.server_side_encryption.as_ref().map(wire::ServerSideEncryption::as_str);
    let until = head.object_lock_retain_until_date.map(|date| date.fmt(Format::DateTime));
    let until = until.transpose().map_err(|_| missing("ObjectLockRetainUntilDate"))?;
    let class = head.storage_class.as_ref().map(wire::StorageClass::as_str);
    let class = class.map(|class| parsed(Some(class), "StorageClass")).transpose()?;
    Ok(BucketObject {
        bucket,
        key: key.to_owned(),
        content: unchanged("content", |text| Some(text.as_bytes().to_vec())),
        content_base64: unchanged("content_base64", decoded),
        sensitive_content: None,
        source: None,
        source_hash: recorded("source_hash").and(there).map(str::to_owned),
        acl: None,
        bucket_key_enabled: head.bucket_key_enabled,
        cache_control: head.cache_control,
        content_disposition: head.content_disposition,
        content_encoding: head.content_encoding.filter(|encoding| encoding != "aws-chunked"),
        content_language: head.content_language,
        content_type: head.content_type,
        force_destroy: item.recorded.get("force_destroy").and_then(Value::as_bool).unwrap_or(false),
        kms_key_id: head.ssekms_key_id.map(Arn::new),
        metadata: head.metadata.unwrap_or_default().into_iter().collect(),
        object_lock_legal_hold_status: hold.map(|h| parsed(Some(h), "LegalHold")).transpose()?,
        object_lock_mode: mode.map(|mode| parsed(Some(mode), "ObjectLockMode")).transpose()?,
        object_lock_retain_until_date: until,
        server_side_encryption: algorithm
            .map(|algorithm| parsed(Some(algorithm), "ServerSideEncryption"))
            .transpose()?,
        // S3 does not name the first of them. Source: S3 API Reference, HeadObject.
        storage_class: class.unwrap_or(ObjectStorageClass::Standard),
        website_redirect: head.website_redirect_location,
        tags,
    })
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Object, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::{
        Bucket, BucketObjectArguments, BucketVersioning, SseAlgorithm, VersioningConfiguration,
        VersioningStatus,
    };

    #[test]
    fn content_is_what_it_was_only_while_its_digest_is() {
        let known = |name: &str, text: &str| Known {
            id: "bucket/key".to_owned(),
            recorded: Object::from([(name.to_owned(), Value::from(text))]),
            outputs: Object::new(),
        };
        let read = |item: &Known, there: &str| {
            let head = HeadObjectOutput::builder().checksum_sha256(sha256(there.as_bytes()));
            inputs(BucketName::new("bucket"), "key", item, head.build(), Tags::default())
                .expect("it is read")
        };
        assert_eq!(read(&known("content", "a"), "a").content.as_deref(), Some("a"));
        assert_eq!(read(&known("content", "a"), "b").content, None);
        let base64 = known("content_base64", "YQ==");
        assert_eq!(read(&base64, "a").content_base64.as_deref(), Some("YQ=="));
        assert_eq!(read(&base64, "b").content_base64, None);
        let hashed = known("source_hash", &sha256(b"a"));
        assert_eq!(read(&hashed, "b").source_hash, Some(sha256(b"b")));
    }

    #[test]
    fn ids_and_tags_are_written_as_s3_takes_them() {
        assert_eq!(parse_id("bucket/a/b").ok(), Some(("bucket", "a/b")));
        assert_eq!(parse_id("s3://bucket/a").ok(), Some(("bucket", "a")));
        assert!(parse_id("bucket").is_err());
        let tags = [("a b".to_owned(), "x&y".to_owned()), ("c".to_owned(), String::new())];
        assert_eq!(encoded(&tags.into()), "a%20b=x%26y&c=");
    }

    #[tokio::test]
    async fn a_file_that_changed_after_its_digest_was_taken_is_refused() {
        let path = std::env::temp_dir().join(format!("infra-object-{}", std::process::id()));
        std::fs::write(&path, "first").expect("it is written");
        let known = Known { id: String::new(), recorded: Object::new(), outputs: Object::new() };
        let head = HeadObjectOutput::builder().build();
        let mut want = inputs(BucketName::new("b"), "k", &known, head, Tags::default())
            .expect("an empty object");
        want.source = Some(path.display().to_string());
        want.source_hash = crate::s3::file_sha256(&path).ok();
        assert_eq!(content(&want).await.ok(), Some(b"first".to_vec()));
        std::fs::write(&path, "second").expect("it is written");
        assert!(content(&want).await.is_err_and(|failure| failure.message.contains("SHA-256")));
        std::fs::remove_file(&path).expect("it is removed");
    }

    fn object(
        stack: &mut Stack,
        name: &str,
        with: impl FnOnce(BucketObjectArguments) -> BucketObjectArguments,
    ) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-object")));
        let enabled = VersioningConfiguration::new(VersioningStatus::Enabled);
        stack.add("versions", BucketVersioning::new(bucket.id(), enabled));
        stack.add("it", with(BucketObject::new(bucket.id(), "a/b c.json")));
    }

    conforms!(
        aws_s3_object,
        Fixture {
            base: |stack, name| object(stack, name, |object| {
                let metadata: BTreeMap<_, _> = [("owner", "ops")].into_iter().collect();
                object
                    .content("{}")
                    .content_type("application/json")
                    .cache_control("no-cache")
                    .metadata(metadata)
                    .server_side_encryption(SseAlgorithm::Aes256)
                    .storage_class(ObjectStorageClass::StandardIa)
                    .tag("Name", "a+b c")
            }),
            update: Some(|stack, name| object(stack, name, |object| {
                object
                    .sensitive_content("secret")
                    .content_encoding("identity")
                    .content_language("en")
                    .force_destroy(true)
                    .tag("Name", "other")
                    .tag("more", name)
            })),
            replace: Some(|stack, name| {
                let bucket = stack.add("bucket", Bucket::new(format!("{name}-object")));
                let object = BucketObject::new(bucket.id(), "other").content_base64("YQ==");
                stack.add("it", object);
            }),
            gaps: &[],
        }
    );
}
