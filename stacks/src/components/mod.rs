//! What the systems share, as people use modules: each a function that declares its resources in
//! the scope that it is given and returns their handles.

pub(crate) mod alarms;
pub(crate) mod bucket;
pub(crate) mod container_images;
pub(crate) mod dashboard;
pub(crate) mod database;
pub(crate) mod eks_cluster;
pub(crate) mod fargate_service;
pub(crate) mod guarded_edge;
pub(crate) mod key;
pub(crate) mod log_bucket;
pub(crate) mod log_group;
pub(crate) mod metrics;
pub(crate) mod network;
pub(crate) mod network_guard;
pub(crate) mod redis;
pub(crate) mod role;
pub(crate) mod secret;
pub(crate) mod service_accounts;
pub(crate) mod service_watching;
pub(crate) mod suffix;
pub(crate) mod task;
pub(crate) mod web_edge;
pub(crate) mod web_firewall;
