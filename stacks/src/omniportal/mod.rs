//! omniportal, a health portal under HIPAA.
//!
//! What its owners left open, and what was chosen:
//! - It stands in us-east-1 whatever region the environment has, with `recovery_region` us-west-2 for
//!   copies of what must not be lost; `replicate` makes them, in production.
//! - The master user's password is generated here: RDS does not manage passwords of databases that have
//!   a replica. The application may also sign in through IAM, as the user `portal`.
//! - Access logs of the load balancer can only be encrypted with S3's own key, so that the bucket `logs`
//!   is; the other buckets have the key for storage.
//! - Logs and trails are kept 2557 days. What is stored moves to Glacier after 90 days; nothing but logs
//!   expires.
//! - Restoring is a setting: `database.snapshot` and `cache.snapshot` name the snapshot that a new
//!   database or cache is made of.
//! - State: production's belongs into a bucket that the team shares. `infra state bootstrap` makes it,
//!   versioned and encrypted, and `infra state unlock ID` frees a lock whose run died.

mod audit;
mod compute;
mod data;
mod keys;
mod recovery;
mod secrets;
mod settings;
mod stack;
mod storage;
mod watching;

pub(crate) use stack::declare;
