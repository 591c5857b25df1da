//! What `enable_security_scanning` has the cluster's audit log looked through for: signs of somebody
//! who tries doors.

use infra_aws::logs::{MetricFilter, MetricTransformation};
use infra_sdk::prelude::*;

use crate::components::eks_cluster::Cluster;
use crate::components::metrics::{Metric, Stat};

/// A kind of event that is counted.
pub(super) struct Finding {
    /// Its name in the stack.
    pub(super) name: &'static str,
    /// What it says to whoever receives the alarm.
    pub(super) what: &'static str,
    /// How many of them in a minute are too many.
    pub(super) most: f64,
    metric: &'static str,
    pattern: &'static str,
}

/// Sources: Kubernetes, auditing; CloudWatch Logs user guide, filter pattern syntax.
pub(super) const FINDINGS: [Finding; 3] = [
    Finding {
        name: "requests-refused",
        what: "many requests to the cluster's API are refused",
        most: 10.0,
        metric: "RequestsRefused",
        pattern: "{ $.responseStatus.code = 403 }",
    },
    Finding {
        name: "anonymous-requests",
        what: "somebody without a name was answered by the cluster's API",
        most: 0.0,
        metric: "AnonymousRequests",
        pattern: "{ ($.user.username = \"system:anonymous\") && ($.responseStatus.code = 200) && ($.requestURI != \"/livez*\") && ($.requestURI != \"/readyz*\") && ($.requestURI != \"/healthz*\") }",
    },
    Finding {
        name: "commands-in-pods",
        what: "somebody runs commands in a pod",
        most: 0.0,
        metric: "CommandsInPods",
        pattern: "{ ($.objectRef.subresource = \"exec\") && ($.verb = \"create\") }",
    },
];

pub(super) fn declare(stack: &mut Stack, cluster: &Cluster) {
    for finding in &FINDINGS {
        let namespace = namespace(stack);
        let counted = MetricTransformation::new(finding.metric, namespace, "1").default_value(0.0);
        let filter = MetricFilter::new(finding.name, cluster.logs.id(), finding.pattern, counted);
        stack.add(finding.name, filter);
    }
}

impl Finding {
    /// How many there were.
    pub(super) fn metric(&self, stack: &Stack) -> Metric {
        Metric::new(&namespace(stack), self.metric, Stat::Sum)
    }
}

/// The namespace of the metrics of an environment.
fn namespace(stack: &Stack) -> String {
    format!("archon/{}", stack.env().name())
}
