//! IP protocols, which rules name by word or number: `tcp` and `6` mean the same.
//!
//! The main type is [`IpProtocol`]. Source of words and numbers: IANA, Assigned Internet Protocol
//! Numbers; the words are Terraform's.

use infra_sdk::kind::Text;
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, Kind, Scope, Value};

/// An IP protocol by word or number; `-1` and `all` stand for all protocols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpProtocol(String);

const WORDS: &[(&str, i16)] = &[
    ("all", -1),
    ("icmp", 1),
    ("igmp", 2),
    ("ipv4", 4),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("udp", 17),
    ("rdp", 27),
    ("dccp", 33),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ospf", 89),
    ("ipip", 94),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

static TEXT: Text = Text {
    name: "IP protocol",
    check: |text| match number(text) {
        Some(_) => Ok(()),
        None => Err(format!(
            "`{text}` is not an IP protocol: give a word such as `tcp`, a number from 0 to 255, or \
             `-1` for all"
        )),
    },
    canonical: |text| number(text).map_or_else(|| text.to_owned(), |number| number.to_string()),
};

fn number(text: &str) -> Option<i16> {
    let word = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    match word {
        Some((_, number)) => Some(*number),
        None => text.parse().ok().filter(|number| (-1..=255).contains(number)),
    }
}

impl IpProtocol {
    /// A protocol by word or number. What it is, is checked when the stack is.
    #[must_use]
    pub fn new(protocol: impl Into<String>) -> Self {
        Self(protocol.into())
    }

    /// Whether a text names this protocol.
    #[must_use]
    pub fn is(&self, protocol: &str) -> bool {
        is(&self.0, protocol)
    }

    /// The protocol as network ACLs take it: its number. Source: EC2 API Reference,
    /// CreateNetworkAclEntry.
    #[must_use]
    pub fn as_number(&self) -> String {
        (TEXT.canonical)(&self.0)
    }

    /// The protocol as security groups take it: a word for four, a number for all others. Source:
    /// EC2 API Reference, SecurityGroupRuleRequest.
    #[must_use]
    pub fn as_word(&self) -> String {
        ["tcp", "udp", "icmp", "icmpv6"]
            .into_iter()
            .find(|word| self.is(word))
            .map_or_else(|| self.as_number(), str::to_owned)
    }
}

/// Whether two texts name the same protocol.
pub(crate) fn is(one: &str, other: &str) -> bool {
    (TEXT.canonical)(one) == (TEXT.canonical)(other)
}

/// A number among recorded inputs: AWS drops what a protocol does not have, such as the ports of a
/// rule for all protocols, and what it drops is no difference.
#[cfg(feature = "provider")]
pub(crate) fn recorded_number(recorded: Option<&infra_sdk::Object>, name: &str) -> Option<i32> {
    i32::try_from(recorded?.get(name)?.as_int()?).ok()
}

impl FieldType for IpProtocol {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for IpProtocol {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<IpProtocol, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

impl<R: Scope> IntoInput<IpProtocol, R> for String {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::String(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_mean_the_same() {
        let kind = IpProtocol::KIND;
        for (one, other) in [("tcp", "6"), ("all", "-1"), ("ICMPv6", "58"), ("50", "esp")] {
            assert!(kind.same(&Value::from(one), &Value::from(other)), "{one} and {other}");
        }
        assert!(!kind.same(&Value::from("tcp"), &Value::from("udp")));
    }

    #[test]
    fn each_api_gets_the_form_that_it_takes() {
        let forms = |text| (IpProtocol::new(text).as_word(), IpProtocol::new(text).as_number());
        assert_eq!(forms("6"), ("tcp".to_owned(), "6".to_owned()));
        assert_eq!(forms("all"), ("-1".to_owned(), "-1".to_owned()));
        assert_eq!(forms("esp"), ("50".to_owned(), "50".to_owned()));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["tpc", "256", "-2", ""] {
            let mut problems = Vec::new();
            IpProtocol::KIND.check("protocol", &Value::from(text), &mut problems);
            assert_eq!(problems.len(), 1, "{text}");
        }
    }
}
