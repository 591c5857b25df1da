//! The calls of [`replication`](super::replication), which stands apart because its definition is
//! long.

use std::time::Duration;

use aws_sdk_s3::types as wire;
use infra_sdk::{Arn, BlockSet, Tags};

use super::common::NO_BUCKET;
use super::replication::ReplicationOutputs;
use super::{
    AccessControlTranslation, BucketName, BucketReplicationConfiguration, DeleteMarkerReplication,
    ExistingObjectReplication, ReplicaEncryption, ReplicaModifications, ReplicationDestination,
    ReplicationFilter, ReplicationMetrics, ReplicationMinutes, ReplicationRule, ReplicationTime,
    RuleStatus, SourceSelectionCriteria, SseKmsEncryptedObjects,
};
use crate::frame::calls::{PROMPT, Patience};
use crate::frame::error::incomplete;
use crate::prelude::*;

impl Handler for BucketReplicationConfiguration {
    const CALLS: Calls = Calls {
        class: CreateClass::Relation,
        create: "s3:PutBucketReplication",
        operations: &[
            "s3:DeleteBucketReplication",
            "s3:GetBucketReplication",
            "s3:PutBucketReplication",
        ],
        actions: &[
            "iam:PassRole",
            "s3:GetReplicationConfiguration",
            "s3:PutReplicationConfiguration",
        ],
        gone: &[NO_BUCKET, "ReplicationConfigurationNotFoundError"],
        // Buckets may have been made or versioned a moment ago.
        not_yet: &[
            (NO_BUCKET, ""),
            ("InvalidRequest", "Versioning must be 'Enabled'"),
            ("InvalidRequest", "must have versioning enabled"),
        ],
        patience: Patience { create: Duration::from_secs(60), ..PROMPT },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        put(aws, want).await?;
        Ok(want.bucket.to_string())
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
    }

    async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        put(aws, want).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.s3().delete_bucket_replication().bucket(id).send()).await.map(drop)
    }

    async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
        Ok(vec![want.bucket.to_string()])
    }
}

async fn put(aws: &Aws, want: &BucketReplicationConfiguration) -> Result<()> {
    let rules = want.rule.0.iter().map(to_wire).collect::<Result<Vec<_>>>()?;
    let configuration = wire::ReplicationConfiguration::builder()
        .role(want.role.as_str())
        .set_rules(Some(rules))
        .build()
        .map_err(incomplete)?;
    aws.call(|| {
        aws.s3()
            .put_bucket_replication()
            .bucket(want.bucket.as_str())
            .set_token(want.token.clone())
            .replication_configuration(configuration.clone())
            .send()
    })
    .await
    .map(drop)
}

async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketReplicationConfiguration>>> {
    let answer = aws.call(|| aws.s3().get_bucket_replication().bucket(&item.id).send()).await?;
    let found = answer.replication_configuration;
    let found = found.ok_or_else(|| missing("ReplicationConfiguration"))?;
    let inputs = BucketReplicationConfiguration {
        bucket: BucketName::new(item.id.as_str()),
        role: Arn::new(found.role),
        rule: BlockSet(found.rules.into_iter().map(from_wire).collect::<Result<_>>()?),
        token: None,
    };
    Ok(Some(Seen::new(inputs, ReplicationOutputs { id: item.id })))
}

/// A rule as S3 takes it now: with a filter, and all that rules with a filter must have. Source: S3
/// user guide, backward compatibility of replication configurations.
fn to_wire(rule: &ReplicationRule) -> Result<wire::ReplicationRule> {
    let markers =
        wire::DeleteMarkerReplicationStatus::from(status(rule.delete_marker_replication.status));
    let existing = rule.existing_object_replication.as_ref().map(|existing| {
        let status = wire::ExistingObjectReplicationStatus::from(status(existing.status));
        wire::ExistingObjectReplication::builder().status(status).build().map_err(incomplete)
    });
    let criteria = rule.source_selection_criteria.as_ref().map(criteria_to_wire);
    wire::ReplicationRule::builder()
        .id(&rule.id)
        .priority(rule.priority)
        .filter(filter_to_wire(rule.filter.as_ref())?)
        .status(wire::ReplicationRuleStatus::from(status(rule.status)))
        .delete_marker_replication(wire::DeleteMarkerReplication::builder().status(markers).build())
        .set_existing_object_replication(existing.transpose()?)
        .set_source_selection_criteria(criteria.transpose()?)
        .destination(destination_to_wire(&rule.destination)?)
        .build()
        .map_err(incomplete)
}

