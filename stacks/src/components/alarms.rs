//! Alarms on what the systems are made of, and the topic that receives them.
//!
//! The main type is [`Alarms`]: one a system, made with its topic. Each of its methods watches one
//! part; thresholds are the owners' and come from the settings.

use std::collections::BTreeMap;

use infra_aws::cloudwatch::{
    ComparisonOperator, MetricAlarm, MetricAlarmArguments, MetricQuery, MissingData, QueriedMetric,
};
use infra_aws::ecs::{ClusterHandle as ServiceClusterHandle, ServiceHandle};
use infra_aws::eks::ClusterHandle;
use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::kms::KeyHandle;
use infra_aws::sns::{SubscriptionProtocol, Topic, TopicHandle, TopicPolicy, TopicSubscription};
use infra_sdk::prelude::*;

use super::database::Database;
use super::metrics::{self, Metric, Stat};
use super::redis::Redis;
use super::web_edge::Edge;

/// Seconds of a period: what CloudWatch keeps of AWS's own metrics.
const MINUTE: u32 = 60;

/// Bytes of a gibibyte.
const GIBIBYTE: f64 = 1_073_741_824.0;

/// The alarms of a system.
pub(crate) struct Alarms {
    /// Beginning of their names: `archon-staging`.
    prefix: String,
    /// Receives them.
    pub(crate) topic: TopicHandle,
}

/// When an alarm is raised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    comparison: ComparisonOperator,
    threshold: f64,
    minutes: u32,
    missing: MissingData,
}

impl Limit {
    /// Over a threshold for so many minutes on end.
    pub(crate) fn above(threshold: f64, minutes: u32) -> Self {
        let comparison = ComparisonOperator::GreaterThanThreshold;
        Self { comparison, threshold, minutes, missing: MissingData::NotBreaching }
    }

    /// Under a threshold for so many minutes on end.
    pub(crate) fn below(threshold: f64, minutes: u32) -> Self {
        Self {
            comparison: ComparisonOperator::LessThanThreshold,
            ..Self::above(threshold, minutes)
        }
    }

    /// Whoever says nothing is over the limit, too.
    #[must_use]
    pub(crate) fn silence_counts(self) -> Self {
        Self { missing: MissingData::Breaching, ..self }
    }
}

/// What clients of a system may feel at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EdgeLimits {
    /// Minutes without a healthy target.
    pub(crate) down_minutes: u32,
    /// Requests that fail, in percent.
    pub(crate) error_percent: f64,
    /// For how many minutes.
    pub(crate) error_minutes: u32,
    /// Seconds within which 95 % of requests are answered.
    pub(crate) latency_seconds: f64,
}

/// Declares the topic of a system, encrypted with the key, whose policy has
/// [`alarms_statement`](super::key::alarms_statement). Mail goes to `email`, once it is confirmed.
pub(crate) fn declare(
    stack: &mut Stack,
    prefix: &str,
    account: &str,
    key: &KeyHandle,
    email: Option<&str>,
) -> Alarms {
    let name = format!("{prefix}-alarms");
    let topic = stack.add("topic", Topic::new().name(name).kms_master_key_id(key.id()));
    let publish = Statement::allow()
        .sid("Alarms")
        .principal(Principal::service("cloudwatch.amazonaws.com"))
        .action("sns:Publish")
        .resource(topic.arn())
        .condition(Operator::StringEquals, "aws:SourceAccount", account);
    let policy = PolicyDocument::new().statement(publish);
    stack.add("topic-policy", TopicPolicy::new(topic.arn(), policy));
    if let Some(email) = email {
        let mail = TopicSubscription::new(topic.arn(), SubscriptionProtocol::Email, email);
        stack.add("mail", mail);
    }
    Alarms { prefix: prefix.to_owned(), topic }
}

