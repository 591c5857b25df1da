//! Lines of a log: what happens, for people and for programs.
//!
//! The main types are [`LogLine`] and [`LogFormat`]. With JSON everything on standard error is one
//! object a line.

use clap::ValueEnum;
use infra_sdk::{Diagnostic, Severity};
use jiff::{Timestamp, Unit};
use serde_json::{Map, Value as Json, json};

use super::text::{FAINT, paint, plain};

/// How lines on standard error are written.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// What arguments ask for that were not looked at yet: what is wrong with them is told in it, too.
    pub(crate) fn among(arguments: &[std::ffi::OsString]) -> Self {
        let pair = |pair: &[std::ffi::OsString]| pair[0] == "--log-format" && pair[1] == "json";
        let one = arguments.iter().any(|argument| argument == "--log-format=json");
        if one || arguments.windows(2).any(pair) { Self::Json } else { Self::Text }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogLine {
    /// `INFO`.
    pub(crate) level: &'static str,
    /// The part of infra that says it.
    pub(crate) target: String,
    /// What it says.
    pub(crate) message: String,
    /// Facts.
    pub(crate) fields: Vec<(String, Json)>,
}

impl LogLine {
    /// What the command itself says.
    pub(crate) fn said(message: &str) -> Self {
        let message = anstream::adapter::strip_str(message).to_string().trim().to_owned();
        Self { level: "INFO", target: "infra".to_owned(), message, fields: Vec::new() }
    }

    /// A diagnostic with all its facts.
    pub(crate) fn diagnostic(diagnostic: &Diagnostic) -> Self {
        let level = match diagnostic.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARN",
        };
        let mut fields = vec![("code".to_owned(), json!(diagnostic.code))];
        let mut put = |name: &str, value: Json| fields.push((name.to_owned(), value));
        if !diagnostic.detail.is_empty() {
            put("detail", json!(diagnostic.detail));
        }
        if let Some(address) = &diagnostic.address {
            put("address", json!(address.to_string()));
        }
        if let Some(place) = &diagnostic.location {
            put("file", json!(place.file));
            put("line", json!(place.line));
        }
        if !diagnostic.hints.is_empty() {
            put("hints", json!(diagnostic.hints));
        }
        let message = diagnostic.summary.clone();
        Self { level, target: "infra".to_owned(), message, fields }
    }

    /// The line in a format, with its end.
    pub(crate) fn render(&self, format: LogFormat) -> String {
        let now = Timestamp::now().round(Unit::Millisecond).unwrap_or_else(|_| Timestamp::now());
        match format {
            LogFormat::Json => {
                let mut line = Map::new();
                line.insert("timestamp".to_owned(), json!(now.to_string()));
                line.insert("level".to_owned(), json!(self.level));
                line.insert("target".to_owned(), json!(self.target));
                line.insert("message".to_owned(), json!(self.message));
                line.extend(self.fields.iter().cloned());
                format!("{}\n", Json::Object(line))
            }
            LogFormat::Text => {
                let head = paint(FAINT, &format!("{now} {:5} {}", self.level, plain(&self.target)));
                let fields = self.fields.iter().map(|(name, value)| match value {
                    Json::String(text) if !text.contains(' ') => format!(" {name}={}", plain(text)),
                    value => format!(" {name}={}", plain(&value.to_string())),
                });
                format!("{head} {}{}\n", plain(&self.message), fields.collect::<String>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_whatever_is_in_it() {
        let line = LogLine {
            level: "INFO",
            target: "infra_aws::frame::call".to_owned(),
            message: "a\nb\u{1b}[2J".to_owned(),
            fields: vec![("rpc.method".to_owned(), json!("x y")), ("n".to_owned(), json!(3))],
        };
        let text = line.render(LogFormat::Text);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.ends_with("infra_aws::frame::call a\\nb\\u{1b}[2J rpc.method=\"x y\" n=3\n"));
        let json: Json = serde_json::from_str(&line.render(LogFormat::Json)).expect("JSON");
        assert_eq!(json["message"], "a\nb\u{1b}[2J");
        assert_eq!(json["n"], 3);
    }

    #[test]
    fn a_diagnostic_keeps_its_facts() {
        let diagnostic = Diagnostic::warning("a::b", "odd").detail("why").hint("do");
        let line: Json =
            serde_json::from_str(&LogLine::diagnostic(&diagnostic).render(LogFormat::Json))
                .expect("JSON");
        assert_eq!((&line["level"], &line["code"]), (&json!("WARN"), &json!("a::b")));
        assert_eq!((&line["message"], &line["hints"]), (&json!("odd"), &json!(["do"])));
    }

    #[test]
    fn the_format_is_known_before_the_arguments_are() {
        let of =
            |words: &str| LogFormat::among(&words.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(of("infra plan --log-format json"), LogFormat::Json);
        assert_eq!(of("infra --log-format=json plan"), LogFormat::Json);
        assert_eq!(of("infra plan --log-format text"), LogFormat::Text);
    }
}
