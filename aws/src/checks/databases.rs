//! Databases of RDS.

use infra_sdk::Value;
use infra_sdk::checks::{Fact, PlanView, Planned, PlannedResource, Report, Rule, Severity};

use crate::rds::{
    Cluster, ClusterInstance, ClusterParameterGroup, Engine, Instance, ParameterGroup,
};

/// Days of backups that Security Hub asks for.
const BACKUPS: u32 = 7;

/// A public address makes every weak password and every hole of the engine everybody's.
pub(super) fn public() -> Rule {
    Rule::new(
        "baseline::database-public",
        Severity::Critical,
        "databases have no public address",
        |plan, report| {
            let hint = "set `publicly_accessible` to `false`, and go through the network";
            for database in plan.resources::<Instance>() {
                if database.get(|d| d.publicly_accessible()).is_on() {
                    report.finding(&database, "has a public address").hint(hint);
                }
            }
            for database in plan.resources::<ClusterInstance>() {
                if database.get(|d| d.publicly_accessible()).is_on() {
                    report.finding(&database, "has a public address").hint(hint);
                }
            }
        },
    )
    .sources(&["AWS Security Hub RDS.2"])
}

/// Storage, snapshots and replicas of a database are as encrypted as it was when it was made: to
/// change that means to make it anew.
pub(super) fn encryption() -> Rule {
    Rule::new(
        "baseline::database-encryption",
        Severity::High,
        "databases encrypt their storage",
        |plan, report| {
            for database in plan.resources::<Instance>() {
                let encrypted = database.get(|d| d.storage_encrypted());
                if encrypted == Fact::Known(false) || (encrypted.is_absent() && is_own(&database)) {
                    report.finding(&database, "does not encrypt its storage").hint(ENCRYPT);
                }
            }
            for cluster in plan.resources::<Cluster>() {
                let encrypted = cluster.get(|c| c.storage_encrypted());
                let copied = !cluster.get(|c| c.snapshot_identifier()).is_absent()
                    || !cluster.get(|c| c.replication_source_identifier()).is_absent()
                    || cluster.inputs.contains_key("restore_to_point_in_time");
                if encrypted == Fact::Known(false) || (encrypted.is_absent() && !copied) {
                    report.finding(&cluster, "does not encrypt its storage").hint(ENCRYPT);
                }
            }
        },
    )
    .sources(&["AWS Security Hub RDS.3", "AWS Security Hub RDS.27"])
}

const ENCRYPT: &str = "set `storage_encrypted` to `true`, and name a key with `kms_key_id`";

/// Passwords and data go over the network in clear where a client may choose.
pub(super) fn tls() -> Rule {
    Rule::new(
        "baseline::database-tls",
        Severity::Medium,
        "databases refuse connections without TLS",
        without_tls,
    )
    .sources(&["AWS Security Hub RDS.38", "AWS Security Hub RDS.39"])
}

/// Without backups of some days nobody can go back to before a mistake that was noticed late.
pub(super) fn backups() -> Rule {
    Rule::new(
        "baseline::database-backups",
        Severity::Medium,
        "databases keep backups for 7 days",
        few_backups,
    )
    .sources(&["AWS Security Hub RDS.11"])
}

/// A database in one zone is gone as long as its zone is.
pub(super) fn multi_az() -> Rule {
    Rule::new(
        "baseline::database-multi-az",
        Severity::Medium,
        "databases of protected environments stand in several zones",
        in_one_zone,
    )
    .sources(&["AWS Security Hub RDS.5"])
}

/// The last guard against a deletion by hand or by another tool.
pub(super) fn deletion_protection() -> Rule {
    Rule::new(
        "baseline::database-deletion",
        Severity::Medium,
        "databases of protected environments refuse to be deleted",
        |plan, report| {
            if !plan.env().is_protected() {
                return;
            }
            let hint = "set `deletion_protection` to `true`";
            for database in plan.resources::<Instance>() {
                if is_source(&database) && database.get(|d| d.deletion_protection()).is_off() {
                    report.finding(&database, "can be deleted").hint(hint);
                }
            }
            for cluster in plan.resources::<Cluster>() {
                if cluster.get(|c| c.deletion_protection()).is_off() {
                    report.finding(&cluster, "can be deleted").hint(hint);
                }
            }
        },
    )
    .sources(&["AWS Security Hub RDS.7", "AWS Security Hub RDS.8"])
}