impl Alarms {
    /// An alarm on one metric, which is told when it is raised and when it is over.
    pub(crate) fn metric(
        &self,
        stack: &mut Stack,
        name: &str,
        what: &str,
        metric: Metric,
        limit: Limit,
    ) {
        let dimensions: BTreeMap<_, _> = metric.dimensions.into_iter().collect();
        let alarm = self
            .alarm(name, what, limit)
            .namespace(metric.namespace)
            .metric_name(metric.name)
            .dimensions(dimensions)
            .period(MINUTE);
        let alarm = match metric.stat.statistic() {
            Some(statistic) => alarm.statistic(statistic),
            None => alarm.extended_statistic(metric.stat.word()),
        };
        stack.add(name, alarm);
    }

    /// An alarm on an expression of metrics, by the names that they have in it, over periods of so
    /// many minutes.
    pub(crate) fn expression(
        &self,
        stack: &mut Stack,
        name: &str,
        what: &str,
        expression: &str,
        metrics: Vec<(&str, Metric)>,
        (limit, period): (Limit, u32),
    ) {
        let queries = metrics.into_iter().map(|(id, metric)| {
            let dimensions: BTreeMap<_, _> = metric.dimensions.into_iter().collect();
            let queried = QueriedMetric::new(metric.name, period * MINUTE, metric.stat.word())
                .namespace(metric.namespace)
                .dimensions(dimensions);
            MetricQuery::new(id).metric(queried)
        });
        let result = MetricQuery::new("result").expression(expression).label(what);
        let queries: Vec<_> = queries.chain([result.return_data(true)]).collect();
        stack.add(name, self.alarm(name, what, limit).metric_query(queries));
    }

    fn alarm(&self, name: &str, what: &str, limit: Limit) -> MetricAlarmArguments {
        let Limit { comparison, threshold, minutes, missing } = limit;
        MetricAlarm::new(format!("{}-{name}", self.prefix), comparison, minutes)
            .threshold(threshold)
            .alarm_description(format!("{}: {what}", self.prefix))
            .treat_missing_data(missing)
            .alarm_actions([self.topic.arn()])
            .ok_actions([self.topic.arn()])
    }

    /// Watches what clients feel: whether the system is there, answers, and answers in time.
    pub(crate) fn edge(&self, stack: &mut Stack, edge: &Edge, limits: EdgeLimits) {
        let Edge { balancer, target, .. } = edge;
        let healthy = metrics::targets(balancer, target, "HealthyHostCount", Stat::Maximum);
        let down = Limit::below(1.0, limits.down_minutes).silence_counts();
        self.metric(stack, "down", "no target is healthy", healthy, down);
        let errors = Limit::above(limits.error_percent, limits.error_minutes);
        let what = "too many requests fail";
        self.expression(stack, "errors", what, ERROR_PERCENT, requests(edge), (errors, 1));
        let slow = metrics::targets(balancer, target, "TargetResponseTime", Stat::P95);
        let limit = Limit::above(limits.latency_seconds, 5);
        self.metric(stack, "latency", "1 request of 20 is slow", slow, limit);
    }

    /// Raised when fewer than so many percent of an hour's requests succeed.
    pub(crate) fn availability(&self, stack: &mut Stack, edge: &Edge, percent: f64) {
        let limit = (Limit::below(percent, 1), 60);
        let expression = format!("100 - ({ERROR_PERCENT})");
        let what = "too few requests of the last hour succeeded";
        self.expression(stack, "availability", what, &expression, requests(edge), limit);
    }

    /// Raised when a target has not been healthy for so many minutes, though others may be.
    pub(crate) fn unhealthy_targets(&self, stack: &mut Stack, edge: &Edge, minutes: u32) {
        let unhealthy =
            metrics::targets(&edge.balancer, &edge.target, "UnHealthyHostCount", Stat::Maximum);
        let limit = Limit::above(0.0, minutes);
        self.metric(stack, "unhealthy-targets", "a target is not healthy", unhealthy, limit);
    }

