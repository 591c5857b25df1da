//! Saved plans: what a plan was made from and what it does, in a sealed file.
//!
//! Start reading at [`save()`] and [`reopen()`]. A file is planned again from what it holds, and refused
//! where that does not come to the same. No stack program is needed for that.

mod content;
mod refused;
mod reopen;
mod save;

pub(crate) use reopen::{Reopened, reopen};
pub(crate) use save::save;
