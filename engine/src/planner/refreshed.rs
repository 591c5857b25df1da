//! A refresh alone: what somebody else changed becomes what is recorded, and no object is touched.

use std::collections::{BTreeMap, HashMap};

use infra_sdk::provider::{Observed, Provider, Readiness};
use infra_sdk::store::{Edit, Record, State, Status};
use infra_sdk::{Address, Diagnostic, Object, Reference, Schema, Value};

use super::draft::{Draft, Entry, all_attributes};
use super::sight::{Imports, look};
use crate::ground::Ground;
use crate::plan::{Action, Change, Goal, OutputChange, Reason};
use crate::refresh::Seen;
use crate::work::Part;
use crate::{check, compare, decide, digest};

/// What is recorded against what is there.
pub(super) async fn refreshed(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
) -> Result<Draft, Vec<Diagnostic>> {
    check::check(provider, &goal.declarations)?;
    let mut problems = Vec::new();
    let ground = Ground::of_records(state, goal, &mut problems);
    let seen = look(provider, &ground, &Imports::default(), goal, &mut problems).await;
    let asked: HashMap<_, _> =
        goal.declarations.resources.iter().map(|d| (&d.address, &d.arguments.inputs)).collect();
    let nothing = BTreeMap::new();
    let mut draft = Draft::default();
    for (record, seen) in ground.orphans.iter().zip(&seen.orphans) {
        let (Some(seen), Some(schema)) = (seen, provider.schema(&record.type_name)) else {
            continue;
        };
        let asked = asked.get(&record.address).copied().unwrap_or(&nothing);
        draft.drift.extend(decide::drift(&record.address, record, schema, seen, asked));
        let entry = match seen {
            // A record with something left over goes only with the last of its objects.
            Seen::Gone if record.deposed.is_empty() => {
                draft.bookkeeping.push(Edit::Remove(record.address.clone()));
                gone(record)
            }
            Seen::There(observed) => {
                let now = observe(record, schema, observed);
                let entry = still_there(&now);
                if now != **record {
                    draft.bookkeeping.push(Edit::Put(Box::new(now)));
                }
                entry
            }
            Seen::Gone | Seen::Nothing => still_there(record),
        };
        draft.entries.push(entry);
    }
    outputs(state, goal, &mut draft, &mut problems);
    if problems.is_empty() { Ok(draft) } else { Err(problems) }
}

/// The record of an object as it is now.
fn observe(record: &Record, schema: &Schema, observed: &Observed) -> Record {
    let mut inputs = compare::current(schema.inputs, &observed.inputs, &record.inputs);
    compare::mark(schema.inputs, &mut inputs);
    let ready = observed.readiness == Readiness::Ready;
    Record {
        inputs: digest::keep(schema.inputs, &inputs, &record.inputs),
        outputs: decide::outputs(schema, &observed.outputs, Some(record)),
        status: if ready { Status::Ready } else { record.status.clone() },
        ..record.clone()
    }
}

fn still_there(record: &Record) -> Entry {
    let attributes = all_attributes(&record.inputs, &record.outputs);
    // What refers to a secret that only its digest is known of has no value for it.
    entry(record, Action::NoOp, attributes.clone(), Some(digest::as_unknown(&attributes)))
}

fn gone(record: &Record) -> Entry {
    let attributes = all_attributes(&record.inputs, &record.outputs);
    let mut entry = entry(record, Action::Forget, attributes, None);
    entry.change.reasons.push(Reason::GoneOutside { id: record.id.clone() });
    entry
}

fn entry(record: &Record, action: Action, before: Object, after: Option<Object>) -> Entry {
    Entry {
        change: Change {
            address: record.address.clone(),
            type_name: record.type_name.clone(),
            place: record.place.clone(),
            action,
            id: Some(record.id.clone()),
            before: Some(before),
            after,
            attributes: Vec::new(),
            reasons: Vec::new(),
            dependencies: record.dependencies.clone(),
            location: record.location.clone(),
            moved_from: None,
            imported: false,
            deposed: false,
        },
        part: Part::default(),
        declared: None,
        outlived_by: Vec::new(),
    }
}

/// The outputs as declared, of what is there. One that is not known as a whole stays as it is.
fn outputs(state: &State, goal: &Goal, draft: &mut Draft, problems: &mut Vec<Diagnostic>) {
    let found: HashMap<&Address, &Change> =
        draft.entries.iter().map(|entry| (&entry.change.address, &entry.change)).collect();
    let resolve = |reference: &Reference| {
        let after = found.get(&reference.address).and_then(|change| change.after.as_ref());
        Some(after.map_or(Value::Unknown, |after| {
            after.get(&reference.attribute).cloned().unwrap_or_default()
        }))
    };
    let mut outputs: BTreeMap<_, _> = state
        .outputs
        .iter()
        .map(|(name, value)| (name.clone(), (Some(value.clone()), None)))
        .collect();
    for output in &goal.declarations.outputs {
        let slot = outputs.entry(output.name.clone()).or_default();
        match output.expr.evaluate(&resolve) {
            Ok(value) if value.has_unknown() => slot.1.clone_from(&slot.0),
            Ok(value) => slot.1 = Some(value),
            Err(error) => problems.push(
                Diagnostic::error("plan::evaluate", "an output has no value")
                    .detail(format!("`{}`: {error}", output.name))
                    .location(output.location.clone()),
            ),
        }
    }
    let changes =
        outputs.into_iter().map(|(name, (before, after))| OutputChange { name, before, after });
    draft.outputs = changes.collect();
}
