//! STS and the facts about where the caller stands.

pub mod caller_identity;

pub use caller_identity::CallerIdentity;
