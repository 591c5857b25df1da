//! Codes of diagnostics: each that a source has stands in docs/errors.md, and each that stands there is
//! in a source. Rules of checks stand in docs/checks.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each page is about.
const PAGE: &str = "docs/errors.md";
const RULES: &str = "docs/checks.md";

/// The packs, whose rules are no diagnostics.
const PACKS: [&str; 2] = ["baseline::", "hipaa::"];

/// Where diagnostics are made.
const FOLDERS: [&str; 7] =
    ["src/", "sdk/src/", "engine/src/", "aws/src/", "state/src/", "sandbox/src/", "stacks/src/"];

/// What is in the sources and on no page, and what is on the page and in no source.
pub(crate) fn violations(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let page = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    let rules = fs::read_to_string(root.join(RULES)).unwrap_or_default();
    let mut used = BTreeMap::new();
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        if FOLDERS.iter().any(|folder| name.starts_with(folder)) && !is_test(&name) {
            for code in codes(&fs::read_to_string(path).unwrap_or_default()) {
                used.entry(code).or_insert_with(|| name.clone());
            }
        }
    }
    compare(&used, &page, &rules)
}

fn compare(used: &BTreeMap<String, String>, page: &str, rules: &str) -> Vec<String> {
    let heading = |line: &str| Some(line.strip_prefix("### `")?.split('`').next()?.to_owned());
    let told: BTreeSet<_> = page.lines().filter_map(heading).collect();
    let untold = used.iter().filter_map(|(code, file)| {
        let (told, page) = if PACKS.iter().any(|pack| code.starts_with(pack)) {
            (rules.contains(&format!("`{code}`")), RULES)
        } else {
            (told.contains(code), PAGE)
        };
        (!told).then(|| format!("{page}: does not tell of `{code}`, which {file} has"))
    });
    let unused = told.iter().filter(|code| !used.contains_key(*code));
    let unused = unused.map(|code| format!("{PAGE}: tells of `{code}`, which no source has"));
    untold.chain(unused).collect()
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/") || name.ends_with("/sample.rs")
}

/// The codes in the code of a file: `"area::what"` as a whole text, and `error[area::what]`.
fn codes(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let quoted = lines.flat_map(|line| {
        let texts = line.split('"').skip(1).step_by(2);
        let marked = ["error[", "warning["].into_iter().flat_map(move |mark| {
            line.split(mark).skip(1).filter_map(|rest| rest.split(']').next())
        });
        texts.chain(marked)
    });
    quoted.filter(|text| is_code(text)).map(str::to_owned).collect()
}

fn is_code(text: &str) -> bool {
    let word = |text: &str| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && text.chars().all(letters)
    };
    text.split_once("::").is_some_and(|(area, what)| word(area) && word(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_they_are_made() {
        let source = "fn f() {\n    // \"not::this\"\n    error(\"plan::cycle\", \"x\");\n    \
             \"error[infra::bug]: x\"; \"std::env::var\"; \"a b::c\"; \"Foo::bar\";\n}\n\
             #[cfg(test)]\nmod tests {\n    \"test::only\";\n}\n";
        assert_eq!(codes(source), ["infra::bug", "plan::cycle"].map(str::to_owned).into());
    }

    #[test]
    fn a_code_that_is_only_on_one_side_is_found() {
        let used = |codes: &[&str]| {
            codes.iter().map(|code| ((*code).to_owned(), "src/a.rs".to_owned())).collect()
        };
        let page = "### `a::b`\n\n### `a::old`\n";
        let found = compare(&used(&["a::b", "a::new", "hipaa::x"]), page, "`hipaa::y`");
        assert_eq!(
            found,
            [
                "docs/errors.md: does not tell of `a::new`, which src/a.rs has",
                "docs/checks.md: does not tell of `hipaa::x`, which src/a.rs has",
                "docs/errors.md: tells of `a::old`, which no source has",
            ]
        );
    }
}
