//! KMS: keys and their names.

pub mod alias;
#[cfg(feature = "provider")]
mod common;
pub mod ids;
pub mod key;

pub use alias::Alias;
pub use ids::*;
pub use key::{Key, KeySpec, KeyUsage};
