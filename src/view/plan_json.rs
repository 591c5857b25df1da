//! A plan as Terraform's plan JSON, `format_version` 1.2, so that what reads `terraform show -json`
//! reads it unchanged.
//!
//! Start reading at [`render`]. Two things differ from Terraform: `address` is ours, such as
//! `network.vpc`, and a sensitive value is masked. `name` is the address in Terraform's alphabet,
//! and references name `TYPE.NAME`, so that readers that join the parts find them. Attributes have
//! the shape that Terraform's provider gives them.

use std::collections::{BTreeMap, BTreeSet};

use infra_engine::{Action, Change, Drift, OutputChange, Plan, Reason};
use infra_sdk::{Address, Declarations, Object, Schema, Value};
use serde_json::{Map, Value as Json, json};

use super::human::plan::Schemas;
use super::json::{known, sensitive_mark, sensitive_marks, unknown_mark, unknown_marks, value};
use super::outputs_json::document;
use super::plan_json_expressions::{constant_or_references, expression};
use super::plan_json_shape as shape;

/// The release of Terraform whose plans have this form.
const TERRAFORM_VERSION: &str = "1.9.0";

/// What a plan document is made of.
pub(crate) struct Document<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// What the plan was made from.
    pub(crate) declarations: &'a Declarations,
    /// The environment's region.
    pub(crate) region: &'a str,
    /// Finds the schema of a type.
    pub(crate) schemas: Schemas<'a>,
}

/// The document, as of now.
pub(crate) fn render(source: &Document<'_>) -> String {
    document(&to_json(source, &jiff::Timestamp::now().to_string()))
}

fn to_json(source: &Document<'_>, timestamp: &str) -> Json {
    let plan = source.plan;
    let names = Names::new(source);
    let changed = plan.outputs.iter().filter(|output| output.is_changed());
    let outputs: Map<_, _> = changed.map(|o| (o.name.clone(), output_change(o))).collect();
    json!({
        "format_version": "1.2",
        "terraform_version": TERRAFORM_VERSION,
        "planned_values": {
            "outputs": planned_outputs(&plan.outputs),
            "root_module": { "resources": resources(&names, source, |change| change.after.as_ref()) },
        },
        "resource_changes":
            plan.changes.iter().map(|c| resource_change(&names, source, c)).collect::<Vec<_>>(),
        "resource_drift": plan.drift.iter().map(|d| drift(&names, source, d)).collect::<Vec<_>>(),
        "output_changes": outputs,
        "prior_state": {
            "format_version": "1.0",
            "terraform_version": TERRAFORM_VERSION,
            "values": {
                "outputs": prior_outputs(&plan.outputs),
                "root_module": {
                    "resources": resources(&names, source, |change| change.before.as_ref()),
                },
            },
        },
        "configuration": configuration(&names, source),
        "relevant_attributes": [],
        "timestamp": timestamp,
        "applyable": !plan.is_empty(),
        "complete": true,
        "errored": false,
    })
}

/// Names in Terraform's alphabet, which has no dots. Two addresses never share one.
pub(super) struct Names {
    names: BTreeMap<Address, String>,
    types: BTreeMap<Address, String>,
}

impl Names {
    fn new(source: &Document<'_>) -> Self {
        let changes = &source.plan.changes;
        let declared = &source.declarations.resources;
        let types: BTreeMap<_, _> = changes
            .iter()
            .map(|change| (change.address.clone(), change.type_name.clone()))
            .chain(source.plan.drift.iter().map(|d| (d.address.clone(), d.type_name.clone())))
            .chain(declared.iter().map(|d| (d.address.clone(), d.type_name.clone())))
            .collect();
        let mut taken = BTreeSet::new();
        let mut names = BTreeMap::new();
        for address in types.keys() {
            let mut name = address.as_str().replace('.', "_");
            while !taken.insert(name.clone()) {
                name.push('_');
            }
            names.insert(address.clone(), name);
        }
        Self { names, types }
    }

    fn of<'a>(&'a self, address: &'a Address) -> &'a str {
        self.names.get(address).map_or(address.as_str(), String::as_str)
    }

    /// `aws_vpc.network_vpc`.
    pub(super) fn joined(&self, address: &Address) -> String {
        match self.types.get(address) {
            Some(type_name) => format!("{type_name}.{}", self.of(address)),
            None => address.to_string(),
        }
    }
}

