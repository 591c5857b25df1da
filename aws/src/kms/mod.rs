//! KMS: keys, their names, and who may use them.

pub mod alias;
pub mod alias_lookup;
#[cfg(feature = "provider")]
mod common;
pub mod grant;
#[cfg(feature = "provider")]
mod grant_handler;
pub mod ids;
pub mod key;
pub mod key_lookup;
pub mod key_name;
pub mod key_spec;
pub mod replica_key;

pub use alias::*;
pub use alias_lookup::*;
pub use grant::*;
pub use ids::*;
pub use key::*;
pub use key_lookup::*;
pub use key_name::*;
pub use key_spec::*;
pub use replica_key::*;
