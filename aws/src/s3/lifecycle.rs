//! What happens to objects as they grow old.
//!
//! API: PutBucketLifecycleConfiguration, GetBucketLifecycleConfiguration, DeleteBucketLifecycle.

use infra_sdk::kind::Problem;
use infra_sdk::{Block, BlockSet, Choice, Object, Outputs, Resource, Tags};

use super::BucketName;
use crate::rules::Rules;

/// What happens to the objects of a bucket as they grow old.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_s3_bucket_lifecycle_configuration",
    outputs = LifecycleOutputs,
    validate = validate
)]
pub struct BucketLifecycleConfiguration {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// The rules, at most 1,000.
    #[field(required)]
    pub rule: BlockSet<LifecycleRule>,
    /// Size below which objects are not moved to another class.
    #[field(computed)]
    pub transition_default_minimum_object_size: Option<MinimumObjectSize>,
    /// The account that must own the bucket: twelve digits.
    #[field(force_new)]
    pub expected_bucket_owner: Option<String>,
}

/// Size below which objects are not moved to another class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MinimumObjectSize {
    /// 128 KiB for every class.
    #[choice("all_storage_classes_128K")]
    AllStorageClasses128K,
    /// 128 KiB, except for the Glacier classes, which take every size.
    #[choice("varies_by_storage_class")]
    VariesByStorageClass,
}

/// What happens to which objects, and when.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LifecycleRule {
    /// Its name, at most 255 characters.
    pub id: String,
    /// Whether it is in force.
    #[field(default = RuleStatus::Enabled)]
    pub status: RuleStatus,
    /// Which objects; left out, all.
    pub filter: Option<LifecycleFilter>,
    /// When objects, or their current versions, are removed.
    pub expiration: Option<Expiration>,
    /// When objects move to another class.
    pub transition: BlockSet<Transition>,
    /// When versions that were replaced are removed.
    pub noncurrent_version_expiration: Option<NoncurrentVersionExpiration>,
    /// When versions that were replaced move to another class.
    pub noncurrent_version_transition: BlockSet<NoncurrentVersionTransition>,
    /// When uploads that were never completed are removed.
    pub abort_incomplete_multipart_upload: Option<AbortIncompleteMultipartUpload>,
}

/// Whether a rule is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RuleStatus {
    /// It is.
    #[choice("Enabled")]
    Enabled,
    /// It is not.
    #[choice("Disabled")]
    Disabled,
}

/// Which objects. All conditions that are given must hold.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LifecycleFilter {
    /// Keys that start with this; not empty.
    pub prefix: Option<String>,
    /// Objects that have all of these tags.
    pub tags: Tags,
    /// Objects larger than this, in bytes.
    #[field(range = 1..=53_687_091_200_000)]
    pub object_size_greater_than: Option<i64>,
    /// Objects smaller than this, in bytes.
    #[field(range = 1..=53_687_091_200_000)]
    pub object_size_less_than: Option<i64>,
}

/// When objects are removed. Exactly one of the three.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Expiration {
    /// Days after they were made.
    #[field(range = 1..=2_147_483_647)]
    pub days: Option<i32>,
    /// A day, at midnight UTC: `2027-01-01T00:00:00Z`.
    pub date: Option<String>,
    /// Remove delete markers behind which there is no version any more.
    #[field(computed)]
    pub expired_object_delete_marker: Option<bool>,
}

/// When objects move to another class. Exactly one of days and date.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Transition {
    /// The class.
    pub storage_class: StorageClass,
    /// Days after they were made.
    #[field(range = 0..=2_147_483_647)]
    pub days: Option<i32>,
    /// A day, at midnight UTC: `2027-01-01T00:00:00Z`.
    pub date: Option<String>,
}

/// Where objects go when they are seldom read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum StorageClass {
    /// Seldom read, three zones.
    #[choice("STANDARD_IA")]
    StandardIa,
    /// Seldom read, one zone.
    #[choice("ONEZONE_IA")]
    OnezoneIa,
    /// Moved by how they are used.
    #[choice("INTELLIGENT_TIERING")]
    IntelligentTiering,
    /// Archive that is read at once.
    #[choice("GLACIER_IR")]
    GlacierInstantRetrieval,
    /// Archive that is read within minutes or hours.
    #[choice("GLACIER")]
    Glacier,
    /// Archive that is read within half a day.
    #[choice("DEEP_ARCHIVE")]
    DeepArchive,
}

