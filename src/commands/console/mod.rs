//! `infra console`: expressions, evaluated against what is recorded.
//!
//! Start reading at [`command`].

mod command;
mod known;
mod parse;

pub(crate) use command::{ConsoleArgs, run};
