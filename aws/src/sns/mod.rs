//! SNS: topics, who may use them, and who gets their messages.

#[cfg(feature = "provider")]
mod common;
pub mod delivery_policy;
pub mod endpoint;
pub mod topic;
#[cfg(feature = "provider")]
mod topic_handler;
pub mod topic_policy;
pub mod topic_subscription;
#[cfg(feature = "provider")]
mod topic_subscription_handler;

pub use delivery_policy::DeliveryPolicyJson;
pub use endpoint::*;
pub use topic::*;
pub use topic_policy::*;
pub use topic_subscription::*;