fn resource_head(names: &Names, address: &Address, type_name: &str) -> Map<String, Json> {
    let head = [
        ("address", address.as_str()),
        ("mode", "managed"),
        ("type", type_name),
        ("name", names.of(address)),
        ("provider_name", provider(provider_key(type_name))),
    ];
    head.into_iter().map(|(key, text)| (key.to_owned(), json!(text))).collect()
}

/// What a configuration calls the provider of a type: `aws`.
fn provider_key(type_name: &str) -> &str {
    type_name.split_once('_').map_or(type_name, |(provider, _)| provider)
}

/// The provider that has such types in Terraform. Ours are in none.
fn provider(key: &str) -> &'static str {
    match key {
        "aws" => "registry.terraform.io/hashicorp/aws",
        "random" => "registry.terraform.io/hashicorp/random",
        _ => "terraform.io/builtin/infra",
    }
}

/// Resources with their values on one side of the plan.
fn resources<'p>(
    names: &Names,
    source: &Document<'p>,
    side: impl Fn(&'p Change) -> Option<&'p Object>,
) -> Vec<Json> {
    let with_values = source.plan.changes.iter().filter(|change| !change.deposed);
    with_values
        .filter_map(|change| {
            let values = side(change)?;
            let schema = (source.schemas)(&change.type_name);
            let mut resource = resource_head(names, &change.address, &change.type_name);
            resource.insert("schema_version".to_owned(), json!(0));
            resource.insert("values".to_owned(), known(&shape::values(schema, values)));
            let marks = sensitive_marks(&shape::marked(schema, values));
            resource.insert("sensitive_values".to_owned(), marks);
            Some(Json::Object(resource))
        })
        .collect()
}

fn resource_change(names: &Names, source: &Document<'_>, change: &Change) -> Json {
    let mut json = resource_head(names, &change.address, &change.type_name);
    if change.deposed {
        json.insert("deposed".to_owned(), json!(change.id.as_deref().unwrap_or_default()));
    }
    if let Some(from) = &change.moved_from {
        json.insert("previous_address".to_owned(), json!(from.as_str()));
    }
    if let Some(reason) = action_reason(change) {
        json.insert("action_reason".to_owned(), json!(reason));
    }
    let schema = (source.schemas)(&change.type_name);
    let mut body = sides(schema, change.before.as_ref(), change.after.as_ref());
    body.insert("actions".to_owned(), json!(actions(change)));
    let forcing: Vec<_> = change
        .attributes
        .iter()
        .filter(|attribute| attribute.forces_replacement)
        .map(|attribute| json!([attribute.name]))
        .collect();
    if !forcing.is_empty() {
        body.insert("replace_paths".to_owned(), Json::Array(forcing));
    }
    if change.imported {
        body.insert("importing".to_owned(), json!({ "id": change.id }));
    }
    json.insert("change".to_owned(), Json::Object(body));
    Json::Object(json)
}

/// `before` and `after` with their marks. What is not there is null.
fn sides(
    schema: Option<&Schema>,
    before: Option<&Object>,
    after: Option<&Object>,
) -> Map<String, Json> {
    let attributes =
        |side: Option<&Object>| side.map_or(Json::Null, |side| known(&shape::values(schema, side)));
    let marked = |side: Option<&Object>| side.map(|side| shape::marked(schema, side));
    let sensitive =
        |side: Option<&Object>| marked(side).as_ref().map_or(Json::Bool(false), sensitive_marks);
    let unknown = marked(after).as_ref().map_or_else(|| json!({}), unknown_marks);
    [
        ("before", attributes(before)),
        ("after", attributes(after)),
        ("after_unknown", unknown),
        ("before_sensitive", sensitive(before)),
        ("after_sensitive", sensitive(after)),
    ]
    .into_iter()
    .map(|(key, side)| (key.to_owned(), side))
    .collect()
}

fn actions(change: &Change) -> &'static [&'static str] {
    match change.action {
        // Waiting for an object changes nothing of it.
        Action::NoOp | Action::Import | Action::Await => &["no-op"],
        Action::Create => &["create"],
        Action::Update => &["update"],
        Action::Replace { create_first: true } => &["create", "delete"],
        Action::Replace { create_first: false } => &["delete", "create"],
        Action::Delete => &["delete"],
        Action::Forget => &["forget"],
    }
}

