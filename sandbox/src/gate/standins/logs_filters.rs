//! Metric filters of log groups: moto puts a second one beside the first where a call sets one anew,
//! and is content with the delete of one that is not there.
//!
//! API: PutMetricFilter, DeleteMetricFilter.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::ServiceError;
use crate::gate::document::Document;

/// Makes room for a filter that is set anew, and refuses the delete of one that is not there.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let operation = desk.call.operation.as_str();
    if !matches!(operation, "PutMetricFilter" | "DeleteMetricFilter") {
        return Ok(None);
    }
    let (group, name) = (desk.text("logGroupName"), desk.text("filterName"));
    let which = json!({ "logGroupName": group, "filterNamePrefix": name });
    let found = desk.ask("logs", "DescribeMetricFilters", which).await?;
    let is_there = matches!(&found, Ok(Document::Json(found)) if is_in(found, name));
    match operation {
        "PutMetricFilter" if is_there => {
            let which = json!({ "logGroupName": group, "filterName": name });
            // An error would be one of the put as well.
            let _ = desk.ask("logs", "DeleteMetricFilter", which).await?;
            Ok(None)
        }
        "DeleteMetricFilter" if !is_there => {
            let message = "The specified metric filter does not exist.";
            Ok(Some(Err(ServiceError::invalid("ResourceNotFoundException", message))))
        }
        _ => Ok(None),
    }
}

fn is_in(found: &Value, name: &str) -> bool {
    let filters = found["metricFilters"].as_array().into_iter().flatten();
    filters.filter_map(|filter| filter["filterName"].as_str()).any(|found| found == name)
}
