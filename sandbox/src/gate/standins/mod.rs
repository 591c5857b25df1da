//! Operations that neither emulator has, played by the gate itself, against AWS's API Reference.
//!
//! A stand-in is a file with a `serve` function, named in `desk.rs` under its service. It is given a
//! [`Desk`]: the call, questions to the emulators, a store of its own that a reset clears, and the
//! memory of what calls set (`overlays/echo.rs`). States, ghosts, dependencies and tokens work on
//! its objects as on any others. It must never play what an emulator plays well enough.

mod desk;
mod eks_fargate;
mod eks_updates;
mod store;
mod subnet_groups;
mod tags;

pub(crate) use desk::{Desk, fill, serve};
pub(crate) use store::Store;
