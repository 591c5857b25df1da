//! What each operation does: intent, call, record, wait, record.
//!
//! The order is the promise. The intent is durable before the call, the record of what was made is
//! durable before anything waits for it, and an intent is closed only by what is known for sure.

use std::sync::Arc;
use std::time::Duration;

use infra_sdk::provider::{Create, Observed, Readiness, Settling, Target, Update};
use infra_sdk::store::{self, Deposed, Edit, Intent, Record, Status, Waiting};
use infra_sdk::{Diagnostic, Object, Options, Schema, Value};

use super::live::{Live, Trouble};
use super::token::{Purpose, digest, token};
use crate::event::Operation;
use crate::plan::{Action, Change, Reason};
use crate::refresh::{harmless, revealed};
use crate::search::{Fate, Lost, search};
use crate::{check, compare, decide};

/// How long the last word about an object may take once a run was asked to stop.
const LAST_WORD: Duration = Duration::from_secs(2);

/// What an operation came to.
pub(crate) enum Outcome {
    /// It is done.
    Done {
        /// What the cloud calls the object, or called it.
        id: String,
        /// Whether no call was necessary.
        unchanged: bool,
    },
    /// The run was asked to stop while it waited for the object.
    OnItsWay {
        /// What the cloud calls the object.
        id: String,
        /// The last word about it.
        last: String,
    },
}

/// Runs one operation.
pub(crate) async fn run(
    live: &Live<'_>,
    index: usize,
    operation: Operation,
) -> Result<Outcome, Trouble> {
    match operation {
        Operation::Create => create(live, index).await,
        Operation::Update => update(live, index).await,
        Operation::Delete => delete(live, index).await,
        Operation::Await => resume(live, index).await,
    }
}

async fn create(live: &Live<'_>, index: usize) -> Result<Outcome, Trouble> {
    let change = live.change(index);
    let schema = live.schema(index)?;
    let desired = desired(live, index, schema)?;
    as_shown(live, index, schema, &desired)?;
    let old = live.record(&change.address);
    let create_first = change.action == Action::Replace { create_first: true };
    let replaced = old.as_ref().filter(|_| create_first);
    let previous = old.as_ref().map(|record| record.id.as_str()).or(change.id.as_deref());
    let mut intent = intent(live, index, store::Operation::Create, &desired, previous);
    intent.id = replaced.map(|record| record.id.clone());
    let open = match take_up(live, index, &intent).await? {
        TakenUp::Nothing => None,
        TakenUp::Replay(sequence, open) => Some((sequence, *open)),
        TakenUp::Stopped => {
            let last = "what an earlier create made is looked for".to_owned();
            return Ok(Outcome::OnItsWay { id: String::new(), last });
        }
    };
    let replayed = open.is_some();
    let (sequence, intent) = match open {
        Some((sequence, open)) => (Some(sequence), open),
        None => (live.begin_outside(index, &intent).await?, intent),
    };
    let request = Create {
        address: change.address.clone(),
        type_name: change.type_name.clone(),
        place: change.place.clone(),
        inputs: revealed(&desired),
        token: intent.token.clone(),
        owner: live.owner.clone(),
        started: intent.started.clone(),
        replaces: intent.id.clone(),
    };
    let made = match live.run.provider.create(&request).await {
        Ok(made) => made,
        Err(failure) => {
            // That this try had no effect says nothing about the one before it.
            if harmless(&failure) && !replayed && sequence.is_some() {
                live.commit(index, sequence, &[]).await?;
            }
            return Err(live.call_trouble(index, Operation::Create, &failure, Some(&desired)));
        }
    };
    let id = made.id;
    if let Some(old) = old.as_ref().filter(|old| is_of(old, change, &id)) {
        return Err(live.trouble(index, not_another(old)).with_id(&id));
    }
    let mut outputs = told(schema, made.outputs);
    outputs.insert("id".to_owned(), Value::from(id.as_str()));
    let replaced = replaced.map(|old| Deposed { id: old.id.clone(), inputs: old.inputs.clone() });
    let record = Record {
        address: change.address.clone(),
        type_name: change.type_name.clone(),
        place: change.place.clone(),
        id: id.clone(),
        inputs: desired.clone(),
        outputs,
        dependencies: Vec::new(),
        status: on_its_way(live, index, Operation::Create, "created"),
        prevent_destroy: options(live, index).is_some_and(|options| options.prevent_destroy),
        create_before_destroy: live.part(index).create_before_destroy,
        location: change.location.clone(),
        deposed: Vec::new(),
    };
    let note = live.note(index, store::Operation::Create, &id, old);
    if sequence.is_none() {
        return at_once(live, index, schema, record, &desired, (replaced, note)).await;
    }
    live.put(index, sequence, record.clone(), replaced, Some(note))
        .await
        .map_err(|trouble| trouble.with_id(&id))?;
    // The new half of a replacement is used once it is ready, and not before.
    if change.action == Action::Create {
        live.made(index, &record.inputs, &record.outputs);
    }
    settle(live, index, schema, record, &desired, Operation::Create).await
}

