//! IAM: identities and what they may do. A service without regions.

pub mod policy_document;
pub mod policy_json;

pub use policy_document::{Comparison, Operator, PolicyDocument, Principal, Statement};
pub use policy_json::PolicyJson;
