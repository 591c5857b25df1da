//! Tasks of this repository that are not the product's: what holds the house together.
//!
//! [`tidy`] is a test, so that `make test` runs it; see docs/architecture.md for the rules.

pub mod bench;
pub mod cases;
mod codes;
pub mod http;
pub mod machine;
pub mod package;
pub mod reliability;
pub mod tidy;
