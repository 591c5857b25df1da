//! faultmaven, an authentication service on containers.
//!
//! What its owners left open, and what was chosen:
//! - It stands in the environment's region, over two zones, with tasks in private subnets and data in
//!   subnets that reach nothing but the VPC.
//! - The target group asks `/health`, so that a task which does not live is replaced; the container
//!   asks its own `/ready`, so that a deployment goes on only with tasks that can serve. The image has
//!   `curl` for it.
//! - The migration is a task definition of its own, with the image of the release. A release is
//!   `infra apply --var image_tag=TAG --target compute.migration`, `aws ecs run-task` with the outputs
//!   `migration_…`, and `infra apply --var image_tag=TAG`: the service changes once the migration is
//!   done. The first release also needs its image: `--target images`, then a push.
//! - The JWT signing key belongs to a month, `jwt_key_month`. A pipeline that runs monthly gives it
//!   with `--var`; tasks get that month's key to sign, and that of the month before to verify, and are
//!   deployed anew.
//! - Failed sign-ins are counted in the service's log, which has a JSON object a line: those with
//!   `"event": "login_failed"`.
//! - Logs, alarms, secrets, images, the database and the cache have keys of their own.

mod compute;
mod data;
mod keys;
mod month;
mod secrets;
mod settings;
mod stack;
mod watching;

pub(crate) use stack::declare;
