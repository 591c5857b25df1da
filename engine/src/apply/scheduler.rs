//! When an operation runs: a ready queue over the steps, longest remaining path first.
//!
//! The main function is [`apply`]. It holds all operations in flight on one task, contains their
//! panics, and is the only place that sends events.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use infra_sdk::store::{Edit, StoreError};
use infra_sdk::{Address, Diagnostic, Value};
use tracing::Instrument as _;

use super::live::{Live, Stops, Trouble};
use super::operation::{self, Outcome};
use super::watch;
use crate::event::{Event, Operation, Summary};
use crate::graph;
use crate::pace;
use crate::plan::{Action, Mode, Plan};
use crate::run::{Run, Stop};
use crate::unwritable::unwritable;

/// How often an operation that goes on is told about.
const PROGRESS: Duration = Duration::from_secs(10);

/// The last word about what was in flight when a run ended at once.
const IN_FLIGHT: &str = "in flight when the run ended";

/// An operation in flight: the number of its step and what it came to.
type Flight<'a> = Pin<Box<dyn Future<Output = (usize, Result<Outcome, Trouble>)> + Send + 'a>>;

/// Carries a plan out.
pub(crate) async fn apply(plan: Plan, run: &Run<'_>) -> Summary {
    let mut summary = Summary { outputs: plan.work.recorded_outputs.clone(), ..Summary::default() };
    let Some(owner) = plan.work.owner.clone() else {
        // Only a plan that nobody made has no owner, and it has no steps either.
        return summary;
    };
    let live = Live::new(&plan, run, owner);
    let mut scheduler = Scheduler::new(&live);
    if bookkeeping(&live, &mut summary).await {
        scheduler.run(&mut summary).await;
    } else {
        scheduler.halted = true;
    }
    let aborted = scheduler.aborted || live.is_lost();
    scheduler.conclude(&mut summary);
    if aborted {
        return summary;
    }
    outputs(&live, &scheduler.took, &mut summary).await;
    let ended = live.ended(summary.is_complete());
    // The store writes its export now, which takes as much room as the plan does.
    drop(plan);
    let finished = match ended {
        Ok(Some(record)) => run.store.finish(&record).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    summary.diagnostics.extend(finished.err().map(|error| settled_later(&error)));
    summary
}

/// Brings records up to date that need no call. Nothing is begun if that fails.
async fn bookkeeping(live: &Live<'_>, summary: &mut Summary) -> bool {
    let edits = &live.plan.work.bookkeeping;
    if edits.is_empty() {
        return true;
    }
    if let Err(error) = live.write(None, edits).await {
        summary.diagnostics.push(settled_later(&error));
        return false;
    }
    let imported = live.plan.changes.iter().filter(|change| change.imported);
    summary.imported.extend(imported.map(|change| change.address.clone()));
    if live.plan.mode == Mode::Refresh {
        summary.refreshed.extend(live.plan.drift.iter().map(|drift| drift.address.clone()));
    }
    true
}

fn settled_later(error: &StoreError) -> Diagnostic {
    unwritable(["apply::lost", "apply::store"], error)
        .hint("what was begun stays in the journal; the next run finds out what became of it")
}

/// Evaluates and records the outputs, and what is read of other stacks; an output whose parts are not
/// all known keeps its value. With them goes how long operations took.
async fn outputs(live: &Live<'_>, took: &[(usize, Duration)], summary: &mut Summary) {
    let work = &live.plan.work;
    let mut outputs = BTreeMap::new();
    match live.plan.mode {
        Mode::Apply => {
            for output in &work.outputs {
                let known = live.output(&output.expr);
                let kept = || work.recorded_outputs.get(&output.name).cloned();
                outputs.extend(known.or_else(kept).map(|value| (output.name.clone(), value)));
            }
        }
        Mode::Destroy | Mode::Refresh if summary.is_complete() => {
            let kept = live.plan.outputs.iter();
            let kept = kept.filter_map(|o| Some((o.name.clone(), o.after.clone()?)));
            outputs.extend::<Vec<(String, Value)>>(kept.collect());
        }
        Mode::Destroy | Mode::Refresh => outputs.clone_from(&work.recorded_outputs),
    }
    let mut edits = work.pace.keep(took);
    if outputs != work.recorded_outputs {
        edits.push(Edit::Outputs(outputs.clone()));
    }
    // What was read before counts until everything is as declared.
    if summary.is_complete() && work.reads.after != work.reads.during {
        edits.push(Edit::Reads(work.reads.after.clone()));
    }
    if !edits.is_empty()
        && let Err(error) = live.write(None, &edits).await
    {
        summary.diagnostics.push(settled_later(&error));
        return;
    }
    summary.outputs = outputs;
}

/// Operations in flight that are about nothing but records: the store writes what is there together.
const RECORDS_AT_ONCE: usize = 256;

/// What an operation needs a place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A call: there are as many places as operations may be in flight.
    Call,
    /// A write to the store alone.
    Record,
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Waiting,
    Running(Duration),
    Done,
    /// Its call is made, and the wait was cut.
    OnItsWay,
    Failed,
    Blocked,
}

