//! What differs between omniportal's environments.

use infra_sdk::prelude::*;

use crate::components::database::DatabaseSettings;
use crate::components::fargate_service::ServiceSettings;
use crate::components::network::NetworkSettings;
use crate::components::redis::RedisSettings;
use crate::components::service_watching::WatchSettings;
use crate::components::web_edge::EdgeSettings;

/// Settings of omniportal.
#[derive(Debug, Settings)]
pub(crate) struct Settings {
    /// Region that it stands in.
    #[setting(default = "us-east-1")]
    pub region: String,
    /// Region of the copies.
    #[setting(default = "us-west-2")]
    pub recovery_region: String,
    /// Copy backups and buckets to the recovery region.
    #[setting(default = false)]
    pub replicate: bool,
    /// Days that logs and trails are kept; one of the values that CloudWatch Logs has.
    #[setting(default = Days(2557))]
    pub log_retention: Days,
    /// Tag of the image that runs: the release. Giving the tag before goes back.
    pub image_tag: String,
    /// Delete buckets and images with everything in them on `infra destroy`.
    #[setting(default = false)]
    pub force_destroy: bool,
    /// The network.
    pub network: NetworkSettings,
    /// How clients reach it.
    pub edge: EdgeSettings,
    /// How large the service is.
    pub service: ServiceSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// The cache.
    pub cache: RedisSettings,
    /// When alarms are raised.
    pub alarms: WatchSettings,
}
