//! Random bytes and characters, from the operating system's generator.
//!
//! Nothing here may favour one character over another, or leave a secret behind in memory.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use infra_sdk::builtin::random::{Id, IdOutputs, Password, SPECIAL};
use num_bigint::BigUint;
use zeroize::Zeroizing;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

/// Why nothing could be made. Never names a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum GeneratorError {
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    System(#[from] getrandom::Error),
    /// The arguments leave no character to choose, or ask for more than the length.
    #[error("the arguments leave no password to choose")]
    Nothing,
}

type Result<T> = std::result::Result<T, GeneratorError>;

/// A password as its arguments ask for: first the least of each class, the rest of all classes
/// together, then all of it in a random order.
pub(super) fn password(wanted: &Password) -> Result<Zeroizing<String>> {
    let special = wanted.override_special.as_deref().filter(|text| !text.is_empty());
    let classes = [
        (wanted.lower, LOWER, wanted.min_lower),
        (wanted.upper, UPPER, wanted.min_upper),
        (wanted.numeric, DIGITS, wanted.min_numeric),
        (wanted.special, special.unwrap_or(SPECIAL), wanted.min_special),
    ];
    let length = usize::try_from(wanted.length).map_err(|_| GeneratorError::Nothing)?;
    // With room for all of it from the start, no copy is left behind by growing.
    let mut chosen = Zeroizing::new(Vec::with_capacity(length));
    for (_, alphabet, least) in classes {
        let alphabet = distinct(alphabet.chars());
        for _ in 0..least {
            chosen.push(pick(&alphabet)?);
        }
    }
    let all = distinct(classes.iter().filter(|class| class.0).flat_map(|class| class.1.chars()));
    if chosen.len() > length {
        return Err(GeneratorError::Nothing);
    }
    while chosen.len() < length {
        chosen.push(pick(&all)?);
    }
    for last in (1..chosen.len()).rev() {
        chosen.swap(last, below(last + 1)?);
    }
    let mut text = Zeroizing::new(String::with_capacity(chosen.iter().map(|c| c.len_utf8()).sum()));
    text.extend(chosen.iter());
    Ok(text)
}

/// An identifier as its arguments ask for.
pub(super) fn id(wanted: &Id) -> Result<IdOutputs> {
    let length = usize::try_from(wanted.byte_length).map_err(|_| GeneratorError::Nothing)?;
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes)?;
    let prefix = wanted.prefix.as_deref().unwrap_or_default();
    let id = URL_SAFE_NO_PAD.encode(&bytes);
    Ok(IdOutputs {
        b64_url: format!("{prefix}{id}"),
        b64_std: format!("{prefix}{}", STANDARD.encode(&bytes)),
        hex: format!("{prefix}{}", hex(&bytes)),
        dec: format!("{prefix}{}", BigUint::from_bytes_be(&bytes)),
        id,
    })
}

/// A random text of 32 hexadecimal digits.
pub(super) fn name() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Characters without repetition: one that is named twice must not come twice as often.
fn distinct(characters: impl Iterator<Item = char>) -> Vec<char> {
    let mut characters: Vec<_> = characters.collect();
    characters.sort_unstable();
    characters.dedup();
    characters
}

fn pick(alphabet: &[char]) -> Result<char> {
    alphabet.get(below(alphabet.len())?).copied().ok_or(GeneratorError::Nothing)
}

/// A random number below a bound, each as likely as the other: what would favour some is thrown
/// away and drawn again.
fn below(bound: usize) -> Result<usize> {
    let bound = u32::try_from(bound).map_err(|_| GeneratorError::Nothing)?;
    if bound == 0 {
        return Err(GeneratorError::Nothing);
    }
    let fair = u32::MAX - u32::MAX % bound;
    loop {
        let drawn = getrandom::u32()?;
        if drawn < fair {
            return usize::try_from(drawn % bound).map_err(|_| GeneratorError::Nothing);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use infra_sdk::Value;

    use super::*;

    fn wanted(json: serde_json::Value) -> Password {
        let mut inputs = Value::from_json(&json).as_map().expect("an object").clone();
        Password::SCHEMA.fill_defaults(&mut inputs);
        assert_eq!(Password::SCHEMA.check(&inputs), []);
        Password::from_object(&inputs).expect("decodes")
    }

    fn made(json: serde_json::Value) -> String {
        password(&wanted(json)).expect("made").to_string()
    }

    fn count(text: &str, alphabet: &str) -> usize {
        text.chars().filter(|c| alphabet.contains(*c)).count()
    }

    #[test]
    fn a_password_is_made_of_what_was_asked_for() {
        for length in [1, 2, 16, 300] {
            let text = made(serde_json::json!({"length": length}));
            assert_eq!(text.chars().count(), length);
            let all = [LOWER, UPPER, DIGITS, SPECIAL].concat();
            assert_eq!(count(&text, &all), length, "{text}");
        }
        let digits = made(serde_json::json!(
            {"length": 50, "lower": false, "upper": false, "special": false}
        ));
        assert_eq!(count(&digits, DIGITS), 50, "{digits}");
        let odd = made(serde_json::json!({
            "length": 40, "lower": false, "upper": false, "numeric": false,
            "override_special": "äß",
        }));
        assert_eq!(count(&odd, "äß"), 40, "{odd}");
    }

    #[test]
    fn the_least_of_each_class_is_there_and_not_in_front() {
        let mut lower_first = 0;
        for _ in 0..200 {
            let text = made(serde_json::json!({
                "length": 20, "min_lower": 5, "min_upper": 5, "min_numeric": 5, "min_special": 5,
            }));
            for class in [LOWER, UPPER, DIGITS, SPECIAL] {
                assert_eq!(count(&text, class), 5, "{text}");
            }
            lower_first += usize::from(text.starts_with(|c| LOWER.contains(c)));
        }
        // A quarter of them in the mean; the chance of less than 10 or more than 190 is nil.
        assert!((10..190).contains(&lower_first), "not shuffled: {lower_first} of 200");
    }

    /// Counts every character of a long password against the number that a fair choice gives: the
    /// chance that a fair generator fails this is below one in a million.
    #[test]
    fn no_character_is_favoured() {
        let mut seen: BTreeMap<char, usize> = BTreeMap::new();
        for _ in 0..20 {
            let text = made(serde_json::json!(
                {"length": 10_000, "override_special": "!!!!!!a", "lower": true}
            ));
            text.chars().for_each(|c| *seen.entry(c).or_default() += 1);
        }
        assert_eq!(seen.len(), 26 + 26 + 10 + 1);
        let mean = 200_000 / seen.len();
        for (character, times) in seen {
            // Six standard deviations of a count with this mean.
            assert!(times.abs_diff(mean) < 340, "`{character}` {times} times, not about {mean}");
        }
    }

    #[test]
    fn two_passwords_are_two() {
        let of = || made(serde_json::json!({"length": 24}));
        assert_ne!(of(), of());
    }

    #[test]
    fn an_identifier_is_one_number_in_four_forms() {
        let wanted = Id { byte_length: 9, prefix: Some("p-".into()), keepers: BTreeMap::new() };
        let made = id(&wanted).expect("made");
        let bytes = URL_SAFE_NO_PAD.decode(&made.id).expect("base64");
        assert_eq!(bytes.len(), 9);
        assert_eq!(made.b64_url, format!("p-{}", made.id));
        assert_eq!(made.b64_std, format!("p-{}", STANDARD.encode(&bytes)));
        let number = bytes.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        assert_eq!(made.hex, format!("p-{number:018x}"));
        assert_eq!(made.dec, format!("p-{number}"));
    }
}
