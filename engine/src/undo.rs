//! Taking a run back: from what the history says about it to a goal that the planner plans.
//!
//! The main function is [`undo()`]. It changes nothing itself and knows no way to plan but the normal
//! one: it declares every resource as it is recorded, and those that the run changed as they were
//! before it. What the history cannot bring back is named, and never made up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_sdk::provider::{Owner, Provider};
use infra_sdk::store::{Record, RunChange, RunRecord, State, Store, StoreError};
use infra_sdk::{
    Address, Arguments, Declaration, Declarations, Diagnostic, Expr, External, Field, Function,
    Object, OutputDeclaration, ReadDeclaration, Reference, Schema, Value,
};

use crate::check::{Hints as _, near};
use crate::plan::Goal;
use crate::{compare, digest};

/// A text this long that stands in two places is no coincidence.
const TELLING: usize = 8;

/// What takes a run back, and what of it cannot be.
#[derive(Debug)]
pub struct Undo {
    /// What to plan.
    pub goal: Goal,
    /// What does not come back, a warning each.
    pub lost: Vec<Diagnostic>,
}

/// The goal that takes a run back: what it created is no longer declared, what it changed, replaced
/// or deleted is declared as it was before. Everything else stays as recorded. Resources that later
/// runs changed again are refused, except those that are `accepted`.
///
/// The goal is planned and applied as any other, and that apply can be undone in turn. What only
/// records were changed for (moves, takeovers, locks against destruction) is not taken back.
///
/// # Errors
/// When the history has no such run or cannot be read, when the run changed records only, when later runs changed the same resources,
/// or made what needs a resource that would go.
pub async fn undo(
    provider: &dyn Provider,
    store: &dyn Store,
    owner: &Arc<Owner>,
    state: &State,
    run: &str,
    accepted: &[Address],
) -> Result<Undo, Vec<Diagnostic>> {
    let history = store.history().await.map_err(|error| vec![unreadable(&error)])?;
    let Some(position) = history.iter().position(|known| known.id == run) else {
        let names = history.iter().map(|known| known.id.as_str());
        return Err(vec![
            Diagnostic::error("undo::run", "there is no such run")
                .detail(format!("`{run}`"))
                .hints(near(run, names))
                .hint("`infra history` with the same `--env` lists all runs"),
        ]);
    };
    let changes = store.changes(run).await.map_err(|error| vec![unreadable(&error)])?;
    if let Some(refused) = changed_records(&history[position], &changes, owner) {
        return Err(vec![refused]);
    }
    let mut later = Vec::new();
    for run in &history[position + 1..] {
        later.extend(store.changes(&run.id).await.map_err(|error| vec![unreadable(&error)])?);
    }
    let mut inverse = Inverse::new(provider, state, &changes);
    inverse.conflicts(&later, accepted);
    let nothing = inverse.before.is_empty().then(|| {
        Diagnostic::warning("undo::nothing", "the run made no change to take back")
            .detail("no resource was created, changed or deleted by it")
    });
    let mut undo = inverse.goal(owner)?;
    undo.lost.extend(nothing);
    Ok(undo)
}

/// Why a run of `infra state` is not taken back so: it changed records and no object, and what undo
/// plans would change objects.
fn changed_records(run: &RunRecord, changes: &[RunChange], owner: &Owner) -> Option<Diagnostic> {
    let words = run.command.strip_prefix("state ")?;
    let options = format!("--env {} --stack {}", owner.environment, owner.stack);
    let hint = match words.split(' ').collect::<Vec<_>>().as_slice() {
        ["mv", from, to] => {
            // A scope that was moved into one with other resources does not go back as a whole.
            let back = |change: &RunChange| {
                let from = &change.before.as_ref()?.address;
                Some(format!("`infra state mv {} {from} {options}`", change.address))
            };
            let mut back: Vec<_> = changes.iter().filter_map(back).collect();
            if back.is_empty() {
                back.push(format!("`infra state mv {to} {from} {options}`"));
            }
            format!("move it back:\n{}", back.join("\n"))
        }
        ["mv", from, to, way @ ("--to-stack" | "--from-stack"), other] => {
            let (here, there) = match *way {
                "--to-stack" => (*other, owner.stack.as_str()),
                _ => (owner.stack.as_str(), *other),
            };
            format!(
                "move it back:\n`infra state mv {to} {from} --to-stack {there} --env {} --stack {here}`",
                owner.environment
            )
        }
        ["rm", ..] => {
            format!("record again what is declared and there:\n`infra plan --adopt {options}`")
        }
        ["restore", ..] => {
            format!("put another export in its place:\n`infra state restore FILE {options}`")
        }
        _ => "there is nothing of it to take back".to_owned(),
    };
    Some(
        Diagnostic::error("undo::records", "the run changed records, and no object")
            .detail(format!("run `{}`: infra {}", run.id, run.command))
            .hint(hint),
    )
}

