//! What RDS refuses of a DB instance and can be known before the call. Source: RDS API Reference,
//! CreateDBInstance, and the RDS user guide, where a rule names no other.

use infra_sdk::Object;
use infra_sdk::kind::Problem;

use super::engine::Family;
use super::rules::{
    final_snapshot, identifiers, insights, log_exports, monitoring, passwords, windows,
};
use crate::rules::{NameRule, Rules};

/// What a database can be made of instead of nothing.
const SOURCES: [&str; 4] =
    ["replicate_source_db", "restore_to_point_in_time", "s3_import", "snapshot_identifier"];

pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let engine = rules.text("engine");
    let family = engine.and_then(Family::of);
    names(&mut rules, family);
    sources(&mut rules);
    restores(&mut rules);
    if let Some(family) = family {
        of_family(&mut rules, family);
        credentials(&mut rules, family);
        class(&mut rules, family);
    } else {
        passwords(&mut rules, "password", "password_wo", (8, 128));
    }
    if !rules.text("instance_class").unwrap_or("db.").starts_with("db.") {
        rules.refuse("instance_class", "must start with `db.`, such as `db.t4g.medium`");
    }
    super::instance_storage::storage(&mut rules, family);
    domain(&mut rules);
    monitoring(&mut rules);
    insights(&mut rules);
    windows(&mut rules, "backup_window", "maintenance_window");
    if rules.is_true("multi_az") {
        rules.without(&["availability_zone"], "with `multi_az`");
    }
    if rules.has("replicate_source_db") {
        rules.without(&["final_snapshot_identifier"], "for a replica, which has none");
    } else {
        final_snapshot(&mut rules);
    }
    rules.finish()
}

fn names(rules: &mut Rules<'_>, family: Option<Family>) {
    identifiers(rules, "identifier", "identifier_prefix");
    if family == Some(Family::SqlServer) {
        let because = "for SQL Server, whose instances have names of at most 15 characters";
        rules.without(&["identifier_prefix"], because);
        rules.required(&["identifier"], because);
        if rules.text("identifier").is_some_and(|name| name.chars().count() > 15) {
            rules.refuse("identifier", "must have at most 15 characters for SQL Server");
        }
    }
}

/// A database is made of one thing, and what that does not bring along is asked for.
fn sources(rules: &mut Rules<'_>) {
    rules.at_most_one(&SOURCES);
    let managed = rules.may_be_true("manage_master_user_password");
    if rules.has("replicate_source_db") {
        let because = "for a replica, which has that of its source";
        let inherited = [
            "username",
            "password",
            "password_wo",
            "db_name",
            "character_set_name",
            "nchar_character_set_name",
            "timezone",
            "master_user_secret_kms_key_id",
        ];
        rules.without(&inherited, because);
        if rules.is_true("manage_master_user_password") {
            rules.refuse("manage_master_user_password", format!("cannot be true {because}"));
        }
    } else {
        let because = "for a replica only: give `replicate_source_db`";
        rules.without(&["replica_mode"], because);
        if rules.is_true("upgrade_storage_config") {
            rules.refuse("upgrade_storage_config", "is for a replica only");
        }
    }
    if !SOURCES.iter().any(|source| *source != "s3_import" && rules.has(source)) {
        let because = "for a database that is not made of another";
        rules.required(&["allocated_storage", "engine", "username"], because);
        if !managed && !rules.has("password_wo") {
            let because = "for a database that is not made of another, or else `password_wo` or \
                           `manage_master_user_password`";
            rules.required(&["password"], because);
        }
        if rules.has("kms_key_id") && !rules.may_be_true("storage_encrypted") {
            rules.refuse("kms_key_id", "needs `storage_encrypted`");
        }
    } else if rules.has("snapshot_identifier") || rules.has("restore_to_point_in_time") {
        // Source: RestoreDBInstanceFromDBSnapshot, which has neither.
        let because = "for a restored database, which is encrypted as its source was";
        rules.without(&["kms_key_id", "storage_encrypted"], because);
    }
}

