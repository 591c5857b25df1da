//! Secrets on the command line: others on the machine see arguments, the shell keeps them, and CI
//! systems write them into logs.

use std::collections::BTreeSet;

use infra_sdk::provider::Provider;
use infra_sdk::{Declaration, Declarations, Diagnostic, Expr, Function, Value};

use crate::config::Variable;

/// A shorter text is looked for as a whole only: it stands in many others by chance.
const TELLING: usize = 8;

/// A warning for each `--var` whose value the stack treats as a secret. The value is never shown.
pub(super) fn secrets(
    variables: &[Variable],
    provider: &dyn Provider,
    declarations: &Declarations,
) -> Vec<Diagnostic> {
    let mut told = BTreeSet::new();
    let mut warnings = Vec::new();
    for declaration in &declarations.resources {
        for (attribute, secret) in sensitive_texts(provider, declaration) {
            let given = variables.iter().filter(|variable| is_in(variable.value(), secret));
            for variable in given.filter(|variable| told.insert(variable.name())) {
                warnings.push(warning(&variable.name(), declaration, attribute));
            }
        }
    }
    warnings
}

fn warning(variable: &str, declaration: &Declaration, attribute: &str) -> Diagnostic {
    Diagnostic::warning("cli::secret-argument", "a secret stands on the command line")
        .detail(format!(
            "`--var {variable}=…` goes to `{attribute}` of this resource; arguments are seen by \
             others on this machine, and kept by shells and logs"
        ))
        .address(&declaration.address)
        .location(declaration.location.clone())
        .hint("have it made by a `random_password`, look it up in Secrets Manager, or read it from a file with `--var-file`")
}

fn is_in(given: &str, secret: &str) -> bool {
    !given.is_empty() && (given == secret || given.len() >= TELLING && secret.contains(given))
}

/// The texts of a resource that are sensitive, each with its attribute.
fn sensitive_texts<'d>(
    provider: &dyn Provider,
    declaration: &'d Declaration,
) -> Vec<(&'d str, &'d str)> {
    let schema = provider.schema(&declaration.type_name);
    let mut found = Vec::new();
    for (name, expr) in &declaration.arguments.inputs {
        let field = schema.and_then(|schema| schema.input(name));
        let mut texts = Vec::new();
        in_expr(expr, field.is_some_and(|field| field.sensitive), &mut texts);
        found.extend(texts.into_iter().map(|text| (name.as_str(), text)));
    }
    found
}

fn in_expr<'e>(expr: &'e Expr, sensitive: bool, texts: &mut Vec<&'e str>) {
    match expr {
        Expr::Value(value) => in_value(value, sensitive, texts),
        Expr::List(items) => items.iter().for_each(|item| in_expr(item, sensitive, texts)),
        Expr::Map(entries) => entries.values().for_each(|item| in_expr(item, sensitive, texts)),
        Expr::Call(function, arguments) => {
            let sensitive = sensitive || *function == Function::Sensitive;
            arguments.iter().for_each(|argument| in_expr(argument, sensitive, texts));
        }
        Expr::Reference(_) | Expr::External(..) => {}
    }
}

fn in_value<'v>(value: &'v Value, sensitive: bool, texts: &mut Vec<&'v str>) {
    match value {
        Value::Sensitive(inner) => in_value(inner, true, texts),
        Value::String(text) if sensitive => texts.push(text),
        Value::List(items) => items.iter().for_each(|item| in_value(item, sensitive, texts)),
        Value::Map(entries) => entries.values().for_each(|item| in_value(item, sensitive, texts)),
        _ => {}
    }
}
