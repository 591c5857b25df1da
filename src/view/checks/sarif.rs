//! What the checks found, as SARIF 2.1.0, which code scanning of GitHub and others read.
//!
//! Start reading at [`render`]. Source: OASIS, Static Analysis Results Interchange Format Version
//! 2.1.0. What is waived is there as a suppressed result, with its reason.

use std::collections::BTreeMap;

use infra_sdk::Location;
use infra_sdk::checks::Severity;
use infra_sdk::protocol::checks::WireRule;
use serde_json::{Value as Json, json};

use crate::session::{Found, Review};
use crate::view::outputs_json::document;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log with one run.
pub(crate) fn render(review: &Review) -> String {
    document(&to_json(review))
}

fn to_json(review: &Review) -> Json {
    let rules: BTreeMap<&str, &WireRule> = review
        .stacks
        .iter()
        .flat_map(|stack| &stack.rules)
        .map(|rule| (rule.code.as_str(), rule))
        .collect();
    let index = |code: &str| rules.keys().position(|known| *known == code);
    let results: Vec<_> = review
        .stacks
        .iter()
        .flat_map(|stack| stack.findings.iter().map(|found| (stack.stack.as_str(), found)))
        .map(|(stack, found)| result(review, stack, found, index(&found.finding.code)))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "infra",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            // Several environments of one commit are several analyses.
            "automationDetails": { "id": format!("infra-check/{}/", review.environment) },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(rule: &WireRule) -> Json {
    let sources = rule.sources.join(", ");
    let help = if sources.is_empty() {
        rule.title.clone()
    } else {
        format!("{}. Source: {sources}.", rule.title)
    };
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.title },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "security-severity": score(rule.severity),
            "tags": ["security", rule.severity.name()],
        },
    })
}

fn result(review: &Review, stack: &str, found: &Found, rule: Option<usize>) -> Json {
    let finding = &found.finding;
    let about = match &finding.address {
        Some(address) => format!("{stack}/{address}"),
        None => stack.to_owned(),
    };
    let mut text = format!("{about} {}", finding.message);
    for hint in &finding.hints {
        text.push_str(&format!("\n{hint}"));
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [{
            // Readers want a place in a file; a stack as a whole is where its environment begins.
            "physicalLocation": place(found.location.as_ref().unwrap_or(&review.place)),
            "logicalLocations": [{ "fullyQualifiedName": about, "kind": "resource" }],
        }],
        "partialFingerprints": {
            "infraFinding/v1": format!("{}@{}/{about}", finding.code, review.environment),
        },
    });
    if let Some(index) = rule {
        result["ruleIndex"] = json!(index);
    }
    if let Some(reason) = &found.waived {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
    }
    result
}

fn place(location: &Location) -> Json {
    let mut region = json!({ "startLine": location.line.max(1) });
    if location.column > 0 {
        region["startColumn"] = json!(location.column);
    }
    json!({ "artifactLocation": { "uri": uri(&location.file) }, "region": region })
}

/// A relative reference as RFC 3986 has it.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// The score that GitHub makes its severities of: over 9.0 is critical, from 7.0 high, from 4.0
/// medium. Source: GitHub Docs, SARIF support for code scanning.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::checks::sample::review;

    #[test]
    fn every_result_has_a_rule_a_place_and_its_suppression() {
        let log = to_json(&review());
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        let results = run["results"].as_array().expect("results");
        assert_eq!((rules.len(), results.len()), (4, 3));
        for result in results {
            let index = result["ruleIndex"].as_u64().expect("an index");
            let rule = &rules[usize::try_from(index).expect("small")];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        let place = |index: usize| &results[index]["locations"][0]["physicalLocation"];
        assert_eq!(place(0)["artifactLocation"]["uri"], "stacks/src/my%20shop.rs");
        assert_eq!(place(0)["region"], json!({ "startLine": 7, "startColumn": 11 }));
        assert_eq!(place(2)["artifactLocation"]["uri"], "infra.toml");
        assert_eq!(results[0].get("suppressions"), None);
        let suppression = json!([{ "kind": "inSource", "justification": "it is a test" }]);
        assert_eq!(results[1]["suppressions"], suppression);
    }
}
