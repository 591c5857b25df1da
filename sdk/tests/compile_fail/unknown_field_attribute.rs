//! Attributes of fields that there are not, or that contradict each other.

use infra_sdk::{Block, Settings};

/// A rule.
#[derive(Block)]
pub struct Rule {
    /// After how many days.
    #[field(forcenew)]
    pub days: u32,
    /// What it is called.
    #[field(computed)]
    pub name: String,
    /// Which size.
    #[field(range = 1..5)]
    pub size: u32,
    /// Which share.
    #[field(default = 1)]
    pub share: Option<u32>,
    /// How many.
    #[field(required)]
    pub count: u32,
}

/// Settings of a stack.
#[derive(Settings)]
pub struct Platform {
    /// Zones.
    #[setting(sensitive)]
    pub zones: u32,
}

fn main() {}
