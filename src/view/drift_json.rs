//! What was changed outside of infra, as JSON.

use infra_engine::{DriftReport, Drifted, DriftedAttribute, Unrecorded, Writer};
use serde_json::{Value as Json, json};

use super::json::{diagnostic, sensitive_mark, value};
use super::outputs_json::document;

/// One document for all stacks.
pub(crate) fn render(environment: &str, reports: &[(String, DriftReport)]) -> String {
    let stack = |(name, report): &(String, DriftReport)| {
        json!({
            "stack": name,
            "drifted": report.has_drift(),
            "checked": report.checked,
            "resources": report.objects.iter().map(object).collect::<Vec<_>>(),
            "unrecorded": report.unrecorded.iter().map(unrecorded).collect::<Vec<_>>(),
            "diagnostics": report.warnings.iter().map(diagnostic).collect::<Vec<_>>(),
        })
    };
    document(&json!({
        "format_version": "1.0",
        "environment": environment,
        "drifted": reports.iter().any(|(_, report)| report.has_drift()),
        "stacks": reports.iter().map(stack).collect::<Vec<_>>(),
    }))
}

fn object(object: &Drifted) -> Json {
    json!({
        "address": object.address.as_str(),
        "type": object.type_name,
        "id": object.id,
        "drifted": object.is_drift(),
        "deleted": object.gone,
        "attributes": object.attributes.iter().map(attribute).collect::<Vec<_>>(),
    })
}

fn attribute(attribute: &DriftedAttribute) -> Json {
    let owner = match attribute.writer {
        Writer::Infra => "infra",
        Writer::Outside => "outside",
    };
    json!({
        "name": attribute.name,
        "owner": owner,
        "code": attribute.code.as_ref().map_or(Json::Null, value),
        "applied": value(&attribute.applied),
        "real": value(&attribute.real),
        "sensitive": sensitive_mark(&attribute.real),
    })
}

fn unrecorded(object: &Unrecorded) -> Json {
    json!({
        "address": object.address.as_str(),
        "type": object.type_name,
        "id": object.id,
    })
}