/// A key of one's own has a policy and an audit trail, and what it encrypted can be made unreadable.
pub(super) fn hipaa_keys() -> Rule {
    Rule::new(
        "hipaa::database-keys",
        Severity::High,
        "databases are encrypted with keys of their own",
        |plan, report| {
            let hint = "name a key with `kms_key_id`; it makes the database anew";
            for database in plan.resources::<Instance>() {
                if is_own(&database) && database.get(|d| d.kms_key_id()).is_absent() {
                    report.finding(&database, "is encrypted with AWS's key").hint(hint);
                }
            }
            for cluster in plan.resources::<Cluster>() {
                if cluster.get(|c| c.kms_key_id()).is_absent() {
                    report.finding(&cluster, "is encrypted with AWS's key").hint(hint);
                }
            }
        },
    )
    .sources(&["HIPAA 164.312(a)(2)(iv)"])
}

/// As `baseline::database-tls`: health data must be guarded on its way.
pub(super) fn hipaa_tls() -> Rule {
    Rule::new(
        "hipaa::database-tls",
        Severity::High,
        "databases refuse connections without TLS",
        without_tls,
    )
    .sources(&["HIPAA 164.312(e)(1)", "AWS Security Hub RDS.38", "AWS Security Hub RDS.39"])
}

/// A data backup plan is required, not addressable.
pub(super) fn hipaa_backups() -> Rule {
    Rule::new(
        "hipaa::database-backups",
        Severity::High,
        "databases keep backups for 7 days",
        few_backups,
    )
    .sources(&["HIPAA 164.308(a)(7)(ii)(A)", "AWS Security Hub RDS.11"])
}

/// Work with health data has to go on in an emergency.
pub(super) fn hipaa_multi_az() -> Rule {
    Rule::new(
        "hipaa::database-multi-az",
        Severity::High,
        "databases of protected environments stand in several zones",
        in_one_zone,
    )
    .sources(&["HIPAA 164.308(a)(7)(ii)(C)", "AWS Security Hub RDS.5"])
}

/// Whether it is no replica of another database.
fn is_source(database: &Planned<'_, Instance>) -> bool {
    database.get(|d| d.replicate_source_db()).is_absent()
}

/// Whether it is made of nothing that says how it is encrypted: no snapshot, no other database.
fn is_own(database: &Planned<'_, Instance>) -> bool {
    is_source(database)
        && database.get(|d| d.snapshot_identifier()).is_absent()
        && !database.inputs.contains_key("restore_to_point_in_time")
}

fn few_backups(plan: &PlanView, report: &mut Report<'_>) {
    let hint = format!("keep them {BACKUPS} days at least, with `backup_retention_period`");
    for database in plan.resources::<Instance>().iter().filter(|d| is_source(d)) {
        // RDS keeps the backups of an instance for a day where nobody says.
        let days = database.get(|d| d.backup_retention_period()).or(infra_sdk::Days(1));
        if days.is_known_and(|days| days.0 < BACKUPS) {
            report.finding(database, "keeps backups for less than a week").hint(&hint);
        }
    }
    for cluster in plan.resources::<Cluster>() {
        if cluster.get(|c| c.backup_retention_period()).is_known_and(|days| days.0 < BACKUPS) {
            report.finding(&cluster, "keeps backups for less than a week").hint(&hint);
        }
    }
}

fn in_one_zone(plan: &PlanView, report: &mut Report<'_>) {
    if !plan.env().is_protected() {
        return;
    }
    for database in plan.resources::<Instance>() {
        if is_source(&database) && database.get(|d| d.multi_az()).is_off() {
            report
                .finding(&database, "stands in one zone")
                .hint("set `multi_az` to `true`; it changes in place");
        }
    }
}