fn restores(rules: &mut Rules<'_>) {
    rules.blocks("restore_to_point_in_time", |block| {
        block.exactly_one(&[
            "source_db_instance_identifier",
            "source_dbi_resource_id",
            "source_db_instance_automated_backups_arn",
        ]);
        let latest = block.is_true("use_latest_restorable_time");
        if latest {
            block.without(&["restore_time"], "with `use_latest_restorable_time`");
        } else if !block.may_be_true("use_latest_restorable_time") {
            block.required(&["restore_time"], "without `use_latest_restorable_time`");
        }
        if block.text("restore_time").is_some_and(|time| !is_time(time)) {
            block.refuse("restore_time", "must be a time in UTC, such as `2026-01-31T12:00:00Z`");
        }
    });
    if rules.has("s3_import") && rules.text("engine").is_some_and(|engine| engine != "mysql") {
        rules.refuse("s3_import", "is for the engine `mysql`");
    }
}

/// Whether a text is a time as RFC 3339 writes it in UTC.
pub(super) fn is_time(text: &str) -> bool {
    let shape = |pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, sign)| match sign {
                b'0' => byte.is_ascii_digit(),
                sign => byte == sign,
            })
    };
    shape("0000-00-00T00:00:00Z") || shape("0000-00-00T00:00:00.000Z")
}

/// What an engine has and another has not.
fn of_family(rules: &mut Rules<'_>, family: Family) {
    let logs: &[&str] = match family {
        Family::Db2 => &["diag.log", "notify.log", "iam-db-auth-error"],
        Family::MariaDb | Family::MySql => {
            &["audit", "error", "general", "iam-db-auth-error", "slowquery"]
        }
        Family::Oracle => &["alert", "audit", "listener", "oemagent", "trace"],
        Family::Postgres => &["iam-db-auth-error", "postgresql", "upgrade"],
        Family::SqlServer => &["agent", "error"],
    };
    log_exports(rules, logs);
    let licenses: &[&str] = match family {
        Family::Db2 => &["bring-your-own-license", "marketplace-license"],
        Family::MariaDb | Family::MySql => &["general-public-license"],
        Family::Oracle => &["bring-your-own-license", "license-included"],
        Family::Postgres => &["postgresql-license"],
        Family::SqlServer => &["license-included", "bring-your-own-license"],
    };
    if let Some(license) = rules.text("license_model")
        && !licenses.contains(&license)
    {
        let offered = licenses.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(" or ");
        rules.refuse("license_model", format!("must be {offered} for this engine"));
    }
    if !family.is_open_source() {
        let open = "is for MariaDB, MySQL and PostgreSQL";
        for name in ["iam_database_authentication_enabled", "dedicated_log_volume"] {
            if rules.is_true(name) {
                rules.refuse(name, open);
            }
        }
        rules.without(&["engine_lifecycle_support"], "for this engine, which has no such support");
    }
    if !matches!(family, Family::Oracle | Family::SqlServer | Family::Db2) {
        rules.without(&["character_set_name"], "for this engine: it is chosen by parameters");
        rules.without(&["timezone"], "for this engine: it is chosen by parameters");
    }
    if family != Family::Oracle {
        rules.without(&["nchar_character_set_name"], "for this engine: it is for Oracle");
    }
    if !matches!(family, Family::Oracle | Family::Db2) {
        rules.without(&["replica_mode"], "for this engine: it is for Oracle and Db2");
    }
    let taken = |port: i64| {
        [1234, 1434, 3260, 3343, 3389, 47001].contains(&port) || (49152..=49156).contains(&port)
    };
    if family == Family::SqlServer && rules.number("port").is_some_and(taken) {
        rules.refuse("port", "is one that SQL Server keeps for itself");
    }
    if rules.text("engine").is_some_and(|engine| engine.starts_with("custom-")) {
        rules.required(&["custom_iam_instance_profile"], "for RDS Custom");
        if rules.is_true("auto_minor_version_upgrade") {
            rules.refuse("auto_minor_version_upgrade", "must be false for RDS Custom");
        }
    } else {
        rules.without(&["custom_iam_instance_profile"], "for this engine: it is for RDS Custom");
    }
    let profile = rules.text("custom_iam_instance_profile");
    if profile.is_some_and(|profile| !profile.starts_with("AWSRDSCustom")) {
        rules.refuse("custom_iam_instance_profile", "must start with `AWSRDSCustom`");
    }
}

