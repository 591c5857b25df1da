//! What watches securenexus: alarms, the topic that receives them, and a dashboard.

use infra_sdk::prelude::*;

use super::NAME;
use super::data::Server;
use super::keys::Keys;
use super::settings::Settings;
use crate::components::alarms::{self, EdgeLimits};
use crate::components::dashboard;
use crate::components::eks_cluster::Cluster;
use crate::components::web_edge::Edge;

/// The owners' limits that no setting changes.
const DOWN_MINUTES: u32 = 2;
const ERROR_MINUTES: u32 = 5;

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    account: &str,
    (cluster, server, edge): (&Cluster, &Server, &Edge),
) {
    let email = settings.alarm_email.as_deref();
    let alarms = alarms::declare(stack, NAME, account, &keys.alarms, email);
    let limits = EdgeLimits {
        down_minutes: DOWN_MINUTES,
        error_percent: settings.alarm_error_percent,
        error_minutes: ERROR_MINUTES,
        latency_seconds: settings.alarm_latency_seconds,
    };
    alarms.edge(stack, edge, limits);
    alarms.availability(stack, edge, settings.alarm_availability_percent);
    let cpu = settings.alarm_cpu_percent;
    alarms.cluster(stack, &cluster.control_plane, cpu, settings.alarm_memory_percent);
    let storage = settings.database.allocated_storage;
    alarms.database(stack, &server.database, storage, cpu);
    let mut widgets = dashboard::edge(edge);
    widgets.push(dashboard::cluster(&cluster.control_plane));
    widgets.extend(dashboard::database(&server.database));
    dashboard::declare(stack, NAME, widgets);
    stack.output("alarm_topic_arn", alarms.topic.arn());
}
