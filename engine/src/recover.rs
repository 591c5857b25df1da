//! Settling what an earlier run began and did not end.
//!
//! The main function is [`recover`](crate::recover()). For each open intent it asks the cloud what
//! became of it, and closes it in the same step that records the answer. What cannot be told stays
//! open: an object is never created a second time on a guess.

use std::collections::BTreeSet;
use std::sync::Arc;

use infra_sdk::provider::{Create, Observed, Owner, Provider, Readiness, Target};
use infra_sdk::store::{Deposed, Edit, Intent, Operation, Record, State, Status, Store, Waiting};
use infra_sdk::{Address, Diagnostic, Object, Schema, Value};

use crate::refresh::{self, revealed};
use crate::{compare, decide, digest};

/// What became of an operation that an earlier run began and did not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// The object was made, was found, and is recorded now.
    Adopted {
        /// The resource.
        address: Address,
        /// What the cloud calls it.
        id: String,
    },
    /// Nothing was made.
    NotMade {
        /// The resource.
        address: Address,
    },
    /// The object is gone, and so is its record now.
    Deleted {
        /// The resource.
        address: Address,
        /// What the cloud called it.
        id: String,
    },
    /// The object is there, and the plan compares it as any other.
    LeftToPlan {
        /// The resource.
        address: Address,
        /// What the cloud calls it.
        id: String,
    },
}

/// An intent with what is known about it so far.
struct Open {
    sequence: u64,
    intent: Intent,
    schema: &'static Schema,
    /// The object to look at: the one that was found, or the one that was to be deleted.
    id: Option<String>,
}

pub(crate) async fn recover(
    provider: &dyn Provider,
    store: &dyn Store,
    owner: &Arc<Owner>,
    state: &mut State,
) -> Result<Vec<Recovered>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut open = Vec::new();
    for (sequence, intent) in state.open.clone() {
        let Some(schema) = provider.schema(&intent.type_name) else {
            problems.push(about(
                &intent,
                Diagnostic::error("recover::unknown-type", "there is no such resource type")
                    .detail(format!("`{}`", intent.type_name))
                    .hint("use the release of infra that began the operation"),
            ));
            continue;
        };
        let id = match intent.operation {
            Operation::Create => match find(provider, &intent, owner, state).await {
                Ok(id) => id,
                Err(diagnostic) => {
                    problems.push(about(&intent, diagnostic));
                    continue;
                }
            },
            Operation::Update => None,
            Operation::Delete => intent.id.clone(),
        };
        open.push(Open { sequence, intent, schema, id });
    }
    let targets: Vec<_> = open.iter().filter_map(|open| target(open, owner)).collect();
    let mut answers = refresh::read(provider, &targets).await.into_iter();
    let mut recovered = Vec::new();
    for open in open {
        let answer = if open.id.is_some() { answers.next() } else { None };
        let seen = match answer.transpose() {
            Ok(seen) => seen.flatten(),
            Err(diagnostic) => {
                problems.push(diagnostic);
                continue;
            }
        };
        let (outcome, edits) = settle(&open, seen, state);
        match store.commit(Some(open.sequence), &edits).await {
            Ok(()) => {
                remember(state, open.sequence, edits);
                recovered.push(outcome);
            }
            Err(error) => problems.push(about(
                &open.intent,
                Diagnostic::error("recover::store", "the state cannot be written")
                    .detail(error.to_string()),
            )),
        }
    }
    if problems.is_empty() { Ok(recovered) } else { Err(problems) }
}

/// The id of what an unfinished create made, if it made anything.
async fn find(
    provider: &dyn Provider,
    intent: &Intent,
    owner: &Arc<Owner>,
    state: &State,
) -> Result<Option<String>, Diagnostic> {
    let request = Create {
        address: intent.address.clone(),
        type_name: intent.type_name.clone(),
        place: intent.place.clone(),
        inputs: revealed(&intent.inputs),
        token: intent.token.clone(),
        owner: Arc::clone(owner),
        started: intent.started.clone(),
    };
    let found = provider.find(&request).await.map_err(|failure| {
        refresh::explain(&failure, "recover::find", "an unfinished create cannot be looked up")
            .hint("nothing was changed; run the command again once the cause is gone")
    })?;
    // What is recorded carries the same name and tags, most of all the object being replaced.
    let record = state.records.get(&intent.address);
    let known: BTreeSet<&str> = record
        .into_iter()
        .flat_map(|r| std::iter::once(&r.id).chain(r.deposed.iter().map(|d| &d.id)))
        .chain(&intent.id)
        .map(String::as_str)
        .collect();
    let mut new: Vec<_> = found.into_iter().filter(|id| !known.contains(id.as_str())).collect();
    new.sort_unstable();
    new.dedup();
    match new.len() {
        0 => Ok(None),
        1 => Ok(new.pop()),
        _ => Err(Diagnostic::error(
            "recover::ambiguous",
            "an unfinished create has several results",
        )
        .detail(format!(
            "each of these may be the {} that was begun at {}: {}",
            intent.type_name,
            intent.started,
            new.join(", ")
        ))
        .hint(format!(
            "keep one with `infra import {} ID`, delete the others, and run the command again",
            intent.address
        ))),
    }
}