/// When versions that were replaced are removed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NoncurrentVersionExpiration {
    /// Days after they were replaced.
    #[field(range = 1..=2_147_483_647)]
    pub noncurrent_days: i32,
    /// Newer versions to keep besides.
    #[field(range = 1..=100)]
    pub newer_noncurrent_versions: Option<i32>,
}

/// When versions that were replaced move to another class.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NoncurrentVersionTransition {
    /// The class.
    pub storage_class: StorageClass,
    /// Days after they were replaced.
    #[field(range = 0..=2_147_483_647)]
    pub noncurrent_days: i32,
    /// Newer versions to leave where they are.
    #[field(range = 1..=100)]
    pub newer_noncurrent_versions: Option<i32>,
}

/// When uploads that were never completed are removed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AbortIncompleteMultipartUpload {
    /// Days after they were begun.
    #[field(range = 1..=2_147_483_647)]
    pub days_after_initiation: i32,
}

/// What identifies a [`BucketLifecycleConfiguration`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct LifecycleOutputs {
    /// The bucket's name, and after a comma the account that must own it.
    pub id: String,
}

/// Rules between fields. Source: S3 API Reference, LifecycleRule.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.blocks("rule", |rule| {
        rule.blocks("filter", |filter| {
            if filter.text("prefix") == Some("") {
                filter.refuse("prefix", "is empty: leave it out to mean every object");
            }
        });
        rule.blocks("expiration", |expiration| {
            expiration.exactly_one(&["days", "date", "expired_object_delete_marker"]);
        });
        rule.blocks("transition", |transition| transition.exactly_one(&["days", "date"]));
        if !ACTIONS.iter().any(|name| rule.has(name)) {
            rule.refuse("id", "the rule does nothing: give it an expiration or a transition");
        }
    });
    rules.finish()
}

const ACTIONS: &[&str] = &[
    "expiration",
    "transition",
    "noncurrent_version_expiration",
    "noncurrent_version_transition",
    "abort_incomplete_multipart_upload",
];

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_rule_that_does_nothing_or_two_things_is_refused() {
        let number = |name: &str| (name.to_owned(), Value::Int(1));
        let check = |rule: Object| {
            let rule = Value::List(vec![Value::Map(rule)]);
            validate(&Object::from([("rule".to_owned(), rule)])).len()
        };
        let expiration =
            |entries: Object| Object::from([("expiration".to_owned(), Value::Map(entries))]);
        assert_eq!(check(Object::new()), 1);
        assert_eq!(check(expiration([number("days")].into())), 0);
        let both = [number("days"), ("date".to_owned(), Value::from("2027-01-01T00:00:00Z"))];
        assert_eq!(check(expiration(both.into())), 1);
        let transition = |entries: Object| {
            let list = Value::List(vec![Value::Map(entries)]);
            check(Object::from([("transition".to_owned(), list)]))
        };
        assert_eq!(transition([number("days")].into()), 0);
        assert_eq!(transition([("storage_class".to_owned(), "GLACIER".into())].into()), 1);
        let empty = Value::Map(Object::from([("prefix".to_owned(), "".into())]));
        let mut rule = expiration([number("days")].into());
        rule.insert("filter".to_owned(), empty);
        assert_eq!(check(rule), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::Bucket;

    fn lifecycle(stack: &mut infra_sdk::Stack, name: &str, days: i32) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-ageing")));
        let archive = LifecycleRule::new("archive")
            .filter(LifecycleFilter::new().prefix("data/").tags(
                [("class", "cold")].into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            ))
            .transition([Transition::new(StorageClass::Glacier).days(days)])
            .expiration(Expiration::new().days(days + 365));
        let tidy = LifecycleRule::new("tidy")
            .noncurrent_version_expiration(
                NoncurrentVersionExpiration::new(30).newer_noncurrent_versions(3),
            )
            .noncurrent_version_transition([NoncurrentVersionTransition::new(
                StorageClass::StandardIa,
                10,
            )])
            .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(7));
        stack.add("it", BucketLifecycleConfiguration::new(bucket.id(), [archive, tidy]));
    }

    conforms!(
        aws_s3_bucket_lifecycle_configuration,
        Fixture {
            base: |stack, name| lifecycle(stack, name, 90),
            update: Some(|stack, name| lifecycle(stack, name, 120)),
            replace: None,
            gaps: &[],
        }
    );
}
