//! S3: buckets and what is set on them.

pub mod bucket;
#[cfg(feature = "provider")]
mod common;
pub mod encryption;
pub mod ids;
pub mod lifecycle;
#[cfg(feature = "provider")]
mod lifecycle_handler;
pub mod logging;
pub mod ownership_controls;
pub mod policy;
pub mod public_access_block;
pub mod versioning;

pub use bucket::Bucket;
pub use encryption::{
    BucketServerSideEncryptionConfiguration, EncryptionByDefault, EncryptionRule, SseAlgorithm,
};
pub use ids::BucketName;
pub use lifecycle::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, Expiration, LifecycleFilter,
    LifecycleRule, MinimumObjectSize, NoncurrentVersionExpiration, NoncurrentVersionTransition,
    RuleStatus, StorageClass, Transition,
};
pub use logging::{BucketLogging, PartitionDateSource};
pub use ownership_controls::{BucketOwnershipControls, ObjectOwnership};
pub use policy::BucketPolicy;
pub use public_access_block::BucketPublicAccessBlock;
pub use versioning::{BucketVersioning, MfaDelete, VersioningConfiguration, VersioningStatus};
