//! Secrets Manager: secrets, their values, who may read them, and how they are rotated.

#[cfg(feature = "provider")]
mod common;
pub mod names;
pub mod policy;
pub mod rotation;
pub mod secret;
#[cfg(feature = "provider")]
mod secret_handler;
pub mod secret_lookup;
pub mod version;
pub mod version_lookup;

pub use names::*;
pub use policy::*;
pub use rotation::*;
pub use secret::*;
pub use secret_lookup::{FindSecret, SecretFound};
pub use version::*;
pub use version_lookup::{FindSecretVersion, SecretVersionFound};
