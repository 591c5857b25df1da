//! A DB instance: a database server, made new, as a replica, or of a backup. Slow: it takes minutes
//! to half an hour to be made, changed and deleted.
//!
//! - Changes that need a reboot or a restart wait for the maintenance window, unless
//!   `apply_immediately` is set. What waits counts as done: it is no difference.
//! - A replica becomes a database of its own when `replicate_source_db` is taken away. It cannot
//!   become the replica of another one.
//! - Of a restored database, what the restoring call does not take is changed once it is there,
//!   its password included.
//! - Deleting makes a final snapshot, whose name must not be taken, unless `skip_final_snapshot`
//!   is set. Replicas have none.
//! - Blue/green deployments are not offered.
//!
//! The rules are in `instance_rules`, the handler in `instance_handler`, `instance_create`,
//! `instance_modify` and `instance_read`.
//!
//! API: CreateDBInstance, CreateDBInstanceReadReplica, RestoreDBInstanceFromDBSnapshot,
//! RestoreDBInstanceToPointInTime, RestoreDBInstanceFromS3, DescribeDBInstances, ModifyDBInstance,
//! PromoteReadReplica, DeleteDBInstance, AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Block, Choice, Days, Gibibytes, Outputs, Resource, Seconds, Tags};

use super::instance_rules::validate;
use super::{
    BackupWindow, Engine, InstanceId, InstanceIdentifier, InstanceRef, MaintenanceWindow,
    OptionGroupName, ParameterGroupName, SubnetGroupName,
};
use crate::AnyArn;
use crate::ec2::SecurityGroupId;
use crate::iam::Role;
use crate::kms::KeyRef;

