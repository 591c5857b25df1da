//! KMS: keys, their names, and who may use them.

pub mod alias;
#[cfg(feature = "provider")]
mod common;
pub mod grant;
pub mod ids;
pub mod key;
pub mod key_name;
pub mod key_spec;

pub use alias::*;
pub use grant::*;
pub use ids::*;
pub use key::*;
pub use key_name::*;
pub use key_spec::*;
