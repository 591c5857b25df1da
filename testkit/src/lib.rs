//! Test equipment: the strict fake provider, the in-memory store, the store suite, the writer that
//! gets killed. For tests only.

mod figure;

pub mod fake;
pub mod golden;
pub mod memory_store;
pub mod store_suite;
pub mod writer;

pub use figure::figure;
pub use memory_store::{MemoryDisk, MemoryStore};
