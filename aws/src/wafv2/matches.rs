//! Conditions that look at one thing of a request: its sender, a part of it, a label.

use std::collections::BTreeSet;

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{
    Arn, Block, BlockSet, Choice, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output,
    Scope, Value,
};

use super::field_to_match::field;
use super::{FallbackBehavior, FieldToMatch, IpSet, RegexPatternSet, TextTransformation};
use crate::iam::names::text_types;
use crate::rules::{Rules, wrong_length};

text_types! {
    /// A country by its two letters, as ISO 3166 has them: `DE`.
    CountryCode(COUNTRY = Text {
        name: "country code",
        check: |text| {
            if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Ok(());
            }
            Err(format!("`{text}` is not a country: two capital letters, such as `DE`"))
        },
        canonical: as_written,
    });
}

/// The network that the sender is in.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AsnMatchStatement {
    /// Numbers of networks (ASN), at most 100.
    #[field(required)]
    pub asn_list: BTreeSet<u32>,
    /// The header that says who the sender is, behind a proxy.
    pub forwarded_ip_config: Option<ForwardedIpConfig>,
}

/// A text in a part of the request.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ByteMatchStatement {
    /// The text, at most 200 bytes.
    pub search_string: String,
    /// Where it has to stand.
    pub positional_constraint: PositionalConstraint,
    /// The part.
    pub field_to_match: FieldToMatch,
    /// What is done to the part before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
}

/// Where a text has to stand in a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PositionalConstraint {
    /// It is the part.
    #[choice("EXACTLY")]
    Exactly,
    /// At the beginning.
    #[choice("STARTS_WITH")]
    StartsWith,
    /// At the end.
    #[choice("ENDS_WITH")]
    EndsWith,
    /// Anywhere.
    #[choice("CONTAINS")]
    Contains,
    /// Anywhere, as a word.
    #[choice("CONTAINS_WORD")]
    ContainsWord,
}

/// The country that the sender is in.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GeoMatchStatement {
    /// The countries.
    #[field(required)]
    pub country_codes: BTreeSet<CountryCode>,
    /// The header that says who the sender is, behind a proxy.
    pub forwarded_ip_config: Option<ForwardedIpConfig>,
}

/// The header that says who the sender is.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ForwardedIpConfig {
    /// Its name: `X-Forwarded-For`.
    pub header_name: String,
    /// What becomes of a request in which it has no valid address.
    pub fallback_behavior: FallbackBehavior,
}

/// Addresses of a set.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct IpSetReferenceStatement {
    /// The set.
    pub arn: Arn<IpSet>,
    /// The header that says who the sender is, behind a proxy.
    pub ip_set_forwarded_ip_config: Option<IpSetForwardedIpConfig>,
}

/// The header that says who the sender is, and where in it.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct IpSetForwardedIpConfig {
    /// Its name: `X-Forwarded-For`.
    pub header_name: String,
    /// What becomes of a request in which it has no valid address.
    pub fallback_behavior: FallbackBehavior,
    /// Which of its addresses is meant.
    pub position: ForwardedIpPosition,
}

/// Which address of a header is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ForwardedIpPosition {
    /// The first.
    #[choice("FIRST")]
    First,
    /// The last.
    #[choice("LAST")]
    Last,
    /// Any of the first ten.
    #[choice("ANY")]
    Any,
}

/// A label that a rule before has put on the request.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LabelMatchStatement {
    /// A label, or all of a namespace.
    pub scope: LabelMatchScope,
    /// The label, or the namespace with its last `:`.
    pub key: String,
}

/// Whether one label is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LabelMatchScope {
    /// One.
    #[choice("LABEL")]
    Label,
    /// All of a namespace.
    #[choice("NAMESPACE")]
    Namespace,
}

/// A regular expression.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RegexMatchStatement {
    /// The expression, at most 512 characters.
    pub regex_string: String,
    /// The part.
    pub field_to_match: FieldToMatch,
    /// What is done to the part before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
}

/// Regular expressions of a set.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RegexPatternSetReferenceStatement {
    /// The set.
    pub arn: Arn<RegexPatternSet>,
    /// The part.
    pub field_to_match: FieldToMatch,
    /// What is done to the part before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
}

/// The length of a part of the request.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SizeConstraintStatement {
    /// How it compares with the length.
    pub comparison_operator: ComparisonOperator,
    /// The length in bytes.
    #[field(range = 0..=21_474_836_480)]
    pub size: i64,
    /// The part.
    pub field_to_match: FieldToMatch,
    /// What is done to the part before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ComparisonOperator {
    /// Equal.
    #[choice("EQ")]
    Equal,
    /// Not equal.
    #[choice("NE")]
    NotEqual,
    /// Less or equal.
    #[choice("LE")]
    LessOrEqual,
    /// Less.
    #[choice("LT")]
    Less,
    /// Greater or equal.
    #[choice("GE")]
    GreaterOrEqual,
    /// Greater.
    #[choice("GT")]
    Greater,
}

/// SQL that does not belong there.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SqliMatchStatement {
    /// The part.
    pub field_to_match: FieldToMatch,
    /// What is done to the part before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
    /// How much is taken for SQL.
    #[field(default = SensitivityLevel::Low)]
    pub sensitivity_level: SensitivityLevel,
}

/// How much is taken for an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SensitivityLevel {
    /// What is one for sure.
    #[choice("LOW")]
    Low,
    /// What may be one.
    #[choice("HIGH")]
    High,
}

/// Scripts that do not belong there.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct XssMatchStatement {
    /// The part.
    pub field_to_match: FieldToMatch,
    /// What is done to the part before.
    #[field(required)]
    pub text_transformation: BlockSet<TextTransformation>,
}

/// The rules inside of the conditions of a block. Source: WAFV2 API Reference, each statement.
pub(super) fn matches(rules: &mut Rules<'_>) {
    for name in [
        "byte_match_statement",
        "regex_match_statement",
        "regex_pattern_set_reference_statement",
        "size_constraint_statement",
        "sqli_match_statement",
        "xss_match_statement",
    ] {
        rules.blocks(name, field);
    }
    rules.blocks("asn_match_statement", |rules| {
        let count = rules.count("asn_list");
        if count > 100 {
            rules.refuse("asn_list", format!("must be at most 100, not {count}"));
        }
    });
    rules.blocks("byte_match_statement", |rules| {
        let length = rules.text("search_string").map_or(1, str::len);
        if !(1..=200).contains(&length) {
            rules.refuse("search_string", format!("must have 1 to 200 bytes, not {length}"));
        }
    });
    rules.blocks("regex_match_statement", |rules| {
        if let Some(wrong) = rules.text("regex_string").and_then(|text| wrong_length(text, 1, 512))
        {
            rules.refuse("regex_string", wrong);
        }
    });
    rules.blocks("label_match_statement", |rules| {
        let namespace = rules.text("scope") == Some(LabelMatchScope::Namespace.as_str());
        if rules.text("key").is_some_and(|key| key.ends_with(':') != namespace) {
            let message = if namespace { "must end with `:`" } else { "must not end with `:`" };
            rules.refuse("key", format!("{message}: that is what tells namespaces from labels"));
        }
    });
}
