//! What differs between archon's environments.

use infra_sdk::prelude::*;

/// Settings of archon.
#[derive(Debug, Settings)]
pub(crate) struct Settings {
    /// IPv4 range of the VPC. Subnets are a sixteenth of it.
    pub vpc_cidr: Ipv4Net,
    /// Availability zones to spread over.
    #[setting(default = 2, range = 2..=3)]
    pub zones: usize,
    /// One NAT gateway for all zones: cheaper, and the failure of its zone cuts off the others.
    #[setting(default = false)]
    pub single_nat_gateway: bool,
    /// Days that logs are kept; one of the values that CloudWatch Logs has.
    #[setting(default = 30)]
    pub log_retention_days: u32,
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
