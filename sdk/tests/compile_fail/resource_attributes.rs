//! A resource without what every resource needs, and one that hides an option.

use infra_sdk::Resource;

/// A queue.
#[derive(Resource)]
#[resource(outputs = QueueOutputs)]
pub struct Queue {
    /// Its name.
    pub name: String,
}

/// A topic.
#[derive(Resource)]
#[resource(type = "aws_sns_topic", outputs = TopicOutputs, regional)]
pub struct Topic {
    /// Its name.
    pub name: String,
}

/// A table.
#[derive(Resource)]
#[resource(type = "AWS::DynamoDB::Table", outputs = TableOutputs)]
pub struct Table {
    /// How long things may take.
    pub timeouts: Option<u32>,
}

/// A job.
#[derive(Resource)]
#[resource(type = "aws_job", outputs = JobOutputs)]
pub struct Job {
    /// What it does.
    #[field(force_new_if = "script_replaces")]
    pub script: Option<String>,
}

/// A disk.
#[derive(Resource)]
#[resource(type = "aws_disk", outputs = DiskOutputs)]
pub struct Disk {
    /// Where it is.
    #[field(force_new, force_new_if = "script")]
    pub zone: String,
}

fn main() {}