async fn update(live: &Live<'_>, index: usize) -> Result<Outcome, Trouble> {
    let change = live.change(index);
    let schema = live.schema(index)?;
    let current = &live.part(index).current;
    let desired = desired(live, index, schema)?;
    let planned = compare::planned(schema.inputs, &desired, Some(current));
    as_shown(live, index, schema, &planned)?;
    let differing = compare::differing(schema.inputs, &planned, current);
    let Some(old) = live.record(&change.address) else {
        return Err(live.trouble(index, lost_record()));
    };
    let record = Record {
        inputs: planned,
        prevent_destroy: options(live, index).is_some_and(|options| options.prevent_destroy),
        create_before_destroy: live.part(index).create_before_destroy,
        location: change.location.clone(),
        ..old.clone()
    };
    let id = record.id.clone();
    if differing.is_empty() && old.status == Status::Ready {
        live.learn(index, &record.inputs, &record.outputs);
        live.put(index, None, record, None, None).await?;
        return Ok(Outcome::Done { id, unchanged: true });
    }
    if !differing.is_empty() {
        let operation = store::Operation::Update;
        let mut intent = intent(live, index, operation, &record.inputs, Some(&id));
        intent.id = Some(id.clone());
        let sequence = live.begin_outside(index, &intent).await?;
        let request = Update {
            target: live.target(&old),
            inputs: revealed(&record.inputs),
            observed: revealed(current),
            changed: differing.iter().map(|field| field.name.to_owned()).collect(),
            token: intent.token.clone(),
        };
        if let Err(failure) = live.run.provider.update(&request).await {
            if harmless(&failure) && sequence.is_some() {
                live.commit(index, sequence, &[]).await?;
            }
            return Err(live
                .call_trouble(index, Operation::Update, &failure, Some(&desired))
                .with_id(&id));
        }
        let status = on_its_way(live, index, Operation::Update, "changed");
        let changed = Record { status, ..record.clone() };
        let note = live.note(index, operation, &id, Some(old));
        if sequence.is_none() {
            return at_once(live, index, schema, record, &desired, (None, note)).await;
        }
        live.put(index, sequence, changed, None, Some(note)).await?;
    }
    settle(live, index, schema, record, &desired, Operation::Update).await
}

async fn resume(live: &Live<'_>, index: usize) -> Result<Outcome, Trouble> {
    let schema = live.schema(index)?;
    let desired = desired(live, index, schema)?;
    let Some(mut record) = live.record(&live.change(index).address) else {
        return Err(live.trouble(index, lost_record()));
    };
    if let Status::Created(waiting) = &record.status {
        record.status = on_its_way(live, index, Operation::Await, &waiting.last);
        live.put(index, None, record.clone(), None, None).await?;
    }
    settle(live, index, schema, record, &desired, Operation::Await).await
}

/// Records an object that lives in the record alone: it is ready as soon as it is made or changed, and
/// one write says so.
async fn at_once(
    live: &Live<'_>,
    index: usize,
    schema: &'static Schema,
    mut record: Record,
    desired: &Object,
    (replaced, note): (Option<Deposed>, Edit),
) -> Result<Outcome, Trouble> {
    let (target, wanted) = (live.target(&record), revealed(desired));
    let id = record.id.clone();
    let observed = live.run.provider.await_ready(&target, &wanted, None, &|_| {}).await;
    let observed = observed.map_err(|failure| {
        live.call_trouble(index, Operation::Await, &failure, Some(desired)).with_id(&id)
    })?;
    made_ready(live, index, schema, &mut record, desired, &observed);
    let put = live.put(index, None, record, replaced, Some(note)).await;
    put.map_err(|trouble| trouble.with_id(&id))?;
    Ok(Outcome::Done { id, unchanged: false })
}

/// Notes that an object is ready, with what the cloud says of it then.
fn made_ready(
    live: &Live<'_>,
    index: usize,
    schema: &Schema,
    record: &mut Record,
    desired: &Object,
    observed: &Observed,
) {
    let (inputs, outputs) = recorded(schema, record, desired, observed);
    record.inputs = inputs;
    record.outputs = outputs;
    record.status = Status::Ready;
    live.learn(index, &record.inputs, &record.outputs);
}

