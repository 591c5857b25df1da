//! A trail: what is done in the account, written to a bucket. It is made without logging, which
//! the frame switches on once the trail is recorded, as it sets what selects events.
//!
//! API: CreateTrail, DescribeTrails, GetTrailStatus, GetEventSelectors, GetInsightSelectors,
//! ListTags, UpdateTrail, PutEventSelectors, PutInsightSelectors, StartLogging, StopLogging,
//! AddTags, RemoveTags, DeleteTrail.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags};

use crate::AnyArn;
use crate::iam::Role;
use crate::kms::Key;
use crate::rules::{NameRule, Rules};
use crate::s3::BucketName;

/// A record of what is done in an account or an organization.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_cloudtrail", outputs = TrailOutputs, validate = validate)]
pub struct Trail {
    /// Name, unique in the region, 3 to 128 characters.
    #[field(force_new)]
    pub name: String,
    /// Bucket that receives the logs; its policy must let CloudTrail write.
    pub s3_bucket_name: BucketName,
    /// Beginning of the logs' keys, at most 200 characters.
    pub s3_key_prefix: Option<String>,
    /// Log group that receives the events too, with or without `:*` behind it.
    pub cloud_watch_logs_group_arn: Option<AnyArn>,
    /// Role by which CloudTrail writes to the log group.
    pub cloud_watch_logs_role_arn: Option<Arn<Role>>,
    /// Write digests by which it can be shown that no log was changed.
    #[field(default = false)]
    pub enable_log_file_validation: bool,
    /// Whether events are recorded.
    #[field(default = true)]
    pub enable_logging: bool,
    /// Which events are recorded; left out, all management events. At most five. Not together with
    /// `advanced_event_selector`.
    pub event_selector: BlockSet<EventSelector>,
    /// Which events are recorded, by the fields of an event.
    pub advanced_event_selector: BlockSet<AdvancedEventSelector>,
    /// Record events of services without regions, such as IAM.
    #[field(default = true)]
    pub include_global_service_events: bool,
    /// What CloudTrail looks for that is unusual.
    pub insight_selector: BlockSet<InsightSelector>,
    /// Record events of all regions.
    #[field(default = false)]
    pub is_multi_region_trail: bool,
    /// Record events of all accounts of the organization; for its management account and for a
    /// delegated administrator.
    #[field(default = false)]
    pub is_organization_trail: bool,
    /// Key that encrypts the logs; its policy must let CloudTrail use it.
    pub kms_key_id: Option<Arn<Key>>,
    /// Topic, by name or ARN, that is told of every log.
    pub sns_topic_name: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// Which events are recorded.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EventSelector {
    /// Reading, writing, or both.
    #[field(default = ReadWriteType::All)]
    pub read_write_type: ReadWriteType,
    /// Whether management events are recorded.
    #[field(default = true)]
    pub include_management_events: bool,
    /// Services whose management events are left out: `kms.amazonaws.com` and
    /// `rdsdata.amazonaws.com`.
    pub exclude_management_event_sources: BTreeSet<String>,
    /// Objects whose data events are recorded.
    pub data_resource: BlockSet<DataResource>,
}

/// Reading, writing, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ReadWriteType {
    /// Both.
    #[choice("All")]
    All,
    /// Reading alone.
    #[choice("ReadOnly")]
    ReadOnly,
    /// Writing alone.
    #[choice("WriteOnly")]
    WriteOnly,
}

/// Objects whose data events are recorded.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DataResource {
    /// The kind of objects.
    pub r#type: DataResourceType,
    /// ARNs, or beginnings of ARNs: `arn:aws:s3:::bucket/`, `arn:aws:lambda`.
    #[field(required)]
    pub values: BTreeSet<String>,
}

/// Kinds of objects that have data events in an event selector. Source: CloudTrail API Reference,
/// DataResource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DataResourceType {
    /// Objects of a bucket.
    #[choice("AWS::S3::Object")]
    S3Object,
    /// Functions.
    #[choice("AWS::Lambda::Function")]
    LambdaFunction,
    /// Tables.
    #[choice("AWS::DynamoDB::Table")]
    DynamoDbTable,
}

/// Which events are recorded, by the fields of an event: all conditions must hold.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AdvancedEventSelector {
    /// What it is for, at most 1000 characters.
    pub name: Option<String>,
    /// The conditions; one of them is on `eventCategory`.
    #[field(required)]
    pub field_selector: BlockSet<FieldSelector>,
}

