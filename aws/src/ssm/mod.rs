//! Systems Manager: parameters.

#[cfg(feature = "provider")]
mod common;
pub mod names;
pub mod parameter;
pub mod parameter_lookup;

pub use names::*;
pub use parameter::*;
pub use parameter_lookup::{FindParameter, ParameterFound};
