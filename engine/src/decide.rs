//! Deciding about one resource: desired against observed and recorded.
//!
//! The main type is [`Case`], everything that is known of one declared resource; [`decide`] turns
//! it into a [`Verdict`]. Pure: no graph, no cloud.

use std::collections::BTreeMap;

use infra_sdk::provider::{Observed, Place, Readiness};
use infra_sdk::store::{Record, Status, Waiting};
use infra_sdk::{Address, Declaration, Diagnostic, Expr, Field, Object, Reference, Schema, Value};

use crate::plan::{Action, AttributeChange, Drift, Reason};
use crate::refresh::Seen;
use crate::{check, compare, digest};

/// Everything that is known of one declared resource.
pub(crate) struct Case<'a> {
    pub(crate) declaration: &'a Declaration,
    pub(crate) schema: &'static Schema,
    pub(crate) record: Option<&'a Record>,
    pub(crate) seen: &'a Seen,
    /// Evaluated inputs, see [`check::evaluate`].
    pub(crate) desired: Object,
    /// Attributes named in `replace_triggered_by` that change.
    pub(crate) triggers: Vec<Reference>,
    /// Why the object is taken over, if it is.
    pub(crate) import: Option<Reason>,
    /// Whether the command asks for a replacement.
    pub(crate) requested: bool,
    /// Whether a replacement would make the new object first.
    pub(crate) create_first: bool,
    /// Which of the resources that it refers to are made anew.
    pub(crate) renewed: &'a dyn Fn(&Address) -> bool,
}

/// What is to happen to one resource.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) action: Option<Action>,
    pub(crate) before: Option<Object>,
    pub(crate) after: Object,
    pub(crate) attributes: Vec<AttributeChange>,
    pub(crate) reasons: Vec<Reason>,
    /// Inputs as they are.
    pub(crate) current: Object,
    /// Inputs and outputs as they should be recorded if no call is made.
    pub(crate) settled: Option<(Object, Object, Status)>,
    pub(crate) imported: bool,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Where a declaration puts its object.
pub(crate) fn place(declaration: &Declaration) -> Place {
    let options = &declaration.arguments.options;
    Place { region: options.region.clone(), provider: options.provider.clone() }
}

/// What is to happen to a declared resource.
pub(crate) fn decide(case: Case<'_>) -> Verdict {
    match (case.seen, case.record) {
        (Seen::There(observed), record) => compare_with(&case, observed, record),
        (Seen::Gone, Some(record)) => {
            make(&case, Reason::GoneOutside { id: record.id.clone() }, None)
        }
        (Seen::Gone | Seen::Nothing, _) => make(&case, Reason::NotThereYet, None),
    }
}

fn make(case: &Case<'_>, reason: Reason, before: Option<Object>) -> Verdict {
    let after = compare::planned(case.schema.inputs, &case.desired, None);
    let attributes = attribute_changes(case.schema.inputs, &after, &Object::new(), |_| false);
    Verdict {
        action: Some(Action::Create),
        before,
        after: with_unknown_outputs(case.schema, after),
        attributes,
        reasons: vec![reason],
        ..Verdict::default()
    }
}

