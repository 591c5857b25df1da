//! The AWS calls of [`Plan`].

use std::collections::HashMap;

use aws_sdk_backup::types::{
    AdvancedBackupSetting as WireSetting, BackupPlan, BackupPlanInput, BackupRule, BackupRuleInput,
    CopyAction, Lifecycle,
};
use futures_util::stream::{self, StreamExt as _};
use infra_sdk::{Arn, BlockSet};

use super::common::{GONE, list_tags, request_id, retag};
use super::plan::{
    AdvancedBackupSetting, BackupCopy, BackupLifecycle, Plan, PlanOutputs, PlanRule,
};
use super::{BackupPlanId, BackupVaultName};
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "backup:CreateBackupPlan",
    "backup:DeleteBackupPlan",
    "backup:GetBackupPlan",
    "backup:ListBackupPlans",
    "backup:ListTags",
    "backup:TagResource",
    "backup:UntagResource",
    "backup:UpdateBackupPlan",
];

impl Handler for Plan {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "backup:CreateBackupPlan",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: GONE,
        // Selections that were deleted a moment ago.
        lingering: &[("InvalidRequestException", "selections must be deleted")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let plan = wire_plan(want)?;
        let tags = want.tags.0.clone().into_iter().collect::<HashMap<_, _>>();
        let answer = aws
            .call(|| {
                aws.backup()
                    .create_backup_plan()
                    .backup_plan(plan.clone())
                    .set_backup_plan_tags(Some(tags.clone()))
                    .creator_request_id(request_id(creating.token))
                    .send()
            })
            .await?;
        answer.backup_plan_id.ok_or_else(|| missing("BackupPlanId"))
    }