/// A condition on a field of an event: one of the values holds.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FieldSelector {
    /// The field: `eventCategory`, `readOnly`, `resources.type`, `resources.ARN`, `eventName`, ….
    pub field: String,
    /// Is one of these.
    pub equals: BTreeSet<String>,
    /// Is none of these.
    pub not_equals: BTreeSet<String>,
    /// Starts with one of these.
    pub starts_with: BTreeSet<String>,
    /// Starts with none of these.
    pub not_starts_with: BTreeSet<String>,
    /// Ends with one of these.
    pub ends_with: BTreeSet<String>,
    /// Ends with none of these.
    pub not_ends_with: BTreeSet<String>,
}

/// What CloudTrail looks for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InsightSelector {
    /// The kind of thing that is unusual.
    pub insight_type: InsightType,
}

/// Kinds of things that are unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum InsightType {
    /// The number of calls that write.
    #[choice("ApiCallRateInsight")]
    ApiCallRate,
    /// The number of calls that fail.
    #[choice("ApiErrorRateInsight")]
    ApiErrorRate,
}

/// What AWS assigns to a [`Trail`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TrailOutputs {
    /// The trail's ARN.
    pub id: Arn<Trail>,
    /// The trail's ARN.
    pub arn: Arn<Trail>,
    /// Region that the trail was made in.
    pub home_region: String,
    /// ARN of the topic that is told of every log.
    pub sns_topic_arn: Option<String>,
}

/// Source: CloudTrail user guide, naming requirements.
const NAMES: NameRule = NameRule {
    shortest: 3,
    longest: 128,
    allows: |c| c.is_ascii_alphanumeric() || "._-".contains(c),
    characters: "letters, digits and `._-`",
};

/// Event selectors of a trail. Source: CloudTrail user guide, quotas.
const SELECTORS: usize = 5;
/// ARNs of all event selectors together.
const DATA_RESOURCES: usize = 250;

const OPERATORS: &[&str] =
    &["equals", "not_equals", "starts_with", "not_starts_with", "ends_with", "not_ends_with"];
/// Fields that take `equals` alone. Source: CloudTrail API Reference, AdvancedFieldSelector.
const EXACT: &[&str] = &["readOnly", "eventCategory", "resources.type"];
/// Source: CloudTrail API Reference, EventSelector.
const EXCLUDABLE: &[&str] = &["kms.amazonaws.com", "rdsdata.amazonaws.com"];

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    if let Some(Err(wrong)) = rules.text("name").map(check_name) {
        rules.refuse("name", wrong);
    }
    if rules.text("s3_key_prefix").is_some_and(|prefix| prefix.chars().count() > 200) {
        rules.refuse("s3_key_prefix", "must have at most 200 characters");
    }
    if rules.has("cloud_watch_logs_group_arn") {
        rules.required(&["cloud_watch_logs_role_arn"], "with `cloud_watch_logs_group_arn`");
    } else {
        rules.without(&["cloud_watch_logs_role_arn"], "without `cloud_watch_logs_group_arn`");
    }
    let is_local = inputs.get("include_global_service_events").and_then(|v| v.as_bool());
    if rules.is_true("is_multi_region_trail") && is_local == Some(false) {
        let wrong = "cannot be `false` for a trail of all regions";
        rules.refuse("include_global_service_events", wrong);
    }
    rules.at_most_one(&["event_selector", "advanced_event_selector"]);
    check_selectors(&mut rules, inputs);
    rules.finish()
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    let has_edges = name.starts_with(is_edge) && name.ends_with(is_edge);
    if !name.is_empty() && !has_edges {
        return Err("must start and end with a letter or a digit");
    }
    let marks = |c: char| "._-".contains(c);
    if name.chars().zip(name.chars().skip(1)).any(|(one, next)| marks(one) && marks(next)) {
        return Err("must not have two of `._-` in a row");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("must not look like an IP address");
    }
    Ok(())
}