/// A database server.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_db_instance", outputs = InstanceOutputs, stateful, validate = validate)]
pub struct Instance {
    /// Size of the machine: `db.t4g.medium`.
    pub instance_class: String,
    /// Storage, in gibibytes. Left out, that of the source. It can only grow.
    #[field(computed)]
    pub allocated_storage: Option<Gibibytes>,
    /// Let a change of `engine_version` be one of the major version.
    #[field(default = false, write_only)]
    pub allow_major_version_upgrade: bool,
    /// Make changes at once and not in the next maintenance window; some restart the database.
    #[field(default = false, write_only)]
    pub apply_immediately: bool,
    /// Let AWS upgrade the minor version in the maintenance window.
    #[field(default = true)]
    pub auto_minor_version_upgrade: bool,
    /// Availability zone of a database that is in one only.
    #[field(force_new, computed)]
    pub availability_zone: Option<String>,
    /// How long automated backups are kept, in days; 0 makes none. Left out, 1.
    #[field(computed, range = 0..=35)]
    pub backup_retention_period: Option<Days>,
    /// Where backups are kept.
    #[field(force_new, computed)]
    pub backup_target: Option<BackupTarget>,
    /// When automated backups are made, in UTC. Left out, AWS's choice.
    #[field(computed)]
    pub backup_window: Option<BackupWindow>,
    /// Certificate authority of the server's certificate: `rds-ca-rsa2048-g1`.
    #[field(computed)]
    pub ca_cert_identifier: Option<String>,
    /// Character set or collation, of Oracle, SQL Server and Db2.
    #[field(force_new, computed)]
    pub character_set_name: Option<String>,
    /// Give snapshots the database's tags.
    #[field(default = false)]
    pub copy_tags_to_snapshot: bool,
    /// Instance profile of RDS Custom; its name begins with `AWSRDSCustom`.
    #[field(force_new)]
    pub custom_iam_instance_profile: Option<String>,
    /// Addresses of one's own on an Outpost.
    #[field(computed)]
    pub customer_owned_ip_enabled: Option<bool>,
    /// How much of Database Insights is on.
    #[field(computed)]
    pub database_insights_mode: Option<DatabaseInsightsMode>,
    /// Database to make in the server.
    #[field(force_new, computed)]
    pub db_name: Option<String>,
    /// Subnets that it may be in. Left out, the default VPC's.
    #[field(computed)]
    pub db_subnet_group_name: Option<SubnetGroupName>,
    /// Keep transaction logs on a volume of their own; with provisioned IOPS.
    #[field(default = false)]
    pub dedicated_log_volume: bool,
    /// Delete automated backups together with the database.
    #[field(default = true, write_only)]
    pub delete_automated_backups: bool,
    /// Let AWS refuse to delete the database.
    #[field(default = false)]
    pub deletion_protection: bool,
    /// Directory of AWS Managed Microsoft AD to join; with `domain_iam_role_name`.
    pub domain: Option<String>,
    /// Secret with the credentials of a directory of one's own.
    pub domain_auth_secret_arn: Option<AnyArn>,
    /// Addresses of the domain controllers of a directory of one's own.
    pub domain_dns_ips: Vec<String>,
    /// Name of the domain of a directory of one's own.
    pub domain_fqdn: Option<String>,
    /// Role for calls to the Directory Service.
    pub domain_iam_role_name: Option<String>,
    /// Organizational unit in a directory of one's own.
    pub domain_ou: Option<String>,
    /// Logs to export to CloudWatch Logs: `postgresql`, `upgrade`, `error`, `slowquery`.
    pub enabled_cloudwatch_logs_exports: BTreeSet<String>,
    /// Engine. Left out, that of the source.
    #[field(force_new, computed)]
    pub engine: Option<Engine>,
    /// What becomes of the database when support for its major version ends.
    #[field(computed)]
    pub engine_lifecycle_support: Option<EngineLifecycleSupport>,
    /// Version, or the beginning of one: `16` leaves the minor version to AWS.
    #[field(computed)]
    pub engine_version: Option<String>,
    /// Name of the snapshot that is made before the database is deleted.
    #[field(write_only)]
    pub final_snapshot_identifier: Option<String>,
    /// Let users of IAM sign in to the database; for MariaDB, MySQL and PostgreSQL.
    #[field(default = false)]
    pub iam_database_authentication_enabled: bool,
    /// Name, unique in the region, at most 63 characters. Left out, one is made. Changing it
    /// renames the database, and its address.
    #[field(computed)]
    pub identifier: Option<InstanceIdentifier>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub identifier_prefix: Option<String>,
    /// Input and output operations a second that are provisioned.
    #[field(computed)]
    pub iops: Option<u32>,
    /// Key that encrypts the storage. Left out, AWS's own.
    #[field(force_new, computed)]
    pub kms_key_id: Option<KeyRef>,
    /// License.
    #[field(computed)]
    pub license_model: Option<LicenseModel>,
    /// When maintenance may be done, in UTC. Left out, AWS's choice.
    #[field(computed)]
    pub maintenance_window: Option<MaintenanceWindow>,
    /// Let RDS make the master user's password and keep it in Secrets Manager.
    #[field(default = false)]
    pub manage_master_user_password: bool,
    /// Key that encrypts the secret of a managed password. Left out, AWS's own.
    #[field(computed)]
    pub master_user_secret_kms_key_id: Option<KeyRef>,
    /// How far storage may grow by itself, in gibibytes. Left out, it does not.
    pub max_allocated_storage: Option<Gibibytes>,
    /// Seconds between measurements of Enhanced Monitoring: 1, 5, 10, 15, 30, 60; 0 makes none.
    #[field(default = Seconds(0))]
    pub monitoring_interval: Seconds,
    /// Role that sends the measurements to CloudWatch Logs.
    pub monitoring_role_arn: Option<Arn<Role>>,
    /// Keep a standby in another availability zone.
    #[field(computed)]
    pub multi_az: Option<bool>,
    /// National character set, of Oracle.
    #[field(force_new, computed)]
    pub nchar_character_set_name: Option<String>,
    /// What addresses it has.
    #[field(computed)]
    pub network_type: Option<NetworkType>,
    /// Option group. Left out, the engine's default.
    #[field(computed)]
    pub option_group_name: Option<OptionGroupName>,
    /// Parameter group. Left out, the engine's default.
    #[field(computed)]
    pub parameter_group_name: Option<ParameterGroupName>,
    /// Password of the master user. AWS never returns it, and it is never recorded in clear.
    #[field(sensitive, write_only)]
    pub password: Option<String>,
    /// The same, under the name that Terraform has for passwords that are not in its state.
    #[field(sensitive, write_only)]
    pub password_wo: Option<String>,
    /// Change it to have `password_wo` set once more.
    #[field(write_only)]
    pub password_wo_version: Option<u32>,
    /// Collect what the load of the database is made of.
    #[field(default = false)]
    pub performance_insights_enabled: bool,
    /// Key that encrypts what Performance Insights collects. Left out, AWS's own. Once it is set,
    /// AWS refuses to change it.
    #[field(computed)]
    pub performance_insights_kms_key_id: Option<KeyRef>,
    /// How long that is kept, in days: 7, 731, or 31 times a number of months.
    #[field(computed)]
    pub performance_insights_retention_period: Option<Days>,
    /// Port. Left out, the engine's usual one.
    #[field(computed, range = 1150..=65535)]
    pub port: Option<u32>,
    /// Give it an address that is reached from the internet.
    #[field(default = false)]
    pub publicly_accessible: bool,
    /// Whether a replica can be read; for Oracle and Db2.
    #[field(computed)]
    pub replica_mode: Option<ReplicaMode>,
    /// Database that this one is a replica of: its identifier, or its ARN where it is in another
    /// region. Take it away to make the replica a database of its own.
    #[field(any_region)]
    pub replicate_source_db: Option<InstanceRef>,
    /// Make it as another database was at a point in time. Once it is there, this may be left out.
    #[field(force_new, computed, write_only)]
    pub restore_to_point_in_time: Option<RestoreToPointInTime>,
    /// Make it of a backup of MySQL in S3. Once it is there, this may be left out.
    #[field(force_new, computed, write_only)]
    pub s3_import: Option<S3Import>,
    /// Delete it without making a snapshot.
    #[field(default = false, write_only)]
    pub skip_final_snapshot: bool,
    /// Make it of this snapshot. Once it is there, this may be left out.
    #[field(force_new, computed, write_only)]
    pub snapshot_identifier: Option<String>,
    /// Encrypt the storage.
    #[field(force_new, computed)]
    pub storage_encrypted: Option<bool>,
    /// Throughput of `gp3` storage, in mebibytes a second.
    #[field(computed)]
    pub storage_throughput: Option<u32>,
    /// Kind of storage. Left out, AWS's choice.
    #[field(computed)]
    pub storage_type: Option<StorageType>,
    /// Time zone, of SQL Server and Db2.
    #[field(force_new, computed)]
    pub timezone: Option<String>,
    /// Let a replica have the current storage configuration when its source has an older one.
    #[field(default = false, write_only)]
    pub upgrade_storage_config: bool,
    /// Master user.
    #[field(force_new, computed)]
    pub username: Option<String>,
    /// Security groups. Left out, the VPC's default group.
    #[field(computed)]
    pub vpc_security_group_ids: BTreeSet<SecurityGroupId>,
    /// Tags.
    pub tags: Tags,
}

