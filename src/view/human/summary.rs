//! What an apply did, as text.

use std::fmt::Write;

use infra_engine::Summary;
use infra_sdk::Address;

use super::outputs;
use crate::view::text::{ADD, ERROR, STRONG, paint, plain};

/// The last words of a run over some stacks.
pub(crate) fn render(summaries: &[(&str, &Summary)], verb: &str) -> String {
    let mut text = String::new();
    for (stack, summary) in summaries {
        not_done(&mut text, stack, summary);
    }
    let count = |part: fn(&Summary) -> &Vec<Address>| {
        summaries.iter().map(|(_, summary)| part(summary).len()).sum::<usize>()
    };
    let replaced = count(|s| &s.replaced);
    let mut parts = Vec::new();
    match count(|s| &s.imported) {
        0 => {}
        imported => parts.push(format!("{imported} imported")),
    }
    parts.push(format!("{} added", count(|s| &s.created) + replaced));
    parts.push(format!("{} changed", count(|s| &s.updated)));
    parts.push(format!("{} destroyed", count(|s| &s.destroyed) + replaced));
    let failed = summaries.iter().map(|(_, s)| s.failed.len()).sum::<usize>();
    let skipped = summaries.iter().map(|(_, s)| s.blocked.len() + s.left.len()).sum::<usize>();
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    let waiting = summaries.iter().map(|(_, s)| s.waiting.len()).sum::<usize>();
    if waiting > 0 {
        parts.push(format!("{waiting} on their way"));
    }
    if skipped > 0 {
        parts.push(format!("{skipped} not done"));
    }
    let complete = summaries.iter().all(|(_, summary)| summary.is_complete());
    let what = match verb {
        "destroy" => "Destroy",
        "undo" => "Undo",
        "rollback" => "Rollback",
        _ => "Apply",
    };
    let head = if complete {
        paint(ADD, &format!("{what} complete:"))
    } else if summaries.iter().any(|(_, summary)| summary.interrupted) {
        paint(ERROR, &format!("{what} interrupted:"))
    } else {
        paint(ERROR, &format!("{what} incomplete:"))
    };
    let _ = writeln!(text, "{head} {}.", parts.join(", "));
    if !complete {
        text.push_str("Nothing is lost: run the command again to go on.\n");
    }
    let several = summaries.len() > 1;
    for (stack, summary) in summaries.iter().filter(|(_, summary)| !summary.outputs.is_empty()) {
        let of = if several { format!(" of {}", plain(stack)) } else { String::new() };
        let _ = writeln!(text, "\n{}", paint(STRONG, &format!("Outputs{of}:")));
        text.push_str(&outputs::render(&summary.outputs));
    }
    text
}

/// The resources that a failure or an interrupt kept from being done.
fn not_done(text: &mut String, stack: &str, summary: &Summary) {
    for (address, by) in &summary.blocked {
        let _ = writeln!(text, "{}: {address} not done: it needs `{by}`", plain(stack));
    }
    for (address, last) in &summary.waiting {
        let _ = writeln!(text, "{}: {address} is on its way: {}", plain(stack), plain(last));
    }
    for address in &summary.left {
        let _ = writeln!(text, "{}: {address} not begun", plain(stack));
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Diagnostic, Value};

    use super::*;

    fn shown(summary: &Summary) -> String {
        let text = render(&[("web", summary)], "apply");
        anstream::adapter::strip_str(&text).to_string()
    }

    fn addresses(names: &[&str]) -> Vec<Address> {
        names.iter().map(|name| Address::parse(name).expect("valid")).collect()
    }

    #[test]
    fn a_whole_apply_ends_with_its_outputs() {
        let summary = Summary {
            created: addresses(&["a", "b"]),
            replaced: addresses(&["c"]),
            outputs: [("endpoint".to_owned(), Value::from("db:5432"))].into(),
            ..Summary::default()
        };
        insta::assert_snapshot!(shown(&summary), @r#"
        Apply complete: 3 added, 0 changed, 1 destroyed.

        Outputs:
        endpoint = "db:5432"
        "#);
    }

    #[test]
    fn what_is_not_done_is_named_with_the_reason() {
        let [a, b, c] = ["a", "b", "c"].map(|name| addresses(&[name]).remove(0));
        let summary = Summary {
            failed: vec![(a.clone(), Diagnostic::error("apply::create", "no"))],
            blocked: vec![(b, a)],
            left: vec![c],
            ..Summary::default()
        };
        insta::assert_snapshot!(shown(&summary), @r"
        web: b not done: it needs `a`
        web: c not begun
        Apply incomplete: 0 added, 0 changed, 0 destroyed, 1 failed, 2 not done.
        Nothing is lost: run the command again to go on.
        ");
    }
}
