//! The part of a request that a condition looks at, and what is done to it before.

use infra_sdk::{Block, Choice, DecodeError, Expr, FieldType, IntoInput, Kind, Scope, Value};

use crate::rules::Rules;

/// That something is chosen which has no arguments of its own, an empty block in Terraform:
/// `FieldToMatch::new().uri_path(Chosen)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen;

impl FieldType for Chosen {
    const KIND: Kind = Kind::Bool;

    fn to_value(&self) -> Value {
        Value::Bool(true)
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        match value.as_bool() {
            Some(true) => Ok(Self),
            _ => Err(DecodeError::new("must be true, or be left out")),
        }
    }
}

impl<R: Scope> IntoInput<Self, R> for Chosen {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

/// The part of a request that is looked at: just one.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FieldToMatch {
    /// All arguments of the query.
    pub all_query_arguments: Option<Chosen>,
    /// The body as text.
    pub body: Option<Body>,
    /// Cookies.
    pub cookies: Option<Cookies>,
    /// The names of the headers, in their order, with `:` between them.
    pub header_order: Option<HeaderOrder>,
    /// Headers.
    pub headers: Option<Headers>,
    /// JA3 fingerprint of the TLS handshake.
    pub ja3_fingerprint: Option<Fingerprint>,
    /// JA4 fingerprint of the TLS handshake.
    pub ja4_fingerprint: Option<Fingerprint>,
    /// The body as JSON.
    pub json_body: Option<JsonBody>,
    /// The method.
    pub method: Option<Chosen>,
    /// The query, without its `?`.
    pub query_string: Option<Chosen>,
    /// A header.
    pub single_header: Option<Named>,
    /// An argument of the query.
    pub single_query_argument: Option<Named>,
    /// What stands behind `#` in the URI.
    pub uri_fragment: Option<UriFragment>,
    /// The path.
    pub uri_path: Option<Chosen>,
}

impl FieldToMatch {
    /// All arguments of the query.
    pub fn all_query_arguments<R: Scope>() -> FieldToMatchArguments<R> {
        Self::new().all_query_arguments(Chosen)
    }

    /// The body as text, as far as the firewall gets it.
    pub fn body<R: Scope>() -> FieldToMatchArguments<R> {
        Self::new().body(Body::new::<R>())
    }

    /// The method.
    pub fn method<R: Scope>() -> FieldToMatchArguments<R> {
        Self::new().method(Chosen)
    }

    /// The query, without its `?`.
    pub fn query_string<R: Scope>() -> FieldToMatchArguments<R> {
        Self::new().query_string(Chosen)
    }

    /// The header of that name.
    pub fn single_header<R: Scope>(name: impl IntoInput<String, R>) -> FieldToMatchArguments<R> {
        Self::new().single_header(Named::new(name))
    }

    /// The argument of the query of that name.
    pub fn single_query_argument<R: Scope>(
        name: impl IntoInput<String, R>,
    ) -> FieldToMatchArguments<R> {
        Self::new().single_query_argument(Named::new(name))
    }

    /// The path.
    pub fn uri_path<R: Scope>() -> FieldToMatchArguments<R> {
        Self::new().uri_path(Chosen)
    }
}

/// A header or an argument of the query.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Named {
    /// Name, in small letters.
    pub name: String,
}

/// The body as text.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Body {
    /// What becomes of a body that is larger than the firewall gets.
    #[field(default = OversizeHandling::Continue)]
    pub oversize_handling: OversizeHandling,
}

/// The body as JSON.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct JsonBody {
    /// Keys, values, or both.
    pub match_scope: MatchScope,
    /// Which parts.
    pub match_pattern: JsonMatchPattern,
    /// What becomes of a body that is not JSON; left out, it is read up to the first error.
    pub invalid_fallback_behavior: Option<BodyFallback>,
    /// What becomes of a body that is larger than the firewall gets.
    #[field(default = OversizeHandling::Continue)]
    pub oversize_handling: OversizeHandling,
}

/// Parts of JSON: all, or some.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct JsonMatchPattern {
    /// All of it.
    pub all: Option<Chosen>,
    /// These, as JSON pointers: `/user/name`.
    pub included_paths: Vec<String>,
}

/// Headers that are looked at.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Headers {
    /// Names, values, or both.
    pub match_scope: MatchScope,
    /// What becomes of more headers than the firewall gets.
    pub oversize_handling: OversizeHandling,
    /// Which headers.
    pub match_pattern: HeaderMatchPattern,
}

/// Headers: all, some, or all but some.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HeaderMatchPattern {
    /// All.
    pub all: Option<Chosen>,
    /// These.
    pub included_headers: Vec<String>,
    /// All but these.
    pub excluded_headers: Vec<String>,
}

/// Cookies that are looked at.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Cookies {
    /// Names, values, or both.
    pub match_scope: MatchScope,
    /// What becomes of more cookies than the firewall gets.
    pub oversize_handling: OversizeHandling,
    /// Which cookies.
    pub match_pattern: CookieMatchPattern,
}

