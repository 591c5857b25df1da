//! What ElastiCache refuses of a replication group and that can be known before the call. Source:
//! ElastiCache API Reference, CreateReplicationGroup; user guide, authenticating with AUTH.

use infra_sdk::Object;
use infra_sdk::kind::Problem;

use crate::rds::windows::overlap;
use crate::rules::{NameRule, Rules};

const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 40,
    allows: |c| c.is_ascii_alphanumeric() || c == '-',
    characters: "letters, digits and `-`",
};

const TOKENS: NameRule = NameRule {
    shortest: 16,
    longest: 128,
    allows: |c| c.is_ascii_alphanumeric() || "!&#$^<>-".contains(c),
    characters: "letters, digits and `!&#$^<>-`",
};

pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("replication_group_id", &NAMES);
    if let Some(name) = rules.text("replication_group_id") {
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            rules.refuse("replication_group_id", "must begin with a letter");
        }
        if name.ends_with('-') || name.contains("--") {
            rules.refuse("replication_group_id", "must not end with `-` or contain `--`");
        }
    }
    if rules.text("description").is_some_and(str::is_empty) {
        rules.refuse("description", "must not be empty");
    }
    if rules.text("node_type").is_some_and(|text| !text.starts_with("cache.")) {
        rules.refuse("node_type", "must be like `cache.t4g.medium`");
    }
    members(&mut rules);
    encryption(&mut rules);
    access(&mut rules, inputs);
    rules.at_most_one(&["snapshot_name", "snapshot_arns"]);
    if let (Some(daily), Some(weekly)) =
        (rules.text("snapshot_window"), rules.text("maintenance_window"))
        && overlap(daily, weekly)
    {
        rules.refuse("snapshot_window", "must not overlap with `maintenance_window`");
    }
    let tiered = rules.is_true("data_tiering_enabled");
    if tiered && rules.text("node_type").is_some_and(|text| !text.starts_with("cache.r6gd.")) {
        rules.refuse("data_tiering_enabled", "is for machines of the family `r6gd` only");
    }
    let types: Vec<_> = inputs
        .get("log_delivery_configuration")
        .and_then(|value| value.as_list())
        .unwrap_or_default()
        .iter()
        .filter_map(|block| block.as_map()?.get("log_type")?.as_str())
        .collect();
    if types.iter().enumerate().any(|(at, log)| types[..at].contains(log)) {
        rules.refuse("log_delivery_configuration", "must name each log once");
    }
    rules.finish()
}

/// How many members there are, and where.
fn members(rules: &mut Rules<'_>) {
    rules.at_most_one(&["num_cache_clusters", "num_node_groups"]);
    rules.at_most_one(&["num_cache_clusters", "replicas_per_node_group"]);
    rules.at_most_one(&["preferred_cache_cluster_azs", "num_node_groups"]);
    rules.at_most_one(&["preferred_cache_cluster_azs", "node_group_configuration"]);
    let count = rules.number("num_cache_clusters");
    let zones = rules.texts("preferred_cache_cluster_azs").len();
    if zones > 0 && count.is_some_and(|count| usize::try_from(count) != Ok(zones)) {
        rules.refuse("preferred_cache_cluster_azs", "must name a zone for each member");
    }
    let fails_over = rules.may_be_true("automatic_failover_enabled");
    if rules.is_true("automatic_failover_enabled") && count == Some(1) {
        rules.refuse("automatic_failover_enabled", "needs at least 2 members");
    }
    if rules.is_true("multi_az_enabled") && !fails_over {
        rules.refuse("multi_az_enabled", "needs `automatic_failover_enabled`");
    }
    if rules.is_true("multi_az_enabled") && rules.number("replicas_per_node_group") == Some(0) {
        rules.refuse("multi_az_enabled", "needs at least one replica");
    }
    let several = rules.number("num_node_groups").is_some_and(|count| count > 1);
    if several && !fails_over {
        rules.refuse("num_node_groups", "of more than 1 needs `automatic_failover_enabled`");
    }
    if several && rules.text("cluster_mode") == Some("disabled") {
        rules.refuse("num_node_groups", "of more than 1 needs `cluster_mode` to be `enabled`");
    }
}

fn encryption(rules: &mut Rules<'_>) {
    if rules.has("kms_key_id") && !rules.may_be_true("at_rest_encryption_enabled") {
        rules.refuse("kms_key_id", "needs `at_rest_encryption_enabled`");
    }
    if rules.has("transit_encryption_mode") && !rules.may_be_true("transit_encryption_enabled") {
        rules.refuse("transit_encryption_mode", "needs `transit_encryption_enabled`");
    }
}

