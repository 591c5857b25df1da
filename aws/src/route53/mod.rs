//! Route 53: names, and whether what they lead to works.

#[cfg(feature = "provider")]
mod common;
pub mod health_check;
#[cfg(feature = "provider")]
mod health_check_handler;
pub mod ids;
pub mod names;
pub mod record;
#[cfg(feature = "provider")]
mod record_handler;
pub mod zone;
pub mod zone_association;
pub mod zone_lookup;

pub use health_check::*;
pub use ids::*;
pub use names::DomainName;
pub use record::*;
pub use zone::*;
pub use zone_association::*;
pub use zone_lookup::{FindZone, ZoneFound};
