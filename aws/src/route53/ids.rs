//! Ids of Route 53's objects, each a type of its own.

infra_sdk::id_types! {
    /// Identifies a health check.
    HealthCheckId("health check id", "");
    /// Identifies a hosted zone, without `/hostedzone/` before it. AWS documents no beginning of it.
    HostedZoneId("hosted zone id", "");
}
