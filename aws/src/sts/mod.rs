//! STS and the facts about where the caller stands.

pub mod caller_identity;
pub mod partition;
pub mod region;

pub use caller_identity::*;
pub use partition::*;
pub use region::*;
