//! Deletes that AWS refuses while something depends on the object, and both emulators let pass.
//!
//! The gate asks before it lets a delete through: [`check`]. What EC2 refuses because of its own
//! objects is code, in `ec2.rs`; everything else is rows, a [`Hold`] each, in a file for each service.
//! To add one, add a row there. Rows also refuse
//! creates of a name that is taken. What an emulator refuses by itself needs none.

mod autoscaling;
mod backup;
mod check;
mod cloudtrail;
mod ec2;
mod ecs;
mod eks;
mod elasticache;
mod elasticloadbalancing;
mod rds;
mod route53;
mod rows;
mod wafv2;

use check::Check;
pub(crate) use check::{Asker, check};
use rows::{Hold, Look, Place, Step};
