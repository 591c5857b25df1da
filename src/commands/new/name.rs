//! Names of new stacks, which become a table of settings and a module of Rust.

use infra_sdk::Diagnostic;

/// Words that Rust keeps for itself. Source: the Rust reference, keywords, edition 2024.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Modules that would hide what the program uses.
const TAKEN: [&str; 6] = ["alloc", "core", "infra_aws", "infra_sdk", "main", "std"];

/// The longest name: with an environment and random digits behind it, a bucket may still be called so.
/// Source: S3 user guide, bucket naming rules (63 characters).
const LONGEST: usize = 30;

/// The module that a stack of this name is declared in.
pub(super) fn module(name: &str) -> String {
    name.replace('-', "_")
}

/// Checks a name.
///
/// # Errors
/// With what is wrong and a name that would do.
pub(super) fn check(name: &str) -> Result<(), Diagnostic> {
    let refuse = |why: String| {
        let error = Diagnostic::error("new::name", "a stack cannot be called that")
            .detail(format!("`{}`: {why}", name.escape_debug()));
        Err(match usable(name) {
            Some(other) => error.hint(format!("add `--name {other}`")),
            None => error.hint("add `--name NAME`, such as `--name shop`"),
        })
    };
    if name.len() > LONGEST {
        return refuse(format!("it is longer than {LONGEST} characters"));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return refuse("it must begin with a lower-case letter".to_owned());
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
        let wrong = wrong.escape_debug();
        return refuse(format!("only `a-z`, `0-9` and `-` are allowed, and not `{wrong}`"));
    }
    if name.ends_with('-') {
        return refuse("it must end with a letter or a digit".to_owned());
    }
    if KEYWORDS.contains(&module(name).as_str()) {
        return refuse("it is a keyword of Rust".to_owned());
    }
    if TAKEN.contains(&module(name).as_str()) {
        return refuse("a module of that name would hide what the program uses".to_owned());
    }
    Ok(())
}

/// The name nearest to one that cannot be used.
fn usable(name: &str) -> Option<String> {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.chars().map(letter).collect();
    let text = text.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let text: String = text.chars().take(LONGEST).collect();
    let text = text.trim_end_matches('-').to_owned();
    let text = match module(&text).as_str() {
        word if KEYWORDS.contains(&word) || TAKEN.contains(&word) => format!("{text}-stack"),
        _ => text,
    };
    (!text.is_empty() && text != name).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_modules_and_buckets() {
        for good in ["shop", "web-2", "a"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let hint = |name: &str| check(name).expect_err(name).hints.join("; ");
        let why = |name: &str| check(name).expect_err(name).detail;
        assert_eq!(why("My Shop"), "`My Shop`: it must begin with a lower-case letter");
        assert_eq!(why("ends-"), "`ends-`: it must end with a letter or a digit");
        assert_eq!(hint("My Shop"), "add `--name my-shop`");
        assert_eq!(hint("2shop"), "add `--name shop`");
        assert_eq!(hint("match"), "add `--name match-stack`");
        assert_eq!(hint("std"), "add `--name std-stack`");
        assert_eq!(hint("shop_2"), "add `--name shop-2`");
        assert_eq!(hint("ends-"), "add `--name ends`");
        assert_eq!(hint("日本"), "add `--name NAME`, such as `--name shop`");
        assert_eq!(hint(&"x".repeat(40)), format!("add `--name {}`", "x".repeat(30)));
    }

    #[test]
    fn what_is_offered_would_do() {
        for bad in ["My Shop", "self", "infra-sdk", "-x", "trait", "a\u{1b}[31m", "UPPER_CASE"] {
            let other = usable(bad).expect(bad);
            assert_eq!(check(&other), Ok(()), "{bad} -> {other}");
        }
    }
}
