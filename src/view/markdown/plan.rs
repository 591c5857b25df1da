//! The plans of some stacks of one environment as one comment.
//!
//! Start reading at [`render`]. What a reader must not miss stands first: what is destroyed. Where
//! not everything fits, the end says what was left out.

use std::fmt::Write;

use infra_engine::{Counts, Plan};

use super::blocks::{FENCE, fenced, longer_fence};
use crate::session::Review;
use crate::view::checks::human as checks;
use crate::view::diff::diff_line;
use crate::view::fit::{Entry, Told, fit};
use crate::view::human::look::Look;
use crate::view::human::plan::Schemas;
use crate::view::human::{change, diagnostic, gist, plan as human};
use crate::view::risk::Risk;

/// GitHub takes 65,536 characters a comment. Bytes are never fewer, and a workflow adds its own.
const LIMIT: usize = 64_000;

/// What the words around the entries may need of it.
const FRAME: usize = 3_000;

/// Stacks that the table shows.
const ROWS: usize = 50;

/// The comment, with what the checks found. Its first line tells a workflow which one to replace.
pub(crate) fn render(
    environment: &str,
    plans: &[(&str, &Plan)],
    review: Option<&Review>,
    schemas: Schemas<'_>,
) -> String {
    let mut text = head(environment, plans, schemas);
    let refused = review.is_some_and(|review| !review.exceeded().is_empty());
    text.push_str(&review.map(verdict).unwrap_or_default());
    let entries: Vec<(Risk, &str, Entry)> = Risk::ALL
        .iter()
        .flat_map(|risk| plans.iter().map(move |(stack, plan)| (*risk, *stack, *plan)))
        .flat_map(|(risk, stack, plan)| {
            let entries = match risk {
                Risk::Finding => review.map(|review| findings(review, stack)).unwrap_or_default(),
                _ => entries(risk, plan, schemas),
            };
            entries.into_iter().map(move |entry| (risk, stack, entry))
        })
        .collect();
    let grouped: Vec<_> =
        entries.iter().map(|(risk, stack, entry)| ((*risk, *stack), entry)).collect();
    let widest = plans.iter().map(|(stack, _)| stack.len()).max().unwrap_or(0);
    let budget = LIMIT.saturating_sub(text.len() + FRAME);
    // The block of a stack has its name above it, with a few line ends between.
    let cost = |text: &str| text.len() + 1 + longer_fence(text);
    // What is destroyed is told whole before anything else is told at all.
    let (first, rest) =
        grouped.split_at(grouped.partition_point(|((risk, _), _)| *risk == Risk::Destroy));
    let (mut told, budget) = fit(first, budget, widest + FENCE + 8, cost);
    told.extend(fit(rest, budget, widest + FENCE + 8, cost).0);
    for risk in Risk::ALL {
        let chosen: Vec<_> = entries
            .iter()
            .zip(&told)
            .filter(|((of, _, _), _)| *of == risk)
            .map(|((_, stack, entry), told)| (*stack, entry, *told))
            .collect();
        let title = risk.heading(plans.iter().flat_map(|(_, plan)| &plan.changes));
        section(&mut text, (risk, &title), refused, &chosen);
    }
    left_out(&mut text, environment, &told);
    text
}

/// The mark, the numbers, and the numbers by stack.
fn head(environment: &str, plans: &[(&str, &Plan)], schemas: Schemas<'_>) -> String {
    let mut text = format!("<!-- infra-plan {environment} -->\n### Plan for `{environment}`\n\n");
    let pending = plans.iter().any(|(_, plan)| !plan.is_empty());
    let total: Counts = plans.iter().map(|(_, plan)| plan.counts()).sum();
    if pending {
        let _ = writeln!(text, "**{}.**", human::counted(total));
        for line in gist::lines(plans, schemas) {
            let _ = writeln!(text, "- {line}");
        }
    } else {
        let _ = writeln!(text, "**{}**", human::none(plans));
    }
    text.push_str("\n| stack | import | add | change | destroy | forget | unchanged |\n");
    text.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (stack, plan) in plans.iter().take(ROWS) {
        let Counts { import, add, change, destroy, forget } = plan.counts();
        let kept = human::unchanged(plan);
        let _ = writeln!(
            text,
            "| `{stack}` | {import} | {add} | {change} | {destroy} | {forget} | {kept} |"
        );
    }
    if plans.len() > ROWS {
        let _ = writeln!(text, "| and {} more | | | | | | |", plans.len() - ROWS);
    }
    text
}

