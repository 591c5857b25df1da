//! The graph that is measured: layers of trivial resources, in our words and in Terraform's.
//!
//! The main functions are [`declarations`] and [`terraform`]. Each resource of a layer refers to a
//! few of the layer before, by ids that are known only once those are made, so that values flow.

use std::fmt::Write as _;

use infra_sdk::{
    Address, Arguments, Declaration, Declarations, Expr, Function, Location, OutputDeclaration,
    Value,
};

/// How many resources a layer has: a larger graph is a deeper one.
const WIDTH: usize = 100;

/// The resources that one refers to, by number.
pub(crate) fn needs(number: usize) -> Vec<usize> {
    let (layer, place) = (number / WIDTH, number % WIDTH);
    if layer == 0 {
        return Vec::new();
    }
    let before = (layer - 1) * WIDTH;
    let places = [place, (place * 7 + 13) % WIDTH, (place * 31 + 57) % WIDTH];
    let mut needs = places.map(|place| before + place).to_vec();
    needs.sort_unstable();
    needs.dedup();
    needs
}

fn address(number: usize) -> Address {
    Address::parse(&format!("n{number}")).expect("an address")
}

fn joined(ids: Vec<Expr>) -> Expr {
    Expr::Call(Function::Join, vec![Expr::Value(Value::from(",")), Expr::List(ids)])
}

/// What a program declares that has this many resources.
pub(crate) fn declarations(count: usize) -> Declarations {
    let location = |line: usize| {
        let line = u32::try_from(line).expect("few lines");
        Some(Location { file: "stacks/src/layers.rs".to_owned(), line, column: 9 })
    };
    let mut declared = Declarations::default();
    for number in 0..count {
        let ids: Vec<_> =
            needs(number).into_iter().map(|need| Expr::reference(&address(need), "id")).collect();
        let input = if ids.is_empty() {
            Expr::Value(Value::from(format!("n{number}").as_str()))
        } else {
            joined(ids)
        };
        let mut arguments = Arguments::default();
        arguments.set("input", input);
        declared.resources.push(Declaration {
            address: address(number),
            type_name: "infra_data".to_owned(),
            arguments,
            location: location(number + 1),
        });
    }
    if let Some(last) = declared.resources.last() {
        declared.outputs.push(OutputDeclaration {
            name: "last".to_owned(),
            expr: Expr::reference(&last.address, "id"),
            location: location(count + 1),
        });
    }
    declared
}

/// The same graph as a module of Terraform.
pub(crate) fn terraform(count: usize) -> String {
    let mut text = String::new();
    let mut last = None;
    for number in 0..count {
        let ids: Vec<_> =
            needs(number).iter().map(|need| format!("terraform_data.n{need}.id")).collect();
        let input = if ids.is_empty() {
            format!("\"n{number}\"")
        } else {
            format!("join(\",\", [{}])", ids.join(", "))
        };
        writeln!(text, "resource \"terraform_data\" \"n{number}\" {{\n  input = {input}\n}}\n")
            .expect("a text takes all");
        last = Some(number);
    }
    if let Some(last) = last {
        writeln!(text, "output \"last\" {{\n  value = terraform_data.n{last}.id\n}}")
            .expect("a text takes all");
    }
    text
}
