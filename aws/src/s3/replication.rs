//! Copies of a bucket's new objects in other buckets. Both buckets must be versioned.
//!
//! API: PutBucketReplication, GetBucketReplication, DeleteBucketReplication.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags};

use super::{Bucket, BucketName, ObjectStorageClass, RuleStatus};
use crate::iam::Role;
use crate::kms::Key;
use crate::rules::{NameRule, Rules};

/// Which objects of a bucket are copied to which other buckets.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_s3_bucket_replication_configuration",
    outputs = ReplicationOutputs,
    validate = validate
)]
pub struct BucketReplicationConfiguration {
    /// The bucket whose objects are copied.
    #[field(force_new)]
    pub bucket: BucketName,
    /// Role by which S3 reads the one bucket and writes the others.
    pub role: Arn<Role>,
    /// The rules, at most 1,000.
    #[field(required)]
    pub rule: BlockSet<ReplicationRule>,
    /// Token that AWS Support gives for a bucket whose objects can be locked.
    #[field(write_only, sensitive)]
    pub token: Option<String>,
}

/// Which objects are copied where.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationRule {
    /// Its name, at most 255 characters.
    pub id: String,
    /// Where the copies go.
    pub destination: ReplicationDestination,
    /// Whether it is in force.
    #[field(default = RuleStatus::Enabled)]
    pub status: RuleStatus,
    /// Which rule counts where several have the same destination: the one with the highest number.
    /// No two rules have the same.
    #[field(default = 0, range = 0..=2_147_483_647)]
    pub priority: i32,
    /// Which objects; left out, all.
    pub filter: Option<ReplicationFilter>,
    /// Whether delete markers are copied. Not for rules with tags in their filter.
    #[field(default = DeleteMarkerReplication { status: RuleStatus::Disabled })]
    pub delete_marker_replication: DeleteMarkerReplication,
    /// Whether objects are copied that were there before the rule. AWS takes it only of accounts for
    /// which its support switched it on.
    pub existing_object_replication: Option<ExistingObjectReplication>,
    /// Objects that are copied only when asked for.
    pub source_selection_criteria: Option<SourceSelectionCriteria>,
}

/// Which objects. All conditions that are given must hold.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationFilter {
    /// Keys that start with this; not empty.
    pub prefix: Option<String>,
    /// Objects that have all of these tags.
    pub tags: Tags,
}

/// Whether delete markers are copied.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DeleteMarkerReplication {
    /// Whether they are.
    pub status: RuleStatus,
}

/// Whether objects are copied that were there before the rule.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ExistingObjectReplication {
    /// Whether they are.
    pub status: RuleStatus,
}

/// Objects that are copied only when asked for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SourceSelectionCriteria {
    /// Whether changes of the copies' tags, locks and access lists are copied back.
    pub replica_modifications: Option<ReplicaModifications>,
    /// Whether objects are copied that a key in KMS encrypts; needs `encryption_configuration`.
    pub sse_kms_encrypted_objects: Option<SseKmsEncryptedObjects>,
}

/// Whether changes of copies are copied back.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicaModifications {
    /// Whether they are.
    pub status: RuleStatus,
}

/// Whether objects are copied that a key in KMS encrypts.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SseKmsEncryptedObjects {
    /// Whether they are.
    pub status: RuleStatus,
}

/// Where copies go and what they are like.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationDestination {
    /// The bucket that receives them, in whatever region.
    #[field(any_region)]
    pub bucket: Arn<Bucket>,
    /// Account that owns the bucket: twelve digits.
    pub account: Option<String>,
    /// Where they are kept; left out, where the objects are.
    pub storage_class: Option<ObjectStorageClass>,
    /// Who owns the copies; left out, the owner of the objects.
    pub access_control_translation: Option<AccessControlTranslation>,
    /// Key of the copies of objects that a key in KMS encrypts.
    pub encryption_configuration: Option<ReplicaEncryption>,
    /// Whether there are metrics of the replication.
    pub metrics: Option<ReplicationMetrics>,
    /// Whether objects are copied within 15 minutes; needs `metrics`.
    pub replication_time: Option<ReplicationTime>,
}

/// Who owns copies.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AccessControlTranslation {
    /// The one who does.
    pub owner: ReplicaOwner,
}

/// Who owns copies in the bucket of another account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ReplicaOwner {
    /// The owner of the bucket that receives them.
    #[choice("Destination")]
    Destination,
}

/// Key of copies.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicaEncryption {
    /// The key, in the region of the bucket that receives them.
    #[field(any_region)]
    pub replica_kms_key_id: Arn<Key>,
}

/// Metrics of a rule.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationMetrics {
    /// Whether there are any.
    pub status: RuleStatus,
    /// When S3 tells that a copy is late; with `replication_time`.
    pub event_threshold: Option<ReplicationMinutes>,
}

/// A promise of S3 on the time that copying takes.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationTime {
    /// Whether it is given.
    pub status: RuleStatus,
    /// The time.
    pub time: ReplicationMinutes,
}

/// A time. S3 knows one: 15 minutes.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ReplicationMinutes {
    /// Minutes.
    #[field(default = 15, range = 15..=15)]
    pub minutes: i32,
}

