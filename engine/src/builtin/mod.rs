//! The resource types of `infra` itself, which stand in no cloud.
//!
//! Start reading at [`Builtin`], a provider around the cloud's own. The definitions stand in the
//! vocabulary crate, `infra_sdk::builtin`.

mod generator;
mod provider;

pub use provider::{Builtin, is_built_in};
