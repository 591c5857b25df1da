//! A plan: when backups are made, where they are kept, and for how long.
//!
//! What is backed up is a selection, a type of its own. The handler is in `plan_handler`.
//!
//! API: CreateBackupPlan, GetBackupPlan, ListBackupPlans, UpdateBackupPlan, DeleteBackupPlan,
//! ListTags, TagResource, UntagResource.

use std::collections::BTreeMap;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Object, Outputs, Resource, Tags, Value};

use super::names::NAMES;
use super::{BackupPlanId, BackupVaultName, Vault};
use crate::rules::Rules;

/// When backups are made, where they are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_backup_plan", outputs = PlanOutputs, validate = validate)]
pub struct Plan {
    /// Name, at most 50 characters; several plans may have one.
    #[field(force_new)]
    pub name: String,
    /// When and where.
    #[field(required)]
    pub rule: BlockSet<PlanRule>,
    /// Settings of single kinds of resources.
    pub advanced_backup_setting: BlockSet<AdvancedBackupSetting>,
    /// Tags.
    pub tags: Tags,
}

/// When backups are made, and where they are kept.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PlanRule {
    /// Name, unique in the plan.
    pub rule_name: String,
    /// Vault that they are kept in.
    pub target_vault_name: BackupVaultName,
    /// When: `cron(0 5 ? * * *)`. Left out, only continuous backups and those on demand are made.
    pub schedule: Option<String>,
    /// Time zone of the schedule.
    #[field(default = String::from("Etc/UTC"))]
    pub schedule_expression_timezone: String,
    /// Keep what is needed to go back to any second.
    #[field(default = false)]
    pub enable_continuous_backup: bool,
    /// Minutes after which a backup that has not begun is given up.
    #[field(default = 480, range = 60..=4_294_967_295)]
    pub start_window: u32,
    /// Minutes after which a backup that has not ended is given up.
    #[field(default = 10080, range = 60..=4_294_967_295)]
    pub completion_window: u32,
    /// How long backups are kept. Left out, for ever.
    pub lifecycle: Option<BackupLifecycle>,
    /// Tags of the backups.
    pub recovery_point_tags: BTreeMap<String, String>,
    /// Copies in other vaults.
    pub copy_action: BlockSet<BackupCopy>,
}

/// How long backups are kept.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BackupLifecycle {
    /// Days after which they go into cold storage.
    #[field(range = 1..=4_294_967_295)]
    pub cold_storage_after: Option<u32>,
    /// Days after which they are deleted; 90 in cold storage at least.
    #[field(range = 1..=4_294_967_295)]
    pub delete_after: Option<u32>,
    /// Put resources that can be archived there, such as snapshots of volumes.
    #[field(default = false)]
    pub opt_in_to_archive_for_supported_resource_types: bool,
}

/// A copy of each backup in another vault.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BackupCopy {
    /// The other vault, of any region and account.
    #[field(any_region)]
    pub destination_vault_arn: Arn<Vault>,
    /// How long copies are kept. Left out, for ever.
    pub lifecycle: Option<BackupLifecycle>,
}

/// Settings of one kind of resources.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AdvancedBackupSetting {
    /// The kind: `EC2`.
    pub resource_type: String,
    /// The settings: `WindowsVSS` is `enabled` or `disabled`.
    #[field(required)]
    pub backup_options: BTreeMap<String, String>,
}

/// What AWS assigns to a [`Plan`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct PlanOutputs {
    /// The plan's id.
    pub id: BackupPlanId,
    /// The plan's ARN.
    pub arn: Arn<Plan>,
    /// Version, another one after each change.
    pub version: String,
}

/// Days that a backup stays in cold storage at least, and that continuous backups are kept at most.
/// Source: AWS Backup API Reference, Lifecycle; developer guide, continuous backups.
const COLD: i64 = 90;
const CONTINUOUS: i64 = 35;

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    let list = inputs.get("rule").and_then(Value::as_list).unwrap_or_default();
    let names: Vec<_> =
        list.iter().filter_map(|rule| rule.as_map()?.get("rule_name")?.as_str()).collect();
    let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
    if let Some((_, name)) = twice {
        rules.refuse("rule", format!("`{name}` stands twice"));
    }
    rules.blocks("rule", |rules| {
        rules.follows("rule_name", &NAMES);
        let odd = |text: &str| !text.starts_with("cron(") && !text.starts_with("rate(");
        if rules.text("schedule").is_some_and(odd) {
            rules.refuse("schedule", "must be `cron(…)` or `rate(…)`");
        }
        rules.ordered("start_window", "completion_window");
        let continuous = rules.is_true("enable_continuous_backup");
        rules.blocks("lifecycle", |rules| {
            check_lifecycle(rules);
            if continuous {
                rules.without(&["cold_storage_after"], "with continuous backups");
                if rules.number("delete_after").is_some_and(|days| days > CONTINUOUS) {
                    let most = format!("must be at most {CONTINUOUS} with continuous backups");
                    rules.refuse("delete_after", most);
                }
            }
        });
        rules.blocks("copy_action", |rules| rules.blocks("lifecycle", check_lifecycle));
    });
    rules.finish()
}