fn status(status: RuleStatus) -> &'static str {
    status.as_str()
}

/// On the wire one condition stands alone and several stand in `And`; no condition is an empty
/// prefix. Source: S3 API Reference, ReplicationRuleFilter.
fn filter_to_wire(filter: Option<&ReplicationFilter>) -> Result<wire::ReplicationRuleFilter> {
    let all = wire::ReplicationRuleFilter::builder();
    let Some(filter) = filter else { return Ok(all.prefix("").build()) };
    let tag = |(key, value)| wire::Tag::builder().key(key).value(value).build();
    let tags = filter.tags.0.iter().map(tag).collect::<std::result::Result<Vec<_>, _>>();
    let mut tags = tags.map_err(incomplete)?;
    Ok(match (&filter.prefix, tags.len()) {
        (prefix, 0) => all.prefix(prefix.clone().unwrap_or_default()).build(),
        (None, 1) => all.set_tag(tags.pop()).build(),
        (prefix, _) => {
            let and = wire::ReplicationRuleAndOperator::builder().set_prefix(prefix.clone());
            all.and(and.set_tags(Some(tags)).build()).build()
        }
    })
}

fn criteria_to_wire(criteria: &SourceSelectionCriteria) -> Result<wire::SourceSelectionCriteria> {
    let changes = criteria.replica_modifications.as_ref().map(|changes| {
        let status = wire::ReplicaModificationsStatus::from(status(changes.status));
        wire::ReplicaModifications::builder().status(status).build().map_err(incomplete)
    });
    let encrypted = criteria.sse_kms_encrypted_objects.as_ref().map(|encrypted| {
        let status = wire::SseKmsEncryptedObjectsStatus::from(status(encrypted.status));
        wire::SseKmsEncryptedObjects::builder().status(status).build().map_err(incomplete)
    });
    Ok(wire::SourceSelectionCriteria::builder()
        .set_replica_modifications(changes.transpose()?)
        .set_sse_kms_encrypted_objects(encrypted.transpose()?)
        .build())
}

fn destination_to_wire(to: &ReplicationDestination) -> Result<wire::Destination> {
    let minutes = |time: &ReplicationMinutes| {
        wire::ReplicationTimeValue::builder().minutes(time.minutes).build()
    };
    let owner = to.access_control_translation.as_ref().map(|translation| {
        let owner = wire::OwnerOverride::from(translation.owner.as_str());
        wire::AccessControlTranslation::builder().owner(owner).build().map_err(incomplete)
    });
    let key = to.encryption_configuration.as_ref().map(|encryption| {
        let key = encryption.replica_kms_key_id.as_str();
        wire::EncryptionConfiguration::builder().replica_kms_key_id(key).build()
    });
    let metrics = to.metrics.as_ref().map(|metrics| {
        wire::Metrics::builder()
            .status(wire::MetricsStatus::from(status(metrics.status)))
            .set_event_threshold(metrics.event_threshold.as_ref().map(minutes))
            .build()
            .map_err(incomplete)
    });
    let time = to.replication_time.as_ref().map(|time| {
        wire::ReplicationTime::builder()
            .status(wire::ReplicationTimeStatus::from(status(time.status)))
            .time(minutes(&time.time))
            .build()
            .map_err(incomplete)
    });
    let class = to.storage_class.map(|class| wire::StorageClass::from(class.as_str()));
    wire::Destination::builder()
        .bucket(to.bucket.as_str())
        .set_account(to.account.clone())
        .set_storage_class(class)
        .set_access_control_translation(owner.transpose()?)
        .set_encryption_configuration(key)
        .set_metrics(metrics.transpose()?)
        .set_replication_time(time.transpose()?)
        .build()
        .map_err(incomplete)
}

