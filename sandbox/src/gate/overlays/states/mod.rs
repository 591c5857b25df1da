//! States that take time: the first reads of a new object say `pending`, of one that is changed
//! `modifying`, of a deleted one `deleting`.
//!
//! The main type is [`States`]; the rows are in `gate/kinds`. A look of the gate's own, for a
//! dependency, counts as a read, and so does a call that is refused because the object is on its way:
//! an object that nobody looks at must not stay on its way for ever.

mod engine;
mod ghosts;

pub(crate) use engine::States;