/// Waits until an object is ready and records it so. A wait that fails, or that is cut because the
/// run is to stop, leaves the record as it is but for the last word: the next run goes on waiting,
/// and destroys nothing for it.
async fn settle(
    live: &Live<'_>,
    index: usize,
    schema: &'static Schema,
    mut record: Record,
    desired: &Object,
    operation: Operation,
) -> Result<Outcome, Trouble> {
    let target = live.target(&record);
    let wanted = revealed(desired);
    let id = record.id.clone();
    let timeout = timeout(live, index, operation);
    let words = |word: &str| live.hear(index, word);
    let wait = live.run.provider.await_ready(&target, &wanted, timeout, &words);
    let observed = match live.unless_stopped(wait).await {
        Some(Ok(observed)) => observed,
        Some(Err(failure)) => {
            let until = waiting(live, index).and_then(|waiting| waiting.until);
            let last = failure.message.clone();
            record.status = Status::Created(Waiting { last, until });
            live.put(index, None, record, None, None).await?;
            let trouble = live.call_trouble(index, Operation::Await, &failure, None).with_id(&id);
            return Err(trouble.hinted(&format!("`{id}` is recorded and is kept")));
        }
        None => {
            let mut waiting = waiting(live, index).unwrap_or_default();
            if let Some(word) = last_word(live, &target).await {
                waiting.last = word;
            }
            let last = waiting.last.clone();
            record.status = Status::Created(waiting);
            live.put(index, None, record, None, None).await?;
            return Ok(Outcome::OnItsWay { id, last });
        }
    };
    made_ready(live, index, schema, &mut record, desired, &observed);
    live.put(index, None, record, None, None).await.map_err(|trouble| trouble.with_id(&id))?;
    Ok(Outcome::Done { id, unchanged: false })
}

/// The wait for an object as it is recorded by now.
fn waiting(live: &Live<'_>, index: usize) -> Option<Waiting> {
    match live.record(&live.change(index).address)?.status {
        Status::Created(waiting) => Some(waiting),
        Status::Ready => None,
    }
}

/// What the cloud says about an object that is waited for no longer, if it says it soon.
async fn last_word(live: &Live<'_>, target: &Target) -> Option<String> {
    let read = live.run.provider.read(std::slice::from_ref(target));
    let answers = tokio::time::timeout(LAST_WORD, read).await.ok()?;
    match answers.into_iter().next()?.ok()??.readiness {
        Readiness::Waiting(word) | Readiness::Failed(word) => Some(word),
        Readiness::Ready => None,
    }
}

/// Inputs and outputs to record: as desired, and where the cloud chose, as it chose by now.
fn recorded(
    schema: &Schema,
    record: &Record,
    desired: &Object,
    observed: &Observed,
) -> (Object, Object) {
    let mut seen = compare::current(schema.inputs, &observed.inputs, &record.inputs);
    compare::mark(schema.inputs, &mut seen);
    let inputs = compare::planned(schema.inputs, desired, Some(&seen));
    (inputs, decide::outputs(schema, &observed.outputs, Some(record)))
}

