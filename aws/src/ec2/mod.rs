//! EC2: networks.

pub mod availability_zones;
#[cfg(feature = "provider")]
mod common;
pub mod group_ref;
pub mod ids;
pub mod network_acl;
pub mod network_acl_rule;
pub mod protocol;
pub mod security_group;
pub mod security_group_rule;
pub mod subnet;
pub mod vpc;

pub use availability_zones::AvailabilityZones;
pub use ids::*;
pub use network_acl::NetworkAcl;
pub use network_acl_rule::{NetworkAclRule, RuleAction};
pub use protocol::IpProtocol;
pub use security_group::SecurityGroup;
pub use security_group_rule::{GroupRef, SecurityGroupEgressRule, SecurityGroupIngressRule};
pub use subnet::Subnet;
pub use vpc::{InstanceTenancy, Vpc};
