//! Deciding about declared resources, in order, and about outputs.
//!
//! The main type is [`Planner`]. Values flow along the order: what a resource will look like is
//! what those that refer to it are compared with.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::store::{Edit, Record, State};
use infra_sdk::{Address, Declaration, Diagnostic, Object, Reference, Value};

use super::draft::{Draft, Entry, all_attributes};
use super::sight::Imports;
use crate::check::{self, Checked, problem};
use crate::decide::{self, Case, Verdict};
use crate::digest;
use crate::ground::Ground;
use crate::plan::{Action, Change, Drift, Goal, OutputChange, Reason};
use crate::refresh::Seen;
use crate::work::Part;

pub(super) struct Planner<'a> {
    pub(super) goal: &'a Goal,
    pub(super) checked: &'a Checked<'a>,
    pub(super) ground: &'a Ground<'a>,
    pub(super) imports: &'a Imports,
    pub(super) create_first: Vec<(bool, bool)>,
}

impl Planner<'_> {
    /// Decides about all declarations; returns the entry of each that has one.
    pub(super) fn resources(
        &self,
        mut seen: Vec<Option<Seen>>,
        draft: &mut Draft,
        problems: &mut Vec<Diagnostic>,
    ) -> Vec<Option<usize>> {
        let mut resolved = vec![None; self.goal.declarations.resources.len()];
        for &position in &self.checked.order {
            // What was decided about is let go of: of a large stack it is as much as the state.
            let Some(seen) = seen[position].take() else { continue };
            let entry = self.resource(position, &seen, &resolved, draft, problems);
            if let Some(entry) = entry {
                resolved[position] = Some(draft.entries.len());
                draft.entries.push(entry);
            }
        }
        resolved
    }

    fn resource(
        &self,
        position: usize,
        seen: &Seen,
        resolved: &[Option<usize>],
        draft: &mut Draft,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Entry> {
        let declaration = &self.goal.declarations.resources[position];
        let schema = self.checked.schemas[position];
        let record = self.ground.records[position];
        if !self.ground.selected[position] {
            return record.map(|record| self.untouched(position, record));
        }
        let entry_of = |address: &Address| {
            let index = resolved[*self.checked.index.get(address)?]?;
            Some(&draft.entries[index].change)
        };
        let resolve = |reference: &Reference| value_of(entry_of(&reference.address), reference);
        let desired = match check::evaluate(declaration, schema, &resolve) {
            Ok(desired) => desired,
            Err(diagnostic) => {
                problems.push(diagnostic);
                return None;
            }
        };
        let renewed = |address: &Address| {
            let action = entry_of(address).map(|change| change.action);
            matches!(action, Some(Action::Create | Action::Replace { .. }))
        };
        let triggers = declaration.arguments.options.replace_triggered_by.iter();
        let case = Case {
            declaration,
            schema,
            record,
            seen,
            desired,
            triggers: triggers
                .filter(|reference| self.triggers(reference, entry_of(&reference.address)))
                .cloned()
                .collect(),
            import: self.imports.reason(position),
            requested: self.goal.replace.contains(&declaration.address),
            create_first: self.create_first[position].1,
            renewed: &renewed,
        };
        problems.extend(decide::wrong(&case));
        let mut verdict = decide::decide(case);
        draft.warnings.append(&mut verdict.warnings);
        if let Some(record) = record {
            let asked = &declaration.arguments.inputs;
            let drift = decide::drift(&declaration.address, record, schema, seen, asked);
            draft.drift.extend(drift.and_then(|drift| ours(drift, declaration)));
        }
        self.guard(declaration, &verdict, problems);
        Some(self.entry(position, verdict, &mut draft.bookkeeping))
    }

    /// Whether an attribute that triggers a replacement changes.
    fn triggers(&self, reference: &Reference, change: Option<&Change>) -> bool {
        let Some(change) = change else { return false };
        let Some(&position) = self.checked.index.get(&reference.address) else { return false };
        let Some(field) = self.checked.schemas[position].attribute(&reference.attribute) else {
            return false;
        };
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => {
                let null = Value::Null;
                let before = before.get(field.name).unwrap_or(&null);
                !field.kind.same(before, after.get(field.name).unwrap_or(&null))
            }
            // One that was lost and is made again is another; one that never was is no change.
            _ => change.reasons.iter().any(|reason| matches!(reason, Reason::GoneOutside { .. })),
        }
    }

    fn guard(&self, declaration: &Declaration, verdict: &Verdict, problems: &mut Vec<Diagnostic>) {
        if !matches!(verdict.action, Some(Action::Replace { .. })) {
            return;
        }
        let why = decide::replacement(&verdict.reasons);
        if verdict.imported {
            problems.push(
                problem("plan::import", "an object cannot be taken over", declaration)
                    .detail(why)
                    .hint("declare it as it is, take it over, and change it afterwards"),
            );
        } else if declaration.arguments.options.prevent_destroy {
            let location = declaration.location.clone();
            problems.push(decide::prevented(&declaration.address, location, &why));
        }
    }

    fn entry(&self, position: usize, verdict: Verdict, bookkeeping: &mut Vec<Edit>) -> Entry {
        let declaration = &self.goal.declarations.resources[position];
        let old = self.ground.records[position];
        let action = verdict.action.unwrap_or(Action::NoOp);
        let dependencies = self.dependencies(position);
        let record = self.kept_record(position, &verdict, &dependencies, bookkeeping);
        let id = old.map(|record| record.id.clone()).or_else(|| self.imports.id(position).cloned());
        let gone = action == Action::Create;
        Entry {
            change: Change {
                address: declaration.address.clone(),
                type_name: declaration.type_name.clone(),
                place: decide::place(declaration),
                action,
                id: id.filter(|_| !gone),
                before: verdict.before,
                after: Some(verdict.after),
                attributes: verdict.attributes,
                reasons: verdict.reasons,
                dependencies,
                location: declaration.location.clone(),
                moved_from: self.ground.moved[position].cloned(),
                imported: verdict.imported,
                deposed: false,
            },
            part: Part {
                declaration: None,
                record,
                current: if action == Action::NoOp { Object::new() } else { verdict.current },
                create_before_destroy: self.create_first[position].0,
            },
            declared: Some(position),
            outlived_by: old.map(|record| self.ground.outlived_by(record)).unwrap_or_default(),
        }
    }

    /// The record as it is once the bookkeeping is done, which is added here if it is needed.
    fn kept_record(
        &self,
        position: usize,
        verdict: &Verdict,
        dependencies: &[Address],
        bookkeeping: &mut Vec<Edit>,
    ) -> Option<Record> {
        let declaration = &self.goal.declarations.resources[position];
        let old = self.ground.records[position];
        let import = self.imports.id(position).filter(|_| verdict.imported);
        let mut record = match (old, import, &verdict.settled) {
            (Some(record), _, _) => record.clone(),
            (None, Some(id), Some((inputs, outputs, status))) => Record {
                address: declaration.address.clone(),
                type_name: declaration.type_name.clone(),
                place: decide::place(declaration),
                id: id.clone(),
                inputs: inputs.clone(),
                outputs: outputs.clone(),
                dependencies: dependencies.to_vec(),
                status: status.clone(),
                prevent_destroy: false,
                create_before_destroy: false,
                location: None,
                deposed: Vec::new(),
            },
            _ => return None,
        };
        record.address = declaration.address.clone();
        let still = matches!(verdict.action, Some(Action::NoOp | Action::Await | Action::Import));
        if let (true, Some((inputs, outputs, status))) = (still, &verdict.settled) {
            let fields = self.checked.schemas[position].inputs;
            record.inputs = digest::keep(fields, inputs, &record.inputs);
            record.outputs.clone_from(outputs);
            record.status = status.clone();
            record.prevent_destroy = declaration.arguments.options.prevent_destroy;
            record.create_before_destroy = self.create_first[position].0;
            let mut needed: BTreeSet<_> = dependencies.iter().cloned().collect();
            if !record.deposed.is_empty() {
                needed.extend(old.iter().flat_map(|old| self.ground.outlived_by(old)));
            }
            record.dependencies = needed.into_iter().collect();
        }
        let moved = self.ground.moved[position];
        bookkeeping.extend(moved.map(|from| Edit::Remove(from.clone())));
        // Lines move with every edit of a file: that alone is not worth writing records.
        if old != Some(&record) {
            record.location.clone_from(&declaration.location);
            bookkeeping.push(Edit::Put(Box::new(record.clone())));
        }
        Some(record)
    }

    /// A resource that the command does not ask for: believed to be as recorded.
    fn untouched(&self, position: usize, record: &Record) -> Entry {
        let attributes = all_attributes(&record.inputs, &record.outputs);
        Entry {
            change: Change {
                address: self.goal.declarations.resources[position].address.clone(),
                type_name: record.type_name.clone(),
                place: record.place.clone(),
                action: Action::NoOp,
                id: Some(record.id.clone()),
                before: Some(attributes.clone()),
                // What refers to a secret that only its digest is known of has no value for it.
                after: Some(digest::as_unknown(&attributes)),
                attributes: Vec::new(),
                reasons: Vec::new(),
                dependencies: self.dependencies(position),
                location: record.location.clone(),
                moved_from: None,
                imported: false,
                deposed: false,
            },
            part: Part::default(),
            declared: Some(position),
            outlived_by: Vec::new(),
        }
    }

    fn dependencies(&self, position: usize) -> Vec<Address> {
        let resources = &self.goal.declarations.resources;
        let needs = self.checked.needs[position].iter();
        let mut addresses: Vec<_> =
            needs.map(|needed| resources[*needed].address.clone()).collect();
        addresses.sort_unstable();
        addresses
    }

    pub(super) fn outputs(
        &self,
        state: &State,
        resolved: &[Option<usize>],
        draft: &mut Draft,
        problems: &mut Vec<Diagnostic>,
    ) {
        let entry_of = |reference: &Reference| {
            let index = resolved[*self.checked.index.get(&reference.address)?]?;
            Some(&draft.entries[index].change)
        };
        let mut outputs = BTreeMap::new();
        for (name, value) in &state.outputs {
            outputs.insert(name.clone(), (Some(value.clone()), None));
        }
        for output in &self.goal.declarations.outputs {
            let value = output.expr.evaluate(&|r| value_of(entry_of(r), r));
            let slot = outputs.entry(output.name.clone()).or_default();
            // An output of something that the command leaves out stays as it is.
            let left_out = |r: &&Reference| {
                self.checked.index.get(&r.address).is_some_and(|p| !self.ground.selected[*p])
            };
            match value {
                Ok(value)
                    if value.has_unknown() && output.expr.references().iter().any(left_out) =>
                {
                    slot.1 = slot.0.clone();
                }
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
}

/// Drift without what `ignore_changes` leaves to somebody outside; nothing if nothing is left.
fn ours(mut drift: Drift, declaration: &Declaration) -> Option<Drift> {
    let ignored = &declaration.arguments.options.ignore_changes;
    drift.attributes.retain(|change| !ignored.contains(&change.name));
    (drift.after.is_none() || !drift.attributes.is_empty()).then_some(drift)
}

/// For each declaration whether it asks, or what needs it asks, for the new object first; and
/// whether a replacement can be done so. An object that becomes another type, or goes to another
/// place, cannot be kept beside the new one; nor can what needs it.
pub(super) fn create_first(
    checked: &Checked<'_>,
    ground: &Ground<'_>,
    goal: &Goal,
) -> Vec<(bool, bool)> {
    let resources = &goal.declarations.resources;
    let mut wishes: Vec<_> =
        resources.iter().map(|d| d.arguments.options.create_before_destroy).collect();
    for &position in checked.order.iter().rev() {
        if wishes[position] {
            checked.waits[position].iter().for_each(|needed| wishes[*needed] = true);
        }
    }
    let mut forced = vec![false; resources.len()];
    for &position in &checked.order {
        let declaration = &resources[position];
        let moves = ground.records[position].is_some_and(|record| {
            record.type_name != declaration.type_name || record.place != decide::place(declaration)
        });
        forced[position] = moves || checked.waits[position].iter().any(|needed| forced[*needed]);
    }
    wishes.into_iter().zip(forced).map(|(wish, forced)| (wish, wish && !forced)).collect()
}

/// The value that a reference has in the plan; unknown where nothing could be planned.
fn value_of(change: Option<&Change>, reference: &Reference) -> Option<Value> {
    Some(match change.and_then(|change| change.after.as_ref()) {
        Some(after) => after.get(&reference.attribute).cloned().unwrap_or_default(),
        None => Value::Unknown,
    })
}
