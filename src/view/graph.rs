//! What refers to what, in the DOT language of Graphviz.

use std::collections::BTreeSet;
use std::fmt::Write;

use infra_sdk::{Address, Declaration, Declarations};

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
    text.push_str("}\n");
    text
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
    use infra_sdk::{Arguments, Expr};

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
