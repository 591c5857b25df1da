//! Plans as Markdown, for a comment on a pull request.
//!
//! Start reading at [`render`]. Whatever was not written here stands in a code block that it cannot
//! get out of, and no sensitive value is ever shown.

mod blocks;
mod plan;

pub(crate) use plan::render;