/// Terraform's word for why, where it has one.
fn action_reason(change: &Change) -> Option<&'static str> {
    change.reasons.iter().find_map(|reason| match reason {
        Reason::CannotUpdate(_) => Some("replace_because_cannot_update"),
        Reason::Triggered(_) | Reason::DependencyReplaced { .. } => Some("replace_by_triggers"),
        Reason::ReplaceRequested => Some("replace_by_request"),
        Reason::NoLongerDeclared => Some("delete_because_no_resource_config"),
        _ => None,
    })
}

fn drift(names: &Names, source: &Document<'_>, drift: &Drift) -> Json {
    let mut json = resource_head(names, &drift.address, &drift.type_name);
    let mut body =
        sides((source.schemas)(&drift.type_name), Some(&drift.before), drift.after.as_ref());
    let actions = if drift.after.is_some() { ["update"] } else { ["delete"] };
    body.insert("actions".to_owned(), json!(actions));
    json.insert("change".to_owned(), Json::Object(body));
    Json::Object(json)
}

fn output_change(output: &OutputChange) -> Json {
    let action = match (&output.before, &output.after) {
        (None, _) => "create",
        (_, None) => "delete",
        _ if output.is_changed() => "update",
        _ => "no-op",
    };
    let null = Value::Null;
    let (before, after) =
        (output.before.as_ref().unwrap_or(&null), output.after.as_ref().unwrap_or(&null));
    json!({
        "actions": [action],
        "before": value(before),
        "after": value(after),
        "after_unknown": unknown_mark(after),
        "before_sensitive": sensitive_mark(before),
        "after_sensitive": sensitive_mark(after),
    })
}

fn planned_outputs(outputs: &[OutputChange]) -> Json {
    let planned = outputs.iter().filter_map(|output| {
        let after = output.after.as_ref()?;
        let mut json = json!({ "sensitive": after.has_sensitive() });
        if !after.has_unknown() {
            json["value"] = value(after);
            json["type"] = super::json::type_of(after);
        }
        Some((output.name.clone(), json))
    });
    Json::Object(planned.collect())
}

fn prior_outputs(outputs: &[OutputChange]) -> Json {
    let recorded = outputs.iter().filter_map(|o| Some((o.name.clone(), o.before.clone()?)));
    Json::Object(super::outputs_json::entries(&recorded.collect()))
}

fn configuration(names: &Names, source: &Document<'_>) -> Json {
    let declared = &source.declarations.resources;
    let resource = |declaration: &infra_sdk::Declaration| {
        let schema = (source.schemas)(&declaration.type_name);
        let inputs = declaration.arguments.inputs.iter();
        let expressions: Map<_, _> = inputs
            .map(|(name, expr)| {
                let field = schema.and_then(|schema| schema.input(name));
                (name.clone(), expression(names, field, &declaration.type_name, expr))
            })
            .collect();
        let mut json = resource_head(names, &declaration.address, &declaration.type_name);
        json.remove("provider_name");
        let provider = provider_key(&declaration.type_name);
        json.insert("provider_config_key".to_owned(), json!(provider));
        json.insert("expressions".to_owned(), Json::Object(expressions));
        json.insert("schema_version".to_owned(), json!(0));
        let needs: Vec<_> =
            declaration.arguments.options.depends_on.iter().map(|a| names.joined(a)).collect();
        if !needs.is_empty() {
            json.insert("depends_on".to_owned(), json!(needs));
        }
        Json::Object(json)
    };
    let output = |output: &infra_sdk::OutputDeclaration| {
        let expression = constant_or_references(names, &output.expr, false);
        (output.name.clone(), json!({ "expression": expression }))
    };
    json!({
        "provider_config": {
            "aws": {
                "name": "aws",
                "full_name": provider("aws"),
                "expressions": { "region": { "constant_value": source.region } },
            },
        },
        "root_module": {
            "outputs": source.declarations.outputs.iter().map(output).collect::<Map<_, _>>(),
            "resources": declared.iter().map(resource).collect::<Vec<_>>(),
        },
    })
}

#[cfg(test)]
#[path = "plan_json_tests.rs"]
mod tests;
