//! Lambda: functions, and who may invoke them.

pub mod function;
#[cfg(feature = "provider")]
mod function_code;
#[cfg(feature = "provider")]
mod function_handler;
#[cfg(feature = "provider")]
mod function_read;
mod function_rules;
#[cfg(feature = "provider")]
#[cfg(test)]
mod function_tests;
#[cfg(feature = "provider")]
mod function_update;
pub mod names;
pub mod permission;
pub mod zip_file;

pub use function::*;
pub use names::*;
pub use permission::*;
pub use zip_file::*;
