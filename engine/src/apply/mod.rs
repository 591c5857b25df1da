//! Applying a plan.
//!
//! Start reading at [`scheduler`], which says when an operation runs; [`operation`] says what it
//! does, [`live`] holds what is known while the run goes on, [`token`] names tries.

mod live;
mod operation;
mod scheduler;
mod token;

pub(crate) use scheduler::apply;