/// Cookies: all, some, or all but some.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CookieMatchPattern {
    /// All.
    pub all: Option<Chosen>,
    /// These.
    pub included_cookies: Vec<String>,
    /// All but these.
    pub excluded_cookies: Vec<String>,
}

/// The order of the headers.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HeaderOrder {
    /// What becomes of more headers than the firewall gets.
    pub oversize_handling: OversizeHandling,
}

/// A fingerprint of the TLS handshake.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Fingerprint {
    /// What becomes of a request that has none.
    pub fallback_behavior: FallbackBehavior,
}

/// What stands behind `#` in the URI.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct UriFragment {
    /// What becomes of a request that cannot be read. Always given.
    pub fallback_behavior: Option<FallbackBehavior>,
}

/// What becomes of what is larger than the firewall gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum OversizeHandling {
    /// What it gets is looked at.
    #[choice("CONTINUE")]
    Continue,
    /// It matches.
    #[choice("MATCH")]
    Match,
    /// It does not match.
    #[choice("NO_MATCH")]
    NoMatch,
}

/// What becomes of a request that lacks what is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FallbackBehavior {
    /// It matches.
    #[choice("MATCH")]
    Match,
    /// It does not match.
    #[choice("NO_MATCH")]
    NoMatch,
}

/// What becomes of a body that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum BodyFallback {
    /// It matches.
    #[choice("MATCH")]
    Match,
    /// It does not match.
    #[choice("NO_MATCH")]
    NoMatch,
    /// It is read as text.
    #[choice("EVALUATE_AS_STRING")]
    EvaluateAsString,
}

/// Which half of pairs is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MatchScope {
    /// Either.
    #[choice("ALL")]
    All,
    /// Keys.
    #[choice("KEY")]
    Key,
    /// Values.
    #[choice("VALUE")]
    Value,
}

/// What is done to a part of a request before it is compared.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TextTransformation {
    /// Place among the transformations: the lowest is done first.
    #[field(range = 0..=2_147_483_647)]
    pub priority: i32,
    /// What is done.
    pub r#type: TextTransformationType,
}

impl TextTransformation {
    /// Nothing is done, which has to be said.
    pub fn none<R: Scope>() -> TextTransformationArguments<R> {
        Self::new(0, TextTransformationType::None)
    }
}

/// What is done to a text before it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TextTransformationType {
    /// Nothing.
    #[choice("NONE")]
    None,
    /// Base64 is decoded.
    #[choice("BASE64_DECODE")]
    Base64Decode,
    /// Base64 is decoded, whatever else stands in it.
    #[choice("BASE64_DECODE_EXT")]
    Base64DecodeExt,
    /// What shells ignore is taken out.
    #[choice("CMD_LINE")]
    CmdLine,
    /// What Unix shells ignore is taken out.
    #[choice("CMD_LINE_UNIX")]
    CmdLineUnix,
    /// What Windows shells ignore is taken out.
    #[choice("CMD_LINE_WIN")]
    CmdLineWin,
    /// Several spaces become one.
    #[choice("COMPRESS_WHITE_SPACE")]
    CompressWhiteSpace,
    /// Escapes of CSS are decoded.
    #[choice("CSS_DECODE")]
    CssDecode,
    /// Escapes of C are decoded.
    #[choice("ESCAPE_SEQ_DECODE")]
    EscapeSeqDecode,
    /// Hexadecimal digits are decoded.
    #[choice("HEX_DECODE")]
    HexDecode,
    /// Entities of HTML are decoded.
    #[choice("HTML_ENTITY_DECODE")]
    HtmlEntityDecode,
    /// Escapes of `JavaScript` are decoded.
    #[choice("JS_DECODE")]
    JsDecode,
    /// Escapes of `JavaScript` are decoded, whatever else stands there.
    #[choice("JS_DECODE_EXT")]
    JsDecodeExt,
    /// Capital letters become small.
    #[choice("LOWERCASE")]
    Lowercase,
    /// It becomes its MD5 sum.
    #[choice("MD5")]
    Md5,
    /// `./`, `../` and `//` are resolved.
    #[choice("NORMALIZE_PATH")]
    NormalizePath,
    /// The same, with `\` for `/`.
    #[choice("NORMALIZE_PATH_WIN")]
    NormalizePathWin,
    /// The characters of comments are taken out.
    #[choice("REMOVE_COMMENTS_CHAR")]
    RemoveCommentsChar,
    /// Null bytes are taken out.
    #[choice("REMOVE_NULLS")]
    RemoveNulls,
    /// Spaces are taken out.
    #[choice("REMOVE_WHITESPACE")]
    RemoveWhitespace,
    /// Comments of C become spaces.
    #[choice("REPLACE_COMMENTS")]
    ReplaceComments,
    /// Null bytes become spaces.
    #[choice("REPLACE_NULLS")]
    ReplaceNulls,
    /// It becomes its SHA-256 sum.
    #[choice("SHA256")]
    Sha256,
    /// Hexadecimal numbers of SQL are decoded.
    #[choice("SQL_HEX_DECODE")]
    SqlHexDecode,
    /// Spaces at both ends are taken away.
    #[choice("TRIM")]
    Trim,
    /// Spaces at the beginning are taken away.
    #[choice("TRIM_LEFT")]
    TrimLeft,
    /// Spaces at the end are taken away.
    #[choice("TRIM_RIGHT")]
    TrimRight,
    /// Small letters become capital.
    #[choice("UPPERCASE")]
    Uppercase,
    /// Escapes of URLs are decoded.
    #[choice("URL_DECODE")]
    UrlDecode,
    /// Escapes of URLs are decoded, with those of Microsoft, `%uXXXX`.
    #[choice("URL_DECODE_UNI")]
    UrlDecodeUni,
    /// UTF-8 becomes `%uXXXX`.
    #[choice("UTF8_TO_UNICODE")]
    Utf8ToUnicode,
}

