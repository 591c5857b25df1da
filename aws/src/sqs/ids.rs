//! Ids of SQS objects.

infra_sdk::id_types! {
    /// Identifies a queue: its URL.
    QueueUrl("queue URL", "http");
}
