//! The calls of [`lifecycle`](super::lifecycle), which stands apart because its definition is long.

use std::fmt::Display;

use aws_sdk_s3::types as wire;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{BlockSet, Tags};

use super::common::{NO_BUCKET, join_id, split_id};
use super::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketName, Expiration,
    LifecycleFilter, LifecycleRule, NoncurrentVersionExpiration, NoncurrentVersionTransition,
    Transition,
};
use crate::prelude::*;

impl Handler for BucketLifecycleConfiguration {
    const CALLS: Calls = Calls {
        class: CreateClass::Relation,
        create: "s3:PutBucketLifecycleConfiguration",
        operations: &[
            "s3:DeleteBucketLifecycle",
            "s3:GetBucketLifecycleConfiguration",
            "s3:PutBucketLifecycleConfiguration",
        ],
        actions: &["s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"],
        gone: &[NO_BUCKET, "NoSuchLifecycleConfiguration"],
        not_yet: &[(NO_BUCKET, "")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        put(aws, want).await?;
        Ok(join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref()))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
    }

    async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        put(aws, want).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let (bucket, owner) = split_id(id);
        aws.call(|| {
            let call = aws.s3().delete_bucket_lifecycle().bucket(bucket);
            call.set_expected_bucket_owner(owner.map(str::to_owned)).send()
        })
        .await
        .map(drop)
    }

    async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
        Ok(vec![join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref())])
    }
}

async fn put(aws: &Aws, want: &BucketLifecycleConfiguration) -> Result<()> {
    let rules = want.rule.0.iter().map(to_wire).collect::<Result<Vec<_>>>()?;
    let configuration = wire::BucketLifecycleConfiguration::builder()
        .set_rules(Some(rules))
        .build()
        .map_err(invalid)?;
    let minimum = want.transition_default_minimum_object_size;
    let minimum = minimum.map(|m| wire::TransitionDefaultMinimumObjectSize::from(m.as_str()));
    aws.call(|| {
        aws.s3()
            .put_bucket_lifecycle_configuration()
            .bucket(want.bucket.as_str())
            .set_expected_bucket_owner(want.expected_bucket_owner.clone())
            .set_transition_default_minimum_object_size(minimum.clone())
            .lifecycle_configuration(configuration.clone())
            .send()
    })
    .await
    .map(drop)
}

async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketLifecycleConfiguration>>> {
    let (bucket, owner) = split_id(&item.id);
    let owner = owner.map(str::to_owned);
    let answer = aws
        .call(|| {
            let call = aws.s3().get_bucket_lifecycle_configuration().bucket(bucket);
            call.set_expected_bucket_owner(owner.clone()).send()
        })
        .await?;
    let rules = answer.rules.unwrap_or_default();
    let minimum = answer.transition_default_minimum_object_size;
    let minimum = minimum.map(|m| parsed(Some(m.as_str()), "TransitionDefaultMinimumObjectSize"));
    let inputs = BucketLifecycleConfiguration {
        bucket: BucketName::new(bucket),
        rule: BlockSet(rules.into_iter().map(from_wire).collect::<Result<_>>()?),
        transition_default_minimum_object_size: minimum.transpose()?,
        expected_bucket_owner: owner,
    };
    Ok(Some(Seen::new(inputs, super::lifecycle::LifecycleOutputs { id: item.id })))
}

fn invalid(error: impl Display) -> Failure {
    Failure::new(FailureClass::Invalid, error.to_string())
}

fn date_to_wire(date: Option<&String>) -> Result<Option<DateTime>> {
    let read = |date: &String| DateTime::from_str(date, Format::DateTime).map_err(invalid);
    date.map(read).transpose()
}

fn date_from_wire(date: Option<DateTime>) -> Result<Option<String>> {
    date.map(|date| date.fmt(Format::DateTime).map_err(invalid)).transpose()
}

fn to_wire(rule: &LifecycleRule) -> Result<wire::LifecycleRule> {
    let expiration = rule.expiration.as_ref().map(|expiration| {
        Ok::<_, Failure>(
            wire::LifecycleExpiration::builder()
                .set_days(expiration.days)
                .set_date(date_to_wire(expiration.date.as_ref())?)
                .set_expired_object_delete_marker(expiration.expired_object_delete_marker)
                .build(),
        )
    });
    let transitions = rule.transition.0.iter().map(|transition| {
        Ok::<_, Failure>(
            wire::Transition::builder()
                .set_days(transition.days)
                .set_date(date_to_wire(transition.date.as_ref())?)
                .storage_class(wire::TransitionStorageClass::from(
                    transition.storage_class.as_str(),
                ))
                .build(),
        )
    });
    let noncurrent = rule.noncurrent_version_transition.0.iter().map(|transition| {
        wire::NoncurrentVersionTransition::builder()
            .noncurrent_days(transition.noncurrent_days)
            .set_newer_noncurrent_versions(transition.newer_noncurrent_versions)
            .storage_class(wire::TransitionStorageClass::from(transition.storage_class.as_str()))
            .build()
    });
    let transitions = transitions.collect::<Result<Vec<_>>>()?;
    let noncurrent: Vec<_> = noncurrent.collect();
    wire::LifecycleRule::builder()
        .id(&rule.id)
        .status(wire::ExpirationStatus::from(rule.status.as_str()))
        .filter(filter_to_wire(rule.filter.as_ref())?)
        .set_expiration(expiration.transpose()?)
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_noncurrent_version_expiration(rule.noncurrent_version_expiration.as_ref().map(|e| {
            wire::NoncurrentVersionExpiration::builder()
                .noncurrent_days(e.noncurrent_days)
                .set_newer_noncurrent_versions(e.newer_noncurrent_versions)
                .build()
        }))
        .set_noncurrent_version_transitions((!noncurrent.is_empty()).then_some(noncurrent))
        .set_abort_incomplete_multipart_upload(rule.abort_incomplete_multipart_upload.as_ref().map(
            |abort| {
                wire::AbortIncompleteMultipartUpload::builder()
                    .days_after_initiation(abort.days_after_initiation)
                    .build()
            },
        ))
        .build()
        .map_err(invalid)
}

