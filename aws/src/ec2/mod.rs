//! EC2: networks.

pub mod availability_zones;
#[cfg(feature = "provider")]
mod common;
pub mod ids;
pub mod subnet;
pub mod vpc;

pub use availability_zones::AvailabilityZones;
pub use ids::*;
pub use subnet::Subnet;
pub use vpc::{InstanceTenancy, Vpc};
