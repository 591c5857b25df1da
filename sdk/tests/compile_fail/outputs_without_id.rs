//! Outputs by which the object cannot be found again.

use infra_sdk::Outputs;

/// What AWS assigns.
#[derive(Outputs)]
pub struct QueueOutputs {
    /// Its URL.
    pub url: String,
}

fn main() {}
