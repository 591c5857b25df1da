//! Changing a DB instance: one call with what differs, after a replica was promoted.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder as Modify;
use aws_sdk_rds::types::{
    CloudwatchLogsExportConfiguration, DatabaseInsightsMode as WireMode, DbInstance as Wire,
    ReplicaMode as WireReplicaMode,
};
use infra_sdk::provider::{Failure, FailureClass};

use super::instance::Instance;
use super::instance_create::{key, password};
use super::instance_handler::filled_source;
use super::instance_read::identifier;
use crate::prelude::*;

/// Inputs that only say how to do other things.
const NOTHING: &[&str] = &[
    "allow_major_version_upgrade",
    "delete_automated_backups",
    "final_snapshot_identifier",
    "restore_to_point_in_time",
    "s3_import",
    "skip_final_snapshot",
    "snapshot_identifier",
    "upgrade_storage_config",
];

pub(super) async fn update(
    aws: &Aws,
    now: &Wire,
    want: &Instance,
    was: &Instance,
    changed: &Changed,
) -> Result<()> {
    let name = identifier(now)?;
    if changed.has("replicate_source_db") {
        promote(aws, now, want).await?;
    }
    if !differs(want, was, changed) {
        return Ok(());
    }
    // What a restoring call did not take belongs to making the database: it is not put off.
    let restored = |instance: &Instance| {
        instance.snapshot_identifier.is_some() || instance.restore_to_point_in_time.is_some()
    };
    let at_once = want.apply_immediately || restored(want) && !restored(was);
    aws.call(|| {
        let call = aws.rds().modify_db_instance().db_instance_identifier(name);
        let call = call.apply_immediately(at_once);
        let call = settings(call, want, changed);
        let call = engine(call, now, want, changed);
        let call = storage(call, now, want, changed);
        let call = insights(call, want, changed);
        let call = domain(call, want, changed);
        credentials(call, want, changed)
            .set_cloudwatch_logs_export_configuration(exports(want, was, changed))
            .send()
    })
    .await
    .map(drop)
}

/// Whether there is anything to ask RDS for.
fn differs(want: &Instance, was: &Instance, changed: &Changed) -> bool {
    let mut fields = <Instance as infra_sdk::ResourceType>::SCHEMA.inputs.iter();
    let silent = |name: &str| {
        NOTHING.contains(&name)
            || name == "replicate_source_db"
            // To stop hurrying needs no call, to begin does what waits.
            || name == "apply_immediately" && !want.apply_immediately
            || matches!(name, "password" | "password_wo" | "password_wo_version")
                && password(want).is_none()
            || name == "engine_version" && is_beginning(want, was.engine_version.as_deref())
    };
    fields.any(|field| changed.has(field.name) && !silent(field.name))
}

/// Whether the version that is wanted is the beginning of one that is there.
fn is_beginning(want: &Instance, version: Option<&str>) -> bool {
    let (Some(want), Some(version)) = (&want.engine_version, version) else { return true };
    is_version(want, version)
}

