//! Expressions of the configuration, as Terraform's plan JSON has them.
//!
//! Start reading at [`expression`]. An argument is its constant value, or what it refers to; a block
//! is a list of objects with the expressions of its arguments.

use infra_sdk::{Expr, External, Field, Kind, Reference, Value};
use serde_json::{Map, Value as Json, json};

use super::json::value;
use super::plan_json::Names;
use super::plan_json_text::is_text;

/// The expression of an argument, or of the blocks that it is.
pub(super) fn expression(
    names: &Names,
    field: Option<&Field>,
    type_name: &str,
    expr: &Expr,
) -> Json {
    let secret = field.is_some_and(|field| field.sensitive);
    match field {
        Some(field) if !secret && !is_text(type_name, field.name) => {
            by_kind(names, &field.kind, type_name, expr)
        }
        _ => constant_or_references(names, expr, secret),
    }
}

fn by_kind(names: &Names, kind: &Kind, type_name: &str, expr: &Expr) -> Json {
    let blocks = match kind {
        Kind::Block(fields) => block(names, fields, type_name, expr).map(|block| vec![block]),
        Kind::List(Kind::Block(fields)) | Kind::Set(Kind::Block(fields)) => items(expr)
            .and_then(|items| items.iter().map(|i| block(names, fields, type_name, i)).collect()),
        _ => None,
    };
    blocks.map_or_else(|| constant_or_references(names, expr, false), Json::Array)
}

/// The arguments of a block; `None` where they cannot be told apart.
fn block(names: &Names, fields: &[Field], type_name: &str, expr: &Expr) -> Option<Json> {
    let entries: Vec<(String, Expr)> = match expr {
        Expr::Map(entries) => entries.clone().into_iter().collect(),
        Expr::Value(Value::Map(entries)) => {
            entries.iter().map(|(name, value)| (name.clone(), Expr::Value(value.clone()))).collect()
        }
        _ => return None,
    };
    let set = entries.into_iter().filter(|(_, e)| *e != Expr::Value(Value::Null));
    let expressions: Map<_, _> = set
        .map(|(name, expr)| {
            let field = fields.iter().find(|field| field.name == name);
            let expression = expression(names, field, type_name, &expr);
            (name, expression)
        })
        .collect();
    Some(Json::Object(expressions))
}

/// The elements of a list; `None` where they cannot be told apart.
fn items(expr: &Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::List(items) => Some(items.clone()),
        Expr::Value(Value::List(items)) => Some(items.iter().cloned().map(Expr::Value).collect()),
        _ => None,
    }
}

/// The constant value of an expression, or what it refers to.
pub(super) fn constant_or_references(names: &Names, expr: &Expr, secret: bool) -> Json {
    let references = expr.references();
    let externals = expr.externals();
    if references.is_empty() && externals.is_empty() {
        // Without references nothing can fail to resolve.
        let constant = expr.evaluate(&|_: &Reference| None).unwrap_or_default();
        let constant = if secret { constant.sensitive() } else { constant };
        return json!({ "constant_value": value(&constant) });
    }
    let mut found = Vec::new();
    for reference in references {
        let resource = names.joined(&reference.address);
        for text in [format!("{resource}.{}", reference.attribute), resource] {
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    // As Terraform writes what is read of another state.
    for External { stack, output } in externals {
        let state = format!("data.terraform_remote_state.{stack}");
        for text in [format!("{state}.outputs.{output}"), state] {
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    json!({ "references": found })
}