/// On the wire one condition stands alone and several stand in `And`; no condition is an empty
/// prefix. Source: S3 API Reference, LifecycleRuleFilter.
fn filter_to_wire(filter: Option<&LifecycleFilter>) -> Result<wire::LifecycleRuleFilter> {
    let all = wire::LifecycleRuleFilter::builder();
    let Some(filter) = filter else { return Ok(all.prefix("").build()) };
    let tags = filter
        .tags
        .0
        .iter()
        .map(|(key, value)| wire::Tag::builder().key(key).value(value).build().map_err(invalid))
        .collect::<Result<Vec<_>>>()?;
    let sizes = [filter.object_size_greater_than, filter.object_size_less_than];
    let conditions =
        usize::from(filter.prefix.is_some()) + tags.len() + sizes.iter().flatten().count();
    if conditions > 1 {
        let and = wire::LifecycleRuleAndOperator::builder()
            .set_prefix(filter.prefix.clone())
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_object_size_greater_than(filter.object_size_greater_than)
            .set_object_size_less_than(filter.object_size_less_than)
            .build();
        return Ok(all.and(and).build());
    }
    let prefix = if conditions == 0 { Some(String::new()) } else { filter.prefix.clone() };
    Ok(all
        .set_prefix(prefix)
        .set_tag(tags.into_iter().next())
        .set_object_size_greater_than(filter.object_size_greater_than)
        .set_object_size_less_than(filter.object_size_less_than)
        .build())
}

fn filter_from_wire(filter: wire::LifecycleRuleFilter) -> Option<LifecycleFilter> {
    let tag = |tag: wire::Tag| (tag.key, tag.value);
    let filter = match filter.and {
        Some(and) => LifecycleFilter {
            prefix: and.prefix,
            tags: Tags(and.tags.unwrap_or_default().into_iter().map(tag).collect()),
            // S3 answers 0 where no size was given.
            object_size_greater_than: and.object_size_greater_than.filter(|size| *size > 0),
            object_size_less_than: and.object_size_less_than,
        },
        None => LifecycleFilter {
            prefix: filter.prefix,
            tags: Tags(filter.tag.into_iter().map(tag).collect()),
            object_size_greater_than: filter.object_size_greater_than,
            object_size_less_than: filter.object_size_less_than,
        },
    };
    let filter =
        LifecycleFilter { prefix: filter.prefix.filter(|prefix| !prefix.is_empty()), ..filter };
    let nothing = LifecycleFilter {
        prefix: None,
        tags: Tags::default(),
        object_size_greater_than: None,
        object_size_less_than: None,
    };
    (filter != nothing).then_some(filter)
}

fn from_wire(rule: wire::LifecycleRule) -> Result<LifecycleRule> {
    let expiration = rule.expiration.map(|expiration| {
        Ok::<_, Failure>(Expiration {
            days: expiration.days,
            date: date_from_wire(expiration.date)?,
            expired_object_delete_marker: expiration.expired_object_delete_marker,
        })
    });
    let transitions = rule.transitions.unwrap_or_default().into_iter().map(|transition| {
        Ok(Transition {
            storage_class: class(transition.storage_class.as_ref())?,
            days: transition.days,
            date: date_from_wire(transition.date)?,
        })
    });
    let noncurrent = rule.noncurrent_version_transitions.unwrap_or_default().into_iter();
    let noncurrent = noncurrent.map(|transition| {
        Ok(NoncurrentVersionTransition {
            storage_class: class(transition.storage_class.as_ref())?,
            noncurrent_days: transition.noncurrent_days.unwrap_or_default(),
            newer_noncurrent_versions: transition.newer_noncurrent_versions,
        })
    });
    Ok(LifecycleRule {
        id: rule.id.unwrap_or_default(),
        status: parsed(Some(rule.status.as_str()), "Status")?,
        filter: rule.filter.and_then(filter_from_wire),
        expiration: expiration.transpose()?,
        transition: BlockSet(transitions.collect::<Result<_>>()?),
        noncurrent_version_expiration: rule.noncurrent_version_expiration.map(|expiration| {
            NoncurrentVersionExpiration {
                noncurrent_days: expiration.noncurrent_days.unwrap_or_default(),
                newer_noncurrent_versions: expiration.newer_noncurrent_versions,
            }
        }),
        noncurrent_version_transition: BlockSet(noncurrent.collect::<Result<_>>()?),
        abort_incomplete_multipart_upload: rule
            .abort_incomplete_multipart_upload
            .and_then(|abort| abort.days_after_initiation)
            .map(|days_after_initiation| AbortIncompleteMultipartUpload { days_after_initiation }),
    })
}

fn class(class: Option<&wire::TransitionStorageClass>) -> Result<super::StorageClass> {
    parsed(class.map(wire::TransitionStorageClass::as_str), "StorageClass")
}
