//! AWS Backup: vaults, plans, and what plans back up.

#[cfg(feature = "provider")]
mod common;
pub mod names;
pub mod plan;
#[cfg(feature = "provider")]
mod plan_handler;
pub mod selection;
pub mod vault;

pub use names::*;
pub use plan::*;
pub use selection::*;
pub use vault::*;