pub(crate) fn unreadable(error: &StoreError) -> Diagnostic {
    Diagnostic::error("undo::history", "the history cannot be read").detail(error.to_string())
}

/// The way back, while it is put together.
pub(crate) struct Inverse<'a> {
    provider: &'a dyn Provider,
    state: &'a State,
    /// What the run changed, as it was before; `None` for what was not there.
    before: BTreeMap<&'a Address, Option<&'a Record>>,
    /// What is to be declared.
    wanted: BTreeMap<&'a Address, &'a Record>,
    problems: Vec<Diagnostic>,
    lost: Vec<Diagnostic>,
}

impl<'a> Inverse<'a> {
    /// The way back over these changes, the oldest first.
    pub(crate) fn new(
        provider: &'a dyn Provider,
        state: &'a State,
        changes: &'a [RunChange],
    ) -> Self {
        let mut before: BTreeMap<&Address, Option<&Record>> = BTreeMap::new();
        for change in changes.iter().filter(|change| !is_left_over(change)) {
            before.entry(&change.address).or_insert(change.before.as_ref());
        }
        let mut wanted: BTreeMap<_, _> = state.records.iter().collect();
        for (address, record) in &before {
            match record {
                Some(record) => wanted.insert(*address, *record),
                None => wanted.remove(*address),
            };
        }
        Self { provider, state, before, wanted, problems: Vec::new(), lost: Vec::new() }
    }

    /// Refuses what later runs changed again, unless it is by now as this run left it.
    fn conflicts(&mut self, later: &[RunChange], accepted: &[Address]) {
        let mut seen = BTreeSet::new();
        for change in later.iter().filter(|change| !is_left_over(change)) {
            let address = &change.address;
            let first = seen.insert(address);
            if !first || !self.before.contains_key(address) || accepted.contains(address) {
                continue;
            }
            // What the next run found is what this one left.
            if self.is_as(change.before.as_ref(), self.state.records.get(address)) {
                continue;
            }
            // Another undo may have done a part of it already.
            if self.is_back(address) {
                continue;
            }
            self.problems.push(
                Diagnostic::error("undo::conflict", "a later run changed the same resource")
                    .detail(format!("run `{}`, at {}", change.run, change.at))
                    .address(address)
                    .hint(format!(
                        "undo that run first, or lose what it did, with\n\
                         `--accept-conflict {address}`"
                    )),
            );
        }
    }

    /// Whether a resource is by now as it was before the run; the object may be another one.
    fn is_back(&self, address: &Address) -> bool {
        let there = self.state.records.get(address);
        match (self.before.get(address), there) {
            (Some(None), None) => true,
            (Some(Some(before)), Some(there)) => {
                before.type_name == there.type_name
                    && before.place == there.place
                    && self.is_as_wanted(before, there)
            }
            _ => false,
        }
    }

    /// Whether what a record says is what is there, with the names that its neighbours have by now.
    fn is_as_wanted(&self, before: &Record, there: &Record) -> bool {
        let resolve = |reference: &Reference| {
            let neighbour = self.state.records.get(&reference.address)?;
            neighbour.outputs.get(&reference.attribute).cloned()
        };
        let inputs = before.inputs.iter();
        let today = inputs.map(|(name, value)| {
            let value = self.expr(value, before).evaluate(&resolve).ok()?;
            Some((name.clone(), value))
        });
        let Some(inputs) = today.collect::<Option<Object>>() else { return false };
        self.same_inputs(&Record { inputs, ..before.clone() }, there)
    }

    fn same_inputs(&self, one: &Record, other: &Record) -> bool {
        self.provider.schema(&one.type_name).is_some_and(|schema| {
            compare::differing(schema.inputs, &one.inputs, &other.inputs).is_empty()
        })
    }

