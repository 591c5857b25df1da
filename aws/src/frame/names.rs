//! Names for objects whose user gave none, or only the beginning of one.
//!
//! A name is made of the create's token, so that every try of a create makes the same name and a
//! later run finds the object by it. What is made looks like what Terraform makes: a prefix and 26
//! hexadecimal digits, so that the prefix of an object can be told from its name, whoever made it.

use infra_sdk::{Object, Value};

use super::calls::Naming;
use crate::rules::MADE_SUFFIX;

/// Fills in the name where the user gave none.
pub fn fill(naming: &Naming, token: &str, inputs: &mut Object) {
    let text = |name: &str| inputs.get(name).and_then(|value| value.reveal().as_str());
    if text(naming.name).is_some() {
        return;
    }
    let prefix = text(naming.prefix).unwrap_or(naming.start);
    let digits = blake3::hash(token.as_bytes()).to_hex();
    let name = format!("{prefix}{}", &digits[..MADE_SUFFIX]);
    inputs.insert(naming.name.to_owned(), Value::String(name));
}

/// The prefix that a name was made from, if it looks like a name that was made from one.
#[must_use]
pub fn prefix_of(name: &str) -> Option<String> {
    let (prefix, suffix) = name.split_at_checked(name.len().checked_sub(MADE_SUFFIX)?)?;
    let made = suffix.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (made && !prefix.is_empty()).then(|| prefix.to_owned())
}

/// Whether a name may have been made from the same prefix as another that was made. Whoever lost the
/// state has lost the tokens too, and finds what has a name by its tags.
#[must_use]
pub fn is_made_alike(name: &str, other: &str) -> bool {
    prefix_of(other).is_some_and(|prefix| prefix_of(name) == Some(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMING: Naming = Naming { name: "name", prefix: "name_prefix", start: "infra-" };

    fn named(inputs: &[(&str, &str)], token: &str) -> String {
        let mut inputs: Object =
            inputs.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
        fill(&NAMING, token, &mut inputs);
        inputs["name"].as_str().expect("text").to_owned()
    }

    #[test]
    fn a_given_name_stays_and_a_made_one_depends_on_the_token_alone() {
        assert_eq!(named(&[("name", "web")], "t"), "web");
        let made = named(&[("name_prefix", "web-")], "t");
        assert_eq!(made, named(&[("name_prefix", "web-")], "t"));
        assert_ne!(made, named(&[("name_prefix", "web-")], "u"));
        assert!(named(&[], "t").starts_with("infra-"));
    }

    #[test]
    fn the_prefix_of_a_made_name_is_told_from_it() {
        let made = named(&[("name_prefix", "web-")], "t");
        assert_eq!(prefix_of(&made).as_deref(), Some("web-"));
        // As Terraform makes them.
        assert_eq!(prefix_of("web-20240101000000123400000001").as_deref(), Some("web-"));
        assert!(is_made_alike("web-20240101000000123400000001", &made));
        assert!(!is_made_alike("app-20240101000000123400000001", &made));
        assert!(!is_made_alike("web", "web"), "a name that was given has no other like it");
        assert_eq!(prefix_of("web"), None);
        assert_eq!(prefix_of("a-name-that-is-long-but-was-not-made"), None);
        assert_eq!(prefix_of("20240101000000123400000001"), None);
        assert_eq!(prefix_of("ééééééééééééééééééééééé"), None);
    }
}
