//! A graph in the language of Mermaid, which GitHub and GitLab draw in Markdown.

use std::fmt::Write;

use super::model::{Model, Node, Sort};
use crate::view::text::plain;

/// The graph, each stack in a box of its own. An arrow leads to what is needed.
pub(crate) fn mermaid(model: &Model) -> String {
    let mut text = String::from("flowchart LR\n");
    for (stack, title) in model.stacks.iter().enumerate() {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  subgraph s{stack}[\"{}\"]", escaped(title));
        let mine = model.nodes.iter().enumerate().filter(|(_, node)| node.stack == stack);
        for (number, node) in mine {
            let _ = writeln!(text, "    n{number}{}", shape(node));
        }
        text.push_str("  end\n");
    }
    for (from, to) in &model.arrows {
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    text
}

fn shape(node: &Node) -> String {
    let name = escaped(&node.name);
    match &node.sort {
        Sort::Resource(type_name, _) => format!("[\"{name}<br/>{}\"]", escaped(type_name)),
        Sort::Output => format!("([\"{name}\"])"),
    }
}

/// Text within quotes; Mermaid has entities of its own.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for character in plain(text).chars() {
        match character {
            '"' => safe.push_str("#quot;"),
            '#' => safe.push_str("#35;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '&' => safe.push_str("#amp;"),
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
    fn a_graph_for_markdown() {
        let declarations = declarations(&[("network.vpc", &[]), ("subnet", &["network.vpc"])]);
        insta::assert_snapshot!(mermaid(&Model::declared(&[("web", &declarations)])), @r#"
        flowchart LR
          subgraph s0["web"]
            n0["network.vpc<br/>aws_vpc"]
            n1["subnet<br/>aws_vpc"]
          end
          n1 --> n0
        "#);
        assert_eq!(escaped("a\"]<b>#1\u{1b}"), "a#quot;]#lt;b#gt;#35;1\\u{1b}");
    }
}
