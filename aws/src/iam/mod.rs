//! Stand-in until the IAM types are merged.
pub use infra_sdk::Json as PolicyJson;
