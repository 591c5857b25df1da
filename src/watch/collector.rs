//! Where spans go: what the standard variables of OpenTelemetry say.
//!
//! The main type is [`Collector`]. Without an endpoint there is none, and nothing is sent.
//! Source: OpenTelemetry specification, "OTLP Exporter Configuration" and "General SDK Configuration";
//! W3C Trace Context.

use std::time::Duration;

use infra_sdk::Diagnostic;
use percent_encoding::percent_decode_str;

use crate::post::is_url;

/// How long the end of a run may wait for a collector, whatever the variables say.
const LONGEST: Duration = Duration::from_secs(5);

/// Takes spans.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Collector {
    /// Where they are posted to.
    pub(super) url: String,
    /// Headers of each request; secrets, mostly.
    pub(super) headers: Vec<(String, String)>,
    /// How long a request may take.
    pub(super) patience: Duration,
    /// What the process is.
    pub(super) resource: Vec<(String, String)>,
    /// The span that the run belongs to.
    pub(super) parent: Option<Parent>,
}

/// A span of whoever started the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parent {
    /// 32 hexadecimal digits.
    pub(super) trace: String,
    /// 16 hexadecimal digits.
    pub(super) span: String,
}

impl Collector {
    /// The collector that the variables name; `None` without one, and where they switch it off.
    ///
    /// # Errors
    /// When spans are asked for in a way that they cannot be sent. Then none are.
    pub(super) fn of(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Diagnostic> {
        let value = |name: &str| {
            variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let own = |end: &str| {
            value(&format!("OTEL_EXPORTER_OTLP_TRACES_{end}"))
                .or_else(|| value(&format!("OTEL_EXPORTER_OTLP_{end}")))
        };
        let disabled = value("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        let exporters = value("OTEL_TRACES_EXPORTER").unwrap_or_else(|| "otlp".to_owned());
        if disabled || !exporters.split(',').any(|exporter| exporter.trim() == "otlp") {
            return Ok(None);
        }
        let url = match value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
            Some(url) => url,
            None => match value("OTEL_EXPORTER_OTLP_ENDPOINT") {
                Some(base) => format!("{}/v1/traces", base.trim_end_matches('/')),
                None => return Ok(None),
            },
        };
        if !is_url(&url) {
            return Err(odd("the endpoint of the collector is no URL")
                .hint("set OTEL_EXPORTER_OTLP_ENDPOINT to a URL such as `http://localhost:4318`"));
        }
        match own("PROTOCOL").as_deref() {
            None | Some("http/json" | "http/protobuf") => {}
            Some(_) => {
                return Err(odd("the protocol is none that is spoken here")
                    .hint("set OTEL_EXPORTER_OTLP_PROTOCOL to `http/json`, and the endpoint to the collector's port for HTTP, mostly 4318"));
            }
        }
        let parent = match value("TRACEPARENT").as_deref().and_then(parent) {
            // Whoever started the run takes no spans of this trace.
            Some((_, false)) => return Ok(None),
            Some((parent, true)) => Some(parent),
            None => None,
        };
        let patience = own("TIMEOUT").and_then(|text| text.parse().ok()).map(Duration::from_millis);
        Ok(Some(Self {
            url,
            headers: pairs(&own("HEADERS").unwrap_or_default()),
            patience: patience.unwrap_or(LONGEST).min(LONGEST),
            resource: resource(
                &value("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default(),
                value("OTEL_SERVICE_NAME"),
            ),
            parent,
        }))
    }
}

fn odd(detail: &str) -> Diagnostic {
    Diagnostic::warning("watch::collector", "no traces are sent").detail(detail)
}

/// What the process is. A name of its own stands over that among the attributes.
fn resource(attributes: &str, name: Option<String>) -> Vec<(String, String)> {
    let mut resource = pairs(attributes);
    let mut put = |key: &str, value: String, over: bool| match resource
        .iter_mut()
        .find(|(known, _)| known == key)
    {
        Some((_, known)) if over => *known = value,
        Some(_) => {}
        None => resource.push((key.to_owned(), value)),
    };
    let named = name.is_some();
    put("service.name", name.unwrap_or_else(|| "infra".to_owned()), named);
    put("service.version", env!("CARGO_PKG_VERSION").to_owned(), false);
    put("telemetry.sdk.name", "infra".to_owned(), true);
    put("telemetry.sdk.language", "rust".to_owned(), true);
    put("telemetry.sdk.version", env!("CARGO_PKG_VERSION").to_owned(), true);
    resource
}

/// `name=value,name=value`, values with escapes. What is no pair is left out, as the specification
/// wants it.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), value.into_owned()))
    };
    text.split(',').filter_map(pair).collect()
}

/// `00-TRACE-SPAN-FLAGS`, and whether spans of the trace are taken. What is malformed is none.
fn parent(text: &str) -> Option<(Parent, bool)> {
    let mut parts = text.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let flags = parts.next()?;
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let whole = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    let one = |text: &str| text.bytes().any(|byte| byte != b'0');
    let ends = version != "00" || parts.next().is_none();
    if !(whole && is_hex(flags, 2) && one(trace) && one(span) && ends) {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    Some((Parent { trace: trace.to_owned(), span: span.to_owned() }, sampled))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(variables: &[(&str, &str)]) -> Result<Option<Collector>, Diagnostic> {
        Collector::of(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        })
    }

    fn collector(variables: &[(&str, &str)]) -> Collector {
        let mut all = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/")];
        all.extend(variables);
        of(&all).expect("usable").expect("on")
    }

    #[test]
    fn without_an_endpoint_nothing_is_sent() {
        let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let others = [
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=b"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "k=v"),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", " "),
            ("TRACEPARENT", traceparent.as_str()),
        ];
        assert!(of(&[]).expect("usable").is_none());
        assert!(of(&others).expect("usable").is_none());
        let off = |name, value| {
            let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
            of(&[endpoint, (name, value)]).expect("usable").is_none()
        };
        assert!(off("OTEL_SDK_DISABLED", "TRUE") && !off("OTEL_SDK_DISABLED", "no"));
        assert!(
            off("OTEL_TRACES_EXPORTER", "none") && !off("OTEL_TRACES_EXPORTER", "console,otlp")
        );
        assert!(off("TRACEPARENT", &traceparent.replace("-01", "-00")), "it is not sampled");
    }