/// How many findings there are, and of what there are too many.
fn verdict(review: &Review) -> String {
    if !review.has_rules() {
        return String::new();
    }
    let (counts, held) = checks::counted(review);
    let mut text = format!("\nChecks: {counts} ({held}).\n");
    for (severity, count, limit) in review.exceeded() {
        let _ = writeln!(
            text,
            "\n**Too much: {count} {severity}, at most {limit} let through. `apply` refuses it.**"
        );
    }
    text
}

/// What the checks found in a stack, the worst first, without what is waived.
fn findings(review: &Review, stack: &str) -> Vec<Entry> {
    let found = review.findings(false).into_iter().filter(|(of, _)| *of == stack);
    found
        .map(|(stack, found)| entry(&checks::finding(stack, found, &diagnostic::Frame::default())))
        .collect()
}

/// What a plan has to tell of one risk.
fn entries(risk: Risk, plan: &Plan, schemas: Schemas<'_>) -> Vec<Entry> {
    match risk {
        Risk::Warning => plan
            .warnings
            .iter()
            .map(|warning| entry(&diagnostic::render(warning, &diagnostic::Frame::default())))
            .collect(),
        Risk::Drift => {
            let painted =
                plan.drift.iter().map(|drift| human::drifted(drift, schemas, Look::default()));
            painted.map(|painted| entry(&painted)).collect()
        }
        Risk::Output => {
            let painted = human::outputs(&plan.outputs, Look::default());
            if painted.is_empty() { Vec::new() } else { vec![entry(&painted)] }
        }
        _ => {
            let changes = plan.changes.iter().filter(|change| Risk::of(change) == Some(risk));
            let painted =
                changes.map(|c| change::render(c, &plan.changes, schemas, Look::default()));
            painted.map(|painted| entry(&painted)).collect()
        }
    }
}

/// The lines of an entry, as those of a diff.
fn entry(painted: &str) -> Entry {
    let mut lines = painted.trim_end().lines().map(diff_line);
    let headline = lines.next().unwrap_or_default();
    Entry { headline, body: lines.collect::<Vec<_>>().join("\n") }
}

/// The entries of one risk, a block a stack, collapsed unless something is destroyed or the checks
/// refuse the plan.
fn section(
    text: &mut String,
    (risk, title): (Risk, &str),
    refused: bool,
    entries: &[(&str, &Entry, Told)],
) {
    if entries.is_empty() {
        return;
    }
    let unfolded = risk == Risk::Destroy || (risk == Risk::Finding && refused);
    let open = if unfolded { " open" } else { "" };
    let count = entries.len();
    let _ = writeln!(text, "\n<details{open}><summary><b>{title}</b>: {count}</summary>\n");
    for of_stack in entries.chunk_by(|one, other| one.0 == other.0) {
        let told = of_stack.iter().filter(|(_, _, told)| *told != Told::Nothing);
        let lines: Vec<_> = told
            .map(|(_, entry, told)| match told {
                Told::Whole if !entry.body.is_empty() => {
                    format!("{}\n{}\n", entry.headline, entry.body)
                }
                _ => format!("{}\n", entry.headline),
            })
            .collect();
        if let Some((stack, _, _)) = of_stack.first().filter(|_| !lines.is_empty()) {
            let language = match risk {
                Risk::Finding | Risk::Warning => "text",
                _ => "diff",
            };
            let _ = writeln!(text, "`{stack}`\n\n{}", fenced(language, &lines.concat()));
        }
    }
    text.push_str("</details>\n");
}

/// Says what did not fit.
fn left_out(text: &mut String, environment: &str, told: &[Told]) {
    let count = |wanted: Told| told.iter().filter(|told| **told == wanted).count();
    let (short, missing) = (count(Told::Headline), count(Told::Nothing));
    if short + missing == 0 {
        return;
    }
    let entries = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("{what} of 1 entry")),
        _ => Some(format!("{what} of {count} entries")),
    };
    let parts: Vec<_> =
        [entries(short, "the details"), entries(missing, "all")].into_iter().flatten().collect();
    let _ = writeln!(
        text,
        "\nThis is not all: {} did not fit. `infra plan --env {environment}` shows everything.",
        parts.join(" and ")
    );
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
