//! EC2: networks.

pub mod availability_zones;
#[cfg(feature = "provider")]
mod common;
pub mod eip;
pub mod flow_log;
#[cfg(feature = "provider")]
mod flow_log_handler;
pub mod gateway_id;
pub mod ids;
pub mod internet_gateway;
pub mod nat_gateway;
#[cfg(feature = "provider")]
mod nat_gateway_handler;
pub mod route;
#[cfg(feature = "provider")]
mod route_handler;
pub mod route_table;
pub mod route_table_association;
pub mod subnet;
pub mod vpc;
pub mod vpc_endpoint;
#[cfg(feature = "provider")]
mod vpc_endpoint_handler;
#[cfg(feature = "provider")]
mod vpc_endpoint_read;

pub use availability_zones::AvailabilityZones;
pub use eip::Eip;
pub use flow_log::FlowLog;
pub use gateway_id::GatewayId;
pub use ids::*;
pub use internet_gateway::InternetGateway;
pub use nat_gateway::NatGateway;
pub use route::Route;
pub use route_table::RouteTable;
pub use route_table_association::RouteTableAssociation;
pub use subnet::Subnet;
pub use vpc::{InstanceTenancy, Vpc};
pub use vpc_endpoint::VpcEndpoint;
