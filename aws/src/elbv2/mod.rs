//! Elastic Load Balancing, version 2: application and network load balancers.
//!
//! Gateway load balancers, trust stores, IPAM pools and reserved capacity are not offered.

pub mod action;
#[cfg(feature = "provider")]
mod action_wire;
#[cfg(feature = "provider")]
mod common;
pub mod listener;
pub mod listener_certificate;
#[cfg(feature = "provider")]
mod listener_handler;
pub mod listener_lookup;
pub mod listener_rule;
#[cfg(feature = "provider")]
mod listener_rule_handler;
pub mod load_balancer;
#[cfg(feature = "provider")]
mod load_balancer_handler;
pub mod load_balancer_lookup;
mod names;
pub mod protocol;
pub mod target_group;
pub mod target_group_attachment;
#[cfg(feature = "provider")]
mod target_group_handler;
mod target_group_rules;

pub use action::*;
pub use listener::*;
pub use listener_certificate::*;
pub use listener_lookup::{FindListener, ListenerFound};
pub use listener_rule::*;
pub use load_balancer::*;
pub use load_balancer_lookup::{FindLoadBalancer, LoadBalancerFound};
pub use protocol::*;
pub use target_group::*;
pub use target_group_attachment::*;
