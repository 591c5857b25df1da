//! An input and an output of one name.

use infra_sdk::{Outputs, Resource};

/// A queue.
#[derive(Resource)]
#[resource(type = "aws_sqs_queue", outputs = QueueOutputs)]
pub struct Queue {
    /// Its URL.
    pub url: Option<String>,
}

/// What AWS assigns to a queue.
#[derive(Outputs)]
pub struct QueueOutputs {
    /// Its URL.
    pub id: String,
    /// Its URL again.
    pub url: String,
}

fn main() {}
