//! WAF, version 2: web firewalls.
//!
//! Terraform's blocks, with its names, but for these: actions have their word in `type`
//! (`Action::block()`), an empty block is [`Chosen`], and `rule_json` is left out, since rules are
//! typed here.

pub mod action;
pub mod field_to_match;
pub mod ip_set;
pub mod managed;
pub mod matches;
pub mod rate;
pub mod regex_pattern_set;
pub mod rule;
pub mod rule_group;
pub mod scope;
pub mod statement;
pub mod web_acl;
pub mod web_acl_association;

pub use action::*;
pub use field_to_match::*;
pub use ip_set::*;
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