/// Whether a version is what was asked for, which may be only the beginning of it.
pub(super) fn is_version(asked: &str, version: &str) -> bool {
    version.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Makes a replica a database of its own, unless an earlier try has done so.
async fn promote(aws: &Aws, now: &Wire, want: &Instance) -> Result<()> {
    if want.replicate_source_db.is_some() {
        let message = "RDS cannot make a database the replica of another: take the resource away \
                       and add one with another address";
        return Err(Failure::new(FailureClass::Invalid, message));
    }
    if filled_source(now).is_none() {
        return Ok(());
    }
    let name = identifier(now)?;
    aws.call(|| {
        aws.rds()
            .promote_read_replica()
            .db_instance_identifier(name)
            .set_backup_retention_period(want.backup_retention_period.map(|days| number(days.0)))
            .set_preferred_backup_window(text(&want.backup_window))
            .send()
    })
    .await
    .map(drop)
}

/// Single settings.
fn settings(call: Modify, want: &Instance, changed: &Changed) -> Modify {
    let if_changed = |name: &str, value: bool| changed.has(name).then_some(value);
    let groups = || want.vpc_security_group_ids.iter().map(ToString::to_string).collect();
    let name = changed.has("identifier").then(|| text(&want.identifier)).flatten();
    let class = changed.has("instance_class").then(|| want.instance_class.clone());
    let period = want.backup_retention_period.filter(|_| changed.has("backup_retention_period"));
    let network = want.network_type.filter(|_| changed.has("network_type"));
    let mode = want.replica_mode.filter(|_| changed.has("replica_mode"));
    let certificate = want.ca_cert_identifier.clone();
    let option_group = text(&want.option_group_name).filter(|_| changed.has("option_group_name"));
    let parameters = text(&want.parameter_group_name);
    call.set_new_db_instance_identifier(name)
        .set_auto_minor_version_upgrade(if_changed(
            "auto_minor_version_upgrade",
            want.auto_minor_version_upgrade,
        ))
        .set_backup_retention_period(period.map(|days| number(days.0)))
        .set_ca_certificate_identifier(certificate.filter(|_| changed.has("ca_cert_identifier")))
        .set_copy_tags_to_snapshot(if_changed("copy_tags_to_snapshot", want.copy_tags_to_snapshot))
        .set_db_instance_class(class)
        .set_db_parameter_group_name(parameters.filter(|_| changed.has("parameter_group_name")))
        .set_db_port_number(want.port.filter(|_| changed.has("port")).map(number))
        .set_db_subnet_group_name(
            text(&want.db_subnet_group_name).filter(|_| changed.has("db_subnet_group_name")),
        )
        .set_deletion_protection(if_changed("deletion_protection", want.deletion_protection))
        .set_enable_customer_owned_ip(
            want.customer_owned_ip_enabled.filter(|_| changed.has("customer_owned_ip_enabled")),
        )
        .set_enable_iam_database_authentication(if_changed(
            "iam_database_authentication_enabled",
            want.iam_database_authentication_enabled,
        ))
        .set_multi_az(want.multi_az.filter(|_| changed.has("multi_az")))
        .set_network_type(network.map(|network| network.as_str().to_owned()))
        .set_option_group_name(option_group)
        .set_preferred_backup_window(
            text(&want.backup_window).filter(|_| changed.has("backup_window")),
        )
        .set_preferred_maintenance_window(
            text(&want.maintenance_window).filter(|_| changed.has("maintenance_window")),
        )
        .set_publicly_accessible(if_changed("publicly_accessible", want.publicly_accessible))
        .set_replica_mode(mode.map(|mode| WireReplicaMode::from(mode.as_str())))
        .set_vpc_security_group_ids(changed.has("vpc_security_group_ids").then(groups))
}

/// Version and license.
fn engine(call: Modify, now: &Wire, want: &Instance, changed: &Changed) -> Modify {
    // What is there already would be set back to the first version that begins so.
    let version = want
        .engine_version
        .clone()
        .filter(|_| changed.has("engine_version") && !is_beginning(want, now.engine_version()));
    let license = want.license_model.filter(|_| changed.has("license_model"));
    let support = want.engine_lifecycle_support.filter(|_| changed.has("engine_lifecycle_support"));
    call.set_allow_major_version_upgrade(version.as_ref().map(|_| want.allow_major_version_upgrade))
        .set_engine_version(version)
        .set_license_model(license.map(|license| license.as_str().to_owned()))
        .set_engine_lifecycle_support(support.map(|support| support.as_str().to_owned()))
}

/// Storage. RDS wants size, operations and throughput together when one of them changes; storage
/// that has grown by itself must not be asked to shrink.
fn storage(call: Modify, now: &Wire, want: &Instance, changed: &Changed) -> Modify {
    let size = want.allocated_storage.map(|size| number(size.0));
    let call = if changed.any(&["allocated_storage", "iops", "storage_throughput", "storage_type"])
    {
        let size =
            if changed.has("allocated_storage") { size } else { size.max(now.allocated_storage) };
        let kind = want.storage_type.filter(|_| changed.has("storage_type"));
        call.set_allocated_storage(size)
            .set_iops(want.iops.map(number))
            .set_storage_throughput(want.storage_throughput.map(number))
            .set_storage_type(kind.map(|kind| kind.as_str().to_owned()))
    } else {
        call
    };
    // A limit that is the size switches growing off. Source: RDS user guide, storage autoscaling.
    let limit = want.max_allocated_storage.map(|limit| number(limit.0));
    let limit = limit.or(now.allocated_storage).filter(|_| changed.has("max_allocated_storage"));
    let volume = changed.has("dedicated_log_volume").then_some(want.dedicated_log_volume);
    call.set_max_allocated_storage(limit).set_dedicated_log_volume(volume)
}

/// Enhanced Monitoring, Performance Insights and Database Insights.
fn insights(call: Modify, want: &Instance, changed: &Changed) -> Modify {
    let mut call = call;
    if changed.any(&["monitoring_interval", "monitoring_role_arn"]) {
        call = call
            .monitoring_interval(number(want.monitoring_interval.0))
            .set_monitoring_role_arn(text(&want.monitoring_role_arn));
    }
    let names = [
        "database_insights_mode",
        "performance_insights_enabled",
        "performance_insights_kms_key_id",
        "performance_insights_retention_period",
    ];
    if changed.any(&names) {
        let mode = want.database_insights_mode.filter(|_| changed.has("database_insights_mode"));
        let days = want.performance_insights_retention_period;
        let days = days.filter(|_| want.performance_insights_enabled);
        let given = key(&want.performance_insights_kms_key_id);
        call = call
            .set_database_insights_mode(mode.map(|mode| WireMode::from(mode.as_str())))
            .enable_performance_insights(want.performance_insights_enabled)
            .set_performance_insights_kms_key_id(
                given.filter(|_| want.performance_insights_enabled),
            )
            .set_performance_insights_retention_period(days.map(|days| number(days.0)));
    }
    call
}

/// Directories: all of one goes together.
fn domain(call: Modify, want: &Instance, changed: &Changed) -> Modify {
    let names = [
        "domain",
        "domain_auth_secret_arn",
        "domain_dns_ips",
        "domain_fqdn",
        "domain_iam_role_name",
        "domain_ou",
    ];
    if !changed.any(&names) {
        return call;
    }
    if want.domain.is_none() && want.domain_fqdn.is_none() {
        return call.disable_domain(true);
    }
    let addresses = &want.domain_dns_ips;
    call.set_domain(want.domain.clone())
        .set_domain_auth_secret_arn(text(&want.domain_auth_secret_arn))
        .set_domain_dns_ips((!addresses.is_empty()).then(|| addresses.clone()))
        .set_domain_fqdn(want.domain_fqdn.clone())
        .set_domain_iam_role_name(want.domain_iam_role_name.clone())
        .set_domain_ou(want.domain_ou.clone())
}

/// The password, given or managed. Who stops managing it has to give one.
fn credentials(call: Modify, want: &Instance, changed: &Changed) -> Modify {
    let managed = changed.any(&["manage_master_user_password", "master_user_secret_kms_key_id"]);
    let given = changed.any(&[
        "manage_master_user_password",
        "password",
        "password_wo",
        "password_wo_version",
    ]);
    let secret_key = key(&want.master_user_secret_kms_key_id);
    call.set_manage_master_user_password(managed.then_some(want.manage_master_user_password))
        .set_master_user_secret_kms_key_id(
            secret_key.filter(|_| managed && want.manage_master_user_password),
        )
        .set_master_user_password(password(want).filter(|_| given))
}

/// Log exports come and go one by one.
fn exports(
    want: &Instance,
    was: &Instance,
    changed: &Changed,
) -> Option<CloudwatchLogsExportConfiguration> {
    let (now, wanted) =
        (&was.enabled_cloudwatch_logs_exports, &want.enabled_cloudwatch_logs_exports);
    changed.has("enabled_cloudwatch_logs_exports").then(|| {
        CloudwatchLogsExportConfiguration::builder()
            .set_enable_log_types(Some(wanted.difference(now).cloned().collect()))
            .set_disable_log_types(Some(now.difference(wanted).cloned().collect()))
            .build()
    })
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Gibibytes, Object};

    use super::*;
    use crate::Connection;
    use crate::frame::clients::configure;

    fn there() -> Wire {
        Wire::builder()
            .db_instance_identifier("main")
            .dbi_resource_id("db-ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            .db_instance_arn("arn:aws:rds:us-west-2:123456789012:db:main")
            .db_instance_class("db.t4g.medium")
            .db_instance_status("available")
            .engine("postgres")
            .engine_version("16.3")
            .allocated_storage(150)
            .max_allocated_storage(500)
            .iops(3000)
            .build()
    }

    /// The database as it is, with 100 GiB as it was asked for.
    fn instance() -> Instance {
        let recorded = Object::from([("allocated_storage".to_owned(), 100_i64.into())]);
        let known = Known { id: "main".to_owned(), recorded, outputs: Object::new() };
        super::super::instance_read::see(there(), &known).expect("an instance").inputs
    }

    fn changed(names: &[&str]) -> Changed {
        Changed::new(names.iter().map(|name| (*name).to_owned()))
    }

    async fn call() -> Modify {
        let connection = Connection {
            region: "us-west-2".to_owned(),
            credentials: Some(("test".to_owned(), "test".to_owned())),
            ..Connection::default()
        };
        Aws::new(configure(&connection).await).rds().modify_db_instance()
    }

    #[test]
    fn a_version_may_be_the_beginning_of_one() {
        for (asked, version) in [("16", "16.3"), ("16.3", "16.3"), ("8.0", "8.0.35")] {
            assert!(is_version(asked, version), "{asked} {version}");
        }
        for (asked, version) in [("1", "16.3"), ("16.3", "16.4"), ("16.3.1", "16.3")] {
            assert!(!is_version(asked, version), "{asked} {version}");
        }
    }

    #[tokio::test]
    async fn storage_that_grew_is_not_asked_to_shrink() {
        let want = Instance { iops: Some(12_000), ..instance() };
        assert_eq!(want.allocated_storage, Some(Gibibytes(100)));
        let sent = storage(call().await, &there(), &want, &changed(&["iops"]));
        assert_eq!((sent.get_allocated_storage(), sent.get_iops()), (&Some(150), &Some(12_000)));
        // Growing by itself ends at the size that there is.
        let want = Instance { max_allocated_storage: None, ..instance() };
        let sent = storage(call().await, &there(), &want, &changed(&["max_allocated_storage"]));
        assert_eq!(sent.get_max_allocated_storage(), &Some(150));
        assert_eq!(sent.get_allocated_storage(), &None);
    }

    #[tokio::test]
    async fn who_stops_managing_a_password_gives_one() {
        let given = Some("correct horse".to_owned());
        let want = Instance { password: given.clone(), ..instance() };
        let sent = credentials(call().await, &want, &changed(&["manage_master_user_password"]));
        assert_eq!(sent.get_manage_master_user_password(), &Some(false));
        assert_eq!(sent.get_master_user_password(), &given);
        let want = Instance { manage_master_user_password: true, ..want };
        let sent = credentials(call().await, &want, &changed(&["manage_master_user_password"]));
        assert_eq!(sent.get_manage_master_user_password(), &Some(true));
        assert_eq!(sent.get_master_user_password(), &None);
    }

    #[test]
    fn what_only_says_how_asks_for_nothing() {
        let (was, want) = (instance(), instance());
        assert!(!differs(&want, &was, &changed(&["skip_final_snapshot", "snapshot_identifier"])));
        assert!(!differs(&want, &was, &changed(&["apply_immediately", "password_wo_version"])));
        assert!(differs(&want, &was, &changed(&["multi_az"])));
        let hurried = Instance { apply_immediately: true, ..instance() };
        assert!(differs(&hurried, &was, &changed(&["apply_immediately"])));
        let beginning = Instance { engine_version: Some("16".to_owned()), ..instance() };
        assert!(!differs(&beginning, &was, &changed(&["engine_version"])));
    }

    #[test]
    fn a_restored_database_gets_its_password_afterwards() {
        let restored = Instance {
            snapshot_identifier: Some("before".to_owned()),
            password: Some("correct horse".to_owned()),
            ..instance()
        };
        assert_eq!(Instance::unseen(&restored), ["password", "password_wo"]);
        assert_eq!(Instance::unseen(&Instance { password: None, ..restored }), [""; 0]);
        let new = Instance { password: Some("correct horse".to_owned()), ..instance() };
        assert_eq!(Instance::unseen(&new), [""; 0]);
    }
}