    fn is_as(&self, one: Option<&Record>, other: Option<&Record>) -> bool {
        match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => one.id == other.id && self.same_inputs(one, other),
            _ => false,
        }
    }

    /// The goal, and what of the way back is lost.
    pub(crate) fn goal(mut self, owner: &Arc<Owner>) -> Result<Undo, Vec<Diagnostic>> {
        let mut declarations = Declarations::default();
        for record in self.wanted.clone().into_values() {
            declarations.resources.extend(self.declaration(record));
        }
        declarations.outputs = self.outputs();
        // The history does not know what was read then; what is read now may have stayed.
        declarations.reads = reads(self.state);
        if self.problems.is_empty() {
            Ok(Undo { goal: Goal::new(Arc::clone(owner), declarations), lost: self.lost })
        } else {
            Err(self.problems)
        }
    }

    /// A declaration that asks for what a record says.
    fn declaration(&mut self, record: &'a Record) -> Option<Declaration> {
        let Some(schema) = self.provider.schema(&record.type_name) else {
            self.problems.push(
                Diagnostic::error("undo::unknown-type", "there is no such resource type")
                    .detail(format!("`{}`", record.type_name))
                    .address(&record.address)
                    .location(record.location.clone())
                    .hint("use the release of infra that made it"),
            );
            return None;
        };
        let fresh = self.before.contains_key(&record.address) && self.is_new(record, schema);
        let current = self.state.records.get(&record.address);
        let mut arguments = Arguments::default();
        let mut secrets = Vec::new();
        for field in schema.inputs {
            let Some(value) = record.inputs.get(field.name) else { continue };
            let there = current.and_then(|current| current.inputs.get(field.name));
            if digest::has_digest(value) {
                if fresh || there != Some(value) {
                    secrets.push(field.name);
                }
                if !fresh {
                    arguments.options.ignore_changes.push(field.name.to_owned());
                } else if !digest::is_digest(value) {
                    arguments.set(field.name, self.expr(&digest::without_inside(value), record));
                }
            } else if fresh || !keeps_by_itself(field, value, there) {
                arguments.set(field.name, self.expr(value, record));
            }
        }
        if fresh {
            without_clashes(schema, record, &mut arguments);
            self.name_losses(record, schema);
        }
        if !secrets.is_empty() {
            self.lost.push(write_only(record, &secrets, fresh));
        }
        let options = &mut arguments.options;
        options.prevent_destroy = record.prevent_destroy;
        options.create_before_destroy = record.create_before_destroy;
        options.region.clone_from(&record.place.region);
        options.provider.clone_from(&record.place.provider);
        for dependency in &record.dependencies {
            if self.wanted.contains_key(dependency) {
                options.depends_on.push(dependency.clone());
            } else {
                self.check_need(record, dependency);
            }
        }
        Some(Declaration {
            address: record.address.clone(),
            type_name: record.type_name.clone(),
            arguments,
            location: record.location.clone(),
        })
    }

    /// Whether what a record says can only be had as a new object.
    fn is_new(&self, record: &Record, schema: &Schema) -> bool {
        self.state.records.get(&record.address).is_none_or(|current| {
            let differing = compare::differing(schema.inputs, &record.inputs, &current.inputs);
            current.type_name != record.type_name
                || current.place != record.place
                || differing.iter().any(|field| field.replaces(&record.inputs))
        })
    }

    fn name_losses(&mut self, record: &Record, schema: &Schema) {
        self.lost.push(
            Diagnostic::warning("undo::new-object", "an object does not come back, a new one does")
                .detail(format!(
                    "the {} `{}` is made anew: it gets another id, and what it held is not in it",
                    record.type_name, record.id
                ))
                .address(&record.address)
                .hint("restore its data from a backup, if there is any"),
        );
        let told: Vec<_> = schema.outputs.iter().filter(|field| field.sensitive).collect();
        if !told.is_empty() {
            let names: Vec<_> = told.iter().map(|field| format!("`{}`", field.name)).collect();
            self.lost.push(
                Diagnostic::warning("undo::told-once", "a secret does not come back")
                    .detail(format!("{} will be another one", names.join(", ")))
                    .address(&record.address)
                    .hint("give the new one to everybody who has the old one"),
            );
        }
    }

    /// Refuses to take away what another resource has the id of.
    fn check_need(&mut self, record: &Record, dependency: &Address) {
        let Some(gone) = self.state.records.get(dependency) else { return };
        let named = names(gone);
        if !record.inputs.values().any(|value| mentions(value, &named)) {
            return;
        }
        self.problems.push(
            Diagnostic::error("undo::needed", "what the run created is needed")
                .detail(format!("`{}` refers to `{dependency}`", record.address))
                .address(dependency)
                .location(gone.location.clone())
                .hint("undo the run that made them refer to it first"),
        );
    }

    /// An expression for a recorded value, with references where it names what the resource
    /// depends on: that may be another object by then.
    fn expr(&self, value: &Value, record: &Record) -> Expr {
        let mut known = Vec::new();
        for address in &record.dependencies {
            let Some(wanted) = self.wanted.get(address) else { continue };
            known.extend(names(wanted));
            known.extend(self.state.records.get(address).map(names).unwrap_or_default());
        }
        put_back(value, &sorted(known))
    }

    /// The stack's outputs as recorded: the history does not know what they were. One that names
    /// what goes, goes with it.
    fn outputs(&self) -> Vec<OutputDeclaration> {
        let kept: Vec<_> = self.wanted.keys().filter_map(|a| self.state.records.get(*a)).collect();
        let known = sorted(kept.into_iter().flat_map(names).collect());
        let going = self.state.records.iter().filter(|(a, _)| !self.wanted.contains_key(a));
        let going: Vec<_> = going.flat_map(|(_, record)| names(record)).collect();
        let outputs = self.state.outputs.iter().filter(|(_, value)| !mentions(value, &going));
        outputs
            .map(|(name, value)| OutputDeclaration {
                name: name.clone(),
                expr: put_back(value, &known),
                location: None,
            })
            .collect()
    }
}

