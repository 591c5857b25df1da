//! What is known while a run goes on: records as committed, values as they became known.
//!
//! The main type is [`Live`]. It is the only thing of the engine that talks to the store during an
//! apply, so that what is in memory is never ahead of what is durable. No lock is held across an
//! await.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use infra_sdk::provider::{Failure, FailureClass, Owner, Place, Target};
use infra_sdk::store::{self, Deposed, Edit, Intent, Record, RunChange, RunRecord, StoreError};
use infra_sdk::{Address, Diagnostic, Expr, Object, Reference, Schema, Value};
use tokio::sync::Notify;

use crate::event::Operation;
use crate::plan::{Action, Change, Plan};
use crate::run::{Run, Stop};
use crate::search;
use crate::unwritable::unwritable;
use crate::work::Part;
use crate::{compare, digest, refresh};

/// Why an operation failed.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) diagnostic: Diagnostic,
    /// The object's id, if it became known.
    pub(crate) id: Option<String>,
    /// What it stops.
    pub(crate) stops: Stops,
}

/// What a failed operation stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stops {
    /// What depends on it.
    Dependents,
    /// Whatever is not begun: the store cannot be written, or nobody is signed in any more.
    WhatIsNotBegun,
    /// The run, at once: another run has the state.
    Everything,
}

/// How long a wait goes on after the run was asked to stop, so that a look in flight is answered.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Attributes by name. There are few of each resource, and there are many resources: a map takes ten
/// times their memory.
type Attributes = Box<[(String, Value)]>;

/// The attributes of a resource; of an input and an output with one name the output counts.
fn attributes(inputs: &Object, outputs: &Object) -> Attributes {
    let inputs = inputs.iter().filter(|(name, _)| !outputs.contains_key(*name));
    inputs.chain(outputs).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What is known while a run goes on.
pub(crate) struct Live<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) run: &'a Run<'a>,
    pub(crate) owner: Arc<Owner>,
    /// Records that this run wrote, and `None` for those that it removed. All others are as the plan
    /// has them.
    written: Mutex<HashMap<Address, Option<Record>>>,
    /// By change: attributes of what was made or changed in this run.
    values: Mutex<Vec<Option<Attributes>>>,
    /// By change: what is known already of objects that are made and not ready.
    unready: Mutex<HashMap<usize, Attributes>>,
    /// Of those, the changes that the scheduler has not heard of.
    made: Mutex<Vec<usize>>,
    /// Wakes the scheduler for them.
    making: Notify,
    /// By change: the cloud's last word about an object that is waited for.
    words: Mutex<Vec<Option<String>>>,
    /// The run as the history has it, from the first write on.
    history: RunRecord,
    started: tokio::sync::OnceCell<()>,
    /// Who has the state now, once it was lost to another run: nothing is called or written then.
    lost: OnceLock<String>,
    /// Where several operations write one record: whose turn it is.
    turns: HashMap<&'a Address, tokio::sync::Mutex<()>>,
}

impl<'a> Live<'a> {
    pub(crate) fn new(plan: &'a Plan, run: &'a Run<'a>, owner: Arc<Owner>) -> Self {
        Self {
            plan,
            run,
            owner,
            written: Mutex::default(),
            values: Mutex::new(vec![None; plan.changes.len()]),
            unready: Mutex::default(),
            made: Mutex::default(),
            making: Notify::new(),
            words: Mutex::new(vec![None; plan.changes.len()]),
            history: RunRecord {
                id: run.id.clone(),
                command: run.command.clone(),
                by: run.by.clone(),
                started: run.clock.now(),
                ended: None,
                complete: false,
            },
            started: tokio::sync::OnceCell::new(),
            lost: OnceLock::new(),
            turns: plan
                .changes
                .iter()
                .filter(|change| change.deposed)
                .map(|change| (&change.address, tokio::sync::Mutex::default()))
                .collect(),
        }
    }