pub(super) struct Scheduler<'a> {
    pub(super) live: &'a Live<'a>,
    pub(super) progress: Vec<Progress>,
    /// How many steps each still waits for.
    missing: Vec<usize>,
    /// All steps, each after those that it waits for.
    pub(super) order: Vec<usize>,
    /// What the heaviest path weighs that begins with each step: it goes first.
    height: Vec<Duration>,
    calls: BinaryHeap<(Duration, Reverse<usize>)>,
    /// Those that are about nothing but a record.
    records: BinaryHeap<(Duration, Reverse<usize>)>,
    /// How many of those are in flight.
    recording: usize,
    /// The steps of each change.
    steps_of: Vec<Vec<usize>>,
    /// Addresses that were said to be blocked.
    blocked: HashSet<&'a Address>,
    pub(super) halted: bool,
    aborted: bool,
    /// Steps in the order in which they were done.
    finished: Vec<usize>,
    /// How long operations took that did something, in the order in which they ended.
    took: Vec<(usize, Duration)>,
    /// Steps that were said to be slow.
    pub(super) slow: HashSet<usize>,
    /// Why calls wait, as it was said last.
    pub(super) held_up: Vec<String>,
    /// Steps that are not done, each with one that no longer waits for it.
    let_go: HashSet<(usize, usize)>,
}

impl<'a> Scheduler<'a> {
    fn new(live: &'a Live<'a>) -> Self {
        let followers = &live.plan.work.followers;
        let waits = graph::reverse(followers);
        let order = graph::sort(&waits);
        let height = pace::longest(&order, followers, |step| live.plan.work.pace.weight(step));
        let missing: Vec<usize> = waits.iter().map(Vec::len).collect();
        let first: Vec<usize> = (0..missing.len()).filter(|step| missing[*step] == 0).collect();
        let mut steps_of = vec![Vec::new(); live.plan.changes.len()];
        for (number, step) in live.plan.work.steps.iter().enumerate() {
            steps_of[step.change].push(number);
        }
        let mut scheduler = Self {
            live,
            progress: vec![Progress::Waiting; followers.len()],
            missing,
            order,
            height,
            calls: BinaryHeap::new(),
            records: BinaryHeap::new(),
            recording: 0,
            steps_of,
            blocked: HashSet::new(),
            halted: false,
            aborted: false,
            finished: Vec::new(),
            took: Vec::new(),
            slow: HashSet::new(),
            held_up: Vec::new(),
            let_go: HashSet::new(),
        };
        first.into_iter().for_each(|step| scheduler.line_up(step));
        scheduler
    }