/// What a parameter group says about TLS.
enum Tls {
    Refused,
    Open(&'static str),
    NotKnown,
}

fn without_tls(plan: &PlanView, report: &mut Report<'_>) {
    for database in plan.resources::<Instance>() {
        let group = plan.target::<ParameterGroup, _, _, _>(&database, |d| d.parameter_group_name());
        let tls = match &group {
            Some(group) => of_group(group),
            None if database.get(|d| d.parameter_group_name()).is_absent() => of_engine(&database),
            None => Tls::NotKnown,
        };
        report_open(report, &database, &tls);
    }
    for cluster in plan.resources::<Cluster>() {
        let group = plan.target::<ClusterParameterGroup, _, _, _>(&cluster, |c| {
            c.db_cluster_parameter_group_name()
        });
        report_open(report, &cluster, &group.map_or(Tls::NotKnown, |group| of_group(&group)));
    }
}

fn report_open(report: &mut Report<'_>, at: &impl AsRef<PlannedResource>, tls: &Tls) {
    if let Tls::Open(parameter) = tls {
        report
            .finding(at, "takes connections without TLS")
            .hint(format!("set `{parameter}` in its parameter group"));
    }
}

/// The parameter of a family, and whether the engine refuses by default. Source: RDS user guide,
/// "Using SSL with a PostgreSQL DB instance", "Requiring SSL/TLS for all connections to MySQL"; Aurora
/// user guide, "Securing Aurora PostgreSQL data with SSL/TLS".
fn parameter_of(family: &str) -> Option<(&'static str, bool)> {
    let version = |rest: &str| rest.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if let Some(rest) = family.strip_prefix("aurora-postgresql") {
        Some(("rds.force_ssl", version(rest).is_some_and(|major| major >= 17)))
    } else if let Some(rest) = family.strip_prefix("postgres") {
        Some(("rds.force_ssl", version(rest).is_some_and(|major| major >= 15)))
    } else {
        let mysql = ["mysql", "aurora-mysql", "mariadb"].iter().any(|f| family.starts_with(f));
        mysql.then_some(("require_secure_transport", false))
    }
}

fn of_group(group: &PlannedResource) -> Tls {
    let Some(family) = group.fact::<String>("family").known() else { return Tls::NotKnown };
    let Some((wanted, refuses)) = parameter_of(&family) else { return Tls::NotKnown };
    let parameters = group.value("parameter").as_list().unwrap_or_default();
    let named = |entry: &&Value| {
        let name = entry.as_map().and_then(|entry| entry.get("name")).and_then(Value::as_str);
        name.is_some_and(|name| name.eq_ignore_ascii_case(wanted))
    };
    let value = parameters.iter().find(named).and_then(|e| e.as_map()?.get("value"));
    match value {
        Some(Value::String(text)) if text == "1" || text.eq_ignore_ascii_case("on") => Tls::Refused,
        Some(Value::String(_)) => Tls::Open(wanted),
        None if refuses => Tls::Refused,
        None => Tls::Open(wanted),
        Some(_) => Tls::NotKnown,
    }
}

/// What the default group of the engine says.
fn of_engine(database: &Planned<'_, Instance>) -> Tls {
    let version = database.get(|d| d.engine_version()).known();
    let family = match (database.get(|d| d.engine()).known(), version) {
        // Left out, AWS takes a version that is newer.
        (Some(Engine::Postgres), None) => return Tls::NotKnown,
        (Some(Engine::Postgres), Some(version)) => format!("postgres{version}"),
        (Some(Engine::MySql), _) => "mysql".to_owned(),
        (Some(Engine::MariaDb), _) => "mariadb".to_owned(),
        _ => return Tls::NotKnown,
    };
    match parameter_of(&family) {
        Some((_, true)) => Tls::Refused,
        Some((parameter, false)) => Tls::Open(parameter),
        None => Tls::NotKnown,
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Days, Stack};

    use super::*;
    use crate::checks::testing::{broken, broken_when_protected};
    use crate::kms::Key;
    use crate::rds::{ClusterEngine, InstanceArguments, Parameter};

    fn database() -> InstanceArguments {
        Instance::new("db.t3.medium").engine(Engine::Postgres).engine_version("14.9")
    }

    fn add(database: InstanceArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("database", database))
    }

