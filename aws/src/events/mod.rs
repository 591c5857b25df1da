//! EventBridge: buses, rules, and what rules invoke.

pub mod bus;
#[cfg(feature = "provider")]
mod common;
pub mod names;
pub mod rule;
pub mod target;
#[cfg(feature = "provider")]
mod target_handler;
mod target_rules;
#[cfg(feature = "provider")]
mod target_wire;

pub use bus::*;
pub use names::*;
pub use rule::*;
pub use target::*;
