//! The plan of a stack that is new, made without a cloud and without the engine: for tests of rules.
//!
//! Start reading at [`preview`].

use std::collections::BTreeMap;

use super::{Action, PlanView, PlannedResource};
use crate::stack::Answerer;
use crate::{
    Address, Declaration, Diagnostic, Environment, Location, Object, Reference, Schema, Stack,
    Value,
};

/// Refuses every lookup: a preview knows no cloud.
struct Nobody;

impl Answerer for Nobody {
    fn answer(
        &mut self,
        name: &str,
        _: &BTreeMap<String, Value>,
        _: Option<&str>,
        location: &Location,
    ) -> Result<Value, Diagnostic> {
        Err(Diagnostic::error("checks::preview", "a preview of a plan looks nothing up")
            .detail(format!("`{name}`"))
            .location(Some(location.clone())))
    }
}

/// The plan of a stack of which nothing is there yet, as rules would see it. `schemas` are those of
/// the types that are declared.
///
/// ```
/// use infra_sdk::builtin::Data;
/// use infra_sdk::checks::preview;
/// use infra_sdk::{Environment, ResourceType};
///
/// let environment =
///     Environment { name: "test".into(), region: "us-west-2".into(), protected: false };
/// let plan = preview(environment, &[&Data::SCHEMA], |stack| {
///     stack.add("version", Data::new());
/// });
/// assert_eq!(plan.resources::<Data>().len(), 1);
/// ```
#[must_use]
pub fn preview(
    environment: Environment,
    schemas: &[&Schema],
    declare: impl FnOnce(&mut Stack),
) -> PlanView {
    let mut stack = Stack::new(environment.clone(), Box::new(Nobody));
    declare(&mut stack);
    let mut known: BTreeMap<Address, Object> = BTreeMap::new();
    let mut all = Vec::new();
    for declaration in stack.take_declarations().resources {
        let schema = schemas.iter().find(|s| s.type_name == declaration.type_name).copied();
        let resolve = |reference: &Reference| {
            let values = known.get(&reference.address)?;
            Some(values.get(&reference.attribute).cloned().unwrap_or(Value::Unknown))
        };
        let after = attributes(&declaration, schema, &resolve);
        let region = declaration.arguments.options.region.clone();
        let resource = PlannedResource {
            address: declaration.address.clone(),
            type_name: declaration.type_name.clone(),
            action: Action::Create,
            region: region.unwrap_or_else(|| environment.region.clone()),
            location: declaration.location.clone(),
            before: None,
            after: Some(after.clone()),
            inputs: BTreeMap::new(),
            documents: Object::new(),
        };
        all.push(resource.declared_as(&declaration, schema, &resolve));
        known.insert(declaration.address, after);
    }
    PlanView { stack: "preview".to_owned(), environment, all }
}

/// Inputs as declared, defaults, and unknown what AWS chooses or assigns.
fn attributes(
    declaration: &Declaration,
    schema: Option<&Schema>,
    resolve: &dyn Fn(&Reference) -> Option<Value>,
) -> Object {
    let inputs = declaration.arguments.inputs.iter();
    let mut after: Object = inputs
        .map(|(name, expr)| (name.clone(), expr.evaluate(resolve).unwrap_or(Value::Unknown)))
        .collect();
    let Some(schema) = schema else { return after };
    schema.fill_defaults(&mut after);
    for field in schema.inputs {
        match after.get_mut(field.name) {
            Some(value) if field.sensitive => *value = std::mem::take(value).sensitive(),
            None if field.computed => drop(after.insert(field.name.to_owned(), Value::Unknown)),
            _ => {}
        }
    }
    after.extend(schema.outputs.iter().map(|field| (field.name.to_owned(), Value::Unknown)));
    after
}
