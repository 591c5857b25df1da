//! What RDS refuses of a DB cluster and can be known before the call. Source: RDS API Reference,
//! CreateDBCluster; Aurora user guide.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Value};

use super::rules::{
    final_snapshot, identifiers, insights, log_exports, monitoring, passwords, windows,
};
use crate::rules::{NameRule, Rules};

/// What a cluster can be made of instead of nothing.
const SOURCES: [&str; 3] =
    ["replication_source_identifier", "restore_to_point_in_time", "snapshot_identifier"];

pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    identifiers(&mut rules, "cluster_identifier", "cluster_identifier_prefix");
    let engine = rules.text("engine").unwrap_or_default();
    let longest = if engine.ends_with("mysql") { 41 } else { 99 };
    passwords(&mut rules, "master_password", "master_password_wo", (8, longest));
    sources(&mut rules);
    of_engine(&mut rules, engine);
    names(&mut rules, engine);
    capacity(&mut rules, inputs);
    monitoring(&mut rules);
    insights(&mut rules);
    windows(&mut rules, "preferred_backup_window", "preferred_maintenance_window");
    if rules.has("domain") {
        rules.required(&["domain_iam_role_name"], "with `domain`");
    } else {
        rules.without(&["domain_iam_role_name"], "without `domain`");
    }
    final_snapshot(&mut rules);
    rules.finish()
}

fn sources(rules: &mut Rules<'_>) {
    rules.at_most_one(&SOURCES);
    // Secondary clusters of a global database have the credentials of the primary.
    let whole = !SOURCES.iter().any(|source| rules.has(source));
    if whole && !rules.has("global_cluster_identifier") {
        rules.required(&["master_username"], "for a cluster that is not made of another");
        if !rules.may_be_true("manage_master_user_password") && !rules.has("master_password_wo") {
            let because = "for a cluster that is not made of another, or else \
                           `master_password_wo` or `manage_master_user_password`";
            rules.required(&["master_password"], because);
        }
        if rules.has("kms_key_id") && !rules.may_be_true("storage_encrypted") {
            rules.refuse("kms_key_id", "needs `storage_encrypted`");
        }
    }
    rules.blocks("restore_to_point_in_time", |block| {
        block.exactly_one(&["source_cluster_identifier", "source_cluster_resource_id"]);
        if block.is_true("use_latest_restorable_time") {
            block.without(&["restore_to_time"], "with `use_latest_restorable_time`");
        } else if !block.may_be_true("use_latest_restorable_time") {
            block.required(&["restore_to_time"], "without `use_latest_restorable_time`");
        }
        let time = block.text("restore_to_time");
        if time.is_some_and(|time| !super::instance_rules::is_time(time)) {
            block
                .refuse("restore_to_time", "must be a time in UTC, such as `2026-01-31T12:00:00Z`");
        }
    });
}

fn of_engine(rules: &mut Rules<'_>, engine: &str) {
    let logs: &[&str] = match engine {
        "aurora-mysql" => {
            &["audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"]
        }
        "mysql" => &["audit", "error", "general", "iam-db-auth-error", "slowquery"],
        "aurora-postgresql" => &["iam-db-auth-error", "instance", "postgresql"],
        _ => &["iam-db-auth-error", "postgresql", "upgrade"],
    };
    log_exports(rules, logs);
    let multi_az = ["db_cluster_instance_class", "allocated_storage", "iops"];
    let storage = rules.text("storage_type");
    let of_aurora = storage.is_none_or(|kind| kind.starts_with("aurora"));
    if engine.starts_with("aurora") {
        rules.without(&multi_az, "for Aurora: it is for Multi-AZ clusters");
        if !of_aurora {
            rules.refuse("storage_type", "must be `aurora` or `aurora-iopt1` for Aurora");
        }
    } else {
        rules.required(&multi_az[..2], "for a Multi-AZ cluster");
        if storage.is_some() && of_aurora {
            rules.refuse("storage_type", "must be `gp3`, `io1` or `io2` for a Multi-AZ cluster");
        }
        if matches!(storage, Some("io1" | "io2")) {
            rules.required(&["iops"], "with this storage type");
        }
        rules.without(&["serverlessv2_scaling_configuration"], "for this engine: it is for Aurora");
        for name in ["enable_http_endpoint", "enable_global_write_forwarding"] {
            if rules.is_true(name) {
                rules.refuse(name, "is for Aurora");
            }
        }
    }
    if engine != "aurora-mysql" && rules.number("backtrack_window").is_some_and(|window| window > 0)
    {
        rules.refuse("backtrack_window", "is for `aurora-mysql`");
    }
    if let Some(class) = rules.text("db_cluster_instance_class")
        && !class.starts_with("db.")
    {
        rules.refuse("db_cluster_instance_class", "must start with `db.`");
    }
}

