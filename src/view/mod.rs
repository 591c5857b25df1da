//! What a user sees: the only code that prints.
//!
//! Start reading at [`Terminal`]. Standard output carries the answer, standard error everything
//! else. Whatever was not written here is escaped before it is shown, and no sensitive value is
//! ever revealed, but by `infra output --reveal`.

pub(crate) mod apply_json;
pub(crate) mod checks;
mod ci;
mod diff;
pub(crate) mod drift_json;
mod fit;
pub(crate) mod history_json;
pub(crate) mod human;
pub(crate) mod import_json;
mod json;
mod log;
pub(crate) mod markdown;
pub(crate) mod outputs_json;
pub(crate) mod picture;
pub(crate) mod plan_json;
mod plan_json_expressions;
mod plan_json_shape;
mod plan_json_text;
mod risk;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod show_json;
pub(crate) mod state_json;
mod terminal;
mod text;
pub(crate) mod validate_json;
mod wrap;

pub(crate) use log::{LogFormat, LogLine};
pub(crate) use terminal::Terminal;
pub(crate) use text::count;