    /// Watches a database: processor over so many percent, and less than a tenth of its storage
    /// free.
    pub(crate) fn database(
        &self,
        stack: &mut Stack,
        database: &Database,
        storage: Gibibytes,
        cpu_percent: f64,
    ) {
        let metric = |name, stat| metrics::database(&database.instance, name, stat);
        let busy = metric("CPUUtilization", Stat::Average);
        let limit = Limit::above(cpu_percent, 10);
        self.metric(stack, "database-cpu", "the database is busy", busy, limit);
        let free = metric("FreeStorageSpace", Stat::Minimum);
        let limit = Limit::below(f64::from(storage.0) * GIBIBYTE / 10.0, 5);
        self.metric(stack, "database-storage", "the database's disk is nearly full", free, limit);
    }

    /// Raised when a database has more than so many connections.
    pub(crate) fn database_connections(&self, stack: &mut Stack, database: &Database, most: u32) {
        let open = metrics::database(&database.instance, "DatabaseConnections", Stat::Maximum);
        let limit = Limit::above(f64::from(most), 5);
        self.metric(stack, "database-connections", "the database is crowded", open, limit);
    }

    /// Watches each member of a cache: processor and memory over so many percent.
    pub(crate) fn cache(&self, stack: &mut Stack, cache: &Redis, members: u32, percent: f64) {
        for member in 1..=members {
            let metric = |name| metrics::cache(&cache.group, member, name, Stat::Average);
            let limit = Limit::above(percent, 10);
            let name = format!("cache-{member}-cpu");
            let busy = metric("EngineCPUUtilization");
            self.metric(stack, &name, "a member of the cache is busy", busy, limit);
            let name = format!("cache-{member}-memory");
            let full = metric("DatabaseMemoryUsagePercentage");
            self.metric(stack, &name, "a member of the cache is nearly full", full, limit);
        }
    }

    /// Watches the nodes of a Kubernetes cluster: processor and memory over so many percent, and
    /// nodes that fail.
    pub(crate) fn cluster(
        &self,
        stack: &mut Stack,
        cluster: &ClusterHandle,
        cpu_percent: f64,
        memory_percent: f64,
    ) {
        let metric = |name, stat| metrics::cluster(cluster, name, stat);
        let busy = metric("node_cpu_utilization", Stat::Average);
        let limit = Limit::above(cpu_percent, 10);
        self.metric(stack, "nodes-cpu", "the nodes are busy", busy, limit);
        let full = metric("node_memory_utilization", Stat::Average);
        let limit = Limit::above(memory_percent, 5);
        self.metric(stack, "nodes-memory", "the nodes' memory is nearly full", full, limit);
        let failed = metric("cluster_failed_node_count", Stat::Maximum);
        let limit = Limit::above(0.0, 5);
        self.metric(stack, "nodes-failed", "a node fails", failed, limit);
    }

    /// Watches a service of ECS: processor and memory over so many percent.
    pub(crate) fn service(
        &self,
        stack: &mut Stack,
        cluster: &ServiceClusterHandle,
        service: &ServiceHandle,
        percent: f64,
    ) {
        let metric = |name| metrics::service(cluster, service, name, Stat::Average);
        let limit = Limit::above(percent, 10);
        let busy = metric("CPUUtilization");
        self.metric(stack, "service-cpu", "the service is busy", busy, limit);
        let full = metric("MemoryUtilization");
        self.metric(stack, "service-memory", "the service's memory is nearly full", full, limit);
    }
}

/// Requests that fail, in percent: those that targets fail and those that reach none. Where nobody
/// asks, nothing fails.
const ERROR_PERCENT: &str =
    "IF(requests > 0, 100 * (FILL(failed, 0) + FILL(unanswered, 0)) / requests, 0)";

/// The metrics of [`ERROR_PERCENT`].
fn requests(edge: &Edge) -> Vec<(&'static str, Metric)> {
    let metric = |name| metrics::balancer(&edge.balancer, name, Stat::Sum);
    vec![
        ("requests", metric("RequestCount")),
        ("failed", metric("HTTPCode_Target_5XX_Count")),
        ("unanswered", metric("HTTPCode_ELB_5XX_Count")),
    ]
}
