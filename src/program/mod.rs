//! The host of the stack program: builds it, starts it, and holds the conversation.
//!
//! Start reading at [`Program`]. Whatever the program does wrong becomes a diagnostic with a code
//! `program::…`; nothing that it sends is trusted, and it never sees the cloud's credentials.

mod build;
mod cargo;
mod conversation;
mod environment;
mod host;
mod inputs;
mod lines;
mod toolchain;

pub(crate) use build::build;
pub(crate) use host::{Answers, Findings, Program};