/// A database as it was, by one of three sources, at a time or the latest.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RestoreToPointInTime {
    /// Time, in RFC 3339 and UTC.
    pub restore_time: Option<String>,
    /// Automated backups that are replicated from another region.
    pub source_db_instance_automated_backups_arn: Option<AnyArn>,
    /// A database that is there.
    pub source_db_instance_identifier: Option<InstanceIdentifier>,
    /// A database that may have been deleted, by its resource id.
    pub source_dbi_resource_id: Option<InstanceId>,
    /// The latest time that there is.
    #[field(default = false)]
    pub use_latest_restorable_time: bool,
}

/// A backup of MySQL in S3, made with Percona XtraBackup.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct S3Import {
    /// Bucket.
    pub bucket_name: String,
    /// Role that may read the bucket.
    pub ingestion_role: Arn<Role>,
    /// Engine of the backup: `mysql`.
    pub source_engine: String,
    /// Version of the engine of the backup.
    pub source_engine_version: String,
    /// Beginning of the names of the backup's objects.
    pub bucket_prefix: Option<String>,
}

/// What AWS assigns to an [`Instance`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct InstanceOutputs {
    /// Resource id, which stays when the database is renamed.
    pub id: InstanceId,
    /// The resource id, once more.
    pub resource_id: InstanceId,
    /// ARN.
    pub arn: Arn<Instance>,
    /// Host name.
    pub address: Option<String>,
    /// Host name and port: `main.abc.us-west-2.rds.amazonaws.com:5432`.
    pub endpoint: Option<String>,
    /// Hosted zone of the host name, for alias records.
    pub hosted_zone_id: Option<String>,
    /// Version that runs.
    pub engine_version_actual: String,
    /// Secret with the managed password.
    pub master_user_secret_arn: Option<AnyArn>,
    /// Replicas, by identifier.
    pub replicas: Vec<String>,
    /// `available`, or what it is busy with.
    pub status: String,
}

/// Where backups are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum BackupTarget {
    /// In the region.
    Region,
    /// On the Outpost.
    Outposts,
}

/// How much of Database Insights is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DatabaseInsightsMode {
    /// What is free.
    Standard,
    /// Everything, with 15 months of data.
    Advanced,
}

/// What becomes of a database when support for its major version ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum EngineLifecycleSupport {
    /// It goes on, at a price.
    #[choice("open-source-rds-extended-support")]
    ExtendedSupport,
    /// It is upgraded.
    #[choice("open-source-rds-extended-support-disabled")]
    ExtendedSupportDisabled,
}

/// License of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LicenseModel {
    /// One's own.
    BringYourOwnLicense,
    /// Of MariaDB and MySQL.
    GeneralPublicLicense,
    /// In the price.
    LicenseIncluded,
    /// Through AWS Marketplace, of Db2.
    MarketplaceLicense,
    /// Of PostgreSQL.
    #[choice("postgresql-license")]
    PostgreSqlLicense,
}

/// What addresses a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum NetworkType {
    /// IPv4.
    #[choice("IPV4")]
    Ipv4,
    /// IPv4 and IPv6.
    #[choice("DUAL")]
    Dual,
}

/// Whether a replica can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ReplicaMode {
    /// It cannot: it is for disaster recovery.
    Mounted,
    /// It can.
    OpenReadOnly,
}

/// Kind of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum StorageType {
    /// General purpose SSD, whose performance grows with its size.
    #[choice("gp2")]
    Gp2,
    /// General purpose SSD, whose performance is chosen.
    #[choice("gp3")]
    Gp3,
    /// Provisioned IOPS SSD.
    #[choice("io1")]
    Io1,
    /// Provisioned IOPS SSD, Block Express.
    #[choice("io2")]
    Io2,
    /// Magnetic, for databases that have it.
    #[choice("standard")]
    Standard,
}

#[cfg(feature = "provider")]
#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