#[expect(deprecated, reason = "S3 still answers with the prefix of rules that are old")]
fn from_wire(rule: wire::ReplicationRule) -> Result<ReplicationRule> {
    let markers = rule.delete_marker_replication.and_then(|markers| markers.status);
    let markers = markers.map(|status| switched(status.as_str())).transpose()?;
    let markers = DeleteMarkerReplication { status: markers.unwrap_or(RuleStatus::Disabled) };
    let existing = rule.existing_object_replication.map(|existing| {
        Ok(ExistingObjectReplication { status: switched(existing.status.as_str())? })
    });
    let destination = rule.destination.ok_or_else(|| missing("Destination"))?;
    // Rules of the first kind have a prefix and no filter.
    let filter = match (rule.filter, rule.prefix.filter(|prefix| !prefix.is_empty())) {
        (Some(filter), _) => filter_from_wire(filter),
        (None, prefix) => {
            prefix.map(|prefix| ReplicationFilter { prefix: Some(prefix), tags: Tags::default() })
        }
    };
    Ok(ReplicationRule {
        id: rule.id.unwrap_or_default(),
        destination: destination_from_wire(destination)?,
        status: switched(rule.status.as_str())?,
        priority: rule.priority.unwrap_or_default(),
        filter,
        delete_marker_replication: markers,
        existing_object_replication: existing.transpose()?,
        source_selection_criteria: rule
            .source_selection_criteria
            .map(criteria_from_wire)
            .transpose()?,
    })
}

fn switched(text: &str) -> Result<RuleStatus> {
    parsed(Some(text), "Status")
}

fn filter_from_wire(filter: wire::ReplicationRuleFilter) -> Option<ReplicationFilter> {
    let (prefix, tags) = match filter.and {
        Some(and) => (and.prefix, and.tags.unwrap_or_default()),
        None => (filter.prefix, filter.tag.into_iter().collect()),
    };
    let prefix = prefix.filter(|prefix| !prefix.is_empty());
    let tags = Tags(tags.into_iter().map(|tag| (tag.key, tag.value)).collect());
    let says = prefix.is_some() || !tags.0.is_empty();
    says.then_some(ReplicationFilter { prefix, tags })
}

fn criteria_from_wire(criteria: wire::SourceSelectionCriteria) -> Result<SourceSelectionCriteria> {
    let changes = criteria
        .replica_modifications
        .map(|changes| Ok(ReplicaModifications { status: switched(changes.status.as_str())? }));
    let encrypted = criteria.sse_kms_encrypted_objects.map(|encrypted| {
        Ok(SseKmsEncryptedObjects { status: switched(encrypted.status.as_str())? })
    });
    Ok(SourceSelectionCriteria {
        replica_modifications: changes.transpose()?,
        sse_kms_encrypted_objects: encrypted.transpose()?,
    })
}

