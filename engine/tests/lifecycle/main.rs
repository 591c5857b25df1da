//! What the engine does, one file per behaviour: the real engine over the strict fake provider and
//! the store in memory. [`harness`] is the place to start reading.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod builtin;
mod create;
mod cycles;
mod delete;
mod drift;
mod failure;
mod harness;
mod ignore_changes;
mod import;
mod interrupt;
mod large;
mod moved;
mod prevent_destroy;
mod recovery;
mod replace;
mod targets;
mod unfinished;
mod unknown;
mod update;
mod validate;
mod write_only;
