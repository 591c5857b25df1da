//! `infra state`: what is recorded, and changes of it that touch nothing in the cloud.
//!
//! Start reading at [`command`]. [`look`] reads, [`edit`] moves and forgets, [`restore`] puts an
//! export in the place of a state, [`rekey`] changes what opens one, [`shared`] is about states that
//! several machines use.

mod command;
mod edit;
mod hand_over;
mod look;
mod rekey;
mod restore;
mod shared;

pub(crate) use command::{StateCommand, run};
pub(crate) use look::address;
pub(super) use look::{holder, read, unknown};
