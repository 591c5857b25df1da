//! What the commands have in common, from the arguments to a plan that can be carried out.
//!
//! Start reading at [`plan_all`], which goes all the way: select, connect, declare, lock, plan.
//! Nothing is written before every stack has been declared without an error.

mod adopt;
pub(crate) mod again;
mod answers;
mod approve;
pub(crate) mod between;
mod budget;
mod checks;
mod clock;
mod cloud;
mod declare;
mod failure;
mod given;
mod gone;
mod heard;
mod holder;
pub(crate) mod keys;
mod loss;
mod part;
pub(crate) mod place;
mod prepare;
mod sandbox;
mod saved;
mod select;
mod site;
pub(crate) mod states;
mod twice;
mod verb;

pub(crate) use answers::{Live, Recorded};
pub(crate) use approve::{approve, confirm};
pub(crate) use budget::{Budget, within};
pub(crate) use checks::{Found, Review, StackReview, review};
pub(crate) use clock::SystemClock;
pub(crate) use cloud::{connect, definitions};
pub(crate) use declare::{Declared, declare, declare_recorded};
pub(crate) use gone::mostly_there;
pub(crate) use holder::{Held, hold_declaring};
pub(crate) use loss::kept;
pub(crate) use part::Part;
pub(crate) use prepare::{Locking, Planned, Prepared, Way, one_document, plan_all, settle};
pub(crate) use sandbox::{sandbox, sandbox_error, started_sandbox};
pub(crate) use saved::{Reopened, reopen, save};
pub(crate) use select::{find, recorded, select, select_recorded};
pub(crate) use site::{Site, Told};
pub(crate) use twice::declared_otherwise;
pub(crate) use verb::Verb;
