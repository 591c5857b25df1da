//! IAM: identities and what they may do. A service without regions.

#[cfg(feature = "provider")]
mod common;
#[cfg(test)]
#[cfg(feature = "provider")]
pub(crate) mod fixtures;
pub mod instance_profile;
pub mod managed;
pub mod names;
pub mod openid_connect_provider;
pub mod policy;
pub mod policy_document;
pub mod policy_json;
pub mod role;
pub mod role_policy;
pub mod role_policy_attachment;
mod rules;

pub use instance_profile::*;
pub use managed::ManagedPolicy;
pub use names::*;
pub use openid_connect_provider::*;
pub use policy::*;
pub use policy_document::*;
pub use policy_json::*;
pub use role::*;
pub use role_policy::*;
pub use role_policy_attachment::*;
