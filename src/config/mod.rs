//! What the files of a project say: `infra.toml`, and the settings of its stacks.
//!
//! Start reading at [`Project::find`] and [`settings::load`]. Everything wrong in a file is reported
//! at once, each with file, line and column; nothing here talks to AWS or prints.

mod checks;
mod document;
mod environment;
mod fields;
mod notify;
mod project;
pub(crate) mod settings;
mod state;
mod variables;

pub(crate) use checks::Thresholds;
pub(crate) use document::Document;
pub(crate) use environment::{Endpoint, Environment, is_endpoint_url, is_readable_by_others};
pub(crate) use fields::{near, near_or};
pub(crate) use notify::Occasion;
pub(crate) use project::Project;
pub(crate) use state::{StateKey, StatePlace};
pub(crate) use variables::Variable;