fn compare_with(case: &Case<'_>, observed: &Observed, record: Option<&Record>) -> Verdict {
    let schema = case.schema;
    let none = Object::new();
    let recorded = record.map_or(&none, |record| &record.inputs);
    let mut current = compare::current(schema.inputs, &observed.inputs, recorded);
    compare::mark(schema.inputs, &mut current);
    if record.is_none() {
        compare::mark_alike(&mut current, &case.desired);
    }
    let outputs = outputs(schema, &observed.outputs, record);
    let mut desired = case.desired.clone();
    keep_ignored(case.declaration, &current, &mut desired);
    let planned = compare::planned(schema.inputs, &desired, Some(&current));
    let differing = compare::differing(schema.inputs, &planned, &current);
    compare::reword(schema.inputs, &planned, &mut current);
    let before: Object = current.clone().into_iter().chain(outputs.clone()).collect();
    let mut reasons = replacement_reasons(case, record, &differing, &planned);
    let replaced = !reasons.is_empty();
    // What the cloud chooses anew because of a replacement is not its cause.
    let forcing = |field: &Field| {
        field.replaces(&planned) && differing.iter().any(|other| other.name == field.name)
    };
    let changed: Vec<_> =
        differing.iter().filter(|f| !f.replaces(&planned)).map(|f| f.name.to_owned()).collect();
    if !changed.is_empty() {
        reasons.push(Reason::Changed(changed));
    }
    let imported = record.is_none();
    let mut verdict = Verdict { before: Some(before), imported, ..Verdict::default() };
    if imported {
        reasons.splice(0..0, case.import.clone());
    }
    if replaced {
        let elsewhere = record.is_some_and(|record| moves_house(case, record));
        digest::declare(&mut desired, &case.desired);
        let after = compare::planned(schema.inputs, &desired, None);
        verdict.attributes = attribute_changes(schema.inputs, &after, &current, forcing);
        // An attribute that the cloud chooses again is no difference to show.
        verdict.attributes.retain(|change| {
            change.forces_replacement || differing.iter().any(|field| field.name == change.name)
        });
        verdict.after = with_unknown_outputs(schema, after);
        let create_first = case.create_first && !elsewhere;
        verdict.action = Some(Action::Replace { create_first });
    } else {
        verdict.attributes = attribute_changes(schema.inputs, &planned, &current, forcing);
        let unfinished = unfinished(observed, record);
        let action = match (differing.is_empty(), &unfinished) {
            (false, _) => Action::Update,
            (true, Some(_)) => Action::Await,
            (true, None) if imported => Action::Import,
            (true, None) => Action::NoOp,
        };
        reasons.extend(unfinished.clone().map(Reason::Unfinished));
        if let Readiness::Failed(why) = &observed.readiness {
            verdict.warnings.push(failed(case.declaration, why));
        }
        verdict.after = planned.clone().into_iter().chain(outputs.clone()).collect();
        if action == Action::Await {
            // What it does not tell yet it may tell once it is ready.
            for field in schema.outputs {
                let value = verdict.after.entry(field.name.to_owned()).or_default();
                if value.is_null() {
                    *value = Value::Unknown;
                }
            }
        }
        let until = record.and_then(|record| match &record.status {
            Status::Created(waiting) => waiting.until.clone(),
            Status::Ready => None,
        });
        let created = |last| Status::Created(Waiting { last, until });
        let status = unfinished.map_or(Status::Ready, created);
        let inputs = if differing.is_empty() { planned } else { current.clone() };
        verdict.settled = Some((inputs, outputs, status));
        verdict.action = Some(action);
    }
    verdict.reasons = reasons;
    verdict.current = current;
    verdict
}

/// Takes what `ignore_changes` names from what is there. Of a write-only secret that is its digest,
/// which stands for "as it is" and never reaches a call.
pub(crate) fn keep_ignored(declaration: &Declaration, current: &Object, desired: &mut Object) {
    for name in &declaration.arguments.options.ignore_changes {
        match current.get(name) {
            Some(value) => desired.insert(name.clone(), value.clone()),
            None => desired.remove(name),
        };
    }
}

/// The last word about an object that was not seen ready, if it is not ready now.
fn unfinished(observed: &Observed, record: Option<&Record>) -> Option<String> {
    let recorded_ready = record.is_some_and(|record| record.status == Status::Ready);
    match &observed.readiness {
        Readiness::Ready => None,
        // Once seen ready, what the cloud does to an object by itself is not for us to wait for.
        _ if recorded_ready => None,
        Readiness::Waiting(word) | Readiness::Failed(word) => Some(word.clone()),
    }
}

fn failed(declaration: &Declaration, why: &str) -> Diagnostic {
    Diagnostic::warning("plan::not-ready", "a resource failed to become ready")
        .detail(why)
        .address(&declaration.address)
        .location(declaration.location.clone())
        .hint("it is not destroyed for it: change what it fails for, or ask for its replacement")
}

/// Whether the object of a record cannot become the declared one: another type or another place.
fn moves_house(case: &Case<'_>, record: &Record) -> bool {
    record.type_name != case.schema.type_name || record.place != place(case.declaration)
}

fn replacement_reasons(
    case: &Case<'_>,
    record: Option<&Record>,
    differing: &[&Field],
    planned: &Object,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut fixed = Vec::new();
    if let Some(record) = record {
        let declared = place(case.declaration);
        let other = [
            ("type", record.type_name != case.schema.type_name),
            ("region", record.place.region != declared.region),
            ("provider", record.place.provider != declared.provider),
        ];
        fixed.extend(other.iter().filter(|(_, differs)| *differs).map(|(n, _)| (*n).to_owned()));
    }
    for field in differing.iter().filter(|field| field.replaces(planned)) {
        let expr = case.declaration.arguments.inputs.get(field.name);
        let unknown = case.desired.get(field.name).is_some_and(Value::has_unknown);
        let renewed = expr
            .filter(|_| unknown)
            .and_then(|expr| expr.references().into_iter().find(|r| (case.renewed)(&r.address)));
        match renewed {
            Some(reference) => {
                let told = reasons.iter().any(|reason| {
                    matches!(reason, Reason::DependencyReplaced { reference: told, .. }
                        if told.address == reference.address)
                });
                if !told {
                    let (attribute, reference) = (field.name.to_owned(), reference.clone());
                    reasons.push(Reason::DependencyReplaced { attribute, reference });
                }
            }
            None => fixed.push(field.name.to_owned()),
        }
    }
    if !fixed.is_empty() {
        reasons.insert(0, Reason::CannotUpdate(fixed));
    }
    reasons.extend(case.triggers.iter().cloned().map(Reason::Triggered));
    if case.requested {
        reasons.push(Reason::ReplaceRequested);
    }
    reasons
}

