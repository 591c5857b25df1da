//! Pictures of what refers to what: in the languages of Graphviz and Mermaid, as SVG, and as a page.
//!
//! Start reading at [`Model`]. A picture is one text that needs nothing else: no file, no network.
//! All text of others is escaped, and no value is in a picture but those that a plan shows.

mod dot;
mod layout;
mod mermaid;
mod model;
mod page;
mod page_changes;
mod svg;

pub(crate) use dot::dot;
pub(crate) use mermaid::mermaid;
pub(crate) use model::Model;
pub(crate) use page::{PlanPage, graph_page, plan_page};
pub(crate) use svg::svg;