    #[test]
    fn the_variables_of_traces_stand_over_the_others() {
        let plain = collector(&[]);
        assert_eq!(plain.url, "http://localhost:4318/v1/traces");
        assert!(plain.resource.contains(&("service.name".to_owned(), "infra".to_owned())));
        assert_eq!(plain.patience, LONGEST);
        let own = collector(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces/in"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=general"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key = a%20b , odd, y=1"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1500"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a,team=b%2Cc"),
            ("OTEL_SERVICE_NAME", "shop"),
            ("TRACEPARENT", &format!("00-{TRACE}-00f067aa0ba902b7-01")),
        ]);
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(own.url, "https://traces/in");
        assert_eq!(own.headers, [text("x-key", "a b"), text("y", "1")]);
        assert_eq!(own.patience, Duration::from_millis(1500));
        assert_eq!(own.resource[..2], [text("service.name", "shop"), text("team", "b,c")]);
        let parent = own.parent.expect("a parent");
        assert_eq!((parent.trace.as_str(), parent.span.as_str()), (TRACE, "00f067aa0ba902b7"));
    }

    #[test]
    fn what_cannot_be_sent_is_told_and_a_malformed_parent_is_none() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317");
        for odd in [
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317")],
            vec![endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
        ] {
            let Err(problem) = of(&odd) else { panic!("{odd:?} is taken") };
            assert!(!problem.is_error() && !problem.hints.is_empty(), "{problem:?}");
        }
        let zeros = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let more = format!("00-{TRACE}-00f067aa0ba902b7-01-x");
        for odd in ["", "00", "00-zz-11-01", zeros.as_str(), more.as_str()] {
            assert_eq!(collector(&[("TRACEPARENT", odd)]).parent, None, "{odd}");
        }
    }
}
