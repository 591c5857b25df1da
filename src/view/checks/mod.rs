//! What the checks found, in each of the forms that somebody reads.
//!
//! Start reading at [`human`]; the others are documents for programs.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod junit;
#[cfg(test)]
pub(super) mod sample;
pub(crate) mod sarif;
