//! archon, an authentication platform on Kubernetes.

mod accounts;
mod cluster;
mod data;
mod edge;
mod keys;
mod logs;
mod network;
mod security;
mod settings;
mod stack;
mod storage;
mod watch;

pub(crate) use stack::declare;
