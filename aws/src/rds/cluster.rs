//! A DB cluster: Aurora, provisioned or serverless v2, or a Multi-AZ cluster of PostgreSQL or
//! MySQL. Instances of Aurora are `aws_rds_cluster_instance`. Slow: it takes minutes.
//!
//! What was said of DB instances about waiting changes, passwords of restored databases and final
//! snapshots is so for clusters. Not offered: serverless v1, which AWS has ended, imports from S3,
//! RDS Custom, and roles, which are associated by a type of their own.
//!
//! The rules are in `cluster_rules`, the handler in `cluster_handler`, `cluster_create`,
//! `cluster_modify` and `cluster_read`.
//!
//! API: CreateDBCluster, RestoreDBClusterFromSnapshot, RestoreDBClusterToPointInTime,
//! DescribeDBClusters, ModifyDBCluster, EnableHttpEndpoint, DisableHttpEndpoint,
//! PromoteReadReplicaDBCluster, DeleteDBCluster, AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Block, Choice, Days, Gibibytes, Outputs, Resource, Seconds, Tags};

use super::cluster_rules::validate;
use super::{
    BackupWindow, ClusterEngine, ClusterIdentifier, ClusterParameterGroupName,
    DatabaseInsightsMode, EngineLifecycleSupport, MaintenanceWindow, NetworkType,
    ParameterGroupName, SubnetGroupName,
};
use crate::AnyArn;
use crate::ec2::SecurityGroupId;
use crate::iam::Role;
use crate::kms::KeyRef;

