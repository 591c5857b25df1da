//! archon, an authentication platform. So far its network, keys, buckets, log groups and roles; the
//! cluster, the database, the cache and the edge come with their resource types.

mod accounts;
mod cluster;
mod data;
mod edge;
mod keys;
mod logs;
mod network;
mod settings;
mod stack;
mod storage;
mod watch;

pub(crate) use stack::declare;
