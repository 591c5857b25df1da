//! S3: buckets and what is set on them.

pub mod bucket;
pub mod bucket_lookup;
#[cfg(feature = "provider")]
mod common;
pub mod cors;
pub mod encryption;
pub mod ids;
pub mod lifecycle;
#[cfg(feature = "provider")]
mod lifecycle_handler;
pub mod logging;
pub mod notification;
#[cfg(feature = "provider")]
mod notification_handler;
pub mod object;
#[cfg(feature = "provider")]
mod object_handler;
pub mod ownership_controls;
pub mod policy;
pub mod public_access_block;
pub mod replication;
#[cfg(feature = "provider")]
mod replication_handler;
pub mod storage_class;
pub mod versioning;

pub use bucket::*;
pub use bucket_lookup::*;
pub use cors::*;
pub use encryption::*;
pub use ids::*;
pub use lifecycle::*;
pub use logging::*;
pub use notification::*;
pub use object::*;
pub use ownership_controls::*;
pub use policy::*;
pub use public_access_block::*;
pub use replication::*;
pub use storage_class::*;
pub use versioning::*;
