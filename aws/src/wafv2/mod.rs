//! WAF, version 2: web firewalls.
//!
//! Terraform's blocks, with its names, but for these: actions have their word in `type`
//! (`Action::block()`), an empty block is [`Chosen`], and `rule_json` is left out, since rules are
//! typed here.

pub mod action;
#[cfg(feature = "provider")]
mod common;
pub mod field_to_match;
#[cfg(feature = "provider")]
mod field_wire;
#[cfg(feature = "provider")]
#[cfg(test)]
mod fixtures;
pub mod ip_set;
pub mod lookups;
pub mod managed;
#[cfg(feature = "provider")]
mod managed_wire;
pub mod matches;
pub mod rate;
#[cfg(feature = "provider")]
mod rate_wire;
pub mod regex_pattern_set;
pub mod rule;
pub mod rule_group;
#[cfg(feature = "provider")]
mod rule_wire;
pub mod scope;
pub mod statement;
#[cfg(feature = "provider")]
mod statement_wire;
pub mod web_acl;
pub mod web_acl_association;
#[cfg(feature = "provider")]
mod web_acl_handler;
pub mod web_acl_logging_configuration;
#[cfg(feature = "provider")]
mod web_acl_logging_configuration_handler;

pub use action::*;
#[cfg(feature = "provider")]
pub(crate) use common::check_scopes;
pub use field_to_match::*;
pub use ip_set::*;
pub use lookups::*;
pub use managed::*;
pub use matches::*;
pub use rate::*;
pub use regex_pattern_set::*;
pub use rule::*;
pub use rule_group::*;
pub use scope::*;
pub use statement::*;
pub use web_acl::*;
pub use web_acl_association::*;
pub use web_acl_logging_configuration::*;
