//! Rules between the arguments of a [`Cluster`](super::Cluster).

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::kind::Problem;
use infra_sdk::{Object, Value};

use crate::rules::Rules;

/// Source: EKS API Reference, CreateCluster, and the pages of the types in it.
pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.text("version").is_some_and(|version| minor(version).is_none()) {
        rules.refuse("version", "must be two numbers, such as `1.33`");
    }
    rules.blocks("vpc_config", |config| {
        let off = |name: &str| config.has(name) && !config.may_be_true(name);
        if off("endpoint_private_access") && off("endpoint_public_access") {
            config.refuse("endpoint_public_access", "must be on when private access is off");
        }
        if config.texts("security_group_ids").len() > 5 {
            config.refuse("security_group_ids", "must be 5 at most");
        }
    });
    rules.blocks("kubernetes_network_config", |config| {
        if config.text("ip_family") == Some("ipv6") {
            config.without(&["service_ipv4_cidr"], "with `ip_family` `ipv6`");
        }
        let network = config.text("service_ipv4_cidr").and_then(|text| text.parse().ok());
        if network.is_some_and(|network| !is_for_services(network)) {
            let ranges = "10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16";
            let message = format!("must have 12 to 24 bits and be in {ranges}");
            config.refuse("service_ipv4_cidr", message);
        }
    });
    if rules.has("outpost_config") {
        rules.without(&["encryption_config", "remote_network_config"], "on an Outpost");
    }
    auto_mode(&mut rules, inputs);
    rules.finish()
}

/// EKS Auto Mode is machines, volumes and load balancers, or none of them.
fn auto_mode(rules: &mut Rules<'_>, inputs: &Object) {
    let enabled = inputs.get("compute_config").and_then(Value::as_map);
    let on = enabled.and_then(|compute| compute.get("enabled")?.as_bool()) == Some(true);
    if on {
        let because = "when `compute_config` is enabled: EKS Auto Mode is all three or none";
        rules.required(&["storage_config", "kubernetes_network_config"], because);
        if rules.is_true("bootstrap_self_managed_addons") {
            rules.refuse("bootstrap_self_managed_addons", "must be `false` with EKS Auto Mode");
        }
    }
}

fn is_for_services(network: Ipv4Net) -> bool {
    (12..=24).contains(&network.prefix_len()) && network.network().is_private()
}

/// The two numbers of a version of Kubernetes.
pub(super) fn minor(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(given: &[(&str, Value)]) -> Value {
        Value::Map(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn wrong(given: &[(&str, Value)]) -> Vec<String> {
        let inputs: Object =
            given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_cluster_is_reached_from_somewhere() {
        let access = |private: Value, public: Value| {
            let config = [("endpoint_private_access", private), ("endpoint_public_access", public)];
            wrong(&[("vpc_config", block(&config))])
        };
        let (on, off) = (Value::Bool(true), Value::Bool(false));
        assert_eq!(access(off.clone(), on), [""; 0]);
        assert_eq!(access(Value::Unknown, off.clone()), [""; 0]);
        assert_eq!(access(off.clone(), off), ["vpc_config.endpoint_public_access"]);
    }

    #[test]
    fn services_have_a_private_network() {
        let network = |text: &str| {
            let config = block(&[("service_ipv4_cidr", Value::from(text))]);
            wrong(&[("kubernetes_network_config", config)]).len()
        };
        assert_eq!(network("172.20.0.0/16"), 0);
        assert_eq!(network("172.20.0.0/25"), 1);
        assert_eq!(network("10.0.0.0/8"), 1);
        assert_eq!(network("8.8.0.0/16"), 1);
    }

    #[test]
    fn auto_mode_is_all_or_nothing() {
        let compute = |enabled: Value| ("compute_config", block(&[("enabled", enabled)]));
        let bootstrap = |on: bool| ("bootstrap_self_managed_addons", Value::Bool(on));
        assert_eq!(
            wrong(&[compute(Value::Bool(true)), bootstrap(true)]),
            ["storage_config", "kubernetes_network_config", "bootstrap_self_managed_addons"]
        );
        assert_eq!(wrong(&[compute(Value::Bool(false)), bootstrap(true)]), [""; 0]);
        assert_eq!(wrong(&[compute(Value::Unknown), bootstrap(true)]), [""; 0]);
    }

    #[test]
    fn versions_are_two_numbers() {
        assert_eq!(minor("1.33"), Some((1, 33)));
        assert_eq!(minor("1.33.1"), None);
        assert_eq!(wrong(&[("version", Value::from("latest"))]), ["version"]);
    }
}
