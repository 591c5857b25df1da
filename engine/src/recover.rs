//! Settling what an earlier run began and did not end.
//!
//! The main function is [`recover`](crate::recover()). For each open intent it asks the cloud what
//! became of it, and closes it in the same step that records the answer. What cannot be told stays
//! open: an object is never created a second time on a guess. What a create made may take a while to
//! show up; `search.rs` waits for it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use infra_sdk::provider::{Observed, Owner, Provider, Readiness, Settling, Target, UNHEARD};
use infra_sdk::store::{
    Deposed, Edit, Intent, Operation, Record, RunChange, State, Status, StoreError, Waiting,
};
use infra_sdk::{Address, Diagnostic, Field, Object, Reference, Schema, Value};

use crate::plan::{Goal, Mode};
use crate::refresh::{self, revealed};
use crate::run::{Ports, Wait};
use crate::search::{Fate, Lost, recorded_ids, search};
use crate::unwritable::unwritable;
use crate::{check, compare, decide, digest, planner};

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
    /// Nothing can be found that was made, and the plan sends the same request with the same token
    /// again.
    Pending {
        /// The resource.
        address: Address,
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
    /// The object to look at: the one that was found, or the one that was to be changed or deleted.
    id: Option<String>,
    seen: Option<Observed>,
}

pub(crate) async fn recover(
    ports: &Ports<'_>,
    state: &mut State,
    goal: &Goal,
) -> Result<Vec<Recovered>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut recovered = Vec::new();
    let (creates, others) = known(ports.provider, state, &mut problems);
    let (mut settled, pending) = searched(ports, state, goal, creates, true, &mut problems).await;
    settled.extend(read(ports.provider, &goal.owner, others, &mut problems).await);
    settled.sort_by_key(|open| open.sequence);
    record(ports, state, settled, &mut recovered, &mut problems).await;
    if problems.is_empty() && !pending.is_empty() {
        if is_sent_again(ports, state, goal).await {
            let addresses = pending.into_iter().map(|open| open.intent.address);
            recovered.extend(addresses.map(|address| Recovered::Pending { address }));
        } else {
            let (settled, _) = searched(ports, state, goal, pending, false, &mut problems).await;
            record(ports, state, settled, &mut recovered, &mut problems).await;
        }
    }
    if problems.is_empty() {
        wait_until_seen(ports, state, &goal.owner).await;
        Ok(recovered)
    } else {
        Err(problems)
    }
}

/// Whether the plan sends everything that is still open again as it was. What else is wrong with the
/// plan is for the plan to say.
async fn is_sent_again(ports: &Ports<'_>, state: &State, goal: &Goal) -> bool {
    match planner::plan(ports.provider, state, goal.clone()).await {
        Ok(_) => true,
        Err(problems) => !problems.iter().any(|problem| problem.code == planner::UNSETTLED),
    }
}

/// Closes intents of which is known what became of them.
async fn record(
    ports: &Ports<'_>,
    state: &mut State,
    settled: Vec<Open>,
    recovered: &mut Vec<Recovered>,
    problems: &mut Vec<Diagnostic>,
) {
    for open in settled {
        let (outcome, edits) = settle(&open, state, &ports.clock.now());
        let edits =
            digest::hide_edits(ports.provider, &|address| known_inputs(state, address), &edits);
        let written = match &edits {
            Ok(edits) => ports.store.commit(Some(open.sequence), edits).await,
            Err(error) => Err(error.clone()),
        };
        match written.and(edits) {
            Ok(edits) => {
                state.open.retain(|(sequence, _)| *sequence != open.sequence);
                remember(state, edits);
                recovered.push(outcome);
            }
            Err(error) => {
                let taken_over = matches!(error, StoreError::Lost { .. });
                problems.push(about(
                    &open.intent,
                    unwritable(["recover::lost", "recover::store"], &error),
                ));
                if taken_over {
                    break;
                }
            }
        }
    }
}

/// The open intents: creates, and the others.
fn known(
    provider: &dyn Provider,
    state: &State,
    problems: &mut Vec<Diagnostic>,
) -> (Vec<Open>, Vec<Open>) {
    let mut open = Vec::new();
    for (sequence, intent) in state.open.clone() {
        match provider.schema(&intent.type_name) {
            Some(schema) => {
                let id = intent.id.clone().filter(|_| intent.operation != Operation::Create);
                open.push(Open { sequence, intent, schema, id, seen: None });
            }
            None => problems.push(about(
                &intent,
                Diagnostic::error("recover::unknown-type", "there is no such resource type")
                    .detail(format!("`{}`", intent.type_name))
                    .hint("use the release of infra that began the operation"),
            )),
        }
    }
    open.into_iter().partition(|open| open.intent.operation == Operation::Create)
}