fn names(rules: &mut Rules<'_>, engine: &str) {
    let word = |longest| NameRule {
        shortest: 1,
        longest,
        allows: |c| c.is_ascii_alphanumeric() || c == '_',
        characters: "letters, digits and underscores",
    };
    let mysql = engine.ends_with("mysql");
    rules.follows("database_name", &word(if mysql { 64 } else { 63 }));
    rules.follows("master_username", &word(if mysql { 16 } else { 63 }));
    for name in ["database_name", "master_username"] {
        let start = |c: char| c.is_ascii_alphabetic();
        if rules.text(name).is_some_and(|text| !text.is_empty() && !text.starts_with(start)) {
            rules.refuse(name, "must start with a letter");
        }
    }
    let user = rules.text("master_username");
    if user == Some("rdsadmin") || user == Some("admin") && !mysql {
        rules.refuse("master_username", "is a word that the engine keeps for itself");
    }
}

/// Capacity goes in half units. Source: Aurora user guide, Aurora Serverless v2 capacity.
fn capacity(rules: &mut Rules<'_>, inputs: &Object) {
    let name = "serverlessv2_scaling_configuration";
    let Some(block) = inputs.get(name).and_then(Value::as_map) else { return };
    let float = |field: &str| match block.get(field).map(Value::reveal) {
        Some(Value::Float(number)) => Some(*number),
        #[expect(clippy::cast_precision_loss, reason = "capacities are small")]
        Some(Value::Int(number)) => Some(*number as f64),
        _ => None,
    };
    let (least, most) = (float("min_capacity"), float("max_capacity"));
    for (field, value, from) in [("min_capacity", least, 0.0), ("max_capacity", most, 1.0)] {
        let halves = |value: f64| (value * 2.0).fract() == 0.0;
        if value.is_some_and(|value| !(from..=256.0).contains(&value) || !halves(value)) {
            let message = format!("must be {from} to 256 in steps of 0.5");
            rules.refuse(&format!("{name}.{field}"), message);
        }
    }
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        rules.refuse(&format!("{name}.max_capacity"), "must not be less than `min_capacity`");
    }
    let pauses = block.get("seconds_until_auto_pause").is_some_and(|value| !value.is_null());
    if pauses && least.is_some_and(|least| least > 0.0) {
        rules.refuse(&format!("{name}.seconds_until_auto_pause"), "needs a `min_capacity` of 0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths of what is wrong with an Aurora cluster that is changed like this.
    fn wrong(changes: &[(&str, Value)]) -> Vec<String> {
        let mut inputs = Object::from([
            ("engine".to_owned(), Value::from("aurora-postgresql")),
            ("master_username".to_owned(), Value::from("app")),
            ("master_password".to_owned(), Value::from("correct horse").sensitive()),
            ("skip_final_snapshot".to_owned(), Value::Bool(true)),
        ]);
        for (name, value) in changes {
            inputs.insert((*name).to_owned(), value.clone());
        }
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_new_cluster_needs_credentials() {
        assert_eq!(wrong(&[]), [""; 0]);
        assert_eq!(wrong(&[("master_password", Value::Null)]), ["master_password"]);
        let snapshot = ("snapshot_identifier", Value::from("before"));
        let none = [("master_username", Value::Null), ("master_password", Value::Null)];
        assert_eq!(wrong(&[snapshot, none[0].clone(), none[1].clone()]), [""; 0]);
        assert_eq!(wrong(&[("master_username", "admin".into())]), ["master_username"]);
    }

    #[test]
    fn aurora_and_multi_az_clusters_take_other_arguments() {
        let class = ("db_cluster_instance_class", Value::from("db.m6gd.large"));
        let engine = ("engine", Value::from("postgres"));
        let size = ("allocated_storage", Value::Int(100));
        assert_eq!(wrong(std::slice::from_ref(&class)), ["db_cluster_instance_class"]);
        assert_eq!(wrong(std::slice::from_ref(&engine)).len(), 2);
        assert_eq!(wrong(&[engine, class, size]), [""; 0]);
        assert_eq!(wrong(&[("storage_type", "gp3".into())]), ["storage_type"]);
        assert_eq!(wrong(&[("storage_type", "aurora-iopt1".into())]), [""; 0]);
        assert_eq!(wrong(&[("backtrack_window", Value::Int(60))]), ["backtrack_window"]);
    }

    #[test]
    fn capacity_goes_in_halves_and_pauses_at_nothing() {
        let check = |least: f64, most: f64, pause: Value| {
            let block = Object::from([
                ("min_capacity".to_owned(), Value::Float(least)),
                ("max_capacity".to_owned(), Value::Float(most)),
                ("seconds_until_auto_pause".to_owned(), pause),
            ]);
            wrong(&[("serverlessv2_scaling_configuration", Value::Map(block))]).len()
        };
        assert_eq!(check(0.5, 4.0, Value::Null), 0);
        assert_eq!(check(0.0, 1.0, Value::Int(300)), 0);
        assert_eq!(check(0.3, 4.0, Value::Null), 1);
        assert_eq!(check(0.5, 0.5, Value::Null), 1);
        assert_eq!(check(8.0, 4.0, Value::Null), 1);
        assert_eq!(check(0.5, 4.0, Value::Int(300)), 1);
    }
}