/// Outputs as they are, marked; what the cloud never tells stays as recorded.
pub(crate) fn outputs(schema: &Schema, observed: &Object, record: Option<&Record>) -> Object {
    let none = Object::new();
    let recorded = record.map_or(&none, |record| &record.outputs);
    let mut outputs = compare::current(schema.outputs, observed, recorded);
    compare::mark(schema.outputs, &mut outputs);
    outputs
}

fn with_unknown_outputs(schema: &Schema, mut attributes: Object) -> Object {
    for field in schema.outputs {
        let unknown = if field.sensitive { Value::Unknown.sensitive() } else { Value::Unknown };
        attributes.insert(field.name.to_owned(), unknown);
    }
    attributes
}

fn attribute_changes(
    fields: &[Field],
    after: &Object,
    before: &Object,
    forcing: impl Fn(&Field) -> bool,
) -> Vec<AttributeChange> {
    compare::differing(fields, after, before)
        .into_iter()
        .map(|field| AttributeChange {
            name: field.name.to_owned(),
            before: before.get(field.name).cloned().unwrap_or_default(),
            after: after.get(field.name).cloned().unwrap_or_default(),
            forces_replacement: forcing(field),
        })
        .collect()
}

/// What somebody else changed: the record against what is there. An input that is the cloud's to
/// choose, and that `asked` leaves to it, is not somebody else's change.
pub(crate) fn drift(
    address: &Address,
    record: &Record,
    schema: &Schema,
    seen: &Seen,
    asked: &BTreeMap<String, Expr>,
) -> Option<Drift> {
    let before = || record.inputs.clone().into_iter().chain(record.outputs.clone()).collect();
    let drift = |before, after, attributes| Drift {
        address: address.clone(),
        type_name: record.type_name.clone(),
        id: record.id.clone(),
        before,
        after,
        attributes,
    };
    match seen {
        Seen::Nothing => None,
        Seen::Gone => Some(drift(before(), None, Vec::new())),
        Seen::There(observed) => {
            let mut current = compare::current(schema.inputs, &observed.inputs, &record.inputs);
            compare::mark(schema.inputs, &mut current);
            let mut attributes =
                attribute_changes(schema.inputs, &current, &record.inputs, |_| false);
            attributes.retain(|change| {
                let computed = schema.input(&change.name).is_some_and(|field| field.computed);
                !computed || asked.contains_key(&change.name)
            });
            // What was not finished may well be half made.
            if attributes.is_empty() || record.status != Status::Ready {
                return None;
            }
            let outputs = outputs(schema, &observed.outputs, Some(record));
            let after = current.into_iter().chain(outputs).collect();
            Some(drift(before(), Some(after), attributes))
        }
    }
}

/// An error for a resource that must not be destroyed, with what would destroy it.
pub(crate) fn prevented(
    address: &Address,
    location: Option<infra_sdk::Location>,
    why: &str,
) -> Diagnostic {
    Diagnostic::error("plan::prevent-destroy", "a resource must not be destroyed")
        .detail(format!("`{address}` is marked `prevent_destroy`, and {why}"))
        .address(address)
        .location(location)
        .hint("take `prevent_destroy` off and apply that first, or take the change back")
}

/// An error for a record of a type that this release does not have.
pub(crate) fn unknown_type(record: &Record) -> Diagnostic {
    Diagnostic::error("plan::unknown-type", "there is no such resource type")
        .detail(format!("`{}`, which is recorded", record.type_name))
        .address(&record.address)
        .location(record.location.clone())
        .hint("use the release of infra that made it, or `infra state rm`")
}

/// Says why a resource would be replaced, as the end of a sentence.
pub(crate) fn replacement(reasons: &[Reason]) -> String {
    let parts: Vec<_> = reasons
        .iter()
        .filter_map(|reason| match reason {
            Reason::CannotUpdate(names) => {
                Some(format!("{} cannot be changed in place", names.join(", ")))
            }
            Reason::DependencyReplaced { reference, .. } => {
                Some(format!("`{}` is made anew", reference.address))
            }
            Reason::Triggered(reference) => {
                Some(format!("`{}.{}` changes", reference.address, reference.attribute))
            }
            Reason::ReplaceRequested => Some("the command asks for it".to_owned()),
            _ => None,
        })
        .collect();
    format!("it would be replaced, because {}", parts.join(" and "))
}

/// Checks known inputs again once references have values.
pub(crate) fn wrong(case: &Case<'_>) -> Vec<Diagnostic> {
    check::wrong(case.declaration, case.schema, &case.desired).collect()
}