async fn delete(live: &Live<'_>, index: usize) -> Result<Outcome, Trouble> {
    let change = live.change(index);
    let (Some(record), Some(mut id)) = (live.record(&change.address), change.id.clone()) else {
        return Err(live.trouble(index, lost_record()));
    };
    let replaced_first = change.action == Action::Replace { create_first: true };
    let was_deposed = change.deposed || replaced_first;
    let inputs = if was_deposed {
        let deposed = record.deposed.iter().find(|deposed| deposed.id == id);
        let Some(deposed) = deposed else { return Err(live.trouble(index, lost_record())) };
        deposed.inputs.clone()
    } else {
        id.clone_from(&record.id);
        record.inputs.clone()
    };
    let target = Target { id: id.clone(), recorded: revealed(&inputs), ..live.target(&record) };
    let mut intent = intent(live, index, store::Operation::Delete, &inputs, Some(&id));
    intent.type_name.clone_from(&record.type_name);
    intent.place.clone_from(&record.place);
    intent.dependencies.clone_from(&record.dependencies);
    intent.id = Some(id.clone());
    let sequence = live.begin_outside(index, &intent).await?;
    if let Err(failure) = live.run.provider.delete(&target).await {
        if harmless(&failure) && sequence.is_some() {
            live.commit(index, sequence, &[]).await?;
        }
        return Err(live.call_trouble(index, Operation::Delete, &failure, None).with_id(&id));
    }
    let timeout = timeout(live, index, Operation::Delete);
    // If it is not gone the intent stays open: the object was told to go and may be gone by the next
    // run.
    let words = |word: &str| live.hear(index, word);
    match live.unless_stopped(live.run.provider.await_gone(&target, timeout, &words)).await {
        Some(Ok(())) => {}
        Some(Err(failure)) => {
            let trouble = live.call_trouble(index, Operation::Delete, &failure, None).with_id(&id);
            return Err(trouble.hinted("it was told to go: the next run looks whether it has"));
        }
        None => {
            let last = last_word(live, &target).await.unwrap_or_else(|| "told to go".to_owned());
            return Ok(Outcome::OnItsWay { id, last });
        }
    }
    let operation = store::Operation::Delete;
    let ended = if was_deposed {
        let note = live.note(index, operation, &id, None);
        live.without_deposed(index, sequence, &id, note).await
    } else {
        let note = live.note(index, operation, &id, Some(record));
        live.commit(index, sequence, &[note, Edit::Remove(change.address.clone())]).await
    };
    ended.map_err(|trouble| trouble.with_id(&id))?;
    Ok(Outcome::Done { id, unchanged: false })
}

/// The inputs that the declaration asks for, now that what it refers to is known.
fn desired(live: &Live<'_>, index: usize, schema: &Schema) -> Result<Object, Trouble> {
    let part = live.part(index);
    let Some(declaration) = &part.declaration else {
        return Err(live.trouble(index, lost_record()));
    };
    let resolve = |reference: &infra_sdk::Reference| live.resolve(reference);
    let mut desired = check::evaluate(declaration, schema, &resolve)
        .map_err(|diagnostic| live.trouble(index, diagnostic))?;
    if live.change(index).action != Action::Create {
        let declared = desired.clone();
        decide::keep_ignored(declaration, &part.current, &mut desired);
        if matches!(live.change(index).action, Action::Replace { .. }) {
            crate::digest::declare(&mut desired, &declared);
        }
    }
    if let Some(diagnostic) = check::wrong(declaration, schema, &desired).next() {
        return Err(live.trouble(index, diagnostic));
    }
    if let Some((name, _)) = desired.iter().find(|(_, value)| value.has_unknown()) {
        let diagnostic = Diagnostic::error("apply::unknown", "an argument has no value yet")
            .detail(format!("`{name}` refers to something that this run did not make"))
            .hint("run the command without `--target` and `--exclude`");
        return Err(live.trouble(index, diagnostic));
    }
    Ok(desired)
}

/// Refuses what the plan did not show: a value that was known then and is another one now. A
/// replacement that was not shown would be one of these: a value that cannot be changed in place
/// and was not known then is planned as a replacement.
fn as_shown(
    live: &Live<'_>,
    index: usize,
    schema: &Schema,
    inputs: &Object,
) -> Result<(), Trouble> {
    let null = Value::Null;
    let after = live.change(index).after.as_ref();
    for field in schema.inputs {
        let shown = after.and_then(|after| after.get(field.name)).unwrap_or(&null);
        let now = inputs.get(field.name).unwrap_or(&null);
        if !shown.has_unknown() && !field.kind.same(shown, now) {
            let detail = format!("`{}` has another value than the plan showed", field.name);
            let diagnostic = Diagnostic::error("apply::moved", "the plan does not fit any more")
                .detail(detail)
                .hint("run the command again for a new plan; nothing was changed for this one");
            return Err(live.trouble(index, diagnostic));
        }
    }
    Ok(())
}

/// The status of an object that is waited for from now on.
fn on_its_way(live: &Live<'_>, index: usize, operation: Operation, last: &str) -> Status {
    let stored = match operation {
        Operation::Update => store::Operation::Update,
        Operation::Delete => store::Operation::Delete,
        Operation::Create | Operation::Await => store::Operation::Create,
    };
    let patience = || live.run.provider.patience(&live.change(index).type_name, stored);
    let until = timeout(live, index, operation).or_else(patience);
    let until = until.map(|time| live.run.clock.after(time));
    Status::Created(Waiting { last: last.to_owned(), until })
}

/// How long the declaration lets an operation take.
fn timeout(live: &Live<'_>, index: usize, operation: Operation) -> Option<Duration> {
    let timeouts = &options(live, index)?.timeouts;
    match operation {
        Operation::Update => timeouts.update,
        Operation::Delete => timeouts.delete,
        Operation::Create | Operation::Await => timeouts.create,
    }
}

