//! A graph as SVG.
//!
//! Start reading at [`svg`], which is a file of its own; a page takes the [`drawing`].

use std::fmt::Write;

use infra_engine::Action;

use super::layout::{layout, reduced};
use super::model::{Model, Node, Sort};
use crate::view::risk::{sign, what_happens};
use crate::view::text::plain;

/// How a drawing looks, in light and in dark.
pub(super) const STYLE: &str = include_str!("picture.css");

/// Width and height of a node, and the gaps to the next ones, in pixels.
const NODE: (f64, f64) = (236.0, 40.0);
const GAP: (f64, f64) = (70.0, 14.0);
/// Room around everything.
const MARGIN: f64 = 16.0;
/// Characters of a name that fit into a node.
const FITS: usize = 29;

/// The graph as a file. An arrow leads to what is needed; one that others imply is left out.
pub(crate) fn svg(model: &Model) -> String {
    let (width, height, content) = drawing(model, &|_| None);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\"><style>{STYLE}</style>\n{content}</svg>\n"
    )
}

/// Width, height and elements of a graph. `link` tells where a node leads to.
pub(super) fn drawing(model: &Model, link: &dyn Fn(usize) -> Option<String>) -> (f64, f64, String) {
    let count = model.nodes.len();
    let spots = layout(count, &model.arrows);
    let corners: Vec<_> = spots
        .iter()
        .map(|spot| {
            let x = MARGIN + spot.column as f64 * (NODE.0 + GAP.0);
            (x, MARGIN + spot.row * (NODE.1 + GAP.1))
        })
        .collect();
    let far = |side: fn(&(f64, f64)) -> f64| corners.iter().map(side).fold(MARGIN, f64::max);
    let width = far(|corner| corner.0) + NODE.0 + MARGIN;
    let height = far(|corner| corner.1) + NODE.1 + MARGIN;
    let mut text = String::from("<g class=\"arrows\">\n");
    for (from, to) in reduced(count, &model.arrows) {
        let (x1, y1) = (corners[from].0, corners[from].1 + NODE.1 / 2.0);
        let (x2, y2) = (corners[to].0 + NODE.0, corners[to].1 + NODE.1 / 2.0);
        let bend = ((x1 - x2) / 2.0).max(20.0);
        let (out, back) = (x1 - bend, x2 + bend);
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "<path data-from=\"{from}\" data-to=\"{to}\" d=\"M{x1:.1} {y1:.1}C{out:.1} {y1:.1} \
             {back:.1} {y2:.1} {x2:.1} {y2:.1}\"/>"
        );
    }
    text.push_str("</g>\n");
    for (number, (node, corner)) in model.nodes.iter().zip(&corners).enumerate() {
        element(&mut text, model, (number, node), *corner, link(number).as_deref());
    }
    (width, height, text)
}

fn element(
    text: &mut String,
    model: &Model,
    (number, node): (usize, &Node),
    (x, y): (f64, f64),
    link: Option<&str>,
) {
    let (class, sign, what, below) = match &node.sort {
        Sort::Resource(type_name, action) => {
            (class(*action), sign(*action), what_happens(*action), type_name.as_str())
        }
        Sort::Output => ("output", "", "is read by another stack", "output"),
    };
    let title = format!("{} ({below}) {what}", model.title(node));
    let title = escaped(&title);
    let below = match model.stacks.as_slice() {
        [_] => below.to_owned(),
        stacks => format!("{} · {below}", stacks[node.stack]),
    };
    let (open, close) = match link {
        Some(link) => (format!("<a href=\"#{link}\" aria-label=\"{title}\""), "</a>"),
        None => ("<g".to_owned(), "</g>"),
    };
    let round = if matches!(node.sort, Sort::Output) { NODE.1 / 2.0 } else { 5.0 };
    let _ = writeln!(
        text,
        "{open} class=\"node {class}\" data-node=\"{number}\" transform=\"translate({x:.1} {y:.1})\">\
         <title>{title}</title><rect width=\"{}\" height=\"{}\" rx=\"{round}\"/>\
         <text x=\"12\" y=\"17\" class=\"name\">{}</text><text x=\"12\" y=\"32\" class=\"type\">{}</text>\
         <text x=\"{}\" y=\"17\" class=\"sign\">{sign}</text>{close}",
        NODE.0,
        NODE.1,
        escaped(&shortened(&node.name)),
        escaped(&shortened(&below)),
        NODE.0 - 10.0,
    );
}

/// The end of a name says more than its scopes.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= FITS {
        return name.to_owned();
    }
    format!("…{}", name.chars().skip(count + 1 - FITS).collect::<String>())
}

/// Colour is never alone: each has a sign too.
pub(super) fn class(action: Action) -> &'static str {
    match action {
        Action::NoOp => "same",
        Action::Import | Action::Await | Action::Forget => "record",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { .. } => "replace",
        Action::Delete => "delete",
    }
}

/// Text for an element or an attribute of HTML and SVG.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in plain(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::declarations;

    #[test]
    fn every_node_and_arrow_is_drawn_once() {
        let declarations =
            declarations(&[("vpc", &[]), ("subnet", &["vpc"]), ("web", &["subnet", "vpc"])]);
        let drawn = svg(&Model::declared(&[("web", &declarations)]));
        assert_eq!(drawn.matches("class=\"node same\"").count(), 3, "{drawn}");
        // The arrow from `web` to `vpc` is implied.
        assert_eq!(drawn.matches("<path").count(), 2, "{drawn}");
        let mut reader = quick_xml::Reader::from_str(&drawn);
        let mut elements = 0;
        loop {
            match reader.read_event().expect("it is XML") {
                quick_xml::events::Event::Start(_) => elements += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert!(elements > 10);
    }

    #[test]
    fn nothing_gets_out_of_its_element() {
        assert_eq!(
            escaped("<a href='x'>&\"\u{202e}"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\u{202e}"
        );
        assert_eq!(shortened(&"x".repeat(FITS)), "x".repeat(FITS));
        assert_eq!(shortened("network.private-subnet-in-zone-us-west-2b").chars().count(), FITS);
    }
}