/// The first database, the master user and its password.
fn credentials(rules: &mut Rules<'_>, family: Family) {
    let word = |longest| NameRule {
        shortest: 1,
        longest,
        allows: |c| c.is_ascii_alphanumeric() || c == '_',
        characters: "letters, digits and underscores",
    };
    match family {
        Family::SqlServer => rules.without(&["db_name"], "for SQL Server"),
        Family::Oracle | Family::Db2 => rules.follows("db_name", &word(8)),
        Family::Postgres => rules.follows("db_name", &word(63)),
        Family::MariaDb | Family::MySql => rules.follows("db_name", &word(64)),
    }
    let longest = match family {
        Family::MariaDb | Family::MySql | Family::Db2 => 16,
        Family::Oracle => 30,
        Family::Postgres => 63,
        Family::SqlServer => 128,
    };
    rules.follows("username", &word(longest));
    for name in ["db_name", "username"] {
        let start = |c: char| c.is_ascii_alphabetic();
        if rules.text(name).is_some_and(|text| !text.is_empty() && !text.starts_with(start)) {
            rules.refuse(name, "must start with a letter");
        }
    }
    // Source: RDS user guide, master user account privileges; each engine's reserved words.
    let reserved: &[&str] = match family {
        Family::Postgres => &["admin", "rdsadmin"],
        _ => &["rdsadmin"],
    };
    if let Some(user) = rules.text("username").filter(|user| reserved.contains(user)) {
        rules.refuse("username", format!("`{user}` is a word that the engine keeps for itself"));
    }
    let longest = match family {
        Family::MariaDb | Family::MySql => 41,
        Family::Oracle => 30,
        Family::Postgres | Family::SqlServer | Family::Db2 => 128,
    };
    passwords(rules, "password", "password_wo", (8, longest));
}

/// Engines and classes that do not go together. Source: RDS user guide, supported DB engines for DB
/// instance classes; Performance Insights.
fn class(rules: &mut Rules<'_>, family: Family) {
    let Some(class) = rules.text("instance_class") else { return };
    if class == "db.serverless" {
        rules.refuse("instance_class", "`db.serverless` is for instances of an Aurora cluster");
    }
    if is_graviton(class) && !family.is_open_source() {
        let message = format!("`{class}` runs on Graviton, which this engine does not");
        rules.refuse("instance_class", message);
    }
    let small = [
        "db.t2.micro",
        "db.t2.small",
        "db.t3.micro",
        "db.t3.small",
        "db.t4g.micro",
        "db.t4g.small",
    ];
    if matches!(family, Family::MariaDb | Family::MySql)
        && small.contains(&class)
        && rules.is_true("performance_insights_enabled")
    {
        let message = format!("is not for the class `{class}` with MariaDB and MySQL");
        rules.refuse("performance_insights_enabled", message);
    }
    // Source: RDS user guide, encrypting RDS resources, availability.
    if class == "db.t2.micro" && rules.is_true("storage_encrypted") {
        rules.refuse("storage_encrypted", "is not for the class `db.t2.micro`");
    }
}

/// Whether a class has Graviton processors: a `g` behind the generation, as in `db.r6g.large`.
pub(super) fn is_graviton(class: &str) -> bool {
    let kind = class.split('.').nth(1).unwrap_or_default();
    let behind = kind.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    behind.trim_start_matches(|c: char| c.is_ascii_digit()).contains('g')
}

