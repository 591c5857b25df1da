//! EC2: networks and instances.

pub mod ami_lookup;
pub mod availability_zones;
#[cfg(feature = "provider")]
mod common;
pub mod ebs_volume;
pub mod eip;
pub mod eip_association;
pub mod flow_log;
#[cfg(feature = "provider")]
mod flow_log_handler;
pub mod gateway_id;
pub mod group_ref;
pub mod ids;
pub mod image_id;
pub mod instance;
#[cfg(feature = "provider")]
mod instance_handler;
#[cfg(feature = "provider")]
mod instance_power;
#[cfg(feature = "provider")]
mod instance_read;
pub mod instance_requirements;
#[cfg(feature = "provider")]
mod instance_update;
#[cfg(feature = "provider")]
mod instance_write;
pub mod internet_gateway;
pub mod key_pair;
pub mod launch_options;
pub mod launch_template;
pub mod launch_template_blocks;
#[cfg(feature = "provider")]
mod launch_template_handler;
#[cfg(feature = "provider")]
mod launch_template_read;
#[cfg(feature = "provider")]
mod launch_template_write;
#[cfg(feature = "provider")]
#[cfg(test)]
mod lookup_tests;
mod narrowing;
pub mod nat_gateway;
#[cfg(feature = "provider")]
mod nat_gateway_handler;
pub mod network_acl;
pub mod network_acl_rule;
pub mod network_interface;
#[cfg(feature = "provider")]
mod network_interface_handler;
pub mod protocol;
#[cfg(feature = "provider")]
mod questions;
#[cfg(feature = "provider")]
mod ranges;
pub mod route;
#[cfg(feature = "provider")]
mod route_handler;
pub mod route_table;
pub mod route_table_association;
pub mod security_group;
pub mod security_group_lookup;
pub mod security_group_rule;
#[cfg(feature = "provider")]
mod security_group_rule_calls;
pub mod subnet;
pub mod subnet_lookup;
pub mod volume_attachment;
#[cfg(feature = "provider")]
mod volume_change;
pub mod vpc;
pub mod vpc_endpoint;
#[cfg(feature = "provider")]
mod vpc_endpoint_handler;
#[cfg(feature = "provider")]
mod vpc_endpoint_read;
pub mod vpc_lookup;

pub use ami_lookup::*;
pub use availability_zones::*;
pub use ebs_volume::*;
pub use eip::*;
pub use eip_association::*;
pub use flow_log::*;
pub use gateway_id::*;
pub use group_ref::*;
pub use ids::*;
pub use image_id::*;
pub use instance::*;
pub use instance_requirements::*;
pub use internet_gateway::*;
pub use key_pair::*;
pub use launch_options::*;
pub use launch_template::*;
pub use launch_template_blocks::*;
pub use nat_gateway::*;
pub use network_acl::*;
pub use network_acl_rule::*;
pub use network_interface::*;
pub use protocol::*;
#[cfg(feature = "provider")]
pub(crate) use ranges::check_ranges;
pub use route::*;
pub use route_table::*;
pub use route_table_association::*;
pub use security_group::*;
pub use security_group_lookup::*;
pub use security_group_rule::*;
pub use subnet::*;
pub use subnet_lookup::*;
pub use volume_attachment::*;
pub use vpc::*;
pub use vpc_endpoint::*;
pub use vpc_lookup::*;