fn destination_from_wire(to: wire::Destination) -> Result<ReplicationDestination> {
    let minutes = |time: wire::ReplicationTimeValue| {
        time.minutes.map(|minutes| ReplicationMinutes { minutes })
    };
    let owner = to.access_control_translation.map(|translation| {
        let owner = parsed(Some(translation.owner.as_str()), "Owner")?;
        Ok(AccessControlTranslation { owner })
    });
    let metrics = to.metrics.map(|metrics| {
        Ok(ReplicationMetrics {
            status: switched(metrics.status.as_str())?,
            event_threshold: metrics.event_threshold.and_then(minutes),
        })
    });
    let time = to.replication_time.map(|time| {
        Ok(ReplicationTime {
            status: switched(time.status.as_str())?,
            time: time.time.and_then(minutes).ok_or_else(|| missing("Minutes"))?,
        })
    });
    let key = to.encryption_configuration.and_then(|encryption| encryption.replica_kms_key_id);
    let class = to.storage_class.as_ref().map(wire::StorageClass::as_str);
    Ok(ReplicationDestination {
        bucket: Arn::new(to.bucket),
        account: to.account,
        storage_class: class.map(|class| parsed(Some(class), "StorageClass")).transpose()?,
        access_control_translation: owner.transpose()?,
        encryption_configuration: key
            .map(|key| ReplicaEncryption { replica_kms_key_id: Arn::new(key) }),
        metrics: metrics.transpose()?,
        replication_time: time.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::Role;
    use crate::kms::Key;
    use crate::s3::{
        Bucket, BucketVersioning, ObjectStorageClass, ReplicaOwner, VersioningConfiguration,
        VersioningStatus,
    };

    #[test]
    fn filters_lead_back() {
        let filter = |prefix: Option<&str>, tags: &[&str]| {
            let tags = tags.iter().map(|tag| ((*tag).to_owned(), "x".to_owned()));
            ReplicationFilter { prefix: prefix.map(str::to_owned), tags: Tags(tags.collect()) }
        };
        let both = [Some("a/"), None];
        for (prefix, tags) in both.iter().flat_map(|p| [(p, 0), (p, 1), (p, 2)]) {
            let sent = filter(*prefix, &["one", "two"][..tags]);
            let said = sent.prefix.is_some() || tags > 0;
            let wire = filter_to_wire(Some(&sent)).expect("it is whole");
            assert_eq!(filter_from_wire(wire), said.then_some(sent));
        }
        let all = filter_to_wire(None).expect("it is whole");
        assert_eq!(all.prefix.as_deref(), Some(""));
    }

    /// The emulator loses them.
    #[test]
    fn existing_objects_are_replicated_if_it_is_asked_for() {
        let rule = |existing| ReplicationRule {
            id: "a".to_owned(),
            destination: ReplicationDestination {
                bucket: Arn::new("arn:aws:s3:::to"),
                account: None,
                storage_class: None,
                access_control_translation: None,
                encryption_configuration: None,
                metrics: None,
                replication_time: None,
            },
            status: RuleStatus::Enabled,
            priority: 0,
            filter: None,
            delete_marker_replication: DeleteMarkerReplication { status: RuleStatus::Disabled },
            existing_object_replication: existing,
            source_selection_criteria: None,
        };
        for status in [None, Some(RuleStatus::Enabled), Some(RuleStatus::Disabled)] {
            let sent = rule(status.map(|status| ExistingObjectReplication { status }));
            let wire = to_wire(&sent).expect("it is whole");
            assert_eq!(from_wire(wire).expect("it is read"), sent);
        }
    }

    fn versioned(stack: &mut Stack, name: &str, key: &str) -> crate::s3::BucketHandle {
        let bucket = stack.add(key, Bucket::new(format!("{name}-{key}")));
        let versioning = VersioningConfiguration::new(VersioningStatus::Enabled);
        stack.add(format!("{key}-versions"), BucketVersioning::new(bucket.id(), versioning));
        bucket
    }

    fn replicate(
        stack: &mut Stack,
        name: &str,
        to: fn(crate::s3::ReplicationDestinationArguments) -> ReplicationRuleArgumentsOf,
    ) {
        let from = versioned(stack, name, "from");
        let other = versioned(stack, name, "to");
        let role: Arn<Role> = Arn::new("arn:aws:iam::123456789012:role/replication");
        let rule = to(ReplicationDestination::new(other.arn()));
        let logs = ReplicationRule::new("logs", ReplicationDestination::new(other.arn()))
            .priority(2)
            .filter(ReplicationFilter::new().prefix("logs/"));
        stack.add("it", BucketReplicationConfiguration::new(from.id(), role, [rule, logs]));
    }

    type ReplicationRuleArgumentsOf = crate::s3::ReplicationRuleArguments;

    conforms!(
        aws_s3_bucket_replication_configuration,
        Fixture {
            base: |stack, name| replicate(stack, name, |to| {
                let key: Arn<Key> = Arn::new("arn:aws:kms:us-west-2:123456789012:key/1");
                let time = ReplicationMinutes::new().minutes(15);
                let metrics = ReplicationMetrics::new(RuleStatus::Enabled);
                let encrypted = SseKmsEncryptedObjects::new(RuleStatus::Enabled);
                let to = to
                    .account("123456789012")
                    .access_control_translation(AccessControlTranslation::new(
                        ReplicaOwner::Destination,
                    ))
                    .encryption_configuration(ReplicaEncryption::new(key))
                    .metrics(metrics.event_threshold(time.clone()))
                    .replication_time(ReplicationTime::new(RuleStatus::Enabled, time));
                ReplicationRule::new("all", to)
                    .priority(1)
                    .delete_marker_replication(DeleteMarkerReplication::new(RuleStatus::Enabled))
                    .source_selection_criteria(
                        SourceSelectionCriteria::new()
                            .replica_modifications(ReplicaModifications::new(RuleStatus::Enabled))
                            .sse_kms_encrypted_objects(encrypted),
                    )
            }),
            update: Some(|stack, name| replicate(stack, name, |to| {
                let tags = [("class", "a"), ("kind", "b")];
                let tags: std::collections::BTreeMap<_, _> = tags.into_iter().collect();
                ReplicationRule::new("all", to.storage_class(ObjectStorageClass::StandardIa))
                    .status(RuleStatus::Disabled)
                    .filter(ReplicationFilter::new().prefix("data/").tags(tags))
            })),
            replace: None,
            gaps: &[],
        }
    );
}