fn check_lifecycle(rules: &mut Rules<'_>) {
    let (cold, delete) = (rules.number("cold_storage_after"), rules.number("delete_after"));
    if let (Some(cold), Some(delete)) = (cold, delete)
        && delete < cold + COLD
    {
        let least = format!("must be {COLD} days after `cold_storage_after` at least");
        rules.refuse("delete_after", least);
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Object {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn check(rules: &[&[(&str, Value)]]) -> Vec<String> {
        let rules = rules.iter().map(|entries| Value::Map(object(entries))).collect();
        let inputs = object(&[("rule", Value::List(rules))]);
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn backups_stay_in_cold_storage_for_ninety_days() {
        let lifecycle = |cold: i64, delete: i64| {
            let days =
                object(&[("cold_storage_after", cold.into()), ("delete_after", delete.into())]);
            ("lifecycle", Value::Map(days))
        };
        assert_eq!(check(&[&[lifecycle(30, 120)]]), [""; 0]);
        assert_eq!(check(&[&[lifecycle(30, 119)]]), ["rule[0].lifecycle.delete_after"]);
        let continuous = ("enable_continuous_backup", Value::Bool(true));
        let long = ("lifecycle", Value::Map(object(&[("delete_after", Value::Int(36))])));
        assert_eq!(check(&[&[continuous, long]]), ["rule[0].lifecycle.delete_after"]);
    }

    #[test]
    fn rules_have_names_and_schedules() {
        let name = |name: &str| ("rule_name", Value::from(name));
        assert_eq!(check(&[&[name("a")], &[name("b")]]), [""; 0]);
        assert_eq!(check(&[&[name("a")], &[name("a")]]), ["rule"]);
        assert_eq!(check(&[&[("schedule", "daily".into())]]), ["rule[0].schedule"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_backup_plan,
        Fixture {
            base: |stack, name| {
                let vault = stack.add("vault", Vault::new(format!("{name}-vault")));
                let copies = stack.add("copies", Vault::new(format!("{name}-copies")));
                let lifecycle =
                    BackupLifecycle::new().cold_storage_after(30_u32).delete_after(365_u32);
                let copy = BackupCopy::new(copies.arn());
                let daily = PlanRule::new("daily", vault.id())
                    .schedule("cron(0 5 ? * * *)")
                    .start_window(60_u32)
                    .completion_window(180_u32)
                    .lifecycle(lifecycle)
                    .copy_action([copy.lifecycle(BackupLifecycle::new().delete_after(7_u32))]);
                let weekly = PlanRule::new("weekly", vault.id()).schedule("cron(0 6 ? * 1 *)");
                let options = BTreeMap::from([("WindowsVSS", "enabled")]);
                let plan = Plan::new(format!("{name}-plan"), [daily, weekly]);
                let plan =
                    plan.advanced_backup_setting([AdvancedBackupSetting::new("EC2", options)]);
                stack.add("it", plan.tag("Name", name));
            },
            update: Some(|stack, name| {
                let vault = stack.add("vault", Vault::new(format!("{name}-vault")));
                stack.add("copies", Vault::new(format!("{name}-copies")));
                let daily = PlanRule::new("daily", vault.id())
                    .schedule("cron(0 4 ? * * *)")
                    .schedule_expression_timezone("Europe/Berlin")
                    .enable_continuous_backup(true)
                    .recovery_point_tags(BTreeMap::from([("kind", "daily")]))
                    .lifecycle(BackupLifecycle::new().delete_after(35_u32));
                let plan = Plan::new(format!("{name}-plan"), [daily]);
                stack.add("it", plan.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let vault = stack.add("vault", Vault::new(format!("{name}-vault")));
                stack.add("it", Plan::new("other", [PlanRule::new("daily", vault.id())]));
            }),
            gaps: &[],
        }
    );
}
