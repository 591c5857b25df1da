//! Preflight: what will keep the operations of a plan from succeeding, told before the first.
//!
//! Nothing here changes anything. What cannot be found out is a warning at most: a preflight that
//! fails must not keep a run from being tried. Start reading at `run`.

mod blockers;
mod blocking;
mod caller;
mod credentials;
mod denials;
mod permissions;
mod quotas;
mod run;
mod taken;
mod usual;

pub(crate) use blocking::text as known_text;
pub use blocking::{
    Leaving, final_snapshot_missing, final_snapshot_taken, in_use, later, not_empty, protected,
    source_missing,
};
pub use taken::Holder;
pub(crate) use usual::usual_time;
