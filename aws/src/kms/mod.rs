//! KMS: keys and their names.

pub mod alias;
#[cfg(feature = "provider")]
mod common;
pub mod ids;
pub mod key;

pub use alias::*;
pub use ids::*;
pub use key::*;