/// Creates of which is known by now what they made, and those that may be sent again, if any `may`.
async fn searched(
    ports: &Ports<'_>,
    state: &State,
    goal: &Goal,
    creates: Vec<Open>,
    may: bool,
    problems: &mut Vec<Diagnostic>,
) -> (Vec<Open>, Vec<Open>) {
    // All records are looked through once for each type and place, and not for each intent.
    let mut recorded = HashMap::new();
    let lost = |open: &Open| {
        let intent = &open.intent;
        let (type_name, place) = (&intent.type_name, &intent.place);
        let known = recorded
            .entry((type_name.clone(), place.clone()))
            .or_insert_with(|| Arc::new(recorded_ids(state.records.values(), type_name, place)));
        let lost = Lost::new(ports.provider, intent, &goal.owner, Arc::clone(known));
        let may_stay_open = may && may_be_sent_again(ports.provider, state, goal, intent);
        Lost { may_stay_open, ..lost }
    };
    let lost: Vec<_> = creates.iter().map(lost).collect();
    let fates = search(ports.provider, ports.clock, ports.waits, &lost).await;
    let (mut settled, mut pending) = (Vec::new(), Vec::new());
    for ((mut open, fate), lost) in creates.into_iter().zip(fates).zip(&lost) {
        match fate {
            Ok(Fate::Made(id, _)) if is_useless(ports.provider, &open.intent) => {
                match discard(ports.provider, lost, id).await {
                    Ok(()) => settled.push(open),
                    Err(diagnostic) => problems.push(about(&open.intent, diagnostic)),
                }
            }
            Ok(Fate::Made(id, observed)) => {
                open.id = Some(id);
                open.seen = Some(observed);
                settled.push(open);
            }
            Ok(Fate::NotMade) => settled.push(open),
            Ok(Fate::Open) => pending.push(open),
            Err(diagnostic) => problems.push(about(&open.intent, diagnostic)),
        }
    }
    (settled, pending)
}

/// Whether what a lost create made is of no use to anybody.
fn is_useless(provider: &dyn Provider, intent: &Intent) -> bool {
    matches!(provider.settling(&intent.type_name), Settling::Discard(_))
}

/// Deletes what a lost create made, which then counts as not made.
async fn discard(provider: &dyn Provider, lost: &Lost, id: String) -> Result<(), Diagnostic> {
    let target = lost.target(id);
    let deleted = match provider.delete(&target).await {
        Ok(()) => provider.await_gone(&target, None, UNHEARD).await,
        Err(failure) => Err(failure),
    };
    deleted.map_err(|failure| {
        let what = "what an unfinished create made cannot be deleted";
        refresh::explain(&failure, "recover::discard", what).hint(format!(
            "what `{}` was told when it was made is lost; delete it and run the command again",
            target.id
        ))
    })
}

/// Whether the plan for a goal may send a create again under its token: its answer was lost, and
/// the resource is declared as it was then, as far as that is known before planning. Whether it is
/// so in the end is for the plan to see.
pub(crate) fn may_be_sent_again(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
    intent: &Intent,
) -> bool {
    let replayed = matches!(provider.settling(&intent.type_name), Settling::Replay(_));
    let whole = goal.targets.is_empty() && goal.excludes.is_empty();
    if !(intent.operation == Operation::Create && replayed && whole && goal.mode == Mode::Apply) {
        return false;
    }
    let declaration =
        goal.declarations.resources.iter().find(|declared| declared.address == intent.address);
    let (Some(declaration), Some(schema)) = (declaration, provider.schema(&intent.type_name))
    else {
        return false;
    };
    let options = &declaration.arguments.options;
    let there = state.records.get(&intent.address).map(|record| &record.id);
    if declaration.type_name != intent.type_name
        || decide::place(declaration) != intent.place
        || options.import_id.is_some()
        || there != intent.id.as_ref()
    {
        return false;
    }
    let resolve = |reference: &Reference| recorded_value(state, reference);
    let Ok(desired) = check::evaluate(declaration, schema, &resolve) else { return false };
    let ignored = |field: &Field| options.ignore_changes.iter().any(|name| name == field.name);
    compare::differing(schema.inputs, &desired, &intent.inputs).into_iter().all(ignored)
}

/// The value of a reference as recorded; unknown where nothing is.
pub(crate) fn recorded_value(state: &State, reference: &Reference) -> Option<Value> {
    let record = state.records.get(&reference.address);
    let value = record.map(|record| {
        let name = &reference.attribute;
        record.outputs.get(name).or_else(|| record.inputs.get(name)).cloned().unwrap_or_default()
    });
    // What is recorded of a secret tells whether it changed, and not what it is.
    let value = value.filter(|value| !digest::has_digest(value));
    Some(value.unwrap_or(Value::Unknown))
}

