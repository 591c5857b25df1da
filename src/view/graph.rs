//! What refers to what, in the DOT language of Graphviz.

use std::collections::BTreeSet;
use std::fmt::Write;

use infra_sdk::{Address, Declaration, Declarations, Expr, External};

/// The graph of some stacks, each in a cluster of its own. An arrow leads to what is needed.
pub(crate) fn dot(stacks: &[(&str, &Declarations)]) -> String {
    let mut text = String::from("digraph infra {\n  rankdir = \"LR\"\n  node [shape = \"box\"]\n");
    for (stack, declarations) in stacks {
        let node = |address: &Address| quoted(&format!("{stack}/{address}"));
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  subgraph {} {{", quoted(&format!("cluster_{stack}")));
        let _ = writeln!(text, "    label = {}", quoted(stack));
        for resource in &declarations.resources {
            let label = format!("{}\n{}", resource.address, resource.type_name);
            let _ = writeln!(text, "    {} [label = {}]", node(&resource.address), quoted(&label));
        }
        for resource in &declarations.resources {
            for needed in needs(resource) {
                let _ = writeln!(text, "    {} -> {}", node(&resource.address), node(needed));
            }
        }
        text.push_str("  }\n");
    }
    between(&mut text, stacks);
    text.push_str("}\n");
    text
}

/// The outputs that stacks read of one another, and what they are made of.
fn between(text: &mut String, stacks: &[(&str, &Declarations)]) {
    let node =
        |external: &External| quoted(&format!("{}/output {}", external.stack, external.output));
    let mut read = BTreeSet::new();
    let mut arrows = BTreeSet::new();
    for (stack, declarations) in stacks {
        for resource in &declarations.resources {
            for external in resource.arguments.inputs.values().flat_map(Expr::externals) {
                let from = quoted(&format!("{stack}/{}", resource.address));
                arrows.insert((from, node(external)));
                read.insert(external);
            }
        }
    }
    for external in read {
        let label = quoted(&external.to_string());
        let _ = writeln!(text, "  {} [label = {label}, shape = \"ellipse\"]", node(external));
        let producer = stacks.iter().find(|(stack, _)| *stack == external.stack);
        let outputs = producer.into_iter().flat_map(|(_, declarations)| &declarations.outputs);
        for output in outputs.filter(|output| output.name == external.output) {
            arrows.extend(output.expr.references().into_iter().map(|reference| {
                (node(external), quoted(&format!("{}/{}", external.stack, reference.address)))
            }));
        }
    }
    for (from, to) in arrows {
        let _ = writeln!(text, "  {from} -> {to}");
    }
}

/// The resources that a declaration refers to or waits for.
fn needs(declaration: &Declaration) -> BTreeSet<&Address> {
    let inputs = declaration.arguments.inputs.values().flat_map(|expr| expr.references());
    let options = &declaration.arguments.options;
    inputs.map(|reference| &reference.address).chain(&options.depends_on).collect()
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
    use infra_sdk::Arguments;

    use super::*;

    #[test]
    fn arrows_lead_to_what_is_needed() {
        let address = |text: &str| Address::parse(text).expect("valid");
        let resource = |name: &str, arguments: Arguments| Declaration {
            address: address(name),
            type_name: "aws_vpc".to_owned(),
            arguments,
            location: None,
        };
        let mut subnet = Arguments::default();
        subnet.set("vpc_id", Expr::reference(&address("network.vpc"), "id"));
        subnet.set("again", Expr::reference(&address("network.vpc"), "arn"));
        let declarations = Declarations {
            resources: vec![
                resource("network.vpc", Arguments::default()),
                resource("subnet", subnet),
            ],
            ..Declarations::default()
        };
        insta::assert_snapshot!(dot(&[("web", &declarations)]), @r#"
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
