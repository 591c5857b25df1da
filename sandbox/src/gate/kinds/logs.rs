//! Filters of log groups, from the pages of `MetricFilter` and `SubscriptionFilter` of the API
//! Reference. A call sets a filter anew. moto loses what came later.

use super::{Echo, Kind};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "metric_filter",
        service: "logs",
        id: &["logGroupName", "filterName"],
        named_by: &[&["logGroupName"], &["filterName"]],
        mark: "metricTransformations",
        create: &["PutMetricFilter"],
        replace: &["PutMetricFilter"],
        delete: &["DeleteMetricFilter"],
        describe: &["DescribeMetricFilters"],
        echoes: &[Echo::exact("applyOnTransformedLogs", "applyOnTransformedLogs")],
        ..Kind::NEW
    },
    Kind {
        name: "subscription_filter",
        service: "logs",
        id: &["logGroupName", "filterName"],
        named_by: &[&["logGroupName"], &["filterName"]],
        mark: "destinationArn",
        create: &["PutSubscriptionFilter"],
        replace: &["PutSubscriptionFilter"],
        delete: &["DeleteSubscriptionFilter"],
        describe: &["DescribeSubscriptionFilters"],
        echoes: &[
            Echo::exact("applyOnTransformedLogs", "applyOnTransformedLogs"),
            Echo::exact("distribution", "distribution"),
            Echo::exact("emitSystemFields", "emitSystemFields"),
        ],
        ..Kind::NEW
    },
];
