//! The packs: which rules belong together.

use infra_sdk::checks::Pack;

use super::{
    audit, balancers, caches, compute, databases, keys, messages, network, storage, tables,
};

/// What every stack should keep to, whatever it is for. Rules about availability and deletion look at
/// protected environments only.
#[must_use]
pub fn baseline() -> Pack {
    Pack::new([
        audit::log_retention(),
        audit::flow_logs(),
        balancers::https(),
        balancers::tls_policy(),
        balancers::invalid_headers(),
        balancers::access_logs(),
        balancers::deletion_protection(),
        caches::encryption(),
        caches::tls(),
        caches::authentication(),
        caches::failover(),
        caches::backups(),
        compute::volume_encryption(),
        compute::imdsv2(),
        compute::cluster_endpoint(),
        compute::cluster_secrets(),
        compute::cluster_audit_log(),
        compute::image_scanning(),
        compute::image_tags(),
        databases::public(),
        databases::encryption(),
        databases::tls(),
        databases::backups(),
        databases::multi_az(),
        databases::deletion_protection(),
        keys::rotation(),
        keys::secret_rotation(),
        messages::topic_encryption(),
        messages::queue_encryption(),
        network::public_ingress(),
        storage::public_bucket(),
        storage::bucket_tls(),
        storage::bucket_versioning(),
        tables::recovery(),
        tables::deletion_protection(),
    ])
}

/// What the HIPAA Security Rule (45 CFR part 164, subpart C) asks of stacks that handle health data,
/// as far as a plan can show it. Use it together with [`baseline`].
#[must_use]
pub fn hipaa() -> Pack {
    Pack::new([
        audit::hipaa_retention(),
        audit::hipaa_log_keys(),
        audit::hipaa_trail(),
        audit::hipaa_trail_integrity(),
        audit::hipaa_flow_logs(),
        balancers::hipaa_https(),
        balancers::hipaa_firewall(),
        caches::hipaa_keys(),
        caches::hipaa_backups(),
        databases::hipaa_keys(),
        databases::hipaa_tls(),
        databases::hipaa_backups(),
        databases::hipaa_multi_az(),
        keys::hipaa_secret_keys(),
        messages::hipaa_keys(),
        storage::hipaa_bucket_keys(),
        storage::hipaa_bucket_tls(),
        storage::hipaa_bucket_versioning(),
        tables::hipaa_keys(),
    ])
}

#[cfg(test)]
#[path = "packs_tests.rs"]
mod tests;
