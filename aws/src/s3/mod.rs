//! S3: buckets and what is set on them.

pub mod bucket;
#[cfg(feature = "provider")]
mod common;
pub mod encryption;
pub mod ids;
pub mod lifecycle;
#[cfg(feature = "provider")]
mod lifecycle_handler;
pub mod logging;
pub mod ownership_controls;
pub mod policy;
pub mod public_access_block;
pub mod versioning;

pub use bucket::*;
pub use encryption::*;
pub use ids::*;
pub use lifecycle::*;
pub use logging::*;
pub use ownership_controls::*;
pub use policy::*;
pub use public_access_block::*;
pub use versioning::*;
