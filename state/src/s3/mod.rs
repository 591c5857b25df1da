//! Shared state in a bucket: a journal of small objects, written only under conditions.
//!
//! Start reading at `store`, which opens one. `lock` holds the lease, `journal` is the keeper's
//! table, `bucket` the only file that sends requests about objects. Nothing here ever writes an
//! object that another run may have written since this one last looked, and nothing prints.

mod bootstrap;
mod bucket;
mod cell;
mod journal;
mod location;
mod lock;
mod look;
mod store;
mod whole;
mod wire;

pub use bootstrap::{Bootstrapped, bootstrap};
pub(crate) use bucket::{judge, sdk_config};
pub(crate) use location::Place;
pub use location::S3Location;
pub use look::View;
pub(crate) use look::look;
pub(crate) use store::{Session, Target, names, open, read_export, restore, unlock};
pub(crate) use whole::rekey;
