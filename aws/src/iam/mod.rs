//! IAM: identities and what they may do. A service without regions.

pub mod access_key;
pub mod account_password_policy;
#[cfg(feature = "provider")]
mod attachments;
#[cfg(feature = "provider")]
mod common;
#[cfg(test)]
#[cfg(feature = "provider")]
pub(crate) mod fixtures;
pub mod group;
pub mod group_policy;
pub mod group_policy_attachment;
#[cfg(feature = "provider")]
mod holding;
#[cfg(feature = "provider")]
mod inline;
pub mod instance_profile;
pub mod managed;
pub mod names;
pub mod openid_connect_provider;
pub mod policy;
#[cfg(feature = "provider")]
mod policy_calls;
pub mod policy_document;
pub mod policy_json;
pub mod policy_lookup;
pub mod role;
pub mod role_lookup;
pub mod role_policy;
pub mod role_policy_attachment;
mod rules;
pub mod service_linked_role;
pub mod user;
pub mod user_group_membership;
#[cfg(feature = "provider")]
mod user_leftovers;
pub mod user_policy;
pub mod user_policy_attachment;

pub use access_key::*;
pub use account_password_policy::*;
pub use group::*;
pub use group_policy::*;
pub use group_policy_attachment::*;
pub use instance_profile::*;
pub use managed::ManagedPolicy;
pub use names::*;
pub use openid_connect_provider::*;
pub use policy::*;
pub use policy_document::*;
pub use policy_json::*;
pub use policy_lookup::*;
pub use role::*;
pub use role_lookup::*;
pub use role_policy::*;
pub use role_policy_attachment::*;
pub use service_linked_role::*;
pub use user::*;
pub use user_group_membership::*;
pub use user_policy::*;
pub use user_policy_attachment::*;
