//! What RDS says of a DB instance, as our structs. What waits to be applied is shown as it will be.

use aws_sdk_rds::types::{DbInstance as Wire, PendingModifiedValues};
use infra_sdk::{Arn, Days, Gibibytes, Object, Seconds, Value};

use super::common::{filled, tags_of};
use super::instance::{Instance, InstanceOutputs};
use super::instance_modify::is_version;
use super::{
    BackupWindow, InstanceId, InstanceIdentifier, InstanceRef, MaintenanceWindow, OptionGroupName,
    ParameterGroupName, SubnetGroupName,
};
use crate::AnyArn;
use crate::ec2::SecurityGroupId;
use crate::frame::names::prefix_of;
use crate::kms::KeyRef;
use crate::prelude::*;

/// The identifier of an instance.
pub(super) fn identifier(instance: &Wire) -> Result<&str> {
    instance.db_instance_identifier().ok_or_else(|| missing("DBInstanceIdentifier"))
}

pub(super) fn see(instance: Wire, known: &Known) -> Result<Seen<Instance>> {
    let recorded = &known.recorded;
    let name = identifier(&instance)?.to_owned();
    let told = progress(&instance);
    let pending = instance.pending_modified_values.clone();
    let pending = pending.unwrap_or_else(|| PendingModifiedValues::builder().build());
    let outputs = outputs(&instance, &pending, &name, recorded)?;
    let group = instance.db_parameter_groups().first();
    let group = group.and_then(|group| group.db_parameter_group_name());
    let options = options(&instance);
    let port = instance.endpoint.as_ref().and_then(|endpoint| endpoint.port);
    let joined = instance.domain_memberships().iter().find(|domain| {
        !matches!(domain.status(), Some("removed" | "failed" | "pending-removed" | "removing"))
    });
    let own = joined.filter(|domain| domain.fqdn().is_some_and(|fqdn| !fqdn.is_empty()));
    let managed = joined.filter(|_| own.is_none());
    let secret = managed_secret(&instance);
    let new_name = pending.db_instance_identifier.clone().unwrap_or_else(|| name.clone());
    let engine_version = pending.engine_version.clone();
    let engine_version =
        engine_version.as_deref().unwrap_or(&outputs.engine_version_actual).to_owned();
    let throughput = pending.storage_throughput.or(instance.storage_throughput);
    let iops = pending.iops.or(instance.iops);
    let insights = instance.performance_insights_enabled.unwrap_or(false);
    let inputs = Instance {
        instance_class: pending
            .db_instance_class
            .clone()
            .or(instance.db_instance_class.clone())
            .ok_or_else(|| missing("DBInstanceClass"))?,
        allocated_storage: storage(&instance, &pending, recorded),
        allow_major_version_upgrade: false,
        apply_immediately: false,
        auto_minor_version_upgrade: instance.auto_minor_version_upgrade.unwrap_or(true),
        availability_zone: filled(instance.availability_zone.clone()),
        backup_retention_period: pending
            .backup_retention_period
            .or(instance.backup_retention_period)
            .and_then(|days| u32::try_from(days).ok())
            .map(Days),
        backup_target: word(instance.backup_target(), "BackupTarget")?,
        backup_window: filled(instance.preferred_backup_window.clone()).map(BackupWindow::new),
        ca_cert_identifier: filled(
            pending
                .ca_certificate_identifier
                .clone()
                .or(instance.ca_certificate_identifier.clone()),
        ),
        character_set_name: filled(instance.character_set_name.clone()),
        copy_tags_to_snapshot: instance.copy_tags_to_snapshot.unwrap_or(false),
        custom_iam_instance_profile: filled(instance.custom_iam_instance_profile.clone()),
        customer_owned_ip_enabled: instance.customer_owned_ip_enabled,
        database_insights_mode: word(
            instance.database_insights_mode.as_ref().map(|mode| mode.as_str()),
            "DatabaseInsightsMode",
        )?,
        db_name: filled(instance.db_name.clone()),
        db_subnet_group_name: pending
            .db_subnet_group_name
            .clone()
            .or(instance.db_subnet_group.clone().and_then(|group| group.db_subnet_group_name))
            .map(SubnetGroupName::new),
        dedicated_log_volume: pending
            .dedicated_log_volume
            .or(instance.dedicated_log_volume)
            .unwrap_or(false),
        delete_automated_backups: true,
        deletion_protection: instance.deletion_protection.unwrap_or(false),
        domain: managed.and_then(|domain| filled(domain.domain.clone())),
        domain_auth_secret_arn: own
            .and_then(|domain| filled(domain.auth_secret_arn.clone()))
            .map(AnyArn::new),
        domain_dns_ips: own.and_then(|domain| domain.dns_ips.clone()).unwrap_or_default(),
        domain_fqdn: own.and_then(|domain| domain.fqdn.clone()),
        domain_iam_role_name: managed.and_then(|domain| filled(domain.iam_role_name.clone())),
        domain_ou: own.and_then(|domain| filled(domain.ou.clone())),
        enabled_cloudwatch_logs_exports: exports(&instance, &pending),
        engine: Some(parsed(instance.engine(), "Engine")?),
        engine_lifecycle_support: word(
            instance.engine_lifecycle_support(),
            "EngineLifecycleSupport",
        )?,
        engine_version: Some(asked_version(recorded, &engine_version)),
        final_snapshot_identifier: None,
        iam_database_authentication_enabled: pending
            .iam_database_authentication_enabled
            .or(instance.iam_database_authentication_enabled)
            .unwrap_or(false),
        identifier_prefix: prefix_of(&new_name),
        identifier: Some(InstanceIdentifier::new(new_name)),
        iops: iops.and_then(positive),
        kms_key_id: filled(instance.kms_key_id.clone()).map(KeyRef::new),
        license_model: word(pending.license_model().or(instance.license_model()), "LicenseModel")?,
        maintenance_window: filled(instance.preferred_maintenance_window.clone())
            .map(MaintenanceWindow::new),
        manage_master_user_password: secret.is_some(),
        master_user_secret_kms_key_id: secret
            .and_then(|secret| filled(secret.kms_key_id.clone()))
            .map(KeyRef::new),
        max_allocated_storage: instance.max_allocated_storage.and_then(positive).map(Gibibytes),
        monitoring_interval: Seconds(
            instance.monitoring_interval.and_then(positive).unwrap_or_default(),
        ),
        monitoring_role_arn: filled(instance.monitoring_role_arn.clone()).map(Arn::new),
        multi_az: pending.multi_az.or(instance.multi_az),
        nchar_character_set_name: filled(instance.nchar_character_set_name.clone()),
        network_type: word(instance.network_type(), "NetworkType")?,
        option_group_name: options.map(OptionGroupName::new),
        parameter_group_name: group.map(ParameterGroupName::new),
        password: None,
        password_wo: None,
        password_wo_version: None,
        performance_insights_enabled: insights,
        performance_insights_kms_key_id: filled(instance.performance_insights_kms_key_id.clone())
            .map(KeyRef::new),
        // RDS shows a period also where nothing is collected.
        performance_insights_retention_period: instance
            .performance_insights_retention_period
            .and_then(positive)
            .filter(|_| insights)
            .map(Days),
        port: pending.port.or(port).and_then(positive),
        publicly_accessible: instance.publicly_accessible.unwrap_or(false),
        replica_mode: word(
            instance.replica_mode.as_ref().map(|mode| mode.as_str()),
            "ReplicaMode",
        )?,
        replicate_source_db: filled(instance.read_replica_source_db_instance_identifier.clone())
            .map(InstanceRef::new),
        restore_to_point_in_time: None,
        s3_import: None,
        skip_final_snapshot: false,
        snapshot_identifier: None,
        storage_encrypted: instance.storage_encrypted,
        storage_throughput: throughput.and_then(positive),
        storage_type: word(pending.storage_type().or(instance.storage_type()), "StorageType")?,
        timezone: filled(instance.timezone.clone()),
        upgrade_storage_config: false,
        username: filled(instance.master_username.clone()),
        vpc_security_group_ids: instance
            .vpc_security_groups()
            .iter()
            .filter(|group| group.status() != Some("removing"))
            .filter_map(|group| group.vpc_security_group_id().map(SecurityGroupId::new))
            .collect(),
        tags: tags_of(instance.tag_list),
    };
    Ok(Seen::new(inputs, outputs).telling(told))
}