fn domain(rules: &mut Rules<'_>) {
    let own = ["domain_auth_secret_arn", "domain_dns_ips", "domain_fqdn", "domain_ou"];
    if rules.has("domain") {
        rules.without(&own, "with `domain`");
        rules.required(&["domain_iam_role_name"], "with `domain`");
    } else {
        rules.without(&["domain_iam_role_name"], "without `domain`");
        if own.iter().any(|name| rules.has(name)) {
            rules.required(&own, "for a directory of one's own");
        }
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Value;

    use super::*;

    /// Paths of what is wrong with a PostgreSQL database that is changed like this; null takes an
    /// argument away.
    fn wrong(changes: &[(&str, Value)]) -> Vec<String> {
        let mut inputs = Object::from([
            ("engine".to_owned(), Value::from("postgres")),
            ("instance_class".to_owned(), Value::from("db.t4g.medium")),
            ("allocated_storage".to_owned(), Value::Int(20)),
            ("username".to_owned(), Value::from("app")),
            ("password".to_owned(), Value::from("correct horse").sensitive()),
            ("skip_final_snapshot".to_owned(), Value::Bool(true)),
            ("monitoring_interval".to_owned(), Value::Int(0)),
        ]);
        for (name, value) in changes {
            inputs.insert((*name).to_owned(), value.clone());
        }
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    const REPLICA: [(&str, Value); 3] =
        [("engine", Value::Null), ("username", Value::Null), ("password", Value::Null)];

    #[test]
    fn a_new_database_needs_an_engine_storage_and_credentials() {
        assert_eq!(wrong(&[]), [""; 0]);
        assert_eq!(wrong(&[("allocated_storage", Value::Null)]), ["allocated_storage"]);
        assert_eq!(wrong(&[("username", Value::Null)]), ["username"]);
        assert_eq!(wrong(&[("password", Value::Null)]), ["password"]);
        let managed = ("manage_master_user_password", Value::Bool(true));
        assert_eq!(wrong(&[("password", Value::Null), managed.clone()]), [""; 0]);
        assert_eq!(wrong(&[managed]), ["password"]);
        assert_eq!(wrong(&[("password_wo", "correct horse".into())]), ["password_wo"]);
        assert_eq!(wrong(&[("kms_key_id", Value::Unknown)]), ["kms_key_id"]);
    }

    #[test]
    fn a_replica_has_what_its_source_has() {
        let source = ("replicate_source_db", Value::Unknown);
        let with = |more: &[(&str, Value)]| {
            let mut all = REPLICA.to_vec();
            all.push(source.clone());
            all.extend(more.iter().cloned());
            wrong(&all)
        };
        assert_eq!(with(&[]), [""; 0]);
        assert_eq!(with(&[("username", "app".into())]), ["username"]);
        assert_eq!(with(&[("snapshot_identifier", "a".into())]), ["snapshot_identifier"]);
        assert_eq!(with(&[("skip_final_snapshot", false.into())]), [""; 0]);
        assert_eq!(
            with(&[("final_snapshot_identifier", "a".into())]),
            ["final_snapshot_identifier"]
        );
        assert_eq!(wrong(&[("replica_mode", "mounted".into())]).len(), 2);
    }

    #[test]
    fn a_restored_database_has_one_source_and_one_time() {
        let block = |given: &[(&str, Value)]| {
            let entries = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let block = Value::Map(entries.collect());
            wrong(&[("restore_to_point_in_time", block)])
        };
        let source = ("source_db_instance_identifier", Value::from("main"));
        let time = ("restore_time", Value::from("2026-01-31T12:00:00Z"));
        let latest = ("use_latest_restorable_time", Value::Bool(true));
        assert_eq!(block(&[source.clone(), time.clone()]), [""; 0]);
        assert_eq!(block(&[source.clone(), latest.clone()]), [""; 0]);
        assert_eq!(block(std::slice::from_ref(&source)).len(), 1);
        assert_eq!(block(std::slice::from_ref(&time)).len(), 1);
        assert_eq!(block(&[source.clone(), time, latest]).len(), 1);
        assert_eq!(block(&[source, ("restore_time", "yesterday".into())]).len(), 1);
        let snapshot = ("snapshot_identifier", Value::from("before"));
        assert_eq!(wrong(&[snapshot, ("storage_encrypted", true.into())]), ["storage_encrypted"]);
    }

    #[test]
    fn engines_differ_in_what_they_have() {
        let engine = |name: &str| ("engine", Value::from(name));
        let logs =
            |log: &str| ("enabled_cloudwatch_logs_exports", Value::List(vec![Value::from(log)]));
        assert_eq!(wrong(&[logs("postgresql")]), [""; 0]);
        assert_eq!(wrong(&[logs("slowquery")]), ["enabled_cloudwatch_logs_exports"]);
        assert_eq!(wrong(&[engine("mysql"), logs("slowquery")]), [""; 0]);
        assert_eq!(wrong(&[("username", "admin".into())]), ["username"]);
        assert_eq!(wrong(&[engine("mysql"), ("username", "admin".into())]), [""; 0]);
        assert_eq!(wrong(&[("license_model", "license-included".into())]), ["license_model"]);
        assert_eq!(wrong(&[("db_name", "1st".into())]), ["db_name"]);
        let oracle = [
            engine("oracle-se2"),
            ("instance_class", "db.m5.large".into()),
            ("iam_database_authentication_enabled", true.into()),
        ];
        assert_eq!(wrong(&oracle), ["iam_database_authentication_enabled"]);
        let sql = |identifier: &str| {
            let class = ("instance_class", Value::from("db.m5.large"));
            wrong(&[engine("sqlserver-ex"), class, ("identifier", identifier.into())])
        };
        assert_eq!(sql("short"), [""; 0]);
        assert_eq!(sql("rather-long-name"), ["identifier"]);
    }

    #[test]
    fn engines_and_classes_go_together() {
        let check = |engine: &str, class: &str| {
            wrong(&[("engine", engine.into()), ("instance_class", class.into())])
        };
        assert_eq!(check("mariadb", "db.r6gd.large"), [""; 0]);
        assert_eq!(check("oracle-ee", "db.r6i.large"), [""; 0]);
        assert_eq!(check("oracle-ee", "db.r6g.large"), ["instance_class"]);
        assert_eq!(check("db2-se", "db.t4g.medium"), ["instance_class"]);
        assert_eq!(check("postgres", "db.serverless"), ["instance_class"]);
        assert_eq!(check("postgres", "t4g.medium"), ["instance_class"]);
        let insights = ("performance_insights_enabled", Value::Bool(true));
        let small = ("instance_class", Value::from("db.t3.micro"));
        assert_eq!(wrong(&[insights.clone(), small.clone()]), [""; 0]);
        assert_eq!(
            wrong(&[("engine", "mysql".into()), insights, small]),
            ["performance_insights_enabled"]
        );
    }

    #[test]
    fn a_directory_is_aws_s_or_ones_own() {
        let domain = ("domain", Value::from("d-1"));
        assert_eq!(wrong(std::slice::from_ref(&domain)), ["domain_iam_role_name"]);
        assert_eq!(wrong(&[domain, ("domain_iam_role_name", "rds".into())]), [""; 0]);
        assert_eq!(wrong(&[("domain_fqdn", "a.example".into())]).len(), 3);
    }

    #[test]
    fn windows_and_zones_exclude_one_another() {
        let backup = ("backup_window", Value::from("05:30-06:30"));
        let maintenance = ("maintenance_window", Value::from("sun:05:00-sun:06:00"));
        assert_eq!(wrong(&[backup, maintenance]), ["maintenance_window"]);
        let zone = ("availability_zone", Value::from("us-west-2a"));
        assert_eq!(wrong(std::slice::from_ref(&zone)), [""; 0]);
        assert_eq!(wrong(&[zone, ("multi_az", true.into())]), ["availability_zone"]);
    }
}
