//! The commands, one file or folder each: its arguments, whose doc comments are its help, and `run`.

pub(crate) mod apply;
mod carry_out;
pub(crate) mod check;
pub(crate) mod destroy;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod output;
pub(crate) mod plan;
mod preflight;
pub(crate) mod rollback;
pub(crate) mod sandbox;
pub(crate) mod state;
pub(crate) mod undo;
pub(crate) mod validate;
