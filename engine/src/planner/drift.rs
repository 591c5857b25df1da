//! Drift: what somebody else changed, and whose each attribute is.
//!
//! The main function is [`drift`](crate::drift()). It reads and never writes; three views of each
//! attribute meet here: what the program says, what the last run left, and what is there.

use std::collections::BTreeMap;

use infra_sdk::provider::Provider;
use infra_sdk::store::{Record, State};
use infra_sdk::{Address, Declaration, Diagnostic, Location, Object, Reference, Value};

use super::sight::{Imports, look};
use crate::adopt::unrecorded;
use crate::check::{self, Checked};
use crate::decide;
use crate::ground::Ground;
use crate::plan::{AttributeChange, Goal};
use crate::recover::recorded_value;
use crate::refresh::Seen;

/// What somebody else changed since the last run.
#[derive(Debug, Clone, Default)]
pub struct DriftReport {
    /// Objects that differ from their records, those that are gone included.
    pub objects: Vec<Drifted>,
    /// Objects of the stack by their tags, for what is declared and not recorded.
    pub unrecorded: Vec<Unrecorded>,
    /// How many objects were looked at.
    pub checked: usize,
    /// What could not be told for sure.
    pub warnings: Vec<Diagnostic>,
}

impl DriftReport {
    /// Whether anything is to be put right: what an outside writer owns is not.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        !self.unrecorded.is_empty() || self.objects.iter().any(Drifted::is_drift)
    }
}

/// An object that differs from its record.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifted {
    /// Where it stands in the stack.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// What the cloud calls it.
    pub id: String,
    /// Where it is or was declared.
    pub location: Option<Location>,
    /// Whether it is gone.
    pub gone: bool,
    /// The inputs that differ from the record.
    pub attributes: Vec<DriftedAttribute>,
}

impl Drifted {
    /// Whether it is to be put right.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        self.gone || self.attributes.iter().any(|attribute| attribute.writer == Writer::Infra)
    }
}

/// An input that differs from the record, in three views. What is not there is null.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftedAttribute {
    /// Terraform's name of the attribute.
    pub name: String,
    /// What the program says; `None` where it no longer declares the resource.
    pub code: Option<Value>,
    /// What the last run left.
    pub applied: Value,
    /// What is there.
    pub real: Value,
    /// Whose it is to write.
    pub writer: Writer,
}

/// Who writes an attribute. What AWS chooses by itself is nobody's drift and does not appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The program: whoever else did is undone by the next apply.
    Infra,
    /// Somebody outside: `ignore_changes` names it.
    Outside,
}

/// An object of the stack that no record knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecorded {
    /// The resource that it belongs to by its tags.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// What the cloud calls it.
    pub id: String,
}

/// What somebody else changed: see [`drift`](crate::drift()).
pub(crate) async fn drift(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
) -> Result<DriftReport, Vec<Diagnostic>> {
    let checked = check::check(provider, &goal.declarations)?;
    let mut problems = Vec::new();
    let ground = Ground::new(&checked, state, goal, &mut problems);
    let seen = look(provider, &ground, &Imports::default(), goal, &mut problems).await;
    let mut report = DriftReport { warnings: unsettled(state), ..DriftReport::default() };
    let declared = goal.declarations.resources.iter().enumerate();
    let declared = declared.filter_map(|(position, declaration)| {
        Some((ground.records[position]?, Some((position, declaration)), &seen.declared[position]))
    });
    let orphans = ground.orphans.iter().zip(&seen.orphans);
    for (record, declared, seen) in declared.chain(orphans.map(|(r, seen)| (*r, None, seen))) {
        let Some(seen) = seen else { continue };
        report.checked += 1;
        match drifted(provider, &checked, state, record, declared, seen) {
            Ok(found) => report.objects.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    match unrecorded(provider, &checked, state, goal).await {
        Ok(found) => report.unrecorded = found,
        Err(failed) => problems.extend(failed),
    }
    if problems.is_empty() { Ok(report) } else { Err(problems) }
}

/// What of an object differs from its record, if anything does.
fn drifted(
    provider: &dyn Provider,
    checked: &Checked<'_>,
    state: &State,
    record: &Record,
    declared: Option<(usize, &Declaration)>,
    seen: &Seen,
) -> Result<Option<Drifted>, Diagnostic> {
    // Another type is declared there by now: the object has no code to be compared with.
    let declared = declared.filter(|(_, declared)| declared.type_name == record.type_name);
    let schema = match declared {
        Some((position, _)) => Some(checked.schemas[position]),
        None => provider.schema(&record.type_name),
    };
    let Some(schema) = schema else { return Err(decide::unknown_type(record)) };
    let nothing = BTreeMap::new();
    let asked = declared.map_or(&nothing, |(_, declaration)| &declaration.arguments.inputs);
    let Some(found) = decide::drift(&record.address, record, schema, seen, asked) else {
        return Ok(None);
    };
    let resolve = |reference: &Reference| recorded_value(state, reference);
    let code = declared
        .map(|(_, declaration)| check::evaluate(declaration, schema, &resolve))
        .transpose()?;
    let ignored = declared.map(|(_, declared)| &declared.arguments.options.ignore_changes);
    let view = |change: AttributeChange| DriftedAttribute {
        code: code
            .as_ref()
            .map(|code: &Object| code.get(&change.name).cloned().unwrap_or_default()),
        writer: match ignored.is_some_and(|names| names.contains(&change.name)) {
            true => Writer::Outside,
            false => Writer::Infra,
        },
        name: change.name,
        applied: change.before,
        real: change.after,
    };
    let address = declared.map_or(&record.address, |(_, declaration)| &declaration.address);
    Ok(Some(Drifted {
        address: address.clone(),
        type_name: found.type_name,
        id: found.id,
        location: declared
            .map_or(&record.location, |(_, declaration)| &declaration.location)
            .clone(),
        gone: found.after.is_none(),
        attributes: found.attributes.into_iter().map(view).collect(),
    }))
}

/// What an earlier run left open: nobody knows yet what is there.
fn unsettled(state: &State) -> Vec<Diagnostic> {
    let warn = |(_, intent): &(u64, infra_sdk::store::Intent)| {
        Diagnostic::warning("drift::unsettled", "an operation of an earlier run is not settled")
            .detail(format!("{:?} of a {}", intent.operation, intent.type_name))
            .address(&intent.address)
            .hint("run `infra plan`, which finds out what became of it")
    };
    state.open.iter().map(warn).collect()
}
