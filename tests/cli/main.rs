//! Black-box tests of the `infra` binary: arguments, files, exit codes, and what is shown.
//!
//! Each test has a project of its own in a temporary folder, an empty environment, and a stack
//! program that it says itself. Nothing here talks to AWS: where a call is needed, a server on this
//! machine answers it.

mod adopt;
mod bad_input;
mod between;
mod build;
mod builtin;
mod checks;
mod comment;
mod drift;
mod first;
mod guards;
mod help;
mod import;
mod interrupts;
mod lifecycle;
mod look;
mod moves;
mod notify;
mod page;
mod plan;
mod preflight;
mod program;
mod progress;
mod reading;
mod rollback;
mod sandboxed;
mod saved;
mod selection;
mod settings;
mod shared;
mod state;
mod support;
mod terminal;
mod terraform;
mod undo;
mod watching;
