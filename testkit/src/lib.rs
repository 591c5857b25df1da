//! Test equipment: the strict fake provider, the in-memory store, the store suite. For tests only.

pub mod fake;
pub mod memory_store;
pub mod store_suite;

pub use memory_store::{MemoryDisk, MemoryStore};