/// Databases that share storage, or that are replicated together.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_rds_cluster", outputs = ClusterOutputs, stateful, validate = validate)]
pub struct Cluster {
    /// Engine.
    #[field(force_new)]
    pub engine: ClusterEngine,
    /// Storage of a Multi-AZ cluster, in gibibytes.
    #[field(computed)]
    pub allocated_storage: Option<Gibibytes>,
    /// Let a change of `engine_version` be one of the major version.
    #[field(default = false, write_only)]
    pub allow_major_version_upgrade: bool,
    /// Make changes at once and not in the next maintenance window; some restart databases.
    #[field(default = false, write_only)]
    pub apply_immediately: bool,
    /// Availability zones of the storage. AWS adds some until there are three.
    #[field(force_new, computed)]
    pub availability_zones: BTreeSet<String>,
    /// How far Aurora MySQL can be set back, in seconds, up to 72 hours; 0 for not at all.
    #[field(default = Seconds(0), range = 0..=259_200)]
    pub backtrack_window: Seconds,
    /// How long automated backups are kept, in days.
    #[field(default = Days(1), range = 1..=35)]
    pub backup_retention_period: Days,
    /// Certificate authority of the servers' certificates, of a Multi-AZ cluster.
    #[field(computed)]
    pub ca_certificate_identifier: Option<String>,
    /// Name, unique in the region, at most 63 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub cluster_identifier: Option<ClusterIdentifier>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub cluster_identifier_prefix: Option<String>,
    /// Give snapshots the cluster's tags.
    #[field(default = false)]
    pub copy_tags_to_snapshot: bool,
    /// How much of Database Insights is on.
    #[field(computed)]
    pub database_insights_mode: Option<DatabaseInsightsMode>,
    /// Database to make.
    #[field(force_new, computed)]
    pub database_name: Option<String>,
    /// Size of the machines of a Multi-AZ cluster.
    #[field(computed)]
    pub db_cluster_instance_class: Option<String>,
    /// Parameter group. Left out, the engine's default.
    #[field(computed)]
    pub db_cluster_parameter_group_name: Option<ClusterParameterGroupName>,
    /// Parameter group that all instances get with a new major version.
    #[field(write_only)]
    pub db_instance_parameter_group_name: Option<ParameterGroupName>,
    /// Subnets that it may be in. Left out, the default VPC's.
    #[field(force_new, computed)]
    pub db_subnet_group_name: Option<SubnetGroupName>,
    /// Delete automated backups together with the cluster.
    #[field(default = true, write_only)]
    pub delete_automated_backups: bool,
    /// Let AWS refuse to delete the cluster.
    #[field(default = false)]
    pub deletion_protection: bool,
    /// Directory to join, for sign-in with Kerberos; with `domain_iam_role_name`.
    pub domain: Option<String>,
    /// Role for calls to the Directory Service.
    pub domain_iam_role_name: Option<String>,
    /// Let a cluster of a global database forward writes to the primary.
    #[field(default = false)]
    pub enable_global_write_forwarding: bool,
    /// Answer SQL over HTTP: the Data API.
    #[field(default = false)]
    pub enable_http_endpoint: bool,
    /// Let readers forward writes to the writer.
    #[field(default = false)]
    pub enable_local_write_forwarding: bool,
    /// Logs to export to CloudWatch Logs: `postgresql`, `audit`, `error`, `slowquery`.
    pub enabled_cloudwatch_logs_exports: BTreeSet<String>,
    /// What becomes of the cluster when support for its major version ends.
    #[field(computed)]
    pub engine_lifecycle_support: Option<EngineLifecycleSupport>,
    /// Version, or the beginning of one: `16` leaves the minor version to AWS.
    #[field(computed)]
    pub engine_version: Option<String>,
    /// Name of the snapshot that is made before the cluster is deleted.
    #[field(write_only)]
    pub final_snapshot_identifier: Option<String>,
    /// Global database that it is a member of.
    #[field(force_new, computed)]
    pub global_cluster_identifier: Option<String>,
    /// Let users of IAM sign in to the databases.
    #[field(default = false)]
    pub iam_database_authentication_enabled: bool,
    /// Input and output operations a second that are provisioned, of a Multi-AZ cluster.
    #[field(computed)]
    pub iops: Option<u32>,
    /// Key that encrypts the storage. Left out, AWS's own.
    #[field(force_new, computed)]
    pub kms_key_id: Option<KeyRef>,
    /// Let RDS make the master user's password and keep it in Secrets Manager.
    #[field(default = false)]
    pub manage_master_user_password: bool,
    /// Password of the master user. AWS never returns it, and it is never recorded in clear.
    #[field(sensitive, write_only)]
    pub master_password: Option<String>,
    /// The same, under the name that Terraform has for passwords that are not in its state.
    #[field(sensitive, write_only)]
    pub master_password_wo: Option<String>,
    /// Change it to have `master_password_wo` set once more.
    #[field(write_only)]
    pub master_password_wo_version: Option<u32>,
    /// Key that encrypts the secret of a managed password. Left out, AWS's own.
    #[field(computed)]
    pub master_user_secret_kms_key_id: Option<KeyRef>,
    /// Master user.
    #[field(force_new, computed)]
    pub master_username: Option<String>,
    /// Seconds between measurements of Enhanced Monitoring: 1, 5, 10, 15, 30, 60; 0 makes none.
    #[field(default = Seconds(0))]
    pub monitoring_interval: Seconds,
    /// Role that sends the measurements to CloudWatch Logs.
    pub monitoring_role_arn: Option<Arn<Role>>,
    /// What addresses it has.
    #[field(computed)]
    pub network_type: Option<NetworkType>,
    /// Collect what the load of the databases is made of.
    #[field(default = false)]
    pub performance_insights_enabled: bool,
    /// Key that encrypts what Performance Insights collects. Left out, AWS's own.
    #[field(computed)]
    pub performance_insights_kms_key_id: Option<KeyRef>,
    /// How long that is kept, in days: 7, 731, or 31 times a number of months.
    #[field(computed)]
    pub performance_insights_retention_period: Option<Days>,
    /// Port. Left out, the engine's usual one.
    #[field(computed, range = 1150..=65535)]
    pub port: Option<u32>,
    /// When automated backups are made, in UTC. Left out, AWS's choice.
    #[field(computed)]
    pub preferred_backup_window: Option<BackupWindow>,
    /// When maintenance may be done, in UTC. Left out, AWS's choice.
    #[field(computed)]
    pub preferred_maintenance_window: Option<MaintenanceWindow>,
    /// ARN of the cluster or instance that this one is a replica of. Take it away to make the
    /// replica a cluster of its own.
    #[field(any_region)]
    pub replication_source_identifier: Option<AnyArn>,
    /// Make it as another cluster was at a point in time. Once it is there, this may be left out.
    #[field(force_new, computed, write_only)]
    pub restore_to_point_in_time: Option<ClusterRestoreToPointInTime>,
    /// Capacity of serverless instances.
    pub serverlessv2_scaling_configuration: Option<ServerlessV2ScalingConfiguration>,
    /// Delete it without making a snapshot.
    #[field(default = false, write_only)]
    pub skip_final_snapshot: bool,
    /// Make it of this snapshot. Once it is there, this may be left out.
    #[field(force_new, computed, write_only)]
    pub snapshot_identifier: Option<String>,
    /// Encrypt the storage.
    #[field(force_new, computed)]
    pub storage_encrypted: Option<bool>,
    /// Kind of storage. Left out, AWS's choice.
    #[field(computed)]
    pub storage_type: Option<ClusterStorageType>,
    /// Security groups. Left out, the VPC's default group.
    #[field(computed)]
    pub vpc_security_group_ids: BTreeSet<SecurityGroupId>,
    /// Tags.
    pub tags: Tags,
}