/// What RDS tells about a change that goes on: how far it is, and to what.
pub(super) fn progress(instance: &Wire) -> Option<String> {
    let mut parts: Vec<String> = instance
        .percent_progress()
        .filter(|text| !text.is_empty())
        .map(percent)
        .into_iter()
        .collect();
    if let Some(pending) = instance.pending_modified_values() {
        let mut to = |what: &str, value: Option<String>| {
            parts.extend(value.map(|value| format!("{what} to {value}")));
        };
        to("class", pending.db_instance_class.clone());
        to("storage", pending.allocated_storage.map(|size| format!("{size} GiB")));
        to("engine", pending.engine_version.clone());
        to("Multi-AZ", pending.multi_az.map(|on| if on { "on" } else { "off" }.to_owned()));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A percentage as RDS writes it, with its sign.
pub(super) fn percent(text: &str) -> String {
    format!("{} %", text.trim_end_matches('%').trim_end())
}

fn outputs(
    instance: &Wire,
    pending: &PendingModifiedValues,
    name: &str,
    recorded: &Object,
) -> Result<InstanceOutputs> {
    let id = instance.dbi_resource_id().ok_or_else(|| missing("DbiResourceId"))?;
    let status = instance.db_instance_status().ok_or_else(|| missing("DBInstanceStatus"))?;
    let hurried = recorded_flag(recorded, "apply_immediately") == Some(true);
    // A change that is made at once begins a moment after the call, and shows as waiting till then.
    let begins = status == "available"
        && hurried
        && *pending != PendingModifiedValues::builder().build()
        && !renamed(pending, name);
    let endpoint = instance.endpoint.as_ref();
    let address = endpoint.and_then(|endpoint| filled(endpoint.address.clone()));
    let port = endpoint.and_then(|endpoint| endpoint.port);
    Ok(InstanceOutputs {
        id: InstanceId::new(id),
        resource_id: InstanceId::new(id),
        arn: Arn::new(instance.db_instance_arn().ok_or_else(|| missing("DBInstanceArn"))?),
        endpoint: address.as_ref().and_then(|address| port.map(|port| format!("{address}:{port}"))),
        address,
        hosted_zone_id: endpoint.and_then(|endpoint| filled(endpoint.hosted_zone_id.clone())),
        engine_version_actual: instance
            .engine_version()
            .ok_or_else(|| missing("EngineVersion"))?
            .to_owned(),
        master_user_secret_arn: managed_secret(instance)
            .and_then(|secret| secret.secret_arn.clone())
            .map(AnyArn::new),
        replicas: instance.read_replica_db_instance_identifiers().to_vec(),
        status: if begins { InstanceOutputs::MODIFYING } else { status }.to_owned(),
    })
}

/// Whether nothing waits but a name that the instance has already.
fn renamed(pending: &PendingModifiedValues, name: &str) -> bool {
    let only = PendingModifiedValues::builder().db_instance_identifier(name).build();
    *pending == only
}

/// A managed password's secret, unless it is being taken away.
fn managed_secret(instance: &Wire) -> Option<&aws_sdk_rds::types::MasterUserSecret> {
    instance.master_user_secret().filter(|secret| secret.secret_arn.is_some())
}

/// The option group that is, or comes to be, in force.
fn options(instance: &Wire) -> Option<String> {
    let groups = instance.option_group_memberships();
    let coming = |status: &str| status.starts_with("pending-") && !status.contains("removal");
    groups
        .iter()
        .find(|group| {
            group.status().is_some_and(|s| coming(s) || s == "applying" || s == "pending-apply")
        })
        .or_else(|| groups.first())
        .and_then(|group| group.option_group_name.clone())
}

/// Storage. What has grown by itself is as it was asked for.
fn storage(
    instance: &Wire,
    pending: &PendingModifiedValues,
    recorded: &Object,
) -> Option<Gibibytes> {
    let size = pending.allocated_storage.or(instance.allocated_storage).and_then(positive)?;
    let asked = recorded.get("allocated_storage").and_then(Value::as_int);
    let asked = asked.and_then(|size| u32::try_from(size).ok());
    let limit = instance.max_allocated_storage.and_then(positive);
    match (asked, limit) {
        (Some(asked), Some(limit)) if asked < size && size <= limit => Some(Gibibytes(asked)),
        _ => Some(Gibibytes(size)),
    }
}

/// Log exports as they are and come to be.
fn exports(instance: &Wire, pending: &PendingModifiedValues) -> std::collections::BTreeSet<String> {
    let mut logs: std::collections::BTreeSet<_> =
        instance.enabled_cloudwatch_logs_exports().iter().cloned().collect();
    if let Some(waiting) = pending.pending_cloudwatch_logs_exports() {
        logs.extend(waiting.log_types_to_enable().iter().cloned());
        for log in waiting.log_types_to_disable() {
            logs.remove(log);
        }
    }
    logs
}

/// The version as it was asked for, if what runs is one of those.
pub(super) fn asked_version(recorded: &Object, version: &str) -> String {
    let asked = recorded.get("engine_version").and_then(Value::as_str);
    asked.filter(|asked| is_version(asked, version)).unwrap_or(version).to_owned()
}

/// A number that is 0 where there is none.
pub(super) fn positive(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// A word of a closed list, which RDS leaves empty where there is none.
pub(super) fn word<T: std::str::FromStr>(text: Option<&str>, field: &str) -> Result<Option<T>> {
    text.filter(|text| !text.is_empty()).map(|text| parsed(Some(text), field)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> aws_sdk_rds::types::builders::DbInstanceBuilder {
        Wire::builder()
            .db_instance_identifier("main")
            .dbi_resource_id("db-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            .db_instance_arn("arn:aws:rds:us-west-2:123456789012:db:main")
            .db_instance_class("db.t4g.medium")
            .db_instance_status("available")
            .engine("postgres")
            .engine_version("16.3")
            .allocated_storage(100)
    }

    fn see_with(instance: Wire, recorded: &[(&str, Value)]) -> Seen<Instance> {
        let recorded = recorded.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let known = Known {
            id: "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_owned(),
            recorded: recorded.collect(),
            outputs: Object::new(),
        };
        see(instance, &known).expect("an instance")
    }

    #[test]
    fn the_beginning_of_a_version_is_no_difference() {
        let version =
            |recorded: &[(&str, Value)]| see_with(wire().build(), recorded).inputs.engine_version;
        assert_eq!(version(&[]).as_deref(), Some("16.3"));
        assert_eq!(version(&[("engine_version", "16".into())]).as_deref(), Some("16"));
        assert_eq!(version(&[("engine_version", "15".into())]).as_deref(), Some("16.3"));
    }

    #[test]
    fn what_a_change_comes_to_is_told_while_it_goes_on() {
        assert_eq!(see_with(wire().build(), &[]).progress, None);
        let pending = PendingModifiedValues::builder()
            .db_instance_class("db.m7g.large")
            .allocated_storage(200)
            .multi_az(true)
            .build();
        let changing = wire().db_instance_status("modifying").percent_progress("42");
        let seen = see_with(changing.pending_modified_values(pending).build(), &[]);
        let told = "42 %, class to db.m7g.large, storage to 200 GiB, Multi-AZ to on";
        assert_eq!(seen.progress.as_deref(), Some(told));
    }

    #[test]
    fn storage_that_grew_by_itself_is_no_difference() {
        let size = |instance: Wire| {
            let seen = see_with(instance, &[("allocated_storage", Value::Int(50))]);
            seen.inputs.allocated_storage
        };
        assert_eq!(size(wire().max_allocated_storage(200).build()), Some(Gibibytes(50)));
        assert_eq!(size(wire().build()), Some(Gibibytes(100)));
        assert_eq!(
            size(wire().allocated_storage(40).max_allocated_storage(200).build()),
            Some(Gibibytes(40))
        );
    }

    #[test]
    fn what_waits_is_shown_as_it_will_be_and_begins_if_it_hurries() {
        let pending = PendingModifiedValues::builder().db_instance_class("db.r6g.large").build();
        let instance = wire().pending_modified_values(pending).build();
        let seen = see_with(instance.clone(), &[]);
        assert_eq!(seen.inputs.instance_class, "db.r6g.large");
        assert_eq!(seen.outputs.status, "available");
        let seen = see_with(instance, &[("apply_immediately", Value::Bool(true))]);
        assert_eq!(seen.outputs.status, "modifying");
    }
}
