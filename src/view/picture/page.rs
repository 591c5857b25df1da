//! A plan, or a graph, as one page of HTML that needs no network and no other file.
//!
//! Start reading at [`plan_page`]. The page forbids itself to load or send anything, and runs no
//! script but its own.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use infra_engine::{Action, Counts, Forecast, Plan};
use sha2::{Digest as _, Sha256};

use super::model::{Model, Sort};
use super::page_changes::{anchor, neighbours, sections};
use super::svg::{self, drawing, escaped};
use crate::session::Review;
use crate::view::checks::human as checks;
use crate::view::human::plan::{Schemas, counted};
use crate::view::human::{gist, time};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page has at most so many bytes: it is sent by mail and kept as an artifact.
const LIMIT: usize = 2_000_000;

/// Nodes that a picture has at most: more of them are no picture.
const NODES: usize = 1_200;

/// What a page shows.
pub(crate) struct PlanPage<'a> {
    /// The environment.
    pub(crate) environment: &'a str,
    /// What refers to what.
    pub(crate) model: &'a Model,
    /// The plans, by stack.
    pub(crate) plans: &'a [(&'a str, &'a Plan)],
    /// What the checks found, where the plans were held against them.
    pub(crate) review: Option<&'a Review>,
    /// Names the plans, see [`infra_engine::plans_digest`].
    pub(crate) digest: &'a str,
    /// How long it will take.
    pub(crate) forecast: &'a Forecast,
    /// The types.
    pub(crate) schemas: Schemas<'a>,
}

/// The page of the plans of an environment.
pub(crate) fn plan_page(page_of: &PlanPage<'_>) -> String {
    let PlanPage { environment, model, plans, digest, .. } = *page_of;
    let total: Counts = plans.iter().map(|(_, plan)| plan.counts()).sum();
    let pending = plans.iter().any(|(_, plan)| !plan.is_empty());
    let counts = if pending { counted(total) } else { "no changes".to_owned() };
    let environment = escaped(environment);
    let mut head =
        format!("<h1>Plan for <b>{environment}</b></h1>\n<p class=\"sum\">{counts}</p>\n");
    head.push_str(&in_words(model));
    for line in gist::lines(plans, page_of.schemas) {
        // Writing into a text cannot fail.
        let _ = writeln!(head, "<p class=\"sum\">{}</p>", escaped(&line));
    }
    if let Some(review) = page_of.review.filter(|review| review.has_rules()) {
        let (counts, held) = checks::counted(review);
        let _ = writeln!(head, "<p class=\"sum\">Checks: {counts} ({held})</p>");
    }
    let takes = time::forecast(page_of.forecast);
    if !takes.is_empty() {
        let _ = writeln!(head, "<p class=\"sum\">{}</p>", escaped(takes.trim_end()));
    }
    if pending {
        let _ = writeln!(
            head,
            "<p class=\"digest\">This is the plan <code>{digest}</code>. It and no other is carried out by \
             <code>infra apply --env {environment} --digest {digest}</code></p>"
        );
    }
    let picture = picture(model, &|model, number| {
        let node = &model.nodes[number];
        let moves = !matches!(node.sort, Sort::Resource(_, Action::NoOp));
        node.change.filter(|_| moves).map(|change| anchor(node.stack, change))
    });
    let budget = LIMIT.saturating_sub(picture.len() + STYLE.len() + SCRIPT.len() + 20_000);
    let changes = sections(page_of, budget);
    let changes = if changes.is_empty() {
        "<p class=\"note\">Everything is as declared.</p>".to_owned()
    } else {
        changes
    };
    page(&format!("Plan for {environment}: {counts}"), &head, "Changes", &changes, &picture)
}

