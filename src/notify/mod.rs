//! Telling people elsewhere how a run ended: one message to a webhook that takes what Slack takes.
//!
//! Start reading at [`send`]. A message has numbers and names and never a value; one that cannot be
//! delivered is a warning and changes nothing of how the command ends. The URL is a secret and is
//! never shown.

mod deliver;
mod message;
mod webhook;

pub(crate) use deliver::send;
pub(crate) use message::{Report, StackReport};