/// Updates and deletes with what is there of their objects.
async fn read(
    provider: &dyn Provider,
    owner: &Arc<Owner>,
    open: Vec<Open>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Open> {
    let (named, mut read): (Vec<_>, Vec<_>) = open.into_iter().partition(|open| open.id.is_some());
    let targets: Vec<_> = named.iter().filter_map(|open| target(open, owner)).collect();
    let answers = refresh::read(provider, &targets).await;
    for (mut open, answer) in named.into_iter().zip(answers) {
        match answer {
            Ok(seen) => {
                open.seen = seen;
                read.push(open);
            }
            Err(diagnostic) => problems.push(diagnostic),
        }
    }
    read
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

/// Waits until reads see what was made and never seen ready, so that a read that lags behind does
/// not make a fresh object look gone. After the time that the provider names, it is for the plan to
/// say that it is gone.
async fn wait_until_seen(ports: &Ports<'_>, state: &State, owner: &Arc<Owner>) {
    let begun = ports.clock.monotonic();
    let fresh = state.records.values().filter(|record| record.status != Status::Ready);
    let mut unseen: Vec<_> = fresh
        .map(|record| {
            let within = ports.provider.settling(&record.type_name).within();
            (refresh::target(record, &record.address, owner), within)
        })
        .filter(|(_, within)| !within.is_zero())
        .collect();
    for looks in 1_u32.. {
        let targets: Vec<_> = unseen.iter().map(|(target, _)| target.clone()).collect();
        // A read that fails is the plan's to report.
        let answers = refresh::read(ports.provider, &targets).await;
        let mut gone = answers.into_iter().map(|answer| matches!(answer, Ok(None)));
        unseen.retain(|_| gone.next() == Some(true));
        let waited = ports.clock.monotonic().saturating_sub(begun);
        unseen.retain(|(_, within)| waited < *within);
        let Some(at_most) = unseen.iter().map(|(_, within)| *within).max() else { break };
        if looks == 1 {
            let addresses = unseen.iter().map(|(target, _)| target.address.clone()).collect();
            (ports.waits)(&Wait { addresses, at_most });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What became of an intent, and the edits that record it, its place in the history of the run that
/// began it among them.
fn settle(open: &Open, state: &State, now: &str) -> (Recovered, Vec<Edit>) {
    let address = open.intent.address.clone();
    let record = state.records.get(&address);
    match (open.intent.operation, &open.id, &open.seen) {
        (Operation::Create, Some(id), Some(observed)) => {
            let put = adopt(open, id, observed, record);
            let edits = vec![note(open, id, record, now), Edit::Put(Box::new(put))];
            (Recovered::Adopted { address, id: id.clone() }, edits)
        }
        (Operation::Create, ..) => (Recovered::NotMade { address }, Vec::new()),
        (Operation::Delete, Some(id), None) => {
            let mut edits = record.map(|record| without(record, id)).unwrap_or_default();
            edits.push(note(open, id, record.filter(|record| record.id == *id), now));
            (Recovered::Deleted { address, id: id.clone() }, edits)
        }
        (operation, ..) => {
            let id = open.intent.id.clone().unwrap_or_default();
            let mut edits = Vec::new();
            if let (Operation::Update, Some(record)) = (operation, record) {
                edits.push(Edit::Put(Box::new(doubt(open, record))));
                if is_as_sent(open, record) {
                    edits.push(note(open, &id, Some(record), now));
                }
            }
            (Recovered::LeftToPlan { address, id }, edits)
        }
    }
}

/// What the history says about an operation that turned out to be done.
fn note(open: &Open, id: &str, before: Option<&Record>, now: &str) -> Edit {
    Edit::Note(Box::new(RunChange {
        run: open.intent.run.clone(),
        at: now.to_owned(),
        address: open.intent.address.clone(),
        type_name: open.intent.type_name.clone(),
        operation: open.intent.operation,
        id: id.to_owned(),
        before: before.cloned(),
    }))
}

/// Whether the object of an update is, as far as the cloud tells, as the update was to make it.
fn is_as_sent(open: &Open, record: &Record) -> bool {
    let Some(observed) = open.seen.as_ref().filter(|_| open.id.as_ref() == Some(&record.id)) else {
        return false;
    };
    let current = compare::current(open.schema.inputs, &observed.inputs, &open.intent.inputs);
    compare::differing(open.schema.inputs, &open.intent.inputs, &current).is_empty()
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

/// The record of an object after an update that may have happened: what the cloud never tells is not
/// known any more where the update would have changed it, so that the plan sends it again; and what
/// differs is not somebody else's doing, so that the object counts as on its way.
fn doubt(open: &Open, record: &Record) -> Record {
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
    let last = "an update was begun".to_owned();
    let status = Status::Created(Waiting { last, until: None });
    Record { inputs, status, ..record.clone() }
}

/// Does in memory what was committed.
pub(crate) fn remember(state: &mut State, edits: Vec<Edit>) {
    for edit in edits {
        match edit {
            Edit::Put(record) => {
                state.records.insert(record.address.clone(), *record);
            }
            Edit::Remove(address) => {
                state.records.remove(&address);
            }
            Edit::Outputs(outputs) => state.outputs = outputs,
            Edit::Reads(reads) => state.reads = reads,
            Edit::Lookup(key, value) => {
                state.lookups.insert(key, value);
            }
            Edit::Durations(sort, samples) => {
                state.durations.insert(sort, samples);
            }
            Edit::Note(_) => {}
        }
    }
}

/// The inputs of an address as recorded.
pub(crate) fn known_inputs(state: &State, address: &Address) -> Object {
    state.records.get(address).map(|record| record.inputs.clone()).unwrap_or_default()
}

fn about(intent: &Intent, diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.address(&intent.address)
}