fn reads(state: &State) -> Vec<ReadDeclaration> {
    let all = state.reads.iter().flat_map(|(stack, outputs)| {
        outputs.iter().map(|output| External { stack: stack.clone(), output: output.clone() })
    });
    all.map(|external| ReadDeclaration { external, location: None }).collect()
}

/// Whether a change is the end of an object that an earlier one replaced: there was no record of
/// its own, and it does not come back.
pub(crate) fn is_left_over(change: &RunChange) -> bool {
    use infra_sdk::store::Operation;
    change.operation == Operation::Delete && change.before.is_none()
}

/// Whether a field that is left out keeps its value: it is the cloud's to choose, and is there.
fn keeps_by_itself(field: &Field, value: &Value, there: Option<&Value>) -> bool {
    field.computed && there.is_some_and(|there| field.kind.same(value, there))
}

/// Leaves out what the cloud chose and what does not go together with what was asked for, such as
/// a name that was made from a prefix.
fn without_clashes(schema: &Schema, record: &Record, arguments: &mut Arguments) {
    let mut inputs: Object = digest::as_unknown(&record.inputs);
    schema.fill_defaults(&mut inputs);
    for problem in schema.check(&inputs) {
        let name = problem.path.split(['.', '[']).next().unwrap_or_default();
        if schema.input(name).is_some_and(|field| field.computed) {
            arguments.inputs.remove(name);
        }
    }
}

fn write_only(record: &Record, secrets: &[&str], fresh: bool) -> Diagnostic {
    let names: Vec<_> = secrets.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(", ");
    let detail = if fresh {
        format!("{names}: the new object is made without it")
    } else {
        format!("{names}: it stays as it is now")
    };
    Diagnostic::warning("undo::write-only", "a write-only value is not known any more")
        .detail(detail)
        .address(&record.address)
        .location(record.location.clone())
        .hint("apply the program of that time, which has the value")
}

/// A text by which a resource is known, and the attribute that has it.
struct Name<'a> {
    address: &'a Address,
    attribute: &'a str,
    text: &'a str,
    /// Whether it is the id or the ARN.
    identifies: bool,
    /// Whether it stands for the attribute also inside of a longer text. An account number, which
    /// many have, does not.
    inside: bool,
}

fn names(record: &Record) -> Vec<Name<'_>> {
    record
        .outputs
        .iter()
        .filter_map(|(attribute, value)| {
            let text = value.as_str()?;
            let identifies = (attribute == "id" || attribute == "arn") && !text.is_empty();
            let telling = text.len() >= TELLING;
            let inside = telling && (identifies || matches!(value, Value::Sensitive(_)));
            let address = &record.address;
            let name = Name { address, attribute, text, identifies, inside };
            (identifies || telling).then_some(name)
        })
        .collect()
}

/// The longest first: an id may stand inside of an ARN.
fn sorted(mut names: Vec<Name<'_>>) -> Vec<Name<'_>> {
    names.sort_by_key(|name| (!name.identifies, Reverse(name.text.len())));
    names
}

impl Name<'_> {
    fn stands_in(&self, text: &str) -> bool {
        self.text == text || (self.inside && text.contains(self.text))
    }
}

