//! Operations that neither emulator has, played by the gate itself, against AWS's API Reference.
//!
//! A stand-in is a file with a `serve` function, named in `desk.rs` under its service. It is given a
//! [`Desk`]: the call, questions to the emulators, a store of its own that a reset clears, and the
//! memory of what calls set (`overlays/echo.rs`). States, ghosts, dependencies and tokens work on
//! its objects as on any others. A file with a `fill`
//! function puts right what emulators say of objects that hang together with another emulator's. It
//! must never play what an emulator plays well enough.

mod acm_validation;
mod autoscaling_instances;
mod cloudtrail_bucket;
mod desk;
mod ec2_credits;
mod ecs_calls;
mod eks_addons;
mod eks_fargate;
mod eks_identity_providers;
mod eks_network;
mod eks_updates;
mod elasticache_members;
mod iam_credentials;
mod iam_simulation;
mod kms_replicas;
mod logs_filters;
mod rds_backups;
mod rds_events;
mod rds_pending;
mod rds_quotas;
mod rds_restores;
mod rds_secrets;
mod route53_vpcs;
mod secretsmanager_rotation;
mod store;
mod subnet_groups;
mod tags;
mod wafv2_associations;

pub(crate) use desk::{Desk, fill, serve};
pub(crate) use store::Store;
