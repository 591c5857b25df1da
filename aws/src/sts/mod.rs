//! STS and the facts about where the caller stands.

pub mod caller_identity;
pub mod partition;
pub mod region;

pub use caller_identity::CallerIdentity;
pub use partition::{Partition, PartitionFound};
pub use region::Region;
