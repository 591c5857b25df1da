//! What the engine does, one file per behaviour: the real engine over the strict fake provider and
//! the store in memory. [`harness`] is the place to start reading.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod adopt;
mod adopt_existing;
mod between;
mod builtin;
mod create;
mod cycles;
mod delete;
mod drift;
mod failure;
mod forget;
mod harness;
mod ignore_changes;
mod import;
mod imprint;
mod interrupt;
mod large;
mod lost_create;
mod lost_lock;
mod moved;
mod pace;
mod preflight;
mod prevent_destroy;
mod readiness;
mod recovery;
mod refresh_only;
mod renames;
mod replace;
mod rollback;
mod targets;
mod undo;
mod unfinished;
mod unknown;
mod update;
mod validate;
mod write_only;
