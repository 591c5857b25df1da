//! securenexus, a security product: staging, uat and production in one cluster.

mod application;
mod data;
mod keys;
mod platform;
mod settings;
mod stack;
mod watch;

pub(crate) use stack::declare;

/// The product's name, after which everything of it is named.
const NAME: &str = "securenexus";
