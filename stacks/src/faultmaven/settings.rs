//! What differs between faultmaven's environments.

use infra_sdk::prelude::*;

use crate::components::database::DatabaseSettings;
use crate::components::fargate_service::ServiceSettings;
use crate::components::network::NetworkSettings;
use crate::components::redis::RedisSettings;
use crate::components::service_watching::WatchSettings;
use crate::components::web_edge::EdgeSettings;

/// Settings of faultmaven.
#[derive(Debug, Settings)]
pub(crate) struct Settings {
    /// Days that logs are kept; one of the values that CloudWatch Logs has.
    #[setting(default = Days(30))]
    pub log_retention: Days,
    /// Tag of the image that runs: the release. Giving the tag before goes back.
    pub image_tag: String,
    /// What the image runs to migrate the database.
    pub migration_command: Vec<String>,
    /// Origins that browsers may call the service from: `https://app.example.com`.
    pub cors_origins: Vec<String>,
    /// Month of the key that tokens are signed with: `2026-11`.
    pub jwt_key_month: String,
    /// Sign-ins that fail within a minute over which there is an alarm.
    #[setting(default = 100, range = 1..=1_000_000)]
    pub failed_logins: u32,
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
