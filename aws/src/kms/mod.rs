//! KMS: keys and their names.

pub mod alias;
#[cfg(feature = "provider")]
mod common;
pub mod ids;
pub mod key;
pub mod key_name;
pub mod key_spec;

pub use alias::*;
pub use ids::*;
pub use key::*;
pub use key_name::*;
pub use key_spec::*;