    #[test]
    fn a_public_address_is_found() {
        assert_eq!(broken(&public(), add(database())), [""; 0]);
        assert_eq!(broken(&public(), add(database().publicly_accessible(true))), ["database"]);
        let instance = |stack: &mut Stack| {
            let id = crate::rds::ClusterIdentifier::new("main");
            let instance = ClusterInstance::new(id, ClusterEngine::AuroraMySql, "db.r6g.large");
            stack.add("member", instance.publicly_accessible(true));
        };
        assert_eq!(broken(&public(), instance), ["member"]);
    }

    #[test]
    fn storage_is_encrypted_unless_it_is_a_copy_that_cannot_be_told() {
        let rule = encryption();
        assert_eq!(broken(&rule, add(database().storage_encrypted(true))), [""; 0]);
        assert_eq!(broken(&rule, add(database())), ["database"]);
        assert_eq!(broken(&rule, add(database().snapshot_identifier("old"))), [""; 0]);
        let cluster = |stack: &mut Stack| {
            stack.add("cluster", Cluster::new(ClusterEngine::AuroraMySql));
            let other = Cluster::new(ClusterEngine::AuroraMySql).storage_encrypted(true);
            stack.add("encrypted", other);
        };
        assert_eq!(broken(&rule, cluster), ["cluster"]);
    }

    #[test]
    fn a_key_of_its_own_is_named() {
        let with_key = |stack: &mut Stack| {
            let key = stack.add("key", Key::new());
            stack.add("database", database().kms_key_id(key.arn()));
        };
        assert_eq!(broken(&hipaa_keys(), with_key), [""; 0]);
        assert_eq!(broken(&hipaa_keys(), add(database().storage_encrypted(true))), ["database"]);
    }

    #[test]
    fn tls_is_required_by_the_group_or_by_the_engine() {
        let with_group = |family: &'static str, name: &'static str, value: &'static str| {
            move |stack: &mut Stack| {
                let group = ParameterGroup::new(family).parameter([Parameter::new(name, value)]);
                let group = stack.add("group", group);
                stack.add("database", database().parameter_group_name(group.name()));
            }
        };
        for rule in [tls(), hipaa_tls()] {
            let found = |declare| broken(&rule, declare);
            assert_eq!(found(with_group("postgres14", "rds.force_ssl", "1")), [""; 0]);
            assert_eq!(found(with_group("postgres14", "rds.force_ssl", "0")), ["database"]);
            assert_eq!(found(with_group("postgres14", "log_statement", "all")), ["database"]);
            assert_eq!(found(with_group("postgres15", "log_statement", "all")), [""; 0]);
            assert_eq!(found(with_group("mysql8.0", "require_secure_transport", "ON")), [""; 0]);
            assert_eq!(found(with_group("mysql8.0", "slow_query_log", "1")), ["database"]);
            assert_eq!(broken(&rule, add(database())), ["database"]);
            assert_eq!(broken(&rule, add(database().engine_version("16"))), [""; 0]);
            let elsewhere = crate::rds::ParameterGroupName::new("elsewhere");
            assert_eq!(broken(&rule, add(database().parameter_group_name(elsewhere))), [""; 0]);
        }
    }

    #[test]
    fn backups_are_kept_for_a_week() {
        for rule in [backups(), hipaa_backups()] {
            let kept = |days| add(database().backup_retention_period(Days(days)));
            assert_eq!(broken(&rule, kept(7)), [""; 0]);
            assert_eq!(broken(&rule, kept(6)), ["database"]);
            assert_eq!(broken(&rule, add(database())), ["database"], "one day is RDS's default");
        }
    }

    #[test]
    fn protected_environments_stand_in_several_zones_and_refuse_deletion() {
        for rule in [multi_az(), hipaa_multi_az()] {
            assert_eq!(broken_when_protected(&rule, add(database().multi_az(true))), [""; 0]);
            assert_eq!(broken_when_protected(&rule, add(database())), ["database"]);
            assert_eq!(broken(&rule, add(database())), [""; 0]);
        }
        let rule = deletion_protection();
        let guarded = add(database().deletion_protection(true));
        assert_eq!(broken_when_protected(&rule, guarded), [""; 0]);
        assert_eq!(broken_when_protected(&rule, add(database())), ["database"]);
        assert_eq!(broken(&rule, add(database())), [""; 0]);
    }
}
