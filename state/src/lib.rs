//! The store: what is known of a stack between runs, kept so that no crash and no power cut loses it.
//!
//! Start reading at [`open`], which gives a [`Store`](infra_sdk::store::Store) for one stack in one
//! environment. [`SledStore`] is the backend on this machine, `keeper` holds its rules, `record` the
//! format that every later release reads. Sensitive values reach the disk only sealed ([`seal`]).
//! This crate never prints, never reads the environment, and never takes an empty store for a lost
//! one.

mod config;
mod durations;
mod entries;
mod envelope;
pub mod export;
mod export_writer;
mod files;
mod folder;
mod front;
mod group;
mod keeper;
#[cfg(feature = "s3")]
mod kms;
mod lock;
mod marker;
pub mod plan_file;
mod record;
mod rekey;
mod restore;
#[cfg(feature = "s3")]
mod s3;
pub mod seal;
mod site;
mod sled_store;
mod sled_table;
mod standing;
#[cfg(feature = "s3")]
mod transfer;
mod value;

#[cfg(feature = "s3")]
pub use config::look;
pub use config::{
    Config, Location, Paths, RestoreChecks, names, open, open_within, rekey, restore,
    restore_within, unlock,
};
pub use envelope::{KeyContext, KeySource, KeyWrapper};
pub use export::{Export, Snapshot, export_text, last_export, read_export};
#[cfg(feature = "s3")]
pub use kms::KmsWrapper;
pub use lock::LockOwner;
pub use record::FORMAT;
#[cfg(feature = "s3")]
pub use s3::{Bootstrapped, S3Location, View, bootstrap};
pub use seal::SealingKey;
pub use sled_store::SledStore;
#[cfg(feature = "s3")]
pub use transfer::move_state;