    /// The list of plans has no rules.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |known| async move { see(aws, &known.id).await }).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        let plan = wire_plan(want)?;
        aws.call(|| {
            aws.backup().update_backup_plan().backup_plan_id(id).backup_plan(plan.clone()).send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.backup().delete_backup_plan().backup_plan_id(id).send()).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let pages = aws
            .pages(
                |token| aws.backup().list_backup_plans().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let plans = pages.into_iter().flat_map(|page| page.backup_plans_list.unwrap_or_default());
        let plans = plans.filter(|plan| plan.backup_plan_name() == Some(want.name.as_str()));
        let checks: Vec<_> = plans
            .filter_map(|plan| Some((plan.backup_plan_id?, plan.backup_plan_arn?)))
            .map(|(id, arn)| async move {
                let tags = absent(list_tags(aws, &arn).await.map(Some), GONE)?;
                let ours = tags.is_some_and(|tags| is_ours(&want.tags.0, &tags.0));
                Ok(ours.then_some(id))
            })
            .collect();
        let found: Vec<Result<_>> = stream::iter(checks).buffered(8).collect().await;
        Ok(found.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let account = aws.account().await?;
        let arn: Arn<Self> = aws.arn("backup", &account.id, &format!("backup-plan:{id}"));
        retag(aws, arn.as_str(), change).await
    }
}

fn wire_plan(want: &Plan) -> Result<BackupPlanInput> {
    let rules = want.rule.0.iter().map(wire_rule).collect::<Result<Vec<_>>>()?;
    let settings = want.advanced_backup_setting.0.iter().map(|setting| {
        let options = setting.backup_options.clone().into_iter().collect();
        let wire = WireSetting::builder().resource_type(&setting.resource_type);
        wire.set_backup_options(Some(options)).build()
    });
    BackupPlanInput::builder()
        .backup_plan_name(&want.name)
        .set_rules(Some(rules))
        .set_advanced_backup_settings(Some(settings.collect::<Vec<_>>()).filter(|s| !s.is_empty()))
        .build()
        .map_err(incomplete)
}

fn wire_rule(rule: &PlanRule) -> Result<BackupRuleInput> {
    let tags = (!rule.recovery_point_tags.is_empty())
        .then(|| rule.recovery_point_tags.clone().into_iter().collect());
    let copies = rule.copy_action.0.iter().map(|copy| {
        CopyAction::builder()
            .destination_backup_vault_arn(copy.destination_vault_arn.as_str())
            .set_lifecycle(copy.lifecycle.as_ref().map(wire_lifecycle))
            .build()
            .map_err(incomplete)
    });
    let copies = copies.collect::<Result<Vec<_>>>()?;
    BackupRuleInput::builder()
        .rule_name(&rule.rule_name)
        .target_backup_vault_name(rule.target_vault_name.as_str())
        .set_schedule_expression(rule.schedule.clone())
        .schedule_expression_timezone(&rule.schedule_expression_timezone)
        .enable_continuous_backup(rule.enable_continuous_backup)
        .start_window_minutes(i64::from(rule.start_window))
        .completion_window_minutes(i64::from(rule.completion_window))
        .set_lifecycle(rule.lifecycle.as_ref().map(wire_lifecycle))
        .set_recovery_point_tags(tags)
        .set_copy_actions(Some(copies).filter(|copies| !copies.is_empty()))
        .build()
        .map_err(incomplete)
}

fn wire_lifecycle(lifecycle: &BackupLifecycle) -> Lifecycle {
    let archive = lifecycle.opt_in_to_archive_for_supported_resource_types;
    Lifecycle::builder()
        .set_move_to_cold_storage_after_days(lifecycle.cold_storage_after.map(i64::from))
        .set_delete_after_days(lifecycle.delete_after.map(i64::from))
        .set_opt_in_to_archive_for_supported_resources(archive.then_some(true))
        .build()
}

/// A plan with its tags; `None` where it is deleted.
async fn see(aws: &Aws, id: &str) -> Result<Option<Seen<Plan>>> {
    let answer = aws.call(|| aws.backup().get_backup_plan().backup_plan_id(id).send()).await?;
    if answer.deletion_date.is_some() {
        return Ok(None);
    }
    let arn = answer.backup_plan_arn.ok_or_else(|| missing("BackupPlanArn"))?;
    let plan = answer.backup_plan.ok_or_else(|| missing("BackupPlan"))?;
    let outputs = PlanOutputs {
        id: BackupPlanId::new(id),
        arn: Arn::new(&arn),
        version: answer.version_id.ok_or_else(|| missing("VersionId"))?,
    };
    let inputs = Plan { tags: list_tags(aws, &arn).await?, ..inputs(plan) };
    Ok(Some(Seen::new(inputs, outputs)))
}

fn inputs(plan: BackupPlan) -> Plan {
    let settings = plan.advanced_backup_settings.unwrap_or_default().into_iter();
    let setting = |wire: WireSetting| AdvancedBackupSetting {
        resource_type: wire.resource_type.unwrap_or_default(),
        backup_options: wire.backup_options.unwrap_or_default().into_iter().collect(),
    };
    Plan {
        name: plan.backup_plan_name,
        rule: BlockSet(plan.rules.into_iter().map(rule).collect()),
        advanced_backup_setting: BlockSet(settings.map(setting).collect()),
        tags: infra_sdk::Tags::default(),
    }
}

fn rule(wire: BackupRule) -> PlanRule {
    let minutes = |minutes: Option<i64>, usual| {
        minutes.and_then(|minutes| u32::try_from(minutes).ok()).unwrap_or(usual)
    };
    let copy = |wire: CopyAction| BackupCopy {
        destination_vault_arn: Arn::new(wire.destination_backup_vault_arn),
        lifecycle: wire.lifecycle.and_then(lifecycle),
    };
    PlanRule {
        rule_name: wire.rule_name,
        target_vault_name: BackupVaultName::new(wire.target_backup_vault_name),
        schedule: wire.schedule_expression,
        schedule_expression_timezone: wire
            .schedule_expression_timezone
            .unwrap_or_else(|| "Etc/UTC".to_owned()),
        enable_continuous_backup: wire.enable_continuous_backup.unwrap_or(false),
        // The defaults of rules that AWS's own tools made. Source: developer guide, plan options.
        start_window: minutes(wire.start_window_minutes, 480),
        completion_window: minutes(wire.completion_window_minutes, 10080),
        lifecycle: wire.lifecycle.and_then(lifecycle),
        recovery_point_tags: wire.recovery_point_tags.unwrap_or_default().into_iter().collect(),
        copy_action: BlockSet(
            wire.copy_actions.unwrap_or_default().into_iter().map(copy).collect(),
        ),
    }
}

/// How long backups are kept; `None` where for ever.
fn lifecycle(wire: Lifecycle) -> Option<BackupLifecycle> {
    let days = |days: Option<i64>| days.and_then(|days| u32::try_from(days).ok());
    let lifecycle = BackupLifecycle {
        cold_storage_after: days(wire.move_to_cold_storage_after_days).filter(|days| *days > 0),
        delete_after: days(wire.delete_after_days).filter(|days| *days > 0),
        opt_in_to_archive_for_supported_resource_types: wire
            .opt_in_to_archive_for_supported_resources
            .unwrap_or(false),
    };
    let any = lifecycle.cold_storage_after.is_some() || lifecycle.delete_after.is_some();
    (any || lifecycle.opt_in_to_archive_for_supported_resource_types).then_some(lifecycle)
}
