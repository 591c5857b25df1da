//! CloudWatch Logs: metric filters.

use hyper::Method;
use serde_json::{Value, json};

use super::support::Caller;

pub(super) async fn a_metric_filter_stands_once_in_its_log_group(aws: &Caller) {
    let logs = async |operation: &str, body: Value| {
        let target = format!("Logs_20140328.{operation}");
        let kind = ("content-type", "application/x-amz-json-1.1");
        let headers = [kind, ("x-amz-target", target.as_str())];
        let sent = aws.send(Method::POST, "/", "logs", &headers, body.to_string()).await;
        let (status, body) = sent.unwrap();
        (status, serde_json::from_str::<Value>(&body).unwrap_or(Value::Null))
    };
    let filter = json!({ "logGroupName": "counted", "filterName": "errors" });
    assert_eq!(logs("CreateLogGroup", json!({ "logGroupName": "counted" })).await.0, 200);
    for metric in ["one", "two"] {
        let mut put = filter.clone();
        put["filterPattern"] = "ERROR".into();
        put["applyOnTransformedLogs"] = true.into();
        put["metricTransformations"] =
            json!([{ "metricName": metric, "metricNamespace": "App", "metricValue": "1" }]);
        assert_eq!(logs("PutMetricFilter", put).await.0, 200);
    }
    let (_, shown) = logs("DescribeMetricFilters", json!({ "logGroupName": "counted" })).await;
    let shown = shown["metricFilters"].as_array().unwrap();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["metricTransformations"][0]["metricName"], "two");
    assert_eq!(shown[0]["applyOnTransformedLogs"], true);
    assert_eq!(logs("DeleteMetricFilter", filter.clone()).await.0, 200);
    let (code, refused) = logs("DeleteMetricFilter", filter).await;
    assert_eq!((code, &refused["__type"]), (400, &json!("ResourceNotFoundException")));
}
