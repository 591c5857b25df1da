//! A field of a type that attributes cannot have.

use infra_sdk::Block;

/// A rule.
#[derive(Block)]
pub struct Rule {
    /// How long.
    pub time: std::time::Duration,
}

fn main() {}