/// Tokens and user groups.
fn access(rules: &mut Rules<'_>, inputs: &Object) {
    rules.at_most_one(&["auth_token", "auth_token_wo", "user_group_ids"]);
    if rules.has("auth_token_wo_version") && !rules.has("auth_token_wo") {
        rules.refuse("auth_token_wo_version", "needs `auth_token_wo`");
    }
    for name in ["auth_token", "auth_token_wo"] {
        let token = inputs.get(name).and_then(|value| value.reveal().as_str());
        // The words of the rule would show the odd character.
        if token.is_some_and(|token| TOKENS.check(token).is_err()) {
            let characters = TOKENS.characters;
            rules.refuse(name, format!("must be 16 to 128 {characters}"));
        }
        if rules.has(name) && rules.text("auth_token_update_strategy") == Some("DELETE") {
            rules.refuse(name, "must be left out to be deleted");
        }
    }
    for name in ["auth_token", "auth_token_wo", "user_group_ids"] {
        if rules.has(name) && !rules.may_be_true("transit_encryption_enabled") {
            rules.refuse(name, "needs `transit_encryption_enabled`");
        }
        if rules.has(name) && rules.text("transit_encryption_mode") == Some("preferred") {
            rules.refuse(name, "needs `transit_encryption_mode` to be `required`");
        }
    }
    let groups = inputs.get("user_group_ids").and_then(|value| value.as_list());
    if groups.is_some_and(|groups| groups.len() > 1) {
        rules.refuse("user_group_ids", "must name one user group at most");
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Value;

    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    const TLS: (&str, Value) = ("transit_encryption_enabled", Value::Bool(true));

    #[test]
    fn names_and_sizes_are_as_the_service_takes_them() {
        assert_eq!(check(&[("replication_group_id", "main-1".into())]), [""; 0]);
        for wrong in ["1main", "main-", "ma--in", "main_1"] {
            assert_eq!(check(&[("replication_group_id", wrong.into())]), ["replication_group_id"]);
        }
        assert_eq!(check(&[("node_type", "t4g.medium".into())]), ["node_type"]);
        let tiers = ("data_tiering_enabled", Value::Bool(true));
        assert_eq!(
            check(&[tiers, ("node_type", "cache.r6g.large".into())]),
            ["data_tiering_enabled"]
        );
    }

    #[test]
    fn members_are_counted_in_one_way_and_fail_over_where_there_are_several() {
        let failover = ("automatic_failover_enabled", Value::Bool(true));
        let members = |count| ("num_cache_clusters", Value::Int(count));
        let shards = |count| ("num_node_groups", Value::Int(count));
        assert_eq!(check(&[failover.clone(), members(2)]), [""; 0]);
        assert_eq!(check(&[failover.clone(), members(1)]), ["automatic_failover_enabled"]);
        assert_eq!(check(&[members(2), shards(1)]), ["num_node_groups"]);
        assert_eq!(check(&[shards(2)]), ["num_node_groups"]);
        assert_eq!(check(&[failover.clone(), shards(2)]), [""; 0]);
        assert_eq!(check(&[("multi_az_enabled", Value::Bool(true))]), ["multi_az_enabled"]);
        let zones = Value::List(vec!["us-west-2a".into()]);
        assert_eq!(
            check(&[members(2), ("preferred_cache_cluster_azs", zones)]),
            ["preferred_cache_cluster_azs"]
        );
    }

    #[test]
    fn access_is_controlled_over_tls_and_in_one_way() {
        let token = |text: &str| ("auth_token", Value::from(text).sensitive());
        let good = token("0123456789abcdef");
        let groups = ("user_group_ids", Value::List(vec!["main".into()]));
        assert_eq!(check(&[TLS, good.clone()]), [""; 0]);
        assert_eq!(check(std::slice::from_ref(&good)), ["auth_token"]);
        assert_eq!(check(&[TLS, token("short")]), ["auth_token"]);
        assert_eq!(check(&[TLS, token("0123456789abcde/")]), ["auth_token"]);
        assert_eq!(check(&[TLS, good.clone(), groups]), ["user_group_ids"]);
        let mode = ("transit_encryption_mode", Value::from("preferred"));
        assert_eq!(check(&[TLS, mode, good.clone()]), ["auth_token"]);
        let delete = ("auth_token_update_strategy", Value::from("DELETE"));
        assert_eq!(check(&[TLS, delete, good]), ["auth_token"]);
        assert_eq!(check(&[("kms_key_id", "1".into())]), ["kms_key_id"]);
    }

    #[test]
    fn windows_do_not_overlap() {
        let windows = |daily: &str| {
            let weekly = ("maintenance_window", Value::from("sun:05:00-sun:06:00"));
            check(&[weekly, ("snapshot_window", Value::from(daily))])
        };
        assert_eq!(windows("03:00-04:00"), [""; 0]);
        assert_eq!(windows("05:30-06:30"), ["snapshot_window"]);
    }
}
