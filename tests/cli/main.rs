//! Black-box tests of the `infra` binary: arguments, files, exit codes, and what is shown.
//!
//! Each test has a project of its own in a temporary folder, an empty environment, and a stack
//! program that it says itself. Nothing here talks to AWS: where a call is needed, a server on this
//! machine answers it.

mod adopt;
mod bad_input;
mod builtin;
mod comment;
mod help;
mod interrupts;
mod notify;
mod plan;
mod program;
mod sandboxed;
mod settings;
mod shared;
mod state;
mod support;
mod terminal;
mod undo;