fn check_selectors(rules: &mut Rules<'_>, inputs: &Object) {
    let selectors = inputs.get("event_selector").and_then(|value| value.as_list());
    let selectors = selectors.unwrap_or_default();
    if selectors.len() > SELECTORS {
        rules.refuse("event_selector", format!("can be given {SELECTORS} times at most"));
    }
    let resources = selectors.iter().filter_map(|selector| selector.as_map()?.get("data_resource"));
    let resources = resources.filter_map(|list| list.as_list()).flatten();
    let values = resources.filter_map(|resource| resource.as_map()?.get("values")?.as_list());
    if values.map(<[_]>::len).sum::<usize>() > DATA_RESOURCES {
        let wrong = format!("can have {DATA_RESOURCES} values of data resources at most");
        rules.refuse("event_selector", wrong);
    }
    rules.blocks("event_selector", |selector| {
        const EXCLUDED: &str = "exclude_management_event_sources";
        if selector.texts(EXCLUDED).iter().any(|source| !EXCLUDABLE.contains(source)) {
            let wrong = "can only have `kms.amazonaws.com` and `rdsdata.amazonaws.com`";
            selector.refuse(EXCLUDED, wrong);
        }
        if selector.has("include_management_events")
            && !selector.may_be_true("include_management_events")
        {
            selector.without(&[EXCLUDED], "without `include_management_events`");
            if !selector.has("data_resource") {
                selector.refuse("data_resource", "is missing: the selector selects nothing");
            }
        }
    });
    rules.blocks("advanced_event_selector", |selector| {
        selector.blocks("field_selector", |field| {
            if !OPERATORS.iter().any(|operator| field.has(operator)) {
                field.missing(OPERATORS);
            }
            if let Some(name) = field.text("field").filter(|name| EXACT.contains(name)) {
                field.without(&OPERATORS[1..], &format!("for `{name}`, which takes `equals`"));
            }
        });
    });
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(name, v)| ((*name).to_owned(), v.clone())).collect())
    }

    fn paths(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn names_follow_the_rules_of_cloudtrail() {
        for good in ["abc", "org-trail_1.x"] {
            assert_eq!(paths(&[("name", good.into())]), [""; 0], "{good}");
        }
        for bad in ["ab", "-abc", "abc_", "a._b", "10.0.0.1", "a b"] {
            assert_eq!(paths(&[("name", bad.into())]), ["name"], "{bad}");
        }
    }

    #[test]
    fn a_log_group_needs_a_role_and_a_trail_of_all_regions_all_events() {
        let group = ("cloud_watch_logs_group_arn", Value::Unknown);
        assert_eq!(paths(std::slice::from_ref(&group)), ["cloud_watch_logs_role_arn"]);
        assert_eq!(paths(&[group, ("cloud_watch_logs_role_arn", Value::Unknown)]), [""; 0]);
        let role = ("cloud_watch_logs_role_arn", Value::from("arn:aws:iam::1:role/a"));
        assert_eq!(paths(&[role]), ["cloud_watch_logs_role_arn"]);
        let local = ("include_global_service_events", Value::Bool(false));
        assert_eq!(paths(std::slice::from_ref(&local)), [""; 0]);
        let all = ("is_multi_region_trail", Value::Bool(true));
        assert_eq!(paths(&[all, local]), ["include_global_service_events"]);
    }

    #[test]
    fn selectors_select_something() {
        let off = ("include_management_events", Value::Bool(false));
        let data = ("data_resource", Value::List(vec![Value::Unknown]));
        let selector = |entries: &[(&str, Value)]| {
            paths(&[("event_selector", Value::List(vec![map(entries)]))])
        };
        assert_eq!(selector(&[]), [""; 0]);
        assert_eq!(selector(std::slice::from_ref(&off)), ["event_selector[0].data_resource"]);
        assert_eq!(selector(&[off.clone(), data.clone()]), [""; 0]);
        let excluded = |source: &str| {
            ("exclude_management_event_sources", Value::List(vec![Value::from(source)]))
        };
        let path = "event_selector[0].exclude_management_event_sources";
        assert_eq!(selector(&[excluded("kms.amazonaws.com")]), [""; 0]);
        assert_eq!(selector(&[excluded("s3.amazonaws.com")]), [path]);
        assert_eq!(selector(&[off, data, excluded("kms.amazonaws.com")]), [path]);
    }

    #[test]
    fn some_fields_take_exact_values_alone() {
        let list = |value| Value::List(vec![value]);
        let selector = |entries: &[(&str, Value)]| {
            let selector = map(&[("field_selector", list(map(entries)))]);
            paths(&[("advanced_event_selector", list(selector))])
        };
        let start = "advanced_event_selector[0].field_selector[0]";
        let category = ("field", Value::from("eventCategory"));
        assert_eq!(selector(std::slice::from_ref(&category)), [format!("{start}.equals")]);
        assert_eq!(selector(&[category.clone(), ("equals", list("Data".into()))]), [""; 0]);
        let starts = ("starts_with", list(Value::from("Da")));
        assert_eq!(selector(&[category, starts.clone()]), [format!("{start}.starts_with")]);
        assert_eq!(selector(&[("field", "resources.ARN".into()), starts]), [""; 0]);
    }
}
