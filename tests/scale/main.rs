//! What a network costs in calls: apply, a plan without changes, destroy, against the sandbox.
//!
//! `cargo test` runs a small network, so that it does not rot; `INFRA_BENCH_SIZES=1000,3000` runs
//! those sizes. Counts are asserted and times are not. Start reading at [`measure`]. Needs Python
//! for the emulators.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test and what helps it fail by panicking"
)]

mod figures;
mod measure;
mod throttled;
mod world;
