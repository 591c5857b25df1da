//! The packs as a whole: codes, sources, and the list of rules in docs/checks.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use infra_sdk::checks::{Pack, run};

use super::*;
use crate::checks::testing::plan;

#[test]
fn every_rule_has_a_code_of_its_pack_and_says_where_it_is_written() {
    let mut codes = BTreeSet::new();
    for (name, pack) in [("baseline", baseline()), ("hipaa", hipaa())] {
        for rule in pack.rules() {
            assert!(codes.insert(rule.code()), "{} stands twice", rule.code());
            assert!(rule.code().starts_with(&format!("{name}::")), "{}", rule.code());
            assert!(!rule.written_in().is_empty(), "{} has no source", rule.code());
            let paragraph = rule.written_in().iter().any(|source| source.starts_with("HIPAA 164."));
            assert!(name == "baseline" || paragraph, "{} cites no paragraph", rule.code());
        }
    }
}

#[test]
fn both_packs_look_at_a_plan_together() {
    let packs = [baseline(), hipaa()];
    let outcome = run(&packs, &["preview"], &plan(true, |_| {}));
    assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
    let found: Vec<_> = outcome.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(found, ["hipaa::audit-trail"], "of an empty stack");
}

/// The lines of a pack in docs/checks.md.
fn table(pack: &Pack) -> String {
    let mut text =
        "| rule | severity | what it asks for | source |\n| --- | --- | --- | --- |\n".to_owned();
    for rule in pack.rules() {
        let sources = rule.written_in().join(", ");
        let (code, severity, title) = (rule.code(), rule.severity(), rule.title());
        // Writing into a text cannot fail.
        let _ = writeln!(text, "| `{code}` | {severity} | {title} | {sources} |");
    }
    text
}

/// `INFRA_WRITE_DOCS=1 cargo test -p infra-aws packs` writes the lists anew.
#[test]
fn the_docs_list_every_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/checks.md");
    let text = std::fs::read_to_string(&path).expect("docs/checks.md");
    let mut expected = text.clone();
    for (name, pack) in [("baseline", baseline()), ("hipaa", hipaa())] {
        let (begin, end) = (format!("<!-- rules of {name} -->\n"), "<!-- end of rules -->");
        let from = expected.find(&begin).expect("the begin of the list") + begin.len();
        let to = from + expected[from..].find(end).expect("the end of the list");
        expected.replace_range(from..to, &table(&pack));
    }
    if std::env::var_os("INFRA_WRITE_DOCS").is_some() {
        std::fs::write(&path, expected).expect("written");
    } else {
        assert_eq!(
            text, expected,
            "write it anew: INFRA_WRITE_DOCS=1 cargo test -p infra-aws packs"
        );
    }
}