    pub(crate) fn change(&self, index: usize) -> &'a Change {
        &self.plan.changes[index]
    }

    pub(crate) fn part(&self, index: usize) -> &'a Part {
        &self.plan.work.parts[index]
    }

    /// Applies edits, all or none, and returns them as they were written: with digests in place of
    /// write-only secrets. The run is in the history before its first write.
    pub(crate) async fn write(
        &self,
        intent: Option<u64>,
        edits: &[Edit],
    ) -> Result<Vec<Edit>, StoreError> {
        let known = |address: &Address| self.known(address);
        let edits = digest::hide_edits(self.run.provider, &known, edits)?;
        self.start().await?;
        self.held()?;
        self.noticed(self.run.store.commit(intent, &edits).await)?;
        Ok(edits)
    }

    fn known(&self, address: &Address) -> Object {
        self.look(address, |record| record.inputs.clone()).unwrap_or_default()
    }

    async fn start(&self) -> Result<(), StoreError> {
        self.held()?;
        let started = self.started.get_or_try_init(|| self.run.store.start(&self.history)).await;
        self.noticed(started.map(drop))
    }

    /// Fails once another run has the state.
    fn held(&self) -> Result<(), StoreError> {
        match self.lost.get() {
            Some(holder) => Err(StoreError::Lost { holder: holder.clone() }),
            None => Ok(()),
        }
    }

    /// Remembers that another run has the state.
    fn noticed<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Lost { holder }) = &result {
            self.lost.get_or_init(|| holder.clone());
        }
        result
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.get().is_some()
    }

    /// What a wait comes to; `None` if the run is asked to stop before.
    pub(crate) async fn unless_stopped<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        let mut stop = self.run.stop.clone();
        let stopped = async {
            if stop.wait_for(|stop| *stop != Stop::Running).await.is_err() {
                // Nobody is left to ask for it.
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(LAST_LOOK).await;
        };
        tokio::select! {
            biased;
            done = wait => Some(done),
            () = stopped => None,
        }
    }

    /// How the run ends, if it wrote anything.
    pub(crate) fn ended(self, complete: bool) -> Result<Option<RunRecord>, StoreError> {
        if !self.started.initialized() {
            return Ok(None);
        }
        self.held()?;
        let ended = Some(self.run.clock.now());
        Ok(Some(RunRecord { ended, complete, ..self.history }))
    }

    /// What the history says about an operation that is done.
    pub(crate) fn note(
        &self,
        index: usize,
        operation: store::Operation,
        id: &str,
        before: Option<Record>,
    ) -> Edit {
        let change = self.change(index);
        Edit::Note(Box::new(RunChange {
            run: self.run.id.clone(),
            at: self.run.clock.now(),
            address: change.address.clone(),
            type_name: change.type_name.clone(),
            operation,
            id: id.to_owned(),
            before,
        }))
    }

    /// The record of an address as committed.
    pub(crate) fn record(&self, address: &Address) -> Option<Record> {
        self.look(address, Record::clone)
    }

    /// Something of the record of an address as committed.
    fn look<T>(&self, address: &Address, look: impl Fn(&Record) -> T) -> Option<T> {
        match lock(&self.written).get(address) {
            Some(written) => written.as_ref().map(look),
            None => self.planned(*self.plan.work.index.get(address)?).map(look),
        }
    }

    /// The record of a change as it was when the run began. A deposed object has none of its own: it
    /// stands in that of its resource.
    fn planned(&self, index: usize) -> Option<&'a Record> {
        self.part(index).record.as_ref().filter(|_| !self.change(index).deposed)
    }

    /// The ids of a type's recorded objects in a place.
    pub(crate) fn recorded_ids(&self, type_name: &str, place: &Place) -> BTreeSet<String> {
        let written = lock(&self.written);
        let planned = (0..self.plan.changes.len()).filter_map(|index| self.planned(index));
        let planned = planned.filter(|record| !written.contains_key(&record.address));
        search::recorded_ids(planned.chain(written.values().flatten()), type_name, place)
    }

    /// The type of a change.
    pub(crate) fn schema(&self, index: usize) -> Result<&'static Schema, Trouble> {
        let change = self.change(index);
        self.run.provider.schema(&change.type_name).ok_or_else(|| {
            self.trouble(
                index,
                Diagnostic::error("apply::unknown-type", "there is no such resource type")
                    .detail(format!("`{}`", change.type_name)),
            )
        })
    }

    /// Notes the attributes of something that was made or changed.
    pub(crate) fn learn(&self, index: usize, inputs: &Object, outputs: &Object) {
        lock(&self.values)[index] = Some(attributes(inputs, outputs));
        self.is_unready_no_more(index);
    }

    /// Notes what is known of an object that is made and recorded, and that is waited for from now on.
    pub(crate) fn made(&self, index: usize, inputs: &Object, outputs: &Object) {
        lock(&self.unready).insert(index, attributes(inputs, outputs));
        lock(&self.made).push(index);
        self.making.notify_one();
    }

    /// The changes whose objects were made since this was asked last; waits for the first.
    pub(crate) async fn next_made(&self) -> Vec<usize> {
        loop {
            let made = std::mem::take(&mut *lock(&self.made));
            if !made.is_empty() {
                return made;
            }
            self.making.notified().await;
        }
    }

    /// Forgets what was known of an object before it was ready: it is, or does not become so in this
    /// run.
    pub(crate) fn is_unready_no_more(&self, index: usize) {
        lock(&self.unready).remove(&index);
    }

    /// Whether what one change makes can do with an object of another that is made and not ready:
    /// nothing but inputs that the service never looks into name it, and what they name is known.
    pub(crate) fn is_loose(&self, user: usize, made: usize) -> bool {
        let Some(declaration) = &self.part(user).declaration else { return false };
        let (options, made) = (&declaration.arguments.options, &self.change(made).address);
        let mut triggers = options.replace_triggered_by.iter();
        if options.depends_on.contains(made) || triggers.any(|trigger| trigger.address == *made) {
            return false;
        }
        let loose = self.run.provider.loose_inputs(&declaration.type_name);
        let inputs = declaration.arguments.inputs.iter();
        let mut named = inputs.flat_map(|(name, expr)| {
            let references = expr.references().into_iter();
            references.filter(|r| r.address == *made).map(move |reference| (name, reference))
        });
        named.all(|(name, reference)| {
            let known = self.resolve(reference).is_some_and(|value| !value.has_unknown());
            known && loose.contains(&name.as_str())
        })
    }

    /// Notes the cloud's word about an object that is waited for. The cloud may repeat what it was
    /// told: secrets that the plan knows are taken out.
    pub(crate) fn hear(&self, index: usize, word: &str) {
        let change = self.change(index);
        let known = [change.before.as_ref(), change.after.as_ref()];
        let word = known.into_iter().flatten().fold(word.to_owned(), |word, object| {
            compare::redact(word, &Value::Map(object.clone()))
        });
        lock(&self.words)[index] = Some(word);
    }

    /// The cloud's last word about the object of a change.
    pub(crate) fn word(&self, index: usize) -> Option<String> {
        lock(&self.words)[index].clone()
    }

    /// Whether a resource is as declared, from the start or by now.
    fn is_as_declared(&self, index: usize) -> bool {
        match self.change(index).action {
            Action::NoOp | Action::Import => self.part(index).declaration.is_some(),
            _ => lock(&self.values)[index].is_some(),
        }
    }

    /// The value of a reference; unknown while what it refers to is not done.
    pub(crate) fn resolve(&self, reference: &Reference) -> Option<Value> {
        let Some(&index) = self.plan.work.index.get(&reference.address) else {
            return Some(Value::Unknown);
        };
        let change = self.change(index);
        let name = reference.attribute.as_str();
        let find = |attributes: &Attributes| {
            let found = attributes.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let value = match change.action {
            Action::NoOp | Action::Import => {
                change.after.as_ref().map(|after| after.get(name).cloned().unwrap_or_default())
            }
            _ => {
                let ready = lock(&self.values)[index].as_ref().map(find);
                // What of an unready object is not known yet stays unknown.
                let of_unready = |attributes: &Attributes| {
                    let known = attributes.iter().find(|(known, _)| known == name);
                    known.map(|(_, value)| value.clone())
                };
                ready.or_else(|| lock(&self.unready).get(&index).and_then(of_unready))
            }
        };
        Some(value.unwrap_or(Value::Unknown))
    }

    /// The value of an output, if all of it is known.
    pub(crate) fn output(&self, expr: &Expr) -> Option<Value> {
        expr.evaluate(&|reference| self.resolve(reference)).ok().filter(|v| !v.has_unknown())
    }

    /// Begins an operation: durable when this returns.
    async fn begin(&self, index: usize, intent: &Intent) -> Result<u64, Trouble> {
        let begun = async {
            let mut intent = intent.clone();
            // A recovery takes what is missing from the declaration, or finds out without it.
            let known = self.known(&intent.address);
            let (provider, type_name) = (self.run.provider, &intent.type_name);
            intent.inputs = digest::hide_inputs(provider, type_name, &intent.inputs, &known)?;
            self.start().await?;
            self.noticed(self.run.store.begin(&intent).await)
        }
        .await;
        // Another operation may have found the state lost meanwhile.
        let begun = begun.and_then(|sequence| self.held().map(|()| sequence));
        begun.map_err(|error| self.store_trouble(index, &error, When::BeforeTheCall))
    }

    /// Begins an operation that has an effect outside of the record: durable when this returns.
    pub(crate) async fn begin_outside(
        &self,
        index: usize,
        intent: &Intent,
    ) -> Result<Option<u64>, Trouble> {
        if self.run.provider.lives_in_record(&intent.type_name) {
            return Ok(None);
        }
        self.begin(index, intent).await.map(Some)
    }

    /// Ends an operation: durable when this returns.
    pub(crate) async fn commit(
        &self,
        index: usize,
        intent: Option<u64>,
        edits: &[Edit],
    ) -> Result<(), Trouble> {
        // What lives in the record alone is not there before it is written.
        let alone = self.run.provider.lives_in_record(&self.change(index).type_name);
        let when = match intent {
            None if alone => When::BeforeTheCall,
            _ => When::AfterTheCall,
        };
        let edits = self.write(intent, edits).await;
        let edits = edits.map_err(|error| self.store_trouble(index, &error, when))?;
        let mut written = lock(&self.written);
        for edit in edits {
            match edit {
                Edit::Put(record) => {
                    written.insert(record.address.clone(), Some(*record));
                }
                Edit::Remove(address) => {
                    written.insert(address, None);
                }
                Edit::Outputs(_)
                | Edit::Reads(_)
                | Edit::Lookup(..)
                | Edit::Durations(..)
                | Edit::Note(_) => {}
            }
        }
        Ok(())
    }

    /// The object of a record, as the port wants it.
    pub(crate) fn target(&self, record: &Record) -> Target {
        refresh::target(record, &record.address, &self.owner)
    }

    /// Records the object of a declared resource, and that it replaces another. What is left over
    /// of the resource is taken from the record as it is by then, with what that needs.
    pub(crate) async fn put(
        &self,
        index: usize,
        intent: Option<u64>,
        mut record: Record,
        replaced: Option<Deposed>,
        note: Option<Edit>,
    ) -> Result<(), Trouble> {
        let _turn = self.turn(&record.address).await;
        let now = self.record(&record.address);
        record.dependencies.clone_from(&self.change(index).dependencies);
        record.deposed = now.as_ref().map(|now| now.deposed.clone()).unwrap_or_default();
        record.deposed.extend(replaced);
        if let Some(now) = now.filter(|_| !record.deposed.is_empty()) {
            record.dependencies.extend(now.dependencies);
            record.dependencies.sort_unstable();
            record.dependencies.dedup();
        }
        let edits: Vec<_> = note.into_iter().chain([Edit::Put(Box::new(record))]).collect();
        self.commit(index, intent, &edits).await
    }

    /// Records that what was left over of a resource is gone.
    pub(crate) async fn without_deposed(
        &self,
        index: usize,
        intent: Option<u64>,
        id: &str,
        note: Edit,
    ) -> Result<(), Trouble> {
        let address = &self.change(index).address;
        let _turn = self.turn(address).await;
        let Some(mut record) = self.record(address) else {
            return self.commit(index, intent, &[note]).await;
        };
        record.deposed.retain(|deposed| deposed.id != id);
        // What the other object needs is what its declaration says only once it is as declared.
        let main = self.plan.work.index.get(address).copied();
        if let Some(main) = main.filter(|main| self.is_as_declared(*main))
            && record.deposed.is_empty()
        {
            record.dependencies.clone_from(&self.change(main).dependencies);
        }
        self.commit(index, intent, &[note, Edit::Put(Box::new(record))]).await
    }

    async fn turn(&self, address: &Address) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match self.turns.get(address) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    /// A failure of an operation, with its place.
    pub(crate) fn trouble(&self, index: usize, diagnostic: Diagnostic) -> Trouble {
        let change = self.change(index);
        let diagnostic = diagnostic.address(&change.address).location(change.location.clone());
        Trouble { diagnostic, id: None, stops: Stops::Dependents }
    }

    /// A failed call, with every fact that is known and what to do next. The cloud may repeat what it
    /// was told: secrets that were `sent`, or that the plan knows, are taken out.
    pub(crate) fn call_trouble(
        &self,
        index: usize,
        operation: Operation,
        failure: &Failure,
        sent: Option<&Object>,
    ) -> Trouble {
        let change = self.change(index);
        let known = [sent, change.before.as_ref(), change.after.as_ref()];
        let message =
            known.into_iter().flatten().fold(failure.message.clone(), |message, object| {
                compare::redact(message, &Value::Map(object.clone()))
            });
        let failure = &Failure { message, ..failure.clone() };
        let (code, summary) = match operation {
            Operation::Create => ("apply::create", "a resource could not be created"),
            Operation::Update => ("apply::update", "a resource could not be changed"),
            Operation::Delete => ("apply::delete", "a resource could not be deleted"),
            Operation::Await => ("apply::await", "a resource did not become ready"),
        };
        let mut diagnostic = refresh::explain(failure, code, summary);
        let hint = match failure.class {
            _ if !refresh::harmless(failure) => Some(
                "it may have happened all the same: the next run finds out before it does anything",
            ),
            // What the provider says of the very error is better than what is true of its class.
            FailureClass::Exists if failure.hints.is_empty() => {
                Some("take the existing one over with `import_id`, or give this one another name")
            }
            FailureClass::TimedOut => Some("run the command again: it goes on waiting"),
            FailureClass::Credentials if failure.hints.is_empty() => {
                Some("get new credentials and run the command again")
            }
            _ => None,
        };
        diagnostic.hints.extend(hint.map(str::to_owned));
        let trouble = self.trouble(index, diagnostic);
        match failure.class {
            // Every other call would be refused as well, one after another.
            FailureClass::Credentials => Trouble { stops: Stops::WhatIsNotBegun, ..trouble },
            _ => trouble,
        }
    }

    fn store_trouble(&self, index: usize, error: &StoreError, when: When) -> Trouble {
        let stops = match error {
            StoreError::Lost { .. } => Stops::Everything,
            _ => Stops::WhatIsNotBegun,
        };
        let diagnostic = unwritable(["apply::lost", "apply::store"], error);
        let (place, hint) = match when {
            When::BeforeTheCall => ("before the call", "nothing was changed in the cloud for it"),
            When::AfterTheCall => (
                "after the call",
                "the journal knows what was begun: the next run finds out what became of it",
            ),
        };
        let detail = format!("{} ({place})", diagnostic.detail);
        let trouble = Trouble { stops, ..self.trouble(index, diagnostic.detail(detail)) };
        match stops {
            // Then it is for the other run to find out.
            Stops::Everything => trouble,
            _ => trouble.hinted(hint),
        }
    }
}

/// On which side of a call the store refused a write.
#[derive(Debug, Clone, Copy)]
enum When {
    BeforeTheCall,
    AfterTheCall,
}

impl Trouble {
    pub(crate) fn hinted(mut self, hint: &str) -> Self {
        self.diagnostic.hints.push(hint.to_owned());
        self
    }

    pub(crate) fn with_id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }
}

/// A lock that a panic elsewhere does not take away: nothing panics while it is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
