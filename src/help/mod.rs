//! What `infra --help` and `infra help TOPIC` show beyond the help of single commands.
//!
//! Start reading at [`grouped`]. The texts of the topics stand in `topics/`, as Markdown.

mod groups;
mod topics;
mod usage;

pub(crate) use groups::grouped;
pub(crate) use topics::{TOPICS, topic};
pub(crate) use usage::{environments, with_tips};
