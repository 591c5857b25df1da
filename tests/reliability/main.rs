//! Nothing is ever lost: the binary is killed, cut off and starved, against the sandbox.
//!
//! Start reading at [`world::World`], a sandbox with a project, and [`ledger`], which compares three
//! lists: what the cloud holds (asked without `infra`), what the state says, and what the program
//! declares. `cargo test` runs a sample; `cargo xtask reliability` runs all of it and notes its
//! figures. Needs Python for the emulators.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test and what helps it fail by panicking"
)]

mod chance;
mod disk;
mod durability;
mod faults;
mod figures;
mod interrupts;
mod kills;
mod ledger;
mod locks;
mod secrets;
mod shared;
mod silence;
mod trace;
mod world;