    /// The line that a step stands in. One without an operation has no write either, and is done as
    /// soon as it is looked at.
    fn line(&self, step: usize) -> Line {
        let step = &self.live.plan.work.steps[step];
        let type_name = &self.live.change(step.change).type_name;
        if step.operation.is_some() && self.live.run.provider.lives_in_record(type_name) {
            Line::Record
        } else {
            Line::Call
        }
    }

    fn line_up(&mut self, step: usize) {
        let entry = (self.height[step], Reverse(step));
        match self.line(step) {
            Line::Call => self.calls.push(entry),
            Line::Record => self.records.push(entry),
        }
    }

    async fn run(&mut self, summary: &mut Summary) {
        let live = self.live;
        let mut stop = live.run.stop.clone();
        let mut lost = live.run.store.lost();
        let mut in_flight: FuturesUnordered<Flight<'a>> = FuturesUnordered::new();
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + PROGRESS, PROGRESS);
        let mut watched = true;
        loop {
            if self.obey(*stop.borrow_and_update(), summary) {
                return;
            }
            // Calls first: what is done on the way there may let a record go.
            while !self.halted && in_flight.len() - self.recording < live.run.parallelism.max(1) {
                let Some(future) = self.begin(Line::Call) else { break };
                in_flight.push(future);
            }
            while !self.halted && self.recording < RECORDS_AT_ONCE {
                let Some(future) = self.begin(Line::Record) else { break };
                in_flight.push(future);
                self.recording += 1;
            }
            if in_flight.is_empty() {
                return;
            }
            tokio::select! {
                biased;
                changed = stop.changed(), if watched => watched = changed.is_ok(),
                // Before anything in flight is looked at: what it would send again, or send next,
                // may meet what another run has done.
                error = &mut lost => {
                    self.halted = true;
                    self.aborted = true;
                    summary.diagnostics.push(settled_later(&error));
                    return;
                }
                Some((step, result)) = in_flight.next() => {
                    self.end(step, result, summary);
                    // Nothing that is in flight may call again once another run has the state.
                    if self.aborted {
                        return;
                    }
                }
                made = live.next_made() => self.let_go(&made),
                _ = ticks.tick() => self.tell(),
            }
        }
    }

    /// Follows the wish to stop; returns whether to return at once.
    fn obey(&mut self, stop: Stop, summary: &mut Summary) -> bool {
        if stop == Stop::Running {
            return false;
        }
        let left = self.left().count();
        let running =
            self.running().map(|(step, _)| self.address(step).clone()).collect::<Vec<_>>();
        if stop == Stop::Abort {
            self.aborted = true;
            self.halted = true;
            summary.interrupted |= left + running.len() > 0;
            return true;
        }
        if !self.halted && !summary.interrupted && left > 0 {
            self.send(Event::Stopping { in_flight: running, left });
        }
        summary.interrupted |= left > 0;
        self.halted = true;
        false
    }

    fn next(&mut self, line: Line) -> Option<usize> {
        let line = match line {
            Line::Call => &mut self.calls,
            Line::Record => &mut self.records,
        };
        line.pop().map(|(_, Reverse(step))| step)
    }

    /// Takes the next operation from a line; steps without one are done on the way.
    fn begin(&mut self, line: Line) -> Option<Flight<'a>> {
        while let Some(step) = self.next(line) {
            let index = self.live.plan.work.steps[step].change;
            let Some(operation) = self.live.plan.work.steps[step].operation else {
                self.release(step);
                continue;
            };
            if self.progress[step] == Progress::Blocked {
                continue;
            }
            self.progress[step] = Progress::Running(self.live.run.clock.monotonic());
            let id = self.id(step);
            let address = self.address(step).clone();
            let expected = self.live.plan.work.pace.estimate(step);
            self.send(Event::Started { address, operation, id, expected });
            let live = self.live;
            let work = AssertUnwindSafe(operation::run(live, index, operation)).catch_unwind();
            let span = watch::resource(live.change(index), operation);
            let watched = span.clone();
            let flight = async move {
                // What a panic says may hold a secret. Where it was, the panic hook has told.
                let result = work.await.unwrap_or_else(|_| {
                    let diagnostic =
                        Diagnostic::error("apply::panic", "the provider stopped in the middle")
                            .detail("it panicked")
                            .hint("this is a bug in infra; the next run finds out what was done");
                    Err(live.trouble(index, diagnostic))
                });
                watch::ended(&watched, &result);
                (step, result)
            };
            return Some(Box::pin(flight.instrument(span)));
        }
        None
    }

    fn end(&mut self, step: usize, result: Result<Outcome, Trouble>, summary: &mut Summary) {
        let begun = match self.progress[step] {
            Progress::Running(begun) => begun,
            _ => Duration::ZERO,
        };
        let elapsed = self.live.run.clock.monotonic().saturating_sub(begun);
        let address = self.address(step).clone();
        self.recording -= usize::from(self.line(step) == Line::Record);
        let Some(operation) = self.live.plan.work.steps[step].operation else { return };
        match result {
            Ok(Outcome::OnItsWay { id, last }) => {
                self.live.is_unready_no_more(self.live.plan.work.steps[step].change);
                self.progress[step] = Progress::OnItsWay;
                summary.interrupted = true;
                summary.waiting.push((address.clone(), last.clone()));
                self.send(Event::OnItsWay { address, operation, id, elapsed, last });
            }
            Ok(Outcome::Done { id, unchanged }) => {
                self.send(Event::Completed { address, operation, id, elapsed, unchanged });
                self.release(step);
                if !unchanged {
                    self.count(step, operation, summary);
                    // Of a wait it is not known when it began, and a record is written at once.
                    if operation != Operation::Await && self.line(step) == Line::Call {
                        self.took.push((step, elapsed));
                    }
                }
            }
            Err(trouble) => {
                let diagnostic = trouble.diagnostic.clone();
                let id = trouble.id.or_else(|| self.id(step));
                self.send(Event::Failed {
                    address: address.clone(),
                    operation,
                    id,
                    elapsed,
                    diagnostic,
                });
                self.live.is_unready_no_more(self.live.plan.work.steps[step].change);
                self.progress[step] = Progress::Failed;
                summary.failed.push((address, trouble.diagnostic));
                self.halted |= trouble.stops != Stops::Dependents;
                self.aborted |= trouble.stops == Stops::Everything;
                self.block(step, summary);
            }
        }
    }

    /// Counts what was done; a replacement once both of its halves are.
    fn count(&self, step: usize, operation: Operation, summary: &mut Summary) {
        let index = self.live.plan.work.steps[step].change;
        let change = self.live.change(index);
        let address = change.address.clone();
        match (change.action, operation) {
            (Action::Replace { .. }, _) => {
                if self.halves(index).all(|done| done) {
                    summary.replaced.push(address);
                }
            }
            (_, Operation::Delete) => summary.destroyed.push(address),
            (_, Operation::Create) => summary.created.push(address),
            (_, Operation::Update) => summary.updated.push(address),
            (_, Operation::Await) => {}
        }
    }

    fn halves(&self, index: usize) -> impl Iterator<Item = bool> + '_ {
        self.steps_of[index].iter().map(|step| self.progress[*step] == Progress::Done)
    }

    fn release(&mut self, step: usize) {
        self.progress[step] = Progress::Done;
        self.finished.push(step);
        for &follower in &self.live.plan.work.followers[step] {
            if !self.let_go.remove(&(step, follower)) {
                self.waits_no_more(follower);
            }
        }
    }

    /// Lets go of steps that can do with objects which are made and not ready.
    fn let_go(&mut self, made: &[usize]) {
        let live = self.live;
        let steps = &live.plan.work.steps;
        for &index in made {
            let making = |step: &&usize| steps[**step].operation == Some(Operation::Create);
            let Some(&step) = self.steps_of[index].iter().find(making) else { continue };
            // It may have become ready, or failed, at the same time.
            if !matches!(self.progress[step], Progress::Running(_)) {
                continue;
            }
            for &follower in &live.plan.work.followers[step] {
                // One that does nothing would let go of those that wait for it, and what is deleted
                // waits until those that used it have moved away for good.
                if matches!(steps[follower].operation, Some(Operation::Create | Operation::Update))
                    && self.progress[follower] == Progress::Waiting
                    && live.is_loose(steps[follower].change, index)
                    && self.let_go.insert((step, follower))
                {
                    self.waits_no_more(follower);
                }
            }
        }
    }

    /// A step waits for one less.
    fn waits_no_more(&mut self, step: usize) {
        self.missing[step] -= 1;
        if self.missing[step] == 0 && self.progress[step] == Progress::Waiting {
            self.line_up(step);
        }
    }

    /// Marks everything that needs a failed step.
    fn block(&mut self, failed: usize, summary: &mut Summary) {
        let by = self.address(failed).clone();
        let mut stack = self.live.plan.work.followers[failed].clone();
        let mut blocked = Vec::new();
        while let Some(step) = stack.pop() {
            if self.progress[step] != Progress::Waiting {
                continue;
            }
            self.progress[step] = Progress::Blocked;
            stack.extend(self.live.plan.work.followers[step].iter().copied());
            blocked.push(step);
        }
        blocked.sort_unstable();
        for step in blocked {
            let address = self.address(step);
            if let Some(operation) = self.live.plan.work.steps[step].operation {
                self.send(Event::Blocked { address: address.clone(), operation, by: by.clone() });
                // The other half of a replacement is no resource of its own.
                if *address != by && self.blocked.insert(address) {
                    summary.blocked.push((address.clone(), by.clone()));
                }
            }
        }
    }

    /// What was not begun, and replacements of which only one half was done.
    fn conclude(&self, summary: &mut Summary) {
        let mut left: Vec<_> = self.left().map(|step| self.address(step).clone()).collect();
        left.dedup();
        summary.left = left;
        let cut = self.running().map(|(step, _)| self.address(step).clone());
        summary.waiting.extend(cut.map(|address| (address, IN_FLIGHT.to_owned())));
        for &step in &self.finished {
            let index = self.live.plan.work.steps[step].change;
            let change = self.live.change(index);
            let replaced = matches!(change.action, Action::Replace { .. });
            if !replaced || self.halves(index).all(|done| done) {
                continue;
            }
            match self.live.plan.work.steps[step].operation {
                Some(Operation::Create) => summary.created.push(change.address.clone()),
                Some(Operation::Delete) => summary.destroyed.push(change.address.clone()),
                _ => {}
            }
        }
    }

    /// Steps with an operation that were not begun and could have been.
    fn left(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.progress.len()).filter(|step| {
            self.progress[*step] == Progress::Waiting
                && self.live.plan.work.steps[*step].operation.is_some()
        })
    }

    pub(super) fn running(&self) -> impl Iterator<Item = (usize, Duration)> + '_ {
        self.progress.iter().enumerate().filter_map(|(step, progress)| match progress {
            Progress::Running(begun) => Some((step, *begun)),
            _ => None,
        })
    }

    pub(super) fn address(&self, step: usize) -> &'a Address {
        &self.live.change(self.live.plan.work.steps[step].change).address
    }

    /// What the cloud calls the object that a step is about, if it is there already.
    pub(super) fn id(&self, step: usize) -> Option<String> {
        let Some(Operation::Create) = self.live.plan.work.steps[step].operation else {
            return self.live.change(self.live.plan.work.steps[step].change).id.clone();
        };
        None
    }

    pub(super) fn send(&self, event: Event) {
        (self.live.run.events)(event);
    }
}
