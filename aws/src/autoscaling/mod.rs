//! EC2 Auto Scaling: groups of instances that are replaced and that grow and shrink.

pub mod group;
pub mod group_blocks;
#[cfg(feature = "provider")]
mod group_handler;
#[cfg(feature = "provider")]
mod group_read;
#[cfg(feature = "provider")]
mod group_update;
#[cfg(feature = "provider")]
mod group_write;

pub use group::*;
pub use group_blocks::*;