/// Capacity of serverless instances, in Aurora capacity units of 2 GiB of memory.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServerlessV2ScalingConfiguration {
    /// The most, from 1 to 256, in steps of 0.5.
    pub max_capacity: f64,
    /// The least, from 0 to 256, in steps of 0.5. At 0 an idle instance pauses.
    pub min_capacity: f64,
    /// How long an instance is idle before it pauses, in seconds; with a `min_capacity` of 0.
    #[field(computed, range = 300..=86400)]
    pub seconds_until_auto_pause: Option<Seconds>,
}

/// A cluster as it was, at a time or the latest.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ClusterRestoreToPointInTime {
    /// A cluster that is there, by identifier or ARN.
    pub source_cluster_identifier: Option<String>,
    /// A cluster that may have been deleted, by its resource id.
    pub source_cluster_resource_id: Option<String>,
    /// Time, in RFC 3339 and UTC.
    pub restore_to_time: Option<String>,
    /// Whether everything is copied, or what changes afterwards alone.
    #[field(default = RestoreType::FullCopy)]
    pub restore_type: RestoreType,
    /// The latest time that there is.
    #[field(default = false)]
    pub use_latest_restorable_time: bool,
}

/// How a cluster is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RestoreType {
    /// Everything is copied.
    FullCopy,
    /// It shares what does not change with its source.
    CopyOnWrite,
}

/// Kind of storage of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClusterStorageType {
    /// Of Aurora, where operations are paid for.
    Aurora,
    /// Of Aurora, with operations in the price.
    #[choice("aurora-iopt1")]
    AuroraIoOptimized,
    /// General purpose SSD of a Multi-AZ cluster.
    #[choice("gp3")]
    Gp3,
    /// Provisioned IOPS SSD of a Multi-AZ cluster.
    #[choice("io1")]
    Io1,
    /// Provisioned IOPS SSD, Block Express, of a Multi-AZ cluster.
    #[choice("io2")]
    Io2,
}

/// What AWS assigns to a [`Cluster`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ClusterOutputs {
    /// The cluster's identifier.
    pub id: ClusterIdentifier,
    /// ARN.
    pub arn: Arn<Cluster>,
    /// Resource id.
    pub cluster_resource_id: Option<String>,
    /// Host name of the writer.
    pub endpoint: Option<String>,
    /// Host name that is shared by the readers.
    pub reader_endpoint: Option<String>,
    /// Hosted zone of the host names, for alias records.
    pub hosted_zone_id: Option<String>,
    /// Version that runs.
    pub engine_version_actual: String,
    /// Instances, by identifier.
    pub cluster_members: Vec<String>,
    /// Secret with the managed password.
    pub master_user_secret_arn: Option<AnyArn>,
    /// `available`, or what it is busy with.
    pub status: String,
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::rds::subnet_group::tests::subnets;
    use crate::rds::{ClusterParameterGroup, SubnetGroup};

    fn cluster(stack: &mut Stack, name: &str) -> ClusterArguments {
        let [a, b, _] = subnets(stack);
        let group = stack.add("group", SubnetGroup::new([a, b]).name(format!("{name}-cluster")));
        let parameters = ClusterParameterGroup::new("aurora-postgresql16");
        let parameters = stack.add("parameters", parameters.name(format!("{name}-cluster")));
        Cluster::new(ClusterEngine::AuroraPostgreSql)
            .cluster_identifier(format!("{name}-cluster"))
            .database_name("app")
            .master_username("app")
            .master_password("correct horse battery")
            .db_subnet_group_name(group.id())
            .db_cluster_parameter_group_name(parameters.id())
            .preferred_backup_window("03:00-04:00")
            .storage_encrypted(true)
            .skip_final_snapshot(true)
            .apply_immediately(true)
    }

    conforms!(
        aws_rds_cluster,
        Fixture {
            base: |stack, name| {
                let scaling = ServerlessV2ScalingConfiguration::new(4.0, 0.5);
                let it = cluster(stack, name).serverlessv2_scaling_configuration(scaling);
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let scaling = ServerlessV2ScalingConfiguration::new(8.0, 1.0);
                let it = cluster(stack, name).serverlessv2_scaling_configuration(scaling);
                let it = it.backup_retention_period(Days(14)).copy_tags_to_snapshot(true);
                let it = it.preferred_backup_window("04:00-05:00");
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let it = cluster(stack, name).database_name("other");
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
