//! Settings: what differs between environments, typed by the stack and checked with the place each
//! value came from.
//!
//! The main type is [`Settings`], made by its derive. `infra` reads the files and the command line
//! into [`SettingNode`]s, each with its [`Origin`]; the program turns them into the stack's type.
//! Start reading at [`Reader`].

mod node;
mod problem;
mod reader;
mod types;

pub use node::{Origin, SettingNode, SettingValue};
pub use problem::unknown_setting;
pub use reader::{Reader, Setting, SettingDescription, Settings, read_table, setting, show_table};
pub use types::{SettingType, read_text};
