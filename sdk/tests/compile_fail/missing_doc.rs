//! A definition without documentation.

use infra_sdk::Block;

/// A rule.
#[derive(Block)]
pub struct Rule {
    pub days: u32,
    /// What it is called.
    pub name: String,
    pub size: u32,
}

#[derive(Block)]
pub struct Filter {
    /// Prefix of names.
    pub prefix: String,
}

fn main() {}
