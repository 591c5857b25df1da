//! Spans as a collector of OpenTelemetry takes them: OTLP, the JSON of a request to `/v1/traces`.
//!
//! The main function is [`request`]. Source: opentelemetry-proto, `trace/v1/trace.proto`, and the OTLP
//! specification, "JSON Protobuf Encoding": ids in hexadecimal, 64-bit numbers as texts.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use super::layer::Ended;

/// `SPAN_KIND_INTERNAL` and `SPAN_KIND_CLIENT`.
const KINDS: [u8; 2] = [1, 3];
/// `STATUS_CODE_ERROR`; spans that did not fail have no status.
const ERROR: u8 = 2;

/// The body of a request with these spans.
pub(super) fn request(resource: &[(String, String)], spans: &[Ended]) -> Json {
    let resource: Vec<_> = resource
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } }))
        .collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{
            "scope": { "name": "infra", "version": env!("CARGO_PKG_VERSION") },
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }] })
}

fn span(span: &Ended) -> Json {
    let attributes: Vec<_> = span
        .fields
        .0
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value.otlp() }))
        .collect();
    let mut json = json!({
        "traceId": span.trace,
        "spanId": span.span,
        "name": span.name,
        "kind": KINDS[usize::from(span.is_client)],
        "startTimeUnixNano": nanoseconds(span.began),
        "endTimeUnixNano": nanoseconds(span.ended),
        "attributes": attributes,
    });
    if let Some(parent) = &span.parent {
        json["parentSpanId"] = json!(parent);
    }
    if span.fields.has("error.type") {
        json["status"] = json!({ "code": ERROR });
    }
    json
}

fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}
