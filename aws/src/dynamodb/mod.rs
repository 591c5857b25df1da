//! DynamoDB: tables.

pub mod names;
pub mod table;
#[cfg(feature = "provider")]
mod table_handler;
#[cfg(feature = "provider")]
mod table_read;
mod table_rules;
#[cfg(feature = "provider")]
mod table_steps;
#[cfg(feature = "provider")]
#[cfg(test)]
mod table_tests;

pub use names::*;
pub use table::*;