/// Whether an id belongs to an object of a record that is there. One that is gone may come back under
/// its id, where that is its name.
fn is_of(record: &Record, change: &Change, id: &str) -> bool {
    let gone = change.reasons.iter().any(|reason| matches!(reason, Reason::GoneOutside { .. }));
    record.type_name == change.type_name
        && ((!gone && record.id == id) || record.deposed.iter().any(|deposed| deposed.id == id))
}

/// Recorded as the new object, it would be deleted as the old one.
fn not_another(old: &Record) -> Diagnostic {
    Diagnostic::error("apply::same", "a replacement made no other object")
        .detail(format!("the cloud answers with an id that `{}` has already", old.address))
        .hint("run the command again: it finds out what the create made before it does anything")
}

/// Outputs that a create tells once, marked as the type says.
fn told(schema: &Schema, mut outputs: Object) -> Object {
    compare::mark(schema.outputs, &mut outputs);
    outputs
}

fn lost_record() -> Diagnostic {
    Diagnostic::error("apply::bug", "the plan does not fit the records")
        .hint("this is a bug in infra; the state is as it was")
}

/// What there is to take up of an earlier run.
enum TakenUp {
    /// Nothing: the create is a new one.
    Nothing,
    /// The create was begun, its answer was lost, and it is sent again as it was, under its intent.
    Replay(u64, Box<Intent>),
    /// The run was asked to stop before that was known.
    Stopped,
}

/// Takes up the create of an earlier run whose answer was lost. One that was another, or that is too
/// old to be sent again, is looked for and never guessed about.
async fn take_up(live: &Live<'_>, index: usize, new: &Intent) -> Result<TakenUp, Trouble> {
    let run = live.run;
    let Some((sequence, open)) = live.plan.work.open.get(&new.address) else {
        return Ok(TakenUp::Nothing);
    };
    let age = run.clock.since(&open.started).unwrap_or_default();
    let same = (&open.type_name, &open.place, &open.id) == (&new.type_name, &new.place, &new.id)
        && open.digest == new.digest
        && open.inputs == new.inputs;
    if let Settling::Replay(within) = run.provider.settling(&open.type_name)
        && same
        && age < within
    {
        return Ok(TakenUp::Replay(*sequence, Box::new(open.clone())));
    }
    let known = Arc::new(live.recorded_ids(&open.type_name, &open.place));
    let lost = [Lost::new(run.provider, open, &live.owner, known)];
    let looking = search(run.provider, run.clock, &|_| {}, &lost);
    let Some(mut fates) = live.unless_stopped(looking).await else {
        return Ok(TakenUp::Stopped);
    };
    match fates.pop() {
        Some(Ok(Fate::NotMade)) => {
            live.commit(index, Some(*sequence), &[]).await?;
            Ok(TakenUp::Nothing)
        }
        Some(Ok(Fate::Made(id, _))) => {
            let diagnostic = Diagnostic::error("apply::moved", "the plan does not fit any more")
                .detail(format!("an earlier run turns out to have made `{id}`"))
                .hint("run the command again: it takes the object over and goes on from it");
            Err(live.trouble(index, diagnostic).with_id(&id))
        }
        Some(Err(diagnostic)) => Err(live.trouble(index, diagnostic)),
        // It was not to stay open, and there was one answer to expect.
        Some(Ok(Fate::Open)) | None => Err(live.trouble(index, lost_record())),
    }
}

fn intent(
    live: &Live<'_>,
    index: usize,
    operation: store::Operation,
    inputs: &Object,
    previous: Option<&str>,
) -> Intent {
    let change = live.change(index);
    let digest = digest(inputs);
    let purpose = Purpose {
        lineage: &live.plan.lineage,
        serial: live.plan.serial,
        address: &change.address,
        operation: match operation {
            store::Operation::Create => Operation::Create,
            store::Operation::Update => Operation::Update,
            store::Operation::Delete => Operation::Delete,
        },
        previous,
        digest: &digest,
    };
    Intent {
        run: live.run.id.clone(),
        address: change.address.clone(),
        type_name: change.type_name.clone(),
        place: change.place.clone(),
        operation,
        token: token(&purpose),
        digest,
        id: None,
        inputs: inputs.clone(),
        dependencies: change.dependencies.clone(),
        started: live.run.clock.now(),
    }
}

fn options<'a>(live: &Live<'a>, index: usize) -> Option<&'a Options> {
    live.part(index).declaration.as_ref().map(|declaration| &declaration.arguments.options)
}
