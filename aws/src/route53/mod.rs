//! Route 53: names.

pub mod ids;

pub use ids::*;