/// Whether a value is, or has inside of it, one of the names.
fn mentions(value: &Value, names: &[Name<'_>]) -> bool {
    match value.reveal() {
        Value::String(text) => names.iter().any(|name| name.stands_in(text)),
        Value::List(items) => items.iter().any(|item| mentions(item, names)),
        Value::Map(entries) => entries.values().any(|item| mentions(item, names)),
        _ => false,
    }
}

fn put_back(value: &Value, names: &[Name<'_>]) -> Expr {
    if !mentions(value, names) {
        return Expr::Value(value.clone());
    }
    match value {
        Value::Sensitive(inner) => put_back(inner, names).sensitive(),
        Value::List(items) => Expr::List(items.iter().map(|i| put_back(i, names)).collect()),
        Value::Map(entries) => {
            let entries = entries.iter();
            Expr::Map(entries.map(|(key, item)| (key.clone(), put_back(item, names))).collect())
        }
        Value::String(text) => put_back_text(text, names),
        other => Expr::Value(other.clone()),
    }
}

fn put_back_text(text: &str, names: &[Name<'_>]) -> Expr {
    if let Some(name) = names.iter().find(|name| name.text == text) {
        return Expr::reference(name.address, name.attribute);
    }
    let Some(name) = names.iter().find(|name| name.stands_in(text)) else {
        return Expr::Value(Value::from(text));
    };
    let mut parts = Vec::new();
    for (index, part) in text.split(name.text).enumerate() {
        if index > 0 {
            parts.push(Expr::reference(name.address, name.attribute));
        }
        if !part.is_empty() {
            parts.push(put_back_text(part, names));
        }
    }
    Expr::Call(Function::Concat, parts)
}

#[cfg(test)]
mod tests {
    use infra_sdk::Kind;
    use infra_sdk::kind::{Problem, TEXT};
    use infra_sdk::provider::Place;
    use infra_sdk::store::Status;

    use super::*;

    /// A type whose name is made from a prefix, as those of many AWS types.
    static NAMED: Schema = Schema {
        type_name: "test_named",
        doc: "",
        inputs: &[
            Field { computed: true, force_new: true, ..Field::new("name", Kind::Text(&TEXT)) },
            Field { force_new: true, ..Field::new("name_prefix", Kind::Text(&TEXT)) },
            Field { required: true, ..Field::new("size", Kind::Text(&TEXT)) },
        ],
        outputs: &[Field::new("id", Kind::Text(&TEXT))],
        validate: |inputs| {
            let both = inputs.contains_key("name") && inputs.contains_key("name_prefix");
            let problem = || Problem { path: "name".into(), message: "one of the two".into() };
            both.then(problem).into_iter().collect()
        },
        stateful: false,
    };

    fn record(inputs: &[(&str, &str)], outputs: &[(&str, Value)]) -> Record {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::from(*value));
        Record {
            address: Address::parse("it").expect("an address"),
            type_name: NAMED.type_name.to_owned(),
            place: Place::default(),
            id: "id".to_owned(),
            inputs: inputs.iter().map(text).collect(),
            outputs: outputs.iter().map(|(name, v)| ((*name).to_owned(), v.clone())).collect(),
            dependencies: Vec::new(),
            status: Status::Ready,
            prevent_destroy: false,
            create_before_destroy: false,
            location: None,
            deposed: Vec::new(),
        }
    }

    #[test]
    fn a_name_that_was_made_from_a_prefix_is_made_again() {
        let old = record(&[("name", "p-123"), ("name_prefix", "p-"), ("size", "s")], &[]);
        let mut arguments = Arguments::default();
        for (name, value) in &old.inputs {
            arguments.set(name, Expr::Value(value.clone()));
        }
        without_clashes(&NAMED, &old, &mut arguments);
        assert_eq!(arguments.inputs.keys().collect::<Vec<_>>(), ["name_prefix", "size"]);
    }

    #[test]
    fn only_what_tells_an_object_is_put_back() {
        let outputs = [
            ("id", Value::from("vpc-1")),
            ("arn", Value::from("arn:vpc/vpc-1")),
            ("owner_id", Value::from("123456789012")),
            ("state", Value::from("ok")),
        ];
        let other = record(&[], &outputs);
        let shown = |text: &str| {
            let expr = put_back(&Value::from(text), &sorted(names(&other)));
            let references = expr.references().into_iter().map(|r| r.attribute.clone());
            let same = expr.evaluate(&|r| other.outputs.get(&r.attribute).cloned());
            assert_eq!(same, Ok(Value::from(text)));
            references.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("vpc-1"), "id");
        assert_eq!(shown("a vpc-1 b"), "", "too short to tell inside of a text");
        assert_eq!(shown("x arn:vpc/vpc-1/* y arn:vpc/vpc-1"), "arn arn");
        assert_eq!(shown("123456789012"), "owner_id");
        assert_eq!(shown("arn:123456789012:role"), "", "many have the account number");
        assert_eq!(shown("ok"), "");
    }
}
