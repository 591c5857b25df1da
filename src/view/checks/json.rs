//! What the checks found, as a document of our own.

use infra_sdk::checks::Severity;
use serde_json::{Map, Value as Json, json};

use crate::session::{Found, Review, StackReview};
use crate::view::outputs_json::document;

/// The document about all stacks.
pub(crate) fn render(review: &Review) -> String {
    let limits: Map<_, _> = Severity::ALL
        .into_iter()
        .filter_map(|s| Some((s.name().to_owned(), json!(review.limits.limit(s)?))))
        .collect();
    let counts: Map<_, _> =
        Severity::ALL.into_iter().map(|s| (s.name().to_owned(), json!(review.count(s)))).collect();
    document(&json!({
        "format_version": "1.0",
        "environment": review.environment,
        "passed": review.exceeded().is_empty(),
        "summary": counts,
        "waived": review.findings(true).len(),
        "thresholds": limits,
        "stacks": review.stacks.iter().map(stack).collect::<Vec<_>>(),
    }))
}

fn stack(stack: &StackReview) -> Json {
    json!({
        "stack": stack.stack,
        "rules": stack.rules,
        "findings": stack.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(found: &Found) -> Json {
    let finding = &found.finding;
    let place = found
        .location
        .as_ref()
        .map(|place| json!({ "filename": place.file, "line": place.line, "column": place.column }));
    json!({
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "address": finding.address.as_ref().map(ToString::to_string),
        "type": found.type_name,
        "location": place,
        "hints": finding.hints,
        "waived": found.waived,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::checks::sample::review;

    #[test]
    fn what_is_waived_does_not_count_and_stands_with_its_reason() {
        let json: Json = serde_json::from_str(&render(&review())).expect("JSON");
        assert_eq!(json["passed"], false);
        assert_eq!(json["summary"], json!({ "critical": 1, "high": 0, "medium": 1, "low": 0 }));
        assert_eq!((&json["waived"], &json["thresholds"]), (&json!(1), &json!({ "critical": 0 })));
        let findings = &json["stacks"][0]["findings"];
        assert_eq!(findings[0]["location"]["line"], 7);
        assert_eq!(findings[1]["waived"], "it is a test");
        assert_eq!(findings[2]["address"], Json::Null);
    }
}
