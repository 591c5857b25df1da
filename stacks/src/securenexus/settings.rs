//! What can be set of securenexus. There is one of it: its environments share a cluster.

use infra_sdk::prelude::*;

use crate::components::database::DatabaseSettings;
use crate::components::eks_cluster::ClusterSettings;
use crate::components::network::NetworkSettings;
use crate::components::web_edge::EdgeSettings;

/// Settings of securenexus.
#[derive(Debug, Settings)]
pub(crate) struct Settings {
    /// The region.
    #[setting(default = "us-east-1")]
    pub region: String,
    /// The network. Its range is inside of 10.0.0.0/8.
    pub network: NetworkSettings,
    /// The cluster.
    pub cluster: ClusterSettings,
    /// Let the cluster autoscaler say how many nodes there are.
    #[setting(default = true)]
    pub auto_scaling_enabled: bool,
    /// The environments in the cluster, each with a namespace, a secret and a database of its own.
    #[setting(default = vec!["staging".to_owned(), "uat".to_owned(), "production".to_owned()])]
    pub environments: Vec<String>,
    /// The database server.
    pub database: DatabaseSettings,
    /// How clients come in.
    pub edge: EdgeSettings,
    /// Name of the bucket for uploads, unique in the world.
    #[setting(default = "securenexus-uploads")]
    pub uploads_bucket: String,
    /// Delete buckets and images with everything in them on `infra destroy`.
    #[setting(default = false)]
    pub force_destroy: bool,
    /// Days that logs are kept; one of the values that CloudWatch Logs has.
    #[setting(default = Days(90))]
    pub log_retention: Days,
    /// Address that receives alarms by mail, once its owner has confirmed it.
    pub alarm_email: Option<String>,
    /// Requests that may fail for five minutes, in percent.
    #[setting(default = 5.0, range = 0.0..=100.0)]
    pub alarm_error_percent: f64,
    /// Seconds within which 95 % of requests are to be answered.
    #[setting(default = 2.0, range = 0.0..=60.0)]
    pub alarm_latency_seconds: f64,
    /// Memory of the nodes, in percent.
    #[setting(default = 85.0, range = 1.0..=100.0)]
    pub alarm_memory_percent: f64,
    /// Load of processors, in percent.
    #[setting(default = 80.0, range = 1.0..=100.0)]
    pub alarm_cpu_percent: f64,
    /// Requests of an hour that are to succeed, in percent.
    #[setting(default = 99.9, range = 0.0..=100.0)]
    pub alarm_availability_percent: f64,
}
