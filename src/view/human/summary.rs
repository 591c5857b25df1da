//! What an apply did, as text.

use std::fmt::Write;
use std::time::Duration;

use infra_engine::Summary;
use infra_sdk::Address;

use super::live::doing;
use super::progress::Took;
use super::time::duration;
use crate::session::Verb;
use crate::view::text::{self, ADD, ERROR, STRONG, paint, plain};

/// What takes less than this is over before anybody asks how long it took.
const WORTH_TELLING: Duration = Duration::from_secs(10);

/// As many operations are named for the time that they took.
const SLOWEST: usize = 3;

/// How a run ended, beside what it did.
pub(crate) struct Closing<'a> {
    /// What was asked for.
    pub(crate) verb: Verb,
    /// The whole command that goes on with what is not done.
    pub(crate) goes_on: &'a str,
    /// The environment.
    pub(crate) environment: &'a str,
    /// The time of all of it.
    pub(crate) took: Duration,
    /// The times of what ended well, by stack.
    pub(crate) times: &'a [(String, Vec<Took>)],
}

/// The last words of a run over some stacks, before its [`outputs`].
pub(crate) fn render(summaries: &[(&str, &Summary)], closing: &Closing<'_>) -> String {
    let mut text = String::new();
    for (stack, summary) in summaries {
        not_done(&mut text, stack, summary);
    }
    let count = |part: fn(&Summary) -> &Vec<Address>| {
        summaries.iter().map(|(_, summary)| part(summary).len()).sum::<usize>()
    };
    let mut parts = did(closing.verb, count);
    let failed = summaries.iter().map(|(_, s)| s.failed.len()).sum::<usize>();
    let skipped = summaries.iter().map(|(_, s)| s.blocked.len() + s.left.len()).sum::<usize>();
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    let waiting = summaries.iter().map(|(_, s)| s.waiting.len()).sum::<usize>();
    if waiting > 0 {
        parts.push(format!("{waiting} not finished"));
    }
    if skipped > 0 {
        parts.push(format!("{skipped} not done"));
    }
    let complete = summaries.iter().all(|(_, summary)| summary.is_complete());
    let what = closing.verb.title();
    let head = if complete {
        paint(ADD, &format!("{what} complete:"))
    } else if summaries.iter().any(|(_, summary)| summary.interrupted) {
        paint(ERROR, &format!("{what} interrupted:"))
    } else {
        paint(ERROR, &format!("{what} incomplete:"))
    };
    let _ = writeln!(text, "{head} {}.", parts.join(", "));
    text.push_str(&times(closing, summaries.len() > 1));
    if !complete {
        let goes_on = plain(closing.goes_on);
        let _ = writeln!(text, "Nothing is lost: `{goes_on}` goes on with what is left.");
    }
    text
}

/// The outputs of some stacks after a run, which are no sentences: what is copied from a terminal must
/// not be broken.
pub(crate) fn outputs(summaries: &[(&str, &Summary)], closing: &Closing<'_>) -> String {
    let mut text = String::new();
    let complete = summaries.iter().all(|(_, summary)| summary.is_complete());
    let several = summaries.len() > 1;
    for (stack, summary) in summaries.iter().filter(|(_, summary)| !summary.outputs.is_empty()) {
        let of = if several { format!(" of {}", plain(stack)) } else { String::new() };
        // Of what was not done the values of the last run are kept, and their objects may be gone.
        let known = if complete { "" } else { ", as far as they are known" };
        let _ = writeln!(text, "\n{}", paint(STRONG, &format!("Outputs{of}{known}:")));
        text.push_str(&super::outputs::render(&summary.outputs));
    }
    if complete && summaries.iter().any(|(_, summary)| !summary.outputs.is_empty()) {
        let environment = plain(closing.environment);
        let _ = writeln!(text, "\n`infra output --env {environment}` shows them again.");
    }
    text
}

/// How much was done of each sort.
fn did(verb: Verb, count: impl Fn(fn(&Summary) -> &Vec<Address>) -> usize) -> Vec<String> {
    if verb == Verb::Refresh {
        let recorded = text::count(count(|s| &s.refreshed), "resource");
        return vec![format!("{recorded} recorded as changed outside of infra")];
    }
    let replaced = count(|s| &s.replaced);
    let mut parts = Vec::new();
    match count(|s| &s.imported) {
        0 => {}
        imported => parts.push(format!("{imported} imported")),
    }
    let (added, changed) = (count(|s| &s.created) + replaced, count(|s| &s.updated));
    // A destroy makes and changes nothing, and a zero there says nothing.
    if verb != Verb::Destroy || added + changed > 0 {
        parts.push(format!("{added} added"));
        parts.push(format!("{changed} changed"));
    }
    parts.push(format!("{} destroyed", count(|s| &s.destroyed) + replaced));
    parts
}

