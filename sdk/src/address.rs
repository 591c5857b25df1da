//! Addresses: the name of a resource inside its stack, such as `network.vpc`.

use std::fmt;
use std::sync::Arc;

/// The name of a resource inside its stack: lower-case segments joined by dots.
///
/// Cheap to clone. A segment is 1 to 63 of `a-z`, `0-9`, `-`, `_` and starts with a letter or digit,
/// so that an address can stand in tags, file names and command lines as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {why}")]
pub struct InvalidAddress {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Address {
    /// Checks a whole address such as `network.vpc`.
    ///
    /// # Errors
    /// When a segment is empty, too long, or has a character that is not allowed.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let refuse = |why| Err(InvalidAddress { text: text.escape_debug().to_string(), why });
        if text.len() > 255 {
            return refuse("it is longer than 255 characters");
        }
        for segment in text.split('.') {
            let Some(first) = segment.bytes().next() else {
                return refuse("a segment is empty");
            };
            if segment.len() > 63 {
                return refuse("a segment is longer than 63 characters");
            }
            if !first.is_ascii_lowercase() && !first.is_ascii_digit() {
                return refuse("a segment starts with a lower-case letter or a digit");
            }
            let allowed =
                |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
            if !segment.bytes().all(allowed) {
                return refuse("only `a-z`, `0-9`, `-` and `_` are allowed between the dots");
            }
        }
        Ok(Self(text.into()))
    }

    /// A name for a declaration whose own name cannot be used, so that the run can go on to
    /// report everything else.
    pub(crate) fn stand_in(number: usize) -> Self {
        Self(format!("unnamed-{number}").into())
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: what `add` was given.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }

    /// The scope that the resource stands in, if it stands in one.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.0.rsplit_once('.').map(|(scope, _)| scope)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_scopes_and_refuses_what_could_escape_a_folder() {
        let address = Address::parse("network.private-us-west-2a").expect("valid");
        assert_eq!((address.scope(), address.name()), (Some("network"), "private-us-west-2a"));
        for bad in ["", ".", "..", "a..b", "../x", "A", "a b", "-a", "a/b", "ä", "a\u{202e}b"] {
            assert!(Address::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(Address::parse(&"a".repeat(64)).is_err());
    }
}
