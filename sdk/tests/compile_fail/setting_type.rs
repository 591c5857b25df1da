//! A setting of a type that settings cannot have.

use infra_sdk::Settings;

/// Settings of a stack.
#[derive(Settings)]
pub struct Platform {
    /// When it starts.
    pub start: std::time::Duration,
}

fn main() {}
