//! Programs that do not declare the same twice: then a plan after an apply is not empty, and nobody
//! knows why.
//!
//! Start reading at [`declared_otherwise`].

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Address, Arguments, Declaration, Declarations, Diagnostic, Expr};

use super::answers::Recorded;
use super::declare::{Declared, Refusals, declare_stack};
use super::select::Selection;
use crate::cli::Context;
use crate::error::Result;

/// How many of the differences are named.
const NAMED: usize = 10;

/// Runs the program once more for every selected stack, with the same answers, and warns of what it
/// declares otherwise.
///
/// # Errors
/// When the program does not hold the conversation this time.
pub(crate) async fn declared_otherwise(
    context: &Context,
    selection: &Selection,
    before: &[Declared<Recorded<'_>>],
) -> Result<()> {
    let mut warnings = Vec::new();
    for Declared { name, declarations, answers } in before {
        let Some(stack) = selection.stacks.iter().find(|stack| stack.name == *name) else {
            continue;
        };
        let (mut answers, mut refusals) = (answers.again(), Refusals::new());
        // What it prints was shown the first time.
        let quiet = |_: &str| {};
        let again = declare_stack(selection, stack, &mut answers, &mut refusals, &quiet).await?;
        let differences = differences(declarations, &again);
        if !differences.is_empty() {
            warnings.push(warning(name, &differences));
        }
    }
    context.terminal.diagnostics(&warnings);
    Ok(())
}

fn warning(stack: &str, differences: &[String]) -> Diagnostic {
    let mut detail = format!("run twice with the same settings and answers, {stack} differs in:");
    for difference in differences.iter().take(NAMED) {
        detail.push('\n');
        detail.push_str(difference);
    }
    if let Some(more @ 1..) = differences.len().checked_sub(NAMED) {
        detail.push_str(&format!("\nand {more} more"));
    }
    Diagnostic::warning("program::differs", "the program does not declare the same twice")
        .detail(detail)
        .hint(
            "take clocks, random numbers and the order of hash maps out of it; `random_id` and \
             `random_password` are made once and kept",
        )
}

/// What differs, by address and name. Where something was declared does not count, nor the order.
fn differences(one: &Declarations, other: &Declarations) -> Vec<String> {
    let mut found = Vec::new();
    let (before, after) = (by_address(one), by_address(other));
    let addresses: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for address in addresses {
        let what = match (before.get(address), after.get(address)) {
            (Some(one), Some(other)) if one.type_name != other.type_name => "its type".to_owned(),
            (Some(one), Some(other)) => in_arguments(&one.arguments, &other.arguments),
            _ => "whether it is there".to_owned(),
        };
        if !what.is_empty() {
            found.push(format!("`{address}`: {what}"));
        }
    }
    let outputs = |declared: &Declarations| -> BTreeMap<String, Expr> {
        declared.outputs.iter().map(|o| (o.name.clone(), o.expr.clone())).collect()
    };
    found.extend(
        differing(&outputs(one), &outputs(other)).map(|name| format!("the output `{name}`")),
    );
    found
}

fn by_address(declared: &Declarations) -> BTreeMap<&Address, &Declaration> {
    declared.resources.iter().map(|resource| (&resource.address, resource)).collect()
}

fn in_arguments(one: &Arguments, other: &Arguments) -> String {
    let names = differing(&one.inputs, &other.inputs).map(|name| format!("`{name}`"));
    let mut parts: Vec<_> = names.collect();
    if one.options != other.options {
        parts.push("its options".to_owned());
    }
    parts.join(", ")
}

fn differing<'m>(
    one: &'m BTreeMap<String, Expr>,
    other: &'m BTreeMap<String, Expr>,
) -> impl Iterator<Item = &'m str> {
    let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).map(String::as_str)
}