/// What identifies a [`BucketReplicationConfiguration`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ReplicationOutputs {
    /// The bucket's name.
    pub id: String,
}

/// Rules of a configuration, and the length of their names. Source: S3 API Reference,
/// ReplicationConfiguration.
const RULES: usize = 1000;
const IDS: NameRule =
    NameRule { shortest: 1, longest: 255, allows: |_| true, characters: "characters" };

/// Rules between fields. Source: S3 API Reference, ReplicationRule and Destination; S3 user guide,
/// replication configuration.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let list = inputs.get("rule").and_then(|value| value.as_list()).unwrap_or_default();
    if list.len() > RULES {
        rules.refuse("rule", format!("can be given {RULES} times at most"));
    }
    let of_all = |name: &str| list.iter().filter_map(|rule| rule.as_map()?.get(name)).collect();
    let priorities: Vec<_> = of_all("priority");
    let numbers: Vec<_> = priorities.iter().filter_map(|value| value.as_int()).collect();
    if numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len() {
        rules.refuse("rule", "has two rules with the same `priority`");
    }
    let ids: Vec<_> = of_all("id");
    let ids: Vec<_> = ids.iter().filter_map(|value| value.as_str()).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        rules.refuse("rule", "has two rules with the same `id`");
    }
    rules.blocks("rule", check_rule);
    rules.finish()
}

fn check_rule(rule: &mut Rules<'_>) {
    rule.follows("id", &IDS);
    rule.blocks("filter", |filter| {
        if filter.text("prefix") == Some("") {
            filter.refuse("prefix", "is empty: leave it out to mean every object");
        }
    });
    let is_on = |rule: &Rules<'_>, path: &[&str]| {
        rule.within(path).and_then(infra_sdk::Value::as_str) == Some("Enabled")
    };
    let tags = rule.within(&["filter", "tags"]);
    if tags.is_some_and(|tags| !infra_sdk::kind::is_empty(tags))
        && is_on(rule, &["delete_marker_replication", "status"])
    {
        let wrong = "cannot be `Enabled` for a rule with tags in its filter";
        rule.refuse("delete_marker_replication.status", wrong);
    }
    if is_on(rule, &["source_selection_criteria", "sse_kms_encrypted_objects", "status"])
        && rule.within(&["destination", "encryption_configuration"]).is_none()
    {
        let wrong = "is required with `sse_kms_encrypted_objects`";
        rule.refuse("destination.encryption_configuration", wrong);
    }
    rule.blocks("destination", |to| {
        if let Some(account) = to.text("account")
            && !(account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
        {
            to.refuse("account", "must be twelve digits");
        }
        if to.has("access_control_translation") {
            to.required(&["account"], "with `access_control_translation`");
        }
        if to.has("replication_time") {
            to.required(&["metrics"], "with `replication_time`");
        }
    });
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(name, v)| ((*name).to_owned(), v.clone())).collect())
    }

    fn paths(rules: &[Value]) -> Vec<String> {
        let inputs = Object::from([("rule".to_owned(), Value::List(rules.to_vec()))]);
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn rules_differ_in_name_and_priority() {
        let rule =
            |id: &str, priority| map(&[("id", id.into()), ("priority", Value::Int(priority))]);
        assert_eq!(paths(&[rule("a", 0), rule("b", 1)]), [""; 0]);
        assert_eq!(paths(&[rule("a", 0), rule("a", 1)]), ["rule"]);
        assert_eq!(paths(&[rule("a", 0), rule("b", 0)]), ["rule"]);
        assert_eq!(paths(&[rule("", 0)]), ["rule[0].id"]);
    }

    #[test]
    fn what_one_part_of_a_rule_needs_of_another_is_there() {
        let on = || map(&[("status", "Enabled".into())]);
        let tags = map(&[("tags", map(&[("class", "a".into())]))]);
        let markers = ("delete_marker_replication", on());
        assert_eq!(
            paths(&[map(&[("filter", tags), markers.clone()])]),
            ["rule[0].delete_marker_replication.status"]
        );
        let prefix = map(&[("prefix", "a/".into())]);
        assert_eq!(paths(&[map(&[("filter", prefix), markers])]), [""; 0]);
        let encrypted = map(&[("sse_kms_encrypted_objects", on())]);
        let criteria = ("source_selection_criteria", encrypted);
        let key = ("encryption_configuration", Value::Unknown);
        assert_eq!(
            paths(&[map(std::slice::from_ref(&criteria))]),
            ["rule[0].destination.encryption_configuration"]
        );
        assert_eq!(paths(&[map(&[criteria, ("destination", map(&[key]))])]), [""; 0]);
        let to = |entries: &[(&str, Value)]| paths(&[map(&[("destination", map(entries))])]);
        let time = ("replication_time", Value::Unknown);
        assert_eq!(to(std::slice::from_ref(&time)), ["rule[0].destination.metrics"]);
        assert_eq!(to(&[time, ("metrics", Value::Unknown)]), [""; 0]);
        let owner = ("access_control_translation", Value::Unknown);
        assert_eq!(to(std::slice::from_ref(&owner)), ["rule[0].destination.account"]);
        assert_eq!(to(&[owner, ("account", "123456789012".into())]), [""; 0]);
        assert_eq!(to(&[("account", "1".into())]), ["rule[0].destination.account"]);
    }
}
