//! Checks of plans that ship: what AWS and HIPAA ask of every stack, as rules over the typed plan.
//!
//! Start reading at [`baseline`] and [`hipaa`]. One file a subject, one function a rule, whose comment
//! says why and whose sources say where it is written. A rule never guesses: what is known only after
//! apply is no finding.

mod audit;
mod balancers;
mod caches;
mod compute;
mod databases;
mod keys;
mod messages;
mod network;
mod packs;
mod storage;
mod tables;
#[cfg(test)]
mod testing;

pub use packs::{baseline, hipaa};
