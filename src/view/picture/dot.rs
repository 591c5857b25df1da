//! A graph in the DOT language of Graphviz.

use std::fmt::Write;

use super::model::{Model, Sort};

/// The graph, each stack in a cluster of its own. An arrow leads to what is needed.
pub(crate) fn dot(model: &Model) -> String {
    let mut text = String::from("digraph infra {\n  rankdir = \"LR\"\n  node [shape = \"box\"]\n");
    let name = |number: usize| quoted(&model.title(&model.nodes[number]));
    for (stack, title) in model.stacks.iter().enumerate() {
        let mine = |number: usize| {
            let node = &model.nodes[number];
            node.stack == stack && matches!(node.sort, Sort::Resource(..))
        };
        if !(0..model.nodes.len()).any(mine) {
            continue;
        }
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  subgraph {} {{", quoted(&format!("cluster_{title}")));
        let _ = writeln!(text, "    label = {}", quoted(title));
        for (number, node) in model.nodes.iter().enumerate().filter(|(number, _)| mine(*number)) {
            if let Sort::Resource(type_name, _) = &node.sort {
                let label = quoted(&format!("{}\n{type_name}", node.name));
                let _ = writeln!(text, "    {} [label = {label}]", name(number));
            }
        }
        for (from, to) in model.arrows.iter().filter(|(from, to)| mine(*from) && mine(*to)) {
            let _ = writeln!(text, "    {} -> {}", name(*from), name(*to));
        }
        text.push_str("  }\n");
    }
    let read = |number: usize| matches!(model.nodes[number].sort, Sort::Output);
    for (number, node) in model.nodes.iter().enumerate().filter(|(number, _)| read(*number)) {
        let label = quoted(&format!("{}.{}", model.stacks[node.stack], node.name));
        let _ = writeln!(text, "  {} [label = {label}, shape = \"ellipse\"]", name(number));
    }
    for (from, to) in model.arrows.iter().filter(|(from, to)| read(*from) || read(*to)) {
        let _ = writeln!(text, "  {} -> {}", name(*from), name(*to));
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other if other.is_control() => quoted.extend(other.escape_default()),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::declarations;

    #[test]
    fn arrows_lead_to_what_is_needed() {
        let declarations = declarations(&[("network.vpc", &[]), ("subnet", &["network.vpc"])]);
        insta::assert_snapshot!(dot(&Model::declared(&[("web", &declarations)])), @r#"
        digraph infra {
          rankdir = "LR"
          node [shape = "box"]
          subgraph "cluster_web" {
            label = "web"
            "web/network.vpc" [label = "network.vpc\naws_vpc"]
            "web/subnet" [label = "subnet\naws_vpc"]
            "web/subnet" -> "web/network.vpc"
          }
        }
        "#);
    }
}
