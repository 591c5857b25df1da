//! Resource types of `infra` itself, which stand in no cloud: random values, and data that other
//! resources wait for. The engine makes them; stacks and records treat them as any other resource.

mod data;
pub mod random;

pub use data::{Data, DataArguments, DataHandle, DataOutputs, DataOutputsHandle};
pub use random::{Id as RandomId, Password as RandomPassword};
