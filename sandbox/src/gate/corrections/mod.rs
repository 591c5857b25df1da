//! Corrections of what the emulators do against AWS's documentation, a file for each service.
//! `docs/emulator-gaps.md` lists them. What is only forgotten is an echo of a kind, not a correction.

mod apply;
mod codes;
mod ec2;
mod elasticloadbalancing;
mod names;
mod sts;

pub(crate) use apply::{Leftovers, after, before};
