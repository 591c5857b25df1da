//! CloudWatch alarms, from the pages of `MetricAlarm` and `CompositeAlarm` of the API Reference. A call
//! sets an alarm anew. ministack loses metric mathematics, and makes a statistic up where there is
//! none.

use super::{Echo, Kind};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "metric_alarm",
        service: "monitoring",
        id: &["AlarmName"],
        named_by: &[&["AlarmName", "AlarmNames"]],
        mark: "EvaluationPeriods",
        create: &["PutMetricAlarm"],
        replace: &["PutMetricAlarm"],
        delete: &["DeleteAlarms"],
        describe: &["DescribeAlarms"],
        echoes: &[
            Echo::exact("DatapointsToAlarm", "DatapointsToAlarm"),
            Echo::exact("EvaluateLowSampleCountPercentile", "EvaluateLowSampleCountPercentile"),
            Echo::exact("ExtendedStatistic", "ExtendedStatistic"),
            Echo::exact("Metrics", "Metrics"),
            Echo::exact("Period", "Period"),
            Echo::exact("Statistic", "Statistic"),
            Echo::exact("Threshold", "Threshold"),
            Echo::exact("ThresholdMetricId", "ThresholdMetricId"),
            Echo::exact("Unit", "Unit"),
        ],
        ..Kind::NEW
    },
    Kind {
        name: "composite_alarm",
        service: "monitoring",
        id: &["AlarmName"],
        named_by: &[&["AlarmName", "AlarmNames"]],
        mark: "AlarmRule",
        create: &["PutCompositeAlarm"],
        replace: &["PutCompositeAlarm"],
        delete: &["DeleteAlarms"],
        describe: &["DescribeAlarms"],
        echoes: &[
            Echo::exact("ActionsSuppressor", "ActionsSuppressor"),
            Echo::exact("ActionsSuppressorExtensionPeriod", "ActionsSuppressorExtensionPeriod"),
            Echo::exact("ActionsSuppressorWaitPeriod", "ActionsSuppressorWaitPeriod"),
        ],
        ..Kind::NEW
    },
];
