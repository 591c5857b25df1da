//! The changes of a page: a list by risk, each with its diff, that reads without a script too.
//!
//! Start reading at [`sections`].

use std::fmt::Write;

use infra_engine::Change;

use super::model::{Model, Node, Sort};
use super::page::PlanPage;
use super::svg::{class, escaped};
use crate::view::checks::human as checks;
use crate::view::diff::diff_line;
use crate::view::fit::{Entry, Told, fit};
use crate::view::human::look::Look;
use crate::view::human::{change, diagnostic, plan as human};
use crate::view::risk::Risk;
use crate::view::text::count;

/// The anchor of a change.
pub(super) fn anchor(stack: usize, change: usize) -> String {
    format!("c{stack}-{change}")
}

/// A change of a page.
struct Item {
    risk: Risk,
    entry: Entry,
}

/// The changes under their headings, in at most so many bytes: what is least important loses its
/// details first, and that is said.
pub(super) fn sections(
    PlanPage { model, plans, review, schemas, .. }: &PlanPage<'_>,
    budget: usize,
) -> String {
    // A page has the characters of every language.
    let look = Look { unicode: true, ..Look::default() };
    let mut items = Vec::new();
    for (stack, (name, plan)) in plans.iter().enumerate() {
        for (number, change) in plan.changes.iter().enumerate() {
            if let Some(risk) = Risk::of(change) {
                let painted = change::render(change, &plan.changes, schemas, look);
                let id = anchor(stack, number);
                let head = summary(&id, risk, class(change.action), name, &painted);
                let body = body(&painted, &about(model, stack, number, change));
                items.push(Item { risk, entry: Entry { headline: head, body } });
            }
        }
        let found = review.iter().flat_map(|review| review.findings(false));
        let found = found.filter(|(stack, _)| stack == name);
        let frame = diagnostic::Frame::default();
        let found =
            found.map(|(stack, found)| (Risk::Finding, checks::finding(stack, found, &frame)));
        let warnings = plan.warnings.iter().map(|w| (Risk::Warning, diagnostic::render(w, &frame)));
        let drift = plan.drift.iter().map(|d| (Risk::Drift, human::drifted(d, schemas, look)));
        let outputs = std::iter::once((Risk::Output, human::outputs(&plan.outputs, look)));
        let others =
            found.chain(warnings).chain(drift).chain(outputs).filter(|(_, text)| !text.is_empty());
        for (number, (risk, painted)) in others.enumerate() {
            let head = summary(&format!("o{stack}-{number}"), risk, "told", name, &painted);
            items.push(Item { risk, entry: Entry { headline: head, body: body(&painted, "") } });
        }
    }
    items.sort_by_key(|item| item.risk);
    let entries: Vec<_> = items.iter().map(|item| (item.risk, &item.entry)).collect();
    let frame = "<section><h2></h2></section>".len() + 80;
    let (told, _) = fit(&entries, budget, frame, |text| text.len() + END.len() + 1);
    let mut text = String::new();
    for (group, told) in groups(&items, &told) {
        let risk = group[0].risk;
        let title = risk.heading(plans.iter().flat_map(|(_, plan)| &plan.changes));
        let name = format!("{risk:?}").to_lowercase();
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "<section data-risk=\"{name}\"><h2>{title} <span>({})</span></h2>",
            group.len()
        );
        for (item, told) in group.iter().zip(told) {
            let _ = match told {
                Told::Whole => writeln!(text, "{}{}{END}", item.entry.headline, item.entry.body),
                Told::Headline => writeln!(text, "{}{END}", item.entry.headline),
                Told::Nothing => Ok(()),
            };
        }
        text.push_str("</section>\n");
    }
    let short = told.iter().filter(|told| **told != Told::Whole).count();
    if short > 0 {
        let _ = writeln!(
            text,
            "<p class=\"note\">{} without all details: a page has at most 2 MB. \
             <code>infra plan</code> on a terminal shows everything.</p>",
            count(short, "change")
        );
    }
    text
}

const END: &str = "</details>";

/// Neighbours of one risk.
fn groups<'a>(
    items: &'a [Item],
    told: &'a [Told],
) -> impl Iterator<Item = (&'a [Item], &'a [Told])> {
    let mut rest = told;
    items.chunk_by(|one, other| one.risk == other.risk).map(move |group| {
        let (mine, others) = rest.split_at(group.len());
        rest = others;
        (group, mine)
    })
}

/// The line that stands for a change, and opens it.
fn summary(id: &str, risk: Risk, class: &str, stack: &str, painted: &str) -> String {
    let line = diff_line(painted.trim_start_matches('\n').lines().next().unwrap_or_default());
    let line = line.trim();
    let open = if risk == Risk::Destroy { " open" } else { "" };
    format!(
        "<details class=\"change {class}\" id=\"{id}\"{open}><summary><span class=\"stack\">{}</span> \
         {}</summary>",
        escaped(stack),
        escaped(line)
    )
}

fn body(painted: &str, about: &str) -> String {
    let lines = painted.trim_end().lines().skip(1).map(|painted| {
        let line = diff_line(painted);
        let class = match line.as_bytes().first() {
            Some(b'+') => "add",
            Some(b'-') => "remove",
            Some(b'!') => "edit",
            _ if line.trim_start().starts_with('#') => "comment",
            _ => return escaped(&line),
        };
        format!("<span class=\"{class}\">{}</span>", escaped(&line))
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    if lines.is_empty() { about.to_owned() } else { format!("<pre>{lines}</pre>{about}") }
}

/// Where a resource is declared, and what is connected with it.
fn about(model: &Model, stack: usize, number: usize, change: &Change) -> String {
    let mut text = String::new();
    if let Some(location) = &change.location {
        let place = format!("{}:{}", location.file, location.line);
        let _ = write!(text, "<p class=\"about\">Declared in <code>{}</code></p>", escaped(&place));
    }
    let is_it = |node: &&Node| node.stack == stack && node.change == Some(number);
    if let Some(node) = model.nodes.iter().position(|node| is_it(&node)) {
        text.push_str(&neighbours(model, node, &|node| {
            let of_plan =
                matches!(&node.sort, Sort::Resource(_, action) if class(*action) != "same");
            node.change.filter(|_| of_plan).map(|change| anchor(node.stack, change))
        }));
    }
    text
}

/// What a node needs and what needs it, with links where there is something to see.
pub(super) fn neighbours(
    model: &Model,
    node: usize,
    link: &dyn Fn(&Node) -> Option<String>,
) -> String {
    let names = |numbers: Vec<usize>| {
        let names = numbers.into_iter().map(|number| {
            let node = &model.nodes[number];
            let name = escaped(&node.name);
            match link(node) {
                Some(anchor) => format!("<a href=\"#{anchor}\">{name}</a>"),
                None => format!("<code>{name}</code>"),
            }
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let needs = model.arrows.iter().filter(|(from, _)| *from == node).map(|(_, to)| *to);
    let users = model.arrows.iter().filter(|(_, to)| *to == node).map(|(from, _)| *from);
    let mut text = String::new();
    for (title, names) in [("Needs", names(needs.collect())), ("Needed by", names(users.collect()))]
    {
        if !names.is_empty() {
            let _ = write!(text, "<p class=\"about\">{title} {names}</p>");
        }
    }
    text
}
