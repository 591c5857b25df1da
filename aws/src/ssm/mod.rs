//! Systems Manager: parameters.

#[cfg(feature = "provider")]
mod common;
pub mod names;
pub mod parameter;

pub use names::*;
pub use parameter::*;
