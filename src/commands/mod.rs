//! The commands, one file or folder each: its arguments, whose doc comments are its help, and `run`.

pub(crate) mod apply;
mod carry_out;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod console;
pub(crate) mod destroy;
pub(crate) mod docs;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod new;
pub(crate) mod output;
pub(crate) mod plan;
mod preflight;
pub(crate) mod rollback;
pub(crate) mod sandbox;
pub(crate) mod show;
pub(crate) mod state;
pub(crate) mod undo;
pub(crate) mod validate;
