//! The kinds of objects that the gate knows, a file for each service.
//!
//! A row, [`Kind`], says how an object is made, named, shown, changed and deleted; which states it
//! goes through (`overlays/states`); and which of its fields the emulator loses, so that the gate has
//! to remember them (`overlays/echo.rs`). To add a kind, add a row to its service's file. A new file
//! has to be named in `table.rs`.

mod acm;
mod autoscaling;
mod dynamodb;
mod ec2;
mod ecs;
mod eks;
mod elasticache;
mod elasticloadbalancing;
mod kind;
mod lambda;
mod logs;
mod monitoring;
mod rds;
mod route53;
mod table;
mod wafv2;

pub(crate) use eks::DEFAULT_ADDON_VERSION;
pub(crate) use kind::{Busy, Echo, Ghost, Kind, Life, Phase, Shown, Way};
pub(crate) use table::{concerned, normal};
