//! What differs between archon's environments.

use infra_sdk::prelude::*;

use crate::components::database::DatabaseSettings;
use crate::components::eks_cluster::ClusterSettings;
use crate::components::redis::RedisSettings;
use crate::components::web_edge::EdgeSettings;

/// Settings of archon.
#[derive(Debug, Settings)]
pub(crate) struct Settings {
    /// IPv4 range of the VPC. Subnets are a sixteenth of it.
    pub vpc_cidr: Ipv4Net,
    /// Availability zones to spread over.
    #[setting(default = 2, range = 2..=3)]
    pub zones: usize,
    /// The region, where it is not the environment's.
    pub region: Option<String>,
    /// The cluster.
    pub cluster: ClusterSettings,
    /// Let the cluster autoscaler say how many nodes there are.
    #[setting(default = true)]
    pub auto_scaling_enabled: bool,
    /// Watch it: alarms, a topic that receives them, a dashboard, and the agent that measures nodes
    /// and pods.
    #[setting(default = true)]
    pub enable_monitoring: bool,
    /// Scan images when they are pushed, and count in the cluster's audit log who is refused, with
    /// an alarm where it is watched.
    #[setting(default = true)]
    pub enable_security_scanning: bool,
    /// Address that receives alarms by mail, once its owner has confirmed it.
    pub alarm_email: Option<String>,
    /// Requests that may fail for two minutes, in percent.
    #[setting(default = 5.0, range = 0.0..=100.0)]
    pub alarm_error_percent: f64,
    /// Seconds within which 95 % of requests are to be answered.
    #[setting(default = 3.0, range = 0.0..=60.0)]
    pub alarm_latency_seconds: f64,
    /// Load of the processors of database, cache and nodes, in percent.
    #[setting(default = 80.0, range = 1.0..=100.0)]
    pub alarm_cpu_percent: f64,
    /// How clients come in.
    pub edge: EdgeSettings,
    /// Class of the database's machine.
    #[setting(default = "db.t3.medium")]
    pub db_instance_class: String,
    /// Storage of the database, in gibibytes. By itself it grows to twice as much.
    #[setting(default = Gibibytes(100))]
    pub db_allocated_storage: Gibibytes,
    /// Keep a standby of the database in another zone.
    #[setting(default = false)]
    pub db_multi_az: bool,
    /// Days that backups of the database are kept.
    #[setting(default = Days(7))]
    pub db_backup_retention: Days,
    /// Snapshot that the database is made of; see [`DatabaseSettings`].
    pub db_snapshot: Option<String>,
    /// Size of the cache's machines.
    #[setting(default = "cache.t4g.medium")]
    pub redis_node_type: String,
    /// The cache's primary and its replicas.
    #[setting(default = 3, range = 1..=6)]
    pub redis_num_cache_clusters: u32,
    /// Days that daily snapshots of the cache are kept.
    #[setting(default = Days(1))]
    pub redis_snapshot_retention: Days,
    /// Snapshot that the cache is made of; see [`RedisSettings`].
    pub redis_snapshot: Option<String>,
    /// One NAT gateway for all zones: cheaper, and the failure of its zone cuts off the others.
    #[setting(default = false)]
    pub single_nat_gateway: bool,
    /// Days that logs are kept; one of the values that CloudWatch Logs has.
    #[setting(default = Days(30))]
    pub log_retention_days: Days,
    /// Days after which backups move to an archive class.
    #[setting(default = 30, range = 1..=3650)]
    pub backup_archive_days: i32,
    /// Days after which backups are removed.
    #[setting(default = 365, range = 90..=3650)]
    pub backup_expire_days: i32,
    /// Delete buckets with everything in them on `infra destroy`.
    #[setting(default = false)]
    pub force_destroy_buckets: bool,
}

impl Settings {
    /// The settings of the database, whose names the owners chose.
    pub(super) fn database(&self) -> DatabaseSettings {
        DatabaseSettings {
            instance_class: self.db_instance_class.clone(),
            allocated_storage: self.db_allocated_storage,
            multi_az: self.db_multi_az,
            backup_retention: self.db_backup_retention,
            snapshot: self.db_snapshot.clone(),
        }
    }

    /// The settings of the cache, likewise.
    pub(super) fn cache(&self) -> RedisSettings {
        RedisSettings {
            node_type: self.redis_node_type.clone(),
            num_cache_clusters: self.redis_num_cache_clusters,
            snapshot_retention: self.redis_snapshot_retention,
            snapshot: self.redis_snapshot.clone(),
        }
    }
}
