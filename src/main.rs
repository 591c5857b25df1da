//! `infra`: arguments -> engine -> terminal.
//!
//! Start reading at [`cli`], then `commands`, one file per command. This crate wires the others
//! together: it is the only one that reads arguments and the environment, prints, and ends the
//! process. What it never does: decide what has to change, or talk to AWS itself.

mod cli;
mod commands;
mod completion;
mod config;
mod error;
mod exit;
mod help;
mod interrupts;
mod notify;
mod post;
mod program;
mod session;
mod view;
mod watch;

fn main() -> std::process::ExitCode {
    exit::guarded(|| cli::run(std::env::args_os())).into()
}
