//! A dashboard of CloudWatch, made of widgets that draw metrics.

use std::collections::BTreeMap;

use infra_aws::cloudwatch::{Dashboard, DashboardHandle};
use infra_aws::ecs::{ClusterHandle as ServiceClusterHandle, ServiceHandle};
use infra_aws::eks::ClusterHandle;
use infra_sdk::prelude::*;
use infra_sdk::{Expr, Function, Json, Value};

use super::database::Database;
use super::metrics::{self, Metric, Stat};
use super::redis::Redis;
use super::web_edge::Edge;

/// Seconds that one point stands for.
const PERIOD: i64 = 60;

/// Width and height of a widget; a dashboard is 24 wide, so two stand side by side.
const WIDTH: i64 = 12;
const HEIGHT: i64 = 6;

/// A picture of some metrics over time.
pub(crate) struct Widget {
    title: String,
    lines: Vec<(String, Metric)>,
}

impl Widget {
    /// A widget without lines.
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), lines: Vec::new() }
    }

    /// Adds a line, with what it is called.
    #[must_use]
    pub(crate) fn line(mut self, label: impl Into<String>, metric: Metric) -> Self {
        self.lines.push((label.into(), metric));
        self
    }
}

/// Declares a dashboard with these widgets, two in a row.
pub(crate) fn declare(stack: &mut Stack, name: &str, widgets: Vec<Widget>) -> DashboardHandle {
    let region = stack.region();
    let widgets = (0..).zip(widgets).map(|(index, widget)| widget.to_expr(index, &region));
    let body = map([("widgets", Expr::List(widgets.collect()))]);
    let body: Output<Json, Global> =
        Output::from_expr(Expr::Call(Function::JsonEncode, vec![body]));
    stack.add("dashboard", Dashboard::new(name, body))
}

/// What clients feel.
pub(crate) fn edge(edge: &Edge) -> Vec<Widget> {
    let balancer = |name, stat| metrics::balancer(&edge.balancer, name, stat);
    let targets = |name, stat| metrics::targets(&edge.balancer, &edge.target, name, stat);
    let requests = Widget::new("Requests a minute")
        .line("all", balancer("RequestCount", Stat::Sum))
        .line("failed in targets", balancer("HTTPCode_Target_5XX_Count", Stat::Sum))
        .line("failed before them", balancer("HTTPCode_ELB_5XX_Count", Stat::Sum));
    let latency = [Stat::P50, Stat::P95, Stat::P99]
        .into_iter()
        .fold(Widget::new("Seconds to an answer"), |widget, stat| {
            widget.line(stat.word(), targets("TargetResponseTime", stat))
        });
    let health = Widget::new("Targets")
        .line("healthy", targets("HealthyHostCount", Stat::Minimum))
        .line("not healthy", targets("UnHealthyHostCount", Stat::Maximum));
    vec![requests, latency, health]
}

/// The nodes of a Kubernetes cluster.
pub(crate) fn cluster(cluster: &ClusterHandle) -> Widget {
    let metric = |name| metrics::cluster(cluster, name, Stat::Average);
    Widget::new("Nodes, percent")
        .line("processor", metric("node_cpu_utilization"))
        .line("memory", metric("node_memory_utilization"))
}

/// A service of ECS.
pub(crate) fn service(cluster: &ServiceClusterHandle, service: &ServiceHandle) -> Widget {
    let metric = |name| metrics::service(cluster, service, name, Stat::Average);
    Widget::new("Service, percent")
        .line("processor", metric("CPUUtilization"))
        .line("memory", metric("MemoryUtilization"))
}

/// A database.
pub(crate) fn database(database: &Database) -> Vec<Widget> {
    let metric = |name, stat| metrics::database(&database.instance, name, stat);
    let load = Widget::new("Database")
        .line("processor, percent", metric("CPUUtilization", Stat::Average))
        .line("connections", metric("DatabaseConnections", Stat::Maximum));
    let storage = Widget::new("Database, free bytes")
        .line("storage", metric("FreeStorageSpace", Stat::Minimum))
        .line("memory", metric("FreeableMemory", Stat::Minimum));
    vec![load, storage]
}

/// A cache and its members.
pub(crate) fn cache(cache: &Redis, members: u32) -> Widget {
    (1..=members).fold(Widget::new("Cache, percent"), |widget, member| {
        let metric = |name| metrics::cache(&cache.group, member, name, Stat::Average);
        widget
            .line(format!("processor of {member}"), metric("EngineCPUUtilization"))
            .line(format!("memory of {member}"), metric("DatabaseMemoryUsagePercentage"))
    })
}

impl Widget {
    /// Source: CloudWatch user guide, dashboard body structure and syntax.
    fn to_expr(&self, index: i64, region: &str) -> Expr {
        let lines = self.lines.iter().map(|(label, metric)| line(label, metric)).collect();
        let properties = map([
            ("title", text(&self.title)),
            ("region", text(region)),
            ("view", text("timeSeries")),
            ("period", number(PERIOD)),
            ("metrics", Expr::List(lines)),
        ]);
        map([
            ("type", text("metric")),
            ("x", number(index % 2 * WIDTH)),
            ("y", number(index / 2 * HEIGHT)),
            ("width", number(WIDTH)),
            ("height", number(HEIGHT)),
            ("properties", properties),
        ])
    }
}

/// Namespace, name, dimensions one after the other, and how it is drawn.
fn line(label: &str, metric: &Metric) -> Expr {
    let mut parts = vec![text(&metric.namespace), text(&metric.name)];
    for (dimension, value) in &metric.dimensions {
        parts.extend([text(dimension), value.expr().clone()]);
    }
    parts.push(map([("stat", text(metric.stat.word())), ("label", text(label))]));
    Expr::List(parts)
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::from(text))
}

fn number(number: i64) -> Expr {
    Expr::Value(Value::Int(number))
}

fn map<const N: usize>(entries: [(&str, Expr); N]) -> Expr {
    Expr::Map(BTreeMap::from(entries.map(|(name, value)| (name.to_owned(), value))))
}
