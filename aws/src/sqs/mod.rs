//! SQS: queues, who may use them, and where they put what nobody could handle.

#[cfg(feature = "provider")]
mod common;
pub mod ids;
pub mod queue;
#[cfg(feature = "provider")]
mod queue_handler;
pub mod queue_policy;
pub mod queue_redrive_allow_policy;
pub mod queue_redrive_policy;

pub use ids::*;
pub use queue::*;
pub use queue_policy::*;
pub use queue_redrive_allow_policy::*;
pub use queue_redrive_policy::*;
