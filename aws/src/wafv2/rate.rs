//! Rates: more requests than there may be, counted by what they have in common.

use infra_sdk::{Block, BlockSet, Choice};

use super::field_to_match::transformations;
use super::statement::condition;
use super::{Chosen, Condition, Fingerprint, ForwardedIpConfig, TextTransformation};
use crate::rules::Rules;

/// More requests than there may be.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RateBasedStatement {
    /// Requests in a window, 10 to 2,000,000,000.
    #[field(range = 10..=2_000_000_000)]
    pub limit: u32,
    /// What requests that are counted together have in common.
    #[field(default = AggregateKeyType::Ip)]
    pub aggregate_key_type: AggregateKeyType,
    /// Seconds of a window: 60, 120, 300 or 600.
    #[field(default = 300_u32)]
    pub evaluation_window_sec: u32,
    /// The header that says who the sender is, for `FORWARDED_IP` and keys with `forwarded_ip`.
    pub forwarded_ip_config: Option<ForwardedIpConfig>,
    /// What `CUSTOM_KEYS` are: requests are counted together that have all in common, at most five.
    pub custom_key: BlockSet<CustomKey>,
    /// Requests that are counted; left out, all.
    pub scope_down_statement: Option<Condition>,
}

/// What requests that are counted together have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AggregateKeyType {
    /// The sender.
    #[choice("IP")]
    Ip,
    /// The sender that a header names.
    #[choice("FORWARDED_IP")]
    ForwardedIp,
    /// Parts of the request.
    #[choice("CUSTOM_KEYS")]
    CustomKeys,
    /// Nothing: all are counted that a condition is for.
    #[choice("CONSTANT")]
    Constant,
}

/// A part that requests have in common: just one.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CustomKey {
    /// The network that the sender is in.
    pub asn: Option<Chosen>,
    /// A cookie.
    pub cookie: Option<NamedKey>,
    /// The sender that a header names.
    pub forwarded_ip: Option<Chosen>,
    /// A header.
    pub header: Option<NamedKey>,
    /// The method.
    pub http_method: Option<Chosen>,
    /// The sender.
    pub ip: Option<Chosen>,
    /// JA3 fingerprint of the TLS handshake.
    pub ja3_fingerprint: Option<Fingerprint>,
    /// JA4 fingerprint of the TLS handshake.
    pub ja4_fingerprint: Option<Fingerprint>,
    /// Labels of a namespace.
    pub label_namespace: Option<LabelNamespace>,
    /// An argument of the query.
    pub query_argument: Option<NamedKey>,
    /// The query.
    pub query_string: Option<WholeKey>,
    /// The path.
    pub uri_path: Option<WholeKey>,
}

/// A cookie, header or argument of the query.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NamedKey {
    /// Its name.
    pub name: String,
    /// What is done to its value before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
}

/// The query or the path.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct WholeKey {
    /// What is done to it before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
}

/// Labels of a namespace.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LabelNamespace {
    /// The namespace.
    pub namespace: String,
}

const KEYS: &[&str] = &[
    "asn",
    "cookie",
    "forwarded_ip",
    "header",
    "http_method",
    "ip",
    "ja3_fingerprint",
    "ja4_fingerprint",
    "label_namespace",
    "query_argument",
    "query_string",
    "uri_path",
];

/// Source: WAFV2 API Reference, RateBasedStatement, RateBasedStatementCustomKey.
pub(super) fn rate(rules: &mut Rules<'_>) {
    if rules.number("evaluation_window_sec").is_some_and(|s| ![60, 120, 300, 600].contains(&s)) {
        rules.refuse("evaluation_window_sec", "must be 60, 120, 300 or 600");
    }
    if let Some(word) = rules.text("aggregate_key_type") {
        let because = format!("with `{word}`");
        if word == "CUSTOM_KEYS" {
            rules.required(&["custom_key"], &because);
        } else {
            rules.without(&["custom_key"], &because);
        }
        match word {
            "FORWARDED_IP" => rules.required(&["forwarded_ip_config"], &because),
            "IP" | "CONSTANT" => rules.without(&["forwarded_ip_config"], &because),
            _ => {}
        }
        if word == "CONSTANT" {
            rules.required(&["scope_down_statement"], &because);
        }
    }
    let count = rules.count("custom_key");
    if count > 5 {
        rules.refuse("custom_key", format!("must be at most 5, not {count}"));
    }
    rules.blocks("custom_key", |rules| {
        rules.exactly_one(KEYS);
        for name in ["cookie", "header", "query_argument", "query_string", "uri_path"] {
            rules.blocks(name, transformations);
        }
    });
    rules.blocks("scope_down_statement", condition);
}
