//! Applying a plan.
//!
//! Start reading at [`scheduler`], which says when an operation runs; [`operation`] says what it
//! does, [`live`] holds what is known while the run goes on, [`telling`] says
//! how far it is, [`token`] names tries, [`watch`] has the spans.

mod live;
mod operation;
mod scheduler;
mod telling;
mod token;
mod watch;

pub(crate) use scheduler::apply;
