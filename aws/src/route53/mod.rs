//! Route 53: names.

#[cfg(feature = "provider")]
mod common;
pub mod ids;
pub mod names;
pub mod record;
#[cfg(feature = "provider")]
mod record_handler;
pub mod zone;

pub use ids::*;
pub use names::DomainName;
pub use record::*;
pub use zone::*;
