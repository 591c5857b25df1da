//! What watches archon: alarms, the topic that receives them, and a dashboard.

use infra_sdk::prelude::*;

use super::data::Data;
use super::security;
use super::settings::Settings;
use crate::components::alarms::{self, EdgeLimits, Limit};
use crate::components::dashboard::{self, Widget};
use crate::components::eks_cluster::Cluster;
use crate::components::key::{self, alarms_statement, owner_policy};
use crate::components::web_edge::Edge;

/// The parts that are watched.
pub(super) struct Watched<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) data: &'a Data,
    pub(super) edge: &'a Edge,
}

/// The owners' limits that no setting changes.
const DOWN_MINUTES: u32 = 2;
const ERROR_MINUTES: u32 = 2;

/// Memory of nodes that is too full, in percent.
const MEMORY_PERCENT: f64 = 85.0;

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    account: &str,
    watched: &Watched<'_>,
) {
    let prefix = format!("archon-{}", stack.env().name());
    let policy = owner_policy(account).statement(alarms_statement(account));
    let key = key::declare(stack, &prefix, "alarms", policy);
    let email = settings.alarm_email.as_deref();
    let alarms = alarms::declare(stack, &prefix, account, &key, email);
    let Watched { cluster, data, edge } = watched;
    let limits = EdgeLimits {
        down_minutes: DOWN_MINUTES,
        error_percent: settings.alarm_error_percent,
        error_minutes: ERROR_MINUTES,
        latency_seconds: settings.alarm_latency_seconds,
    };
    alarms.edge(stack, edge, limits);
    let cpu = settings.alarm_cpu_percent;
    alarms.database(stack, &data.database, settings.db_allocated_storage, cpu);
    alarms.cache(stack, &data.cache, settings.redis_num_cache_clusters, cpu);
    alarms.cluster(stack, &cluster.control_plane, cpu, MEMORY_PERCENT);
    if settings.enable_security_scanning {
        for finding in &security::FINDINGS {
            let metric = finding.metric(stack);
            alarms.metric(stack, finding.name, finding.what, metric, Limit::above(finding.most, 1));
        }
    }
    dashboard::declare(stack, &prefix, widgets(settings, watched));
    stack.output("alarm_topic_arn", alarms.topic.arn());
}

fn widgets(settings: &Settings, watched: &Watched<'_>) -> Vec<Widget> {
    let Watched { cluster, data, edge } = watched;
    let mut widgets = dashboard::edge(edge);
    widgets.push(dashboard::cluster(&cluster.control_plane));
    widgets.extend(dashboard::database(&data.database));
    widgets.push(dashboard::cache(&data.cache, settings.redis_num_cache_clusters));
    widgets
}