/// The parts of requests. Source: WAFV2 API Reference, FieldToMatch.
pub(super) const PARTS: &[&str] = &[
    "all_query_arguments",
    "body",
    "cookies",
    "header_order",
    "headers",
    "ja3_fingerprint",
    "ja4_fingerprint",
    "json_body",
    "method",
    "query_string",
    "single_header",
    "single_query_argument",
    "uri_fragment",
    "uri_path",
];

/// A part of a request, and the transformations beside it.
pub(super) fn field(rules: &mut Rules<'_>) {
    rules.blocks("field_to_match", |rules| {
        rules.exactly_one(PARTS);
        pattern(rules, "cookies", &["all", "included_cookies", "excluded_cookies"]);
        pattern(rules, "headers", &["all", "included_headers", "excluded_headers"]);
        pattern(rules, "json_body", &["all", "included_paths"]);
        rules.blocks("uri_fragment", |rules| {
            rules.required(&["fallback_behavior"], "to look at the fragment");
        });
    });
    transformations(rules);
}

fn pattern(rules: &mut Rules<'_>, part: &str, ways: &[&str]) {
    rules.blocks(part, |rules| {
        rules.blocks("match_pattern", |rules| rules.exactly_one(ways));
    });
}

/// Transformations, which must be some. Source: WAFV2 API Reference, TextTransformation.
pub(super) fn transformations(rules: &mut Rules<'_>) {
    let count = rules.count("text_transformation");
    if rules.has("text_transformation") && count > 10 {
        rules.refuse("text_transformation", format!("must be 1 to 10, not {count}"));
    }
    rules.required(&["text_transformation"], "although it may be `NONE`");
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Home, Object};

    use super::*;

    fn problems(part: FieldToMatchArguments<Home>, count: usize) -> Vec<String> {
        let part = IntoInput::<FieldToMatch, Home>::into_expr(part);
        let part = part.evaluate(&|_| None).expect("no references");
        let transformation = Value::Map(Object::from([("priority".to_owned(), Value::Int(0))]));
        let inputs = Object::from([
            ("field_to_match".to_owned(), part),
            ("text_transformation".to_owned(), Value::List(vec![transformation; count])),
        ]);
        let mut rules = Rules::new(&inputs);
        field(&mut rules);
        rules.finish().into_iter().map(|p| format!("{} {}", p.path, p.message)).collect()
    }

    #[test]
    fn one_part_is_looked_at() {
        assert_eq!(problems(FieldToMatch::uri_path(), 1), [""; 0]);
        let two = FieldToMatch::uri_path().method(Chosen);
        assert_eq!(
            problems(two, 1),
            ["field_to_match.uri_path cannot be given together with `method`"]
        );
        assert!(problems(FieldToMatch::new(), 1)[0].contains("is missing: give one of"));
        let pattern = HeaderMatchPattern::new().all(Chosen).included_headers(["a"]);
        let headers = Headers::new(MatchScope::All, OversizeHandling::Match, pattern);
        assert_eq!(
            problems(FieldToMatch::new().headers(headers), 1),
            ["field_to_match.headers.match_pattern.included_headers cannot be given together \
              with `all`"]
        );
    }

    #[test]
    fn transformations_are_one_to_ten() {
        assert_eq!(
            problems(FieldToMatch::uri_path(), 0),
            ["text_transformation is required although it may be `NONE`"]
        );
        assert_eq!(
            problems(FieldToMatch::uri_path(), 11),
            ["text_transformation must be 1 to 10, not 11"]
        );
    }

    #[test]
    fn what_is_chosen_is_there_or_not() {
        assert_eq!(Chosen::from_value(&Value::Bool(true)), Ok(Chosen));
        assert!(Chosen::from_value(&Value::Bool(false)).is_err());
        // An empty block would mean nothing.
        let part = IntoInput::<FieldToMatch, Home>::into_expr(FieldToMatch::uri_path());
        let part = part.evaluate(&|_| None).expect("no references");
        assert!(!FieldToMatch::KIND.same(&part, &Value::Null));
    }
}
