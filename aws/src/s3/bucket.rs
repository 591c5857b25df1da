//! A bucket. What is set on it are types of their own, as in Terraform. It is deleted only when it
//! is empty, unless `force_destroy` was applied before.
//!
//! API: CreateBucket, HeadBucket, GetBucketTagging, PutBucketTagging, DeleteBucketTagging,
//! GetObjectLockConfiguration, ListObjectVersions, DeleteObjects, DeleteBucket.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::BucketName;
use crate::rules::{NameRule, Rules};

/// A bucket for objects.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_bucket", outputs = BucketOutputs, stateful, validate = validate)]
pub struct Bucket {
    /// Its name: 3 to 63 of `a-z`, `0-9`, `.` and `-`, unique in the world.
    #[field(force_new)]
    pub bucket: String,
    /// Delete it with everything in it. Without this a bucket that is not empty is kept.
    #[field(default = false)]
    pub force_destroy: bool,
    /// Let objects be locked against deletion. Cannot be switched off.
    #[field(default = false, force_new)]
    pub object_lock_enabled: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`Bucket`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct BucketOutputs {
    /// The bucket's name.
    pub id: BucketName,
    /// The bucket's ARN.
    pub arn: Arn<Bucket>,
    /// Host name: `NAME.s3.amazonaws.com`.
    pub bucket_domain_name: String,
    /// Host name in the bucket's region: `NAME.s3.REGION.amazonaws.com`.
    pub bucket_regional_domain_name: String,
    /// Region that the bucket is in.
    pub bucket_region: String,
}

/// Source: S3 user guide, general purpose bucket naming rules.
const NAMES: NameRule = NameRule {
    shortest: 3,
    longest: 63,
    allows: |c| is_plain(c) || c == '-' || c == '.',
    characters: "lower-case letters, digits, `.` and `-`",
};

fn is_plain(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit()
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if let Some(Err(message)) = rules.text("bucket").map(check_name) {
        rules.refuse("bucket", format!("{message}: {}", rules.shown("bucket")));
    }
    rules.finish()
}

fn check_name(name: &str) -> Result<(), String> {
    NAMES.check(name)?;
    let message = if !name.starts_with(is_plain) || !name.ends_with(is_plain) {
        "must start and end with a letter or a digit"
    } else if name.contains("..") {
        "must not have two dots in a row"
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        "must not look like an IP address"
    } else {
        return Ok(());
    };
    Err(message.to_owned())
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_s3::types::{
        BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier,
        ObjectLockEnabled, Tag, Tagging,
    };
    use infra_sdk::Value;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::frame::tags;
    use crate::prelude::*;
    use crate::s3::common::{NO_BUCKET, arn_of, host_names};

    impl Handler for Bucket {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("bucket"),
            create: "s3:CreateBucket",
            operations: &[
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:DeleteBucketTagging",
                "s3:DeleteObjects",
                "s3:GetBucketTagging",
                "s3:GetObjectLockConfiguration",
                "s3:HeadBucket",
                "s3:ListObjectVersions",
                "s3:PutBucketTagging",
            ],
            actions: &[
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketTagging",
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:PutBucketObjectLockConfiguration",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:TagResource",
            ],
            gone: &[NO_BUCKET, "NotFound"],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            // us-east-1 is the one region that must not be named. Source: S3 API, CreateBucket.
            let constraint =
                (aws.region() != "us-east-1").then(|| BucketLocationConstraint::from(aws.region()));
            let configuration = CreateBucketConfiguration::builder()
                .set_location_constraint(constraint)
                .set_tags(Some(wire_tags(&want.tags)?))
                .build();
            aws.call(|| {
                aws.s3()
                    .create_bucket()
                    .bucket(&want.bucket)
                    .create_bucket_configuration(configuration.clone())
                    .set_object_lock_enabled_for_bucket(want.object_lock_enabled.then_some(true))
                    .send()
            })
            .await?;
            Ok(want.bucket.clone())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
        }

        async fn update(_: &Aws, _: &str, _: &Self, _: &Self, _: &Changed) -> Result<()> {
            // `force_destroy` is ours: it says what deleting does, and AWS knows nothing of it.
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if was.force_destroy {
                empty(aws, id).await?;
            }
            aws.call(|| aws.s3().delete_bucket().bucket(id).send()).await.map(drop)
        }

        async fn blockers(
            aws: &Aws,
            id: &str,
            was: &Self,
            leaving: Leaving<'_>,
        ) -> Result<Vec<Diagnostic>> {
            if was.force_destroy {
                return Ok(Vec::new());
            }
            // One page says enough: what is left when the plan has deleted its own shows mostly there.
            let page = aws.call(|| aws.s3().list_object_versions().bucket(id).send()).await?;
            let versions = page.versions().iter().filter_map(|version| version.key());
            let markers = page.delete_markers().iter().filter_map(|marker| marker.key());
            let stays = |key: &&str| !leaving.has("aws_s3_object", &[("bucket", id), ("key", key)]);
            let left = versions.chain(markers).find(stays);
            let told = left.map(|key| {
                let contents = format!("bucket `{id}` has `{key}`, at least, in some version");
                preflight::not_empty(&contents, "force_destroy")
            });
            Ok(told.into_iter().collect())
        }

        /// Names are unique in the world. Source: S3 API Reference, HeadBucket: 403 for a bucket of
        /// somebody else, 301 for one in another region.
        fn is_elsewhere(failure: &Failure) -> bool {
            failure.operation.as_deref() == Some("s3:HeadBucket")
                && matches!(failure.status, Some(301 | 403))
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let tags = absent(bucket_tags(aws, &want.bucket).await.map(Some), Self::CALLS.gone)?;
            let ours = [tags::STACK, tags::ENVIRONMENT, tags::ADDRESS].iter().all(|key| {
                tags.as_ref().is_some_and(|tags| tags.0.get(*key) == want.tags.0.get(*key))
            });
            Ok(if ours { vec![want.bucket.clone()] } else { Vec::new() })
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            // PutBucketTagging replaces all tags: those that others set are kept.
            let mut all = bucket_tags(aws, id).await?;
            all.0.retain(|key, _| !change.remove.contains(key) && !key.starts_with("aws:"));
            all.0.extend(change.set.clone());
            if all.0.is_empty() {
                return aws
                    .call(|| aws.s3().delete_bucket_tagging().bucket(id).send())
                    .await
                    .map(drop);
            }
            let tagging = Tagging::builder()
                .set_tag_set(Some(wire_tags(&all)?))
                .build()
                .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))?;
            aws.call(|| aws.s3().put_bucket_tagging().bucket(id).tagging(tagging.clone()).send())
                .await
                .map(drop)
        }
    }

    fn wire_tags(tags: &Tags) -> Result<Vec<Tag>> {
        let invalid = |error: aws_smithy_types::error::operation::BuildError| {
            Failure::new(FailureClass::Invalid, error.to_string())
        };
        let tag = |(key, value)| Tag::builder().key(key).value(value).build().map_err(invalid);
        tags.0.iter().map(tag).collect()
    }

    async fn bucket_tags(aws: &Aws, bucket: &str) -> Result<Tags> {
        match aws.call(|| aws.s3().get_bucket_tagging().bucket(bucket).send()).await {
            Ok(answer) => {
                Ok(Tags(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()))
            }
            Err(failure) if failure.code.as_deref() == Some("NoSuchTagSet") => Ok(Tags::default()),
            Err(failure) => Err(failure),
        }
    }

    async fn object_lock(aws: &Aws, bucket: &str) -> Result<bool> {
        match aws.call(|| aws.s3().get_object_lock_configuration().bucket(bucket).send()).await {
            Ok(answer) => Ok(answer
                .object_lock_configuration
                .and_then(|configuration| configuration.object_lock_enabled)
                == Some(ObjectLockEnabled::Enabled)),
            Err(failure)
                if failure.code.as_deref() == Some("ObjectLockConfigurationNotFoundError") =>
            {
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<Bucket>>> {
        let name = item.id.as_str();
        let head = aws.call(|| aws.s3().head_bucket().bucket(name).send()).await?;
        let (tags, object_lock_enabled) =
            futures_util::try_join!(bucket_tags(aws, name), object_lock(aws, name))?;
        let region = head.bucket_region.unwrap_or_else(|| aws.region().to_owned());
        let recorded = item.recorded.get("force_destroy").and_then(Value::as_bool);
        let inputs = Bucket {
            bucket: name.to_owned(),
            force_destroy: recorded.unwrap_or(false),
            object_lock_enabled,
            tags,
        };
        let (bucket_domain_name, bucket_regional_domain_name) = host_names(name, &region);
        let outputs = BucketOutputs {
            id: BucketName::new(name),
            arn: arn_of(name, &region),
            bucket_domain_name,
            bucket_regional_domain_name,
            bucket_region: region,
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }

    /// Deletes every version and every delete marker, a thousand at a time, which is what one
    /// DeleteObjects call takes.
    pub(super) async fn empty(aws: &Aws, bucket: &str) -> Result<()> {
        loop {
            let page = aws.call(|| aws.s3().list_object_versions().bucket(bucket).send()).await?;
            let versions = page.versions.unwrap_or_default().into_iter();
            let markers = page.delete_markers.unwrap_or_default().into_iter();
            let objects = versions
                .map(|version| (version.key, version.version_id))
                .chain(markers.map(|marker| (marker.key, marker.version_id)))
                .filter_map(|(key, version)| Some((key?, version)))
                .map(|(key, version)| {
                    ObjectIdentifier::builder().key(key).set_version_id(version).build()
                })
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(|error| Failure::new(FailureClass::Other, error.to_string()))?;
            if objects.is_empty() {
                return Ok(());
            }
            let delete = Delete::builder()
                .set_objects(Some(objects))
                .quiet(true)
                .build()
                .map_err(|error| Failure::new(FailureClass::Other, error.to_string()))?;
            let answer = aws
                .call(|| aws.s3().delete_objects().bucket(bucket).delete(delete.clone()).send())
                .await?;
            // The call succeeds although single objects may not be deleted.
            if let Some(error) = answer.errors.unwrap_or_default().into_iter().next() {
                let key = error.key.unwrap_or_default();
                let why = error.message.or(error.code).unwrap_or_default();
                let message = format!("object `{key}` cannot be deleted: {why}");
                return Err(Failure::new(FailureClass::Denied, message));
            }
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn names_follow_the_rules_of_s3() {
        let problems =
            |name: &str| validate(&Object::from([("bucket".to_owned(), Value::from(name))])).len();
        for good in ["abc", "archon-logs.1", &"a".repeat(63)] {
            assert_eq!(problems(good), 0, "{good}");
        }
        for bad in ["ab", "Abc", "a_b", "-abc", "abc-", "a..b", "10.0.0.1", &"a".repeat(64)] {
            assert_eq!(problems(bad), 1, "{bad}");
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::frame::test_server::{Answer, TestServer};

    #[tokio::test]
    async fn an_object_that_stays_is_an_error_although_the_call_succeeds() {
        let space = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        let server = TestServer::new(move |line, _| {
            let version = "<Version><Key>kept</Key><VersionId>1</VersionId></Version>";
            let error = "<Error><Key>kept</Key><Code>AccessDenied</Code></Error>";
            Answer::new(
                200,
                match line.starts_with("GET ") {
                    true => format!("<ListVersionsResult {space}>{version}</ListVersionsResult>"),
                    false => format!("<DeleteResult {space}>{error}</DeleteResult>"),
                },
            )
        });
        let failure = handler::empty(&server.aws().await, "logs").await.expect_err("it stays");
        assert_eq!(failure.message, "object `kept` cannot be deleted: AccessDenied");
    }

    conforms!(
        aws_s3_bucket,
        Fixture {
            base: |stack, name| {
                stack.add("it", Bucket::new(format!("{name}-it")).tag("purpose", "logs"));
            },
            update: Some(|stack, name| {
                let bucket = Bucket::new(format!("{name}-it")).force_destroy(true);
                stack.add("it", bucket.tag("purpose", "backups"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", Bucket::new(format!("{name}-other")));
            }),
            gaps: &[],
        }
    );
}