/// What the run took, and what took most of it; nothing where that is not worth telling.
fn times(closing: &Closing<'_>, several: bool) -> String {
    if closing.took < WORTH_TELLING {
        return String::new();
    }
    let mut times: Vec<_> = closing
        .times
        .iter()
        .flat_map(|(stack, times)| times.iter().map(move |took| (stack, took)))
        .filter(|(_, took)| took.time >= WORTH_TELLING)
        .collect();
    times.sort_by_key(|(_, took)| std::cmp::Reverse(took.time));
    let slowest = times.iter().take(SLOWEST).map(|(stack, Took { address, operation, time })| {
        let of = if several { format!("{}/", plain(stack)) } else { String::new() };
        format!("{} {of}{address}, {}", doing(*operation), duration(*time))
    });
    let slowest = slowest.collect::<Vec<_>>().join("; ");
    let slowest = if slowest.is_empty() { slowest } else { format!(" The slowest: {slowest}.") };
    format!("It took {}.{slowest}\n", duration(closing.took))
}

/// The resources that failed, and those that a failure or an interrupt kept from being done.
fn not_done(text: &mut String, stack: &str, summary: &Summary) {
    for (address, why) in &summary.failed {
        let _ = writeln!(text, "{}: {address} failed: {}", plain(stack), plain(&why.summary));
    }
    for (address, by) in &summary.blocked {
        let _ = writeln!(text, "{}: {address} not done: it needs `{by}`", plain(stack));
    }
    for (address, last) in &summary.waiting {
        let _ = writeln!(text, "{}: {address} not finished ({})", plain(stack), plain(last));
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
        closed(Verb::Apply, summary, Duration::from_secs(3), &[])
    }

    fn closed(
        verb: Verb,
        summary: &Summary,
        took: Duration,
        times: &[(String, Vec<Took>)],
    ) -> String {
        let closing =
            Closing { verb, goes_on: "infra apply --env dev", environment: "dev", took, times };
        let done = [("web", summary)];
        let text = render(&done, &closing) + &outputs(&done, &closing);
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

        `infra output --env dev` shows them again.
        "#);
    }

    #[test]
    fn what_is_not_done_is_named_with_the_reason() {
        let [a, b, c] = ["a", "b", "c"].map(|name| addresses(&[name]).remove(0));
        let summary = Summary {
            failed: vec![(a.clone(), Diagnostic::error("apply::create", "no"))],
            blocked: vec![(b, a)],
            left: vec![c],
            waiting: vec![(addresses(&["d"]).remove(0), "creating".to_owned())],
            outputs: [("endpoint".to_owned(), Value::from("db:5432"))].into(),
            ..Summary::default()
        };
        insta::assert_snapshot!(shown(&summary), @r#"
        web: a failed: no
        web: b not done: it needs `a`
        web: d not finished (creating)
        web: c not begun
        Apply incomplete: 0 added, 0 changed, 0 destroyed, 1 failed, 1 not finished, 2 not done.
        Nothing is lost: `infra apply --env dev` goes on with what is left.

        Outputs, as far as they are known:
        endpoint = "db:5432"
        "#);
    }

    #[test]
    fn a_refresh_says_what_it_did() {
        let summary = Summary { refreshed: addresses(&["a"]), ..Summary::default() };
        let text = closed(Verb::Refresh, &summary, Duration::from_secs(3), &[]);
        assert_eq!(text, "Refresh complete: 1 resource recorded as changed outside of infra.\n");
    }

    #[test]
    fn the_end_names_what_took_longest() {
        let took = |name: &str, seconds: u64| Took {
            address: addresses(&[name]).remove(0),
            operation: infra_engine::Operation::Create,
            time: Duration::from_secs(seconds),
        };
        let times = vec![took("a", 12), took("b", 482), took("c", 3), took("d", 61), took("e", 11)];
        let summary = Summary { created: addresses(&["a", "b"]), ..Summary::default() };
        let times = [("web".to_owned(), times)];
        let text = closed(Verb::Apply, &summary, Duration::from_secs(730), &times);
        insta::assert_snapshot!(text, @r"
        Apply complete: 2 added, 0 changed, 0 destroyed.
        It took 12m10s. The slowest: creating b, 8m02s; creating d, 1m01s; creating a, 12s.
        ");
    }
}
