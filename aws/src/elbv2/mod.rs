//! Elastic Load Balancing, version 2: application and network load balancers.
//!
//! Gateway load balancers, trust stores, IPAM pools and reserved capacity are not offered.

#[cfg(feature = "provider")]
mod attributes;
#[cfg(feature = "provider")]
mod common;
pub mod load_balancer;
#[cfg(feature = "provider")]
mod load_balancer_handler;
mod names;

pub use load_balancer::*;
