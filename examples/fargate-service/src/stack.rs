//! The settings, and the parts in the order of their references.

use infra_sdk::prelude::*;

use crate::{edge, firewall, network, service};

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// IPv4 range of the VPC.
    pub cidr: Ipv4Net,
    /// Domain by which browsers reach the service: `www.example.com`.
    pub domain: String,
    /// Id of the hosted zone that the domain is in. Left out, a zone of the domain is made, and whoever
    /// has the zone above must delegate to its name servers, which are an output, before the
    /// certificate can be issued.
    pub zone_id: Option<String>,
    /// The image that runs; it answers at port 80.
    #[setting(default = "public.ecr.aws/nginx/nginx:stable")]
    pub image: String,
    /// Tasks that run.
    #[setting(default = 1, range = 1..=100)]
    pub tasks: u32,
    /// Requests of one address within five minutes over which it is blocked.
    #[setting(default = 2000, range = 10..=2_000_000_000)]
    pub rate_limit: u32,
    /// Days that logs are kept; one of the values that CloudWatch Logs has.
    #[setting(default = Days(30))]
    pub log_retention: Days,
}

/// Declares the service and all that is before it.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let name = format!("web-{}", stack.env().name());
    let network = stack.scope("network", |stack| network::declare(stack, &name, settings.cidr))?;
    let edge = stack.scope("edge", |stack| edge::declare(stack, &name, settings, &network));
    stack.scope("firewall", |stack| firewall::declare(stack, &name, settings, &edge));
    stack.scope("service", |stack| service::declare(stack, &name, settings, &network, &edge));
    stack.output("address", format!("https://{}", settings.domain));
    stack.output("load_balancer", edge.balancer.dns_name());
    Ok(())
}