fn target(open: &Open, owner: &Arc<Owner>) -> Option<Target> {
    Some(Target {
        address: open.intent.address.clone(),
        type_name: open.intent.type_name.clone(),
        place: open.intent.place.clone(),
        id: open.id.clone()?,
        recorded: revealed(&open.intent.inputs),
        outputs: Object::new(),
        owner: Arc::clone(owner),
    })
}

/// What became of an intent, and the edits that record it.
fn settle(open: &Open, seen: Option<Observed>, state: &State) -> (Recovered, Vec<Edit>) {
    let address = open.intent.address.clone();
    let record = state.records.get(&address);
    match (open.intent.operation, &open.id, seen) {
        (Operation::Create, Some(id), Some(observed)) => {
            let record = adopt(open, id, &observed, record);
            (Recovered::Adopted { address, id: id.clone() }, vec![Edit::Put(Box::new(record))])
        }
        (Operation::Create, ..) => (Recovered::NotMade { address }, Vec::new()),
        (Operation::Delete, Some(id), None) => {
            let edits = record.map(|record| without(record, id)).unwrap_or_default();
            (Recovered::Deleted { address, id: id.clone() }, edits)
        }
        (operation, ..) => {
            let id = open.intent.id.clone().unwrap_or_default();
            let edits = match (operation, record) {
                (Operation::Update, Some(record)) => doubt(open, record),
                _ => Vec::new(),
            };
            (Recovered::LeftToPlan { address, id }, edits)
        }
    }
}

fn adopt(open: &Open, id: &str, observed: &Observed, old: Option<&Record>) -> Record {
    let intent = &open.intent;
    let mut seen = compare::current(open.schema.inputs, &observed.inputs, &intent.inputs);
    compare::mark(open.schema.inputs, &mut seen);
    let mut deposed = old.map(|old| old.deposed.clone()).unwrap_or_default();
    // A create that names an object was to replace it, and that object is still to be deleted.
    let replaced = old.filter(|old| intent.id.as_ref() == Some(&old.id));
    deposed.extend(replaced.map(|old| Deposed { id: old.id.clone(), inputs: old.inputs.clone() }));
    let mut dependencies: BTreeSet<_> = intent.dependencies.iter().cloned().collect();
    if !deposed.is_empty() {
        dependencies.extend(old.iter().flat_map(|old| old.dependencies.iter().cloned()));
    }
    Record {
        address: intent.address.clone(),
        type_name: intent.type_name.clone(),
        place: intent.place.clone(),
        id: id.to_owned(),
        inputs: compare::planned(open.schema.inputs, &intent.inputs, Some(&seen)),
        outputs: decide::outputs(open.schema, &observed.outputs, None),
        dependencies: dependencies.into_iter().collect(),
        status: match &observed.readiness {
            Readiness::Ready => Status::Ready,
            Readiness::Waiting(word) | Readiness::Failed(word) => {
                Status::Created(Waiting { last: word.clone(), until: None })
            }
        },
        prevent_destroy: old.is_some_and(|old| old.prevent_destroy),
        create_before_destroy: old.is_some_and(|old| old.create_before_destroy),
        location: old.and_then(|old| old.location.clone()),
        deposed,
    }
}

/// The edits for an object that is gone: its record, or its place among the deposed ones.
fn without(record: &Record, id: &str) -> Vec<Edit> {
    if record.deposed.iter().any(|deposed| deposed.id == id) {
        let mut record = record.clone();
        record.deposed.retain(|deposed| deposed.id != id);
        vec![Edit::Put(Box::new(record))]
    } else if record.id == id && record.deposed.is_empty() {
        vec![Edit::Remove(record.address.clone())]
    } else {
        Vec::new()
    }
}

/// The edits for an update that may have happened: what the cloud never tells is not known any
/// more where the update would have changed it, so that the plan sends it again.
fn doubt(open: &Open, record: &Record) -> Vec<Edit> {
    let null = Value::Null;
    let mut inputs: Object = record.inputs.clone();
    for field in open.schema.inputs {
        let before = inputs.get(field.name).unwrap_or(&null);
        if field.kind.same(before, open.intent.inputs.get(field.name).unwrap_or(&null)) {
            continue;
        }
        if field.write_only {
            inputs.remove(field.name);
        } else if digest::has_digest(before) {
            let known = digest::without_inside(before);
            inputs.insert(field.name.to_owned(), known);
        }
    }
    if inputs == record.inputs {
        return Vec::new();
    }
    vec![Edit::Put(Box::new(Record { inputs, ..record.clone() }))]
}

/// Does in memory what was committed.
fn remember(state: &mut State, sequence: u64, edits: Vec<Edit>) {
    state.open.retain(|(open, _)| *open != sequence);
    for edit in edits {
        match edit {
            Edit::Put(record) => {
                state.records.insert(record.address.clone(), *record);
            }
            Edit::Remove(address) => {
                state.records.remove(&address);
            }
            Edit::Outputs(outputs) => state.outputs = outputs,
            Edit::Lookup(key, value) => {
                state.lookups.insert(key, value);
            }
            Edit::Note(_) => {}
        }
    }
}

fn about(intent: &Intent, diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.address(&intent.address)
}
