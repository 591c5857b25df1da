//! Text for people.
//!
//! Start reading at [`plan`]. Each file renders one thing to text; nothing here writes.

mod chain;
pub(crate) mod change;
pub(crate) mod console;
pub(crate) mod diagnostic;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod gist;
pub(crate) mod history;
pub(crate) mod import;
mod live;
pub(crate) mod look;
pub(crate) mod new;
pub(crate) mod outputs;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod progress;
mod semantic;
pub(crate) mod show;
pub(crate) mod state;
pub(crate) mod summary;
pub(crate) mod time;
pub(crate) mod validate;
mod values;
