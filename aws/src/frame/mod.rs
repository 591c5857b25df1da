//! What all resource types share, done once: clients, calls, retries, limits, tags, waiting, errors.
//!
//! A handler says what to ask AWS; everything else happens here. Start reading at [`handler`], the
//! contract that a resource type fulfils, then [`adapter`], which puts the frame around it.

pub mod adapter;
mod answered;
pub(crate) mod attributes;
pub mod call;
pub mod calls;
pub mod clients;
pub mod error;
#[cfg(test)]
mod garbage;
pub mod handler;
mod held_up;
mod hints;
mod history;
pub mod limiter;
pub mod lookup;
pub mod names;
mod patience;
pub mod preflight;
pub mod provider;
pub mod read;
pub mod readings;
pub mod silence;
pub mod tags;
#[cfg(test)]
pub(crate) mod test_server;
pub mod wait;
pub(crate) mod whole;
pub mod wire;
