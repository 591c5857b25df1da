//! Planning: check, refresh, decide about each resource in order, put the steps in order.
//!
//! Start reading at [`draft`]; [`sight`] asks what is there, [`resources`] decides about what is
//! declared, [`deletions`] about what is not; [`renames`] warns where both are one. [`drift`] is no
//! plan: it only looks. [`refreshed`] decides nothing: it records what is there.

mod deletions;
mod draft;
pub(crate) mod drift;
mod refreshed;
mod renames;
mod resources;
mod sight;

pub(crate) use draft::{UNSETTLED, plan};
pub(crate) use drift::drift;
