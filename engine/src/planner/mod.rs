//! Planning: check, refresh, decide about each resource in order, put the steps in order.
//!
//! Start reading at [`draft`]; [`sight`] asks what is there, [`resources`] decides about what is
//! declared, [`deletions`] about what is not. [`refreshed`] decides nothing: it records what is there.

mod deletions;
mod draft;
mod refreshed;
mod resources;
mod sight;

pub(crate) use draft::{UNSETTLED, plan};
