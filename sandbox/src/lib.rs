//! AWS on this machine: two emulators that no one here wrote, and the gate before them.
//!
//! Start reading at [`Sandbox`], which runs everything in this process, and at [`detached`], which
//! keeps it running for the command line. [`Control`] talks to either. Nothing here needs an AWS
//! account, reads the environment or prints; product code must not know that it exists.
//!
//! An SDK is pointed at it by its endpoint, with any access key and any region:
//! every caller is in the account [`gate::ACCOUNT`] until it assumes a role of another.

mod config;
mod control;
pub mod detached;
mod emulators;
mod error;
mod files;
pub mod gate;
mod sandbox;
mod venv;

pub use config::{SHARED_VENV, SandboxConfig, shared_venv};
pub use control::Control;
pub use error::SandboxError;
pub use sandbox::Sandbox;
pub use venv::{PINS, virtual_environment};