/// The page of what stacks declare.
pub(crate) fn graph_page(model: &Model) -> String {
    let stacks = model.stacks.iter().map(|stack| escaped(stack)).collect::<Vec<_>>().join(", ");
    let count = model.nodes.len();
    let head = format!(
        "<h1>What refers to what in <b>{stacks}</b></h1>\n<p class=\"sum\">{count} nodes</p>\n"
    );
    let mut list = String::from("<section data-risk=\"same\"><h2>Resources</h2>\n");
    for (number, node) in model.nodes.iter().enumerate() {
        let below = match &node.sort {
            Sort::Resource(type_name, _) => type_name,
            Sort::Output => "output",
        };
        let link = |of: &super::model::Node| {
            model.nodes.iter().position(|node| std::ptr::eq(node, of)).map(|n| format!("n{n}"))
        };
        let _ = writeln!(
            list,
            "<details class=\"change same\" id=\"n{number}\"><summary><span class=\"stack\">{}</span> {} ({})\
             </summary>{}</details>",
            escaped(&model.stacks[node.stack]),
            escaped(&node.name),
            escaped(below),
            neighbours(model, number, &link),
        );
    }
    list.push_str("</section>\n");
    let picture = picture(model, &|_, number| Some(format!("n{number}")));
    page(&format!("{stacks}: what refers to what"), &head, "Resources", &list, &picture)
}

/// What the plan comes to, for somebody who does not read diffs.
fn in_words(model: &Model) -> String {
    let count = |wanted: fn(Action) -> bool| {
        let actions = model.nodes.iter().filter_map(|node| match node.sort {
            Sort::Resource(_, action) => Some(action),
            Sort::Output => None,
        });
        actions.filter(|action| wanted(*action)).count()
    };
    let parts = [
        (count(|action| action == Action::Delete), "destroyed"),
        (
            count(|action| matches!(action, Action::Replace { .. })),
            "replaced: the object that is there goes, and a new one comes",
        ),
        (count(|action| action == Action::Update), "changed where they are"),
        (count(|action| action == Action::Create), "new"),
        (count(|action| action == Action::NoOp), "left as they are"),
    ];
    let items = parts.iter().filter(|(count, _)| *count > 0);
    let items = items.map(|(count, what)| format!("<li><b>{count}</b> {what}</li>"));
    format!("<ul class=\"words\">{}</ul>\n", items.collect::<String>())
}

/// The picture with its buttons; where it would have too many nodes, only what changes and its
/// neighbours.
fn picture(model: &Model, link: &dyn Fn(&Model, usize) -> Option<String>) -> String {
    let mut note = String::new();
    let part;
    let mut shown = model;
    if model.nodes.len() > NODES {
        part = model.what_changes();
        shown = &part;
        note = format!(
            "<p class=\"note\">Of {} nodes the picture shows the {} that change or are next to one.</p>",
            model.nodes.len(),
            part.nodes.len()
        );
    }
    if shown.nodes.len() > NODES {
        return format!(
            "<p class=\"note\">{} nodes are too many for a picture; <code>infra graph --format dot</code> \
             has them all.</p>",
            shown.nodes.len()
        );
    }
    let (width, height, content) = drawing(shown, &|number| link(shown, number));
    format!(
        "{note}<div class=\"tools\" role=\"toolbar\" aria-label=\"Picture\">\
         <button type=\"button\" id=\"in\" aria-label=\"Zoom in\">+</button>\
         <button type=\"button\" id=\"out\" aria-label=\"Zoom out\">−</button>\
         <button type=\"button\" id=\"all\">Show all</button>\
         <span>An arrow leads to what is needed.</span></div>\
         <svg id=\"graph\" tabindex=\"0\" role=\"group\" aria-label=\"Dependency graph\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n{content}</svg>"
    )
}

fn page(title: &str, head: &str, name: &str, list: &str, picture: &str) -> String {
    let digest = STANDARD.encode(Sha256::digest(SCRIPT));
    let style = svg::STYLE;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{style}{STYLE}</style>\n</head>\n<body>\n<header>\n{head}</header>\n<main>\n\
         <section class=\"list\" aria-label=\"{name}\">\n<form role=\"search\" class=\"tools\">\
         <label for=\"search\">Search</label> <input id=\"search\" type=\"search\" \
         placeholder=\"address, type, value (press /)\" autocomplete=\"off\">\
         <span id=\"found\" role=\"status\"></span><span id=\"risks\" role=\"group\" \
         aria-label=\"Show\"></span></form>\n{list}</section>\n\
         <section class=\"picture\" aria-label=\"Dependency graph\">\n{picture}\n</section>\n</main>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
