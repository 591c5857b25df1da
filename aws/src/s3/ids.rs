//! Names of S3 objects, each a type of its own.

infra_sdk::id_types! {
    /// Identifies a bucket: its name.
    BucketName("bucket name", "");
}
