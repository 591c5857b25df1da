//! CloudTrail: who called what.

#[cfg(feature = "provider")]
mod selectors;
pub mod trail;
#[cfg(feature = "provider")]
mod trail_handler;
#[cfg(feature = "provider")]
#[cfg(test)]
mod trail_tests;

pub use trail::*;
