//! A cloud, a disk and a shorthand for declarations, plans and events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_engine::{
    Action, Adopted, Builtin, Clock, Event, Goal, Mode, Plan, Ports, Reason, Recovered, Run, Stop,
    Summary, Wait,
};
use infra_sdk::provider::{BoxFuture, Owner};
use infra_sdk::store::{Edit, Intent, RunChange, RunRecord, State, Store, StoreError};
use infra_sdk::{
    Address, Arguments, Declaration, Declarations, Diagnostic, Expr, External, Forgotten, Location,
    Options, OutputDeclaration, ReadDeclaration, Reference, Value,
};
use infra_testkit::fake::FakeProvider;
use infra_testkit::{MemoryDisk, MemoryStore};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::sync::watch;

/// Declarations in shorthand: a text that begins with `$` is a reference, and one that begins with
/// `!` is sensitive; one that begins with `@` is an output of another stack.
#[derive(Clone, Default)]
pub(crate) struct Sheet(pub(crate) Declarations);

impl Sheet {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(self, address: &str, type_name: &str, inputs: Json) -> Self {
        self.add_with(address, type_name, inputs, |_| {})
    }

    pub(crate) fn add_with(
        mut self,
        address: &str,
        type_name: &str,
        inputs: Json,
        set: impl FnOnce(&mut Options),
    ) -> Self {
        let Json::Object(inputs) = inputs else { panic!("inputs are an object") };
        let mut arguments = Arguments::default();
        for (name, json) in inputs {
            arguments.set(&name, expr(&json));
        }
        set(&mut arguments.options);
        let line = u32::try_from(self.0.resources.len()).expect("few") + 1;
        self.0.resources.push(Declaration {
            address: at(address),
            type_name: type_name.to_owned(),
            arguments,
            location: Some(Location { file: "stack.rs".to_owned(), line, column: 5 }),
        });
        self
    }

    /// Says that it reads these outputs of other stacks.
    pub(crate) fn reading(mut self, externals: &[&str]) -> Self {
        let location = Some(Location { file: "stack.rs".to_owned(), line: 99, column: 5 });
        let read =
            |text: &&str| ReadDeclaration { external: external(text), location: location.clone() };
        self.0.reads.extend(externals.iter().map(read));
        self
    }

    /// Says that what is recorded there is to be forgotten.
    pub(crate) fn forget(mut self, address: &str) -> Self {
        let location = Location { file: "stack.rs".to_owned(), line: 99, column: 5 };
        let forgotten = Forgotten { address: at(address), location: Some(location) };
        self.0.forgotten.push(forgotten);
        self
    }

    pub(crate) fn output(mut self, name: &str, value: Json) -> Self {
        let (name, expr) = (name.to_owned(), expr(&value));
        self.0.outputs.push(OutputDeclaration { name, expr, location: None });
        self
    }
}

pub(crate) fn at(address: &str) -> Address {
    Address::parse(address).expect("an address")
}

pub(crate) fn reference(text: &str) -> Reference {
    let (address, attribute) = text.rsplit_once('.').expect("address.attribute");
    Reference { address: at(address), attribute: attribute.to_owned() }
}

pub(crate) fn external(text: &str) -> External {
    let (stack, output) = text.split_once('.').expect("stack.output");
    External { stack: stack.to_owned(), output: output.to_owned() }
}

fn expr(json: &Json) -> Expr {
    match json {
        Json::String(text) if text.starts_with('$') => Expr::Reference(reference(&text[1..])),
        Json::String(text) if text.starts_with('@') => {
            Expr::External(external(&text[1..]), Value::Unknown)
        }
        Json::String(text) if text.starts_with('!') => {
            Expr::Value(Value::from(&text[1..]).sensitive())
        }
        Json::Array(items) => Expr::List(items.iter().map(expr).collect()),
        Json::Object(entries) => {
            Expr::Map(entries.iter().map(|(name, item)| (name.clone(), expr(item))).collect())
        }
        other => Expr::Value(Value::from_json(other)),
    }
}

/// The time since a bench was set up, after an instant that never changes.
pub(crate) struct TestClock(tokio::time::Instant);

impl TestClock {
    fn epoch() -> Timestamp {
        Timestamp::constant(1_767_323_045, 0)
    }

    fn at(&self, time: Duration) -> String {
        let time = SignedDuration::try_from(self.0.elapsed() + time).expect("short");
        let seconds = SignedDuration::from_secs(time.as_secs());
        Self::epoch().checked_add(seconds).expect("soon").to_string()
    }
}

impl Clock for TestClock {
    fn now(&self) -> String {
        self.at(Duration::ZERO)
    }

    fn after(&self, time: Duration) -> String {
        self.at(time)
    }

    fn since(&self, instant: &str) -> Option<Duration> {
        let instant: Timestamp = instant.parse().ok()?;
        let elapsed = SignedDuration::try_from(self.0.elapsed()).expect("short");
        let passed = Self::epoch().checked_add(elapsed).expect("soon").duration_since(instant);
        Some(passed.try_into().unwrap_or(Duration::ZERO))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A store that lets others go on while it works, as one on a network does.
struct Distant<'a>(&'a MemoryStore);

impl Store for Distant<'_> {
    fn lost(&self) -> BoxFuture<'_, StoreError> {
        self.0.lost()
    }

    fn load(&self) -> BoxFuture<'_, Result<State, StoreError>> {
        self.0.load()
    }

    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0.begin(intent).await
        })
    }

    fn commit<'a>(
        &'a self,
        intent: Option<u64>,
        edits: &'a [Edit],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let done = self.0.commit(intent, edits).await;
            tokio::task::yield_now().await;
            done
        })
    }

    fn start<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.start(run)
    }

    fn finish<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.finish(run)
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, StoreError>> {
        self.0.history()
    }

    fn changes<'a>(&'a self, run: &'a str) -> BoxFuture<'a, Result<Vec<RunChange>, StoreError>> {
        self.0.changes(run)
    }
}

/// A cloud and a disk, which outlive runs.
pub(crate) struct Bench {
    pub(crate) fake: FakeProvider,
    pub(crate) disk: MemoryDisk,
    pub(crate) parallelism: usize,
    pub(crate) clock: TestClock,
    /// Stops the run that goes on.
    pub(crate) stops: watch::Sender<Stop>,
    /// What was waited for before a plan.
    pub(crate) waits: Mutex<Vec<Wait>>,
    /// How many there were.
    pub(crate) runs: AtomicUsize,
}

/// What a run did.
pub(crate) struct Ran {
    pub(crate) summary: Summary,
    pub(crate) events: Vec<Event>,
    /// Changing calls.
    pub(crate) log: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            fake: FakeProvider::new(),
            disk: MemoryDisk::new(),
            parallelism: 1,
            clock: TestClock(tokio::time::Instant::now()),
            stops: watch::Sender::new(Stop::Running),
            waits: Mutex::default(),
            runs: AtomicUsize::new(0),
        }
    }

    /// The cloud with the built-in types beside its own.
    pub(crate) fn provider(&self) -> Builtin<&FakeProvider> {
        Builtin::new(&self.fake)
    }

    pub(crate) fn goal(sheet: &Sheet) -> Goal {
        Goal::new(Arc::new(owner()), sheet.0.clone())
    }

    pub(crate) fn state(&self) -> State {
        self.disk.state()
    }

    pub(crate) fn open(&self) -> MemoryStore {
        self.disk.open().expect("nobody holds the disk")
    }

    /// Settles what is open; nothing is declared, so that nothing is left to be sent again.
    pub(crate) async fn recover(&self) -> Result<Vec<Recovered>, Vec<Diagnostic>> {
        self.recover_for(&Self::goal(&Sheet::new())).await
    }

    pub(crate) async fn recover_for(&self, goal: &Goal) -> Result<Vec<Recovered>, Vec<Diagnostic>> {
        let store = self.open();
        self.recover_on(&store, goal).await
    }

    pub(crate) async fn recover_on(
        &self,
        store: &MemoryStore,
        goal: &Goal,
    ) -> Result<Vec<Recovered>, Vec<Diagnostic>> {
        let waits = |wait: &Wait| self.waits.lock().expect("no panic").push(wait.clone());
        let provider = self.provider();
        let ports = Ports { provider: &provider, store, clock: &self.clock, waits: &waits };
        let mut state = store.load().await.expect("readable");
        let result = infra_engine::recover(&ports, &mut state, goal).await;
        assert_eq!(state, store.load().await.expect("readable"), "memory and disk differ");
        result
    }

    pub(crate) async fn adopt(&self, sheet: &Sheet) -> Result<Vec<Adopted>, Vec<Diagnostic>> {
        let store = self.open();
        let waits = |_: &Wait| {};
        let provider = self.provider();
        let ports = Ports { provider: &provider, store: &store, clock: &self.clock, waits: &waits };
        let run = RunRecord {
            id: "run-0".to_owned(),
            command: "adopt".to_owned(),
            by: "ann on build-3".to_owned(),
            started: self.clock.now(),
            ended: None,
            complete: false,
        };
        let mut state = store.load().await.expect("readable");
        let result = infra_engine::adopt(&ports, &mut state, &Self::goal(sheet), &run).await;
        assert_eq!(state, store.load().await.expect("readable"), "memory and disk differ");
        result
    }

    /// The same cloud, with a state that was never written.
    pub(crate) fn without_state(self) -> Self {
        Self { disk: MemoryDisk::new(), ..self }
    }

    /// Plans from what is on the disk now.
    pub(crate) async fn try_plan(&self, goal: Goal) -> Result<Plan, Vec<Diagnostic>> {
        infra_engine::plan(&self.provider(), &self.state(), goal).await
    }

    pub(crate) async fn plan(&self, sheet: &Sheet) -> Plan {
        self.try_plan(Self::goal(sheet)).await.unwrap_or_else(|d| panic!("{}", problems(&d)))
    }

    /// The errors of a plan that is refused.
    pub(crate) async fn refused(&self, sheet: &Sheet) -> String {
        match self.try_plan(Self::goal(sheet)).await {
            Ok(plan) => panic!("it was planned: {}", show(&plan)),
            Err(diagnostics) => problems(&diagnostics),
        }
    }

    pub(crate) async fn run(&self, plan: Plan) -> Ran {
        self.run_with(plan, |_, _| {}).await
    }

    /// Applies, with every event given to `watch` together with the switch that stops the run.
    pub(crate) async fn run_with(
        &self,
        plan: Plan,
        watch: impl Fn(&Event, &watch::Sender<Stop>) + Send + Sync,
    ) -> Ran {
        let store = self.open();
        self.run_on(&store, plan, watch).await
    }

    pub(crate) async fn run_on(
        &self,
        store: &MemoryStore,
        plan: Plan,
        watch: impl Fn(&Event, &watch::Sender<Stop>) + Send + Sync,
    ) -> Ran {
        let _ = self.fake.take_log();
        let switch = &self.stops;
        switch.send_replace(Stop::Running);
        let stop = switch.subscribe();
        let events = Mutex::new(Vec::new());
        let sink = |event: Event| {
            watch(&event, switch);
            events.lock().expect("no panic").push(event);
        };
        let command = match plan.mode {
            Mode::Apply => "apply",
            Mode::Destroy => "destroy",
            Mode::Refresh => "apply",
        };
        let run = Run {
            provider: &self.provider(),
            store: &Distant(store),
            clock: &self.clock,
            events: &sink,
            parallelism: self.parallelism,
            stop,
            id: format!("run-{}", self.runs.fetch_add(1, Ordering::Relaxed) + 1),
            command: command.to_owned(),
            by: "ann on build-3".to_owned(),
        };
        let summary = infra_engine::apply(plan, &run).await;
        self.fake.assert_clean();
        let events = events.into_inner().expect("no panic");
        Ran { summary, events, log: self.fake.take_log().join("\n") }
    }

    /// Plans and applies, and is sure that everything was done and nothing is left to do.
    pub(crate) async fn apply(&self, sheet: &Sheet) -> Ran {
        let plan = self.plan(sheet).await;
        let ran = self.run(plan).await;
        assert!(ran.summary.is_complete(), "{:#?}", ran.summary);
        self.assert_settled(sheet).await;
        ran
    }

    /// A plan is empty, with and without a refresh, and what is there is what is recorded.
    pub(crate) async fn assert_settled(&self, sheet: &Sheet) {
        let plan = self.plan(sheet).await;
        assert!(plan.is_empty(), "not empty after an apply:\n{}", show(&plan));
        assert!(!plan.has_bookkeeping(), "records are not up to date: {plan:#?}");
        assert!(plan.drift.is_empty(), "{:?}", plan.drift);
        let believed = Goal { refresh: false, ..Self::goal(sheet) };
        let plan = self.try_plan(believed).await.expect("a plan");
        assert!(plan.is_empty(), "not empty without a refresh:\n{}", show(&plan));
        self.assert_nothing_lost();
        assert!(self.state().open.is_empty());
    }

    /// Every object is recorded, or an open intent knows of it; and every record has its object.
    pub(crate) fn assert_nothing_lost(&self) {
        self.assert_nothing_lost_but(&BTreeSet::new());
    }

    /// The same, where a person deleted some objects and no run has seen that yet.
    pub(crate) fn assert_nothing_lost_but(&self, gone: &BTreeSet<String>) {
        let state = self.state();
        let live = self.fake.live();
        let tokens = self.fake.tokens();
        let intended: Vec<_> = state.open.iter().map(|(_, intent)| &intent.token).collect();
        let mut recorded = BTreeMap::new();
        for record in state.records.values() {
            let ids = std::iter::once(&record.id).chain(record.deposed.iter().map(|d| &d.id));
            for id in ids.filter(|id| *id != "none") {
                let twice = recorded.insert(id.clone(), record.address.clone());
                assert_eq!(twice, None, "`{id}` is recorded twice");
            }
        }
        for (id, address) in &live {
            let known = recorded.contains_key(id) || intended.contains(&&tokens[id]);
            assert!(known, "`{id}` at {address} is lost");
        }
        for (id, address) in &recorded {
            // What is built in stands in the record alone.
            let record = state.records.get(address);
            if record.is_some_and(|record| !record.type_name.starts_with("test_")) {
                continue;
            }
            let deleting = state.open.iter().any(|(_, intent)| intent.id.as_ref() == Some(id));
            let there = live.contains_key(id) || deleting || gone.contains(id);
            assert!(there, "`{id}` of {address} is not there");
        }
    }
}

pub(crate) fn owner() -> Owner {
    Owner { stack: "shop".to_owned(), environment: "test".to_owned() }
}

/// A plan as text: every change but those that do nothing, then outputs that change.
pub(crate) fn show(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for change in &plan.changes {
        let action = match change.action {
            Action::NoOp if change.moved_from.is_none() => continue,
            Action::NoOp => "keep".to_owned(),
            Action::Replace { create_first: true } => "replace (create first)".to_owned(),
            Action::Replace { create_first: false } => "replace".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        let id = change.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
        let reasons: Vec<_> = change.reasons.iter().map(why).collect();
        let moved = change.moved_from.as_ref().map(|from| format!(" (was {from})"));
        let moved = moved.unwrap_or_default();
        lines.push(format!("{action} {}{id}{moved}: {}", change.address, reasons.join("; ")));
        if !matches!(change.action, Action::Create) {
            lines.extend(change.attributes.iter().map(|attribute| {
                let forces =
                    if attribute.forces_replacement { " (forces replacement)" } else { "" };
                let (name, before, after) = (&attribute.name, &attribute.before, &attribute.after);
                format!("  {name}: {before:?} -> {after:?}{forces}")
            }));
        }
    }
    for output in plan.outputs.iter().filter(|output| output.is_changed()) {
        lines.push(format!("output {}: {:?} -> {:?}", output.name, output.before, output.after));
    }
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") }
}

fn why(reason: &Reason) -> String {
    match reason {
        Reason::NotThereYet => "not there yet".to_owned(),
        Reason::GoneOutside { id } => format!("{id} is gone"),
        Reason::Changed(names) => format!("changed {}", names.join(", ")),
        Reason::CannotUpdate(names) => format!("cannot update {}", names.join(", ")),
        Reason::NoLongerDeclared => "no longer declared".to_owned(),
        Reason::Triggered(r) => format!("triggered by {}.{}", r.address, r.attribute),
        Reason::DependencyReplaced { attribute, reference } => {
            format!(
                "{attribute} refers to {}.{}, made anew",
                reference.address, reference.attribute
            )
        }
        Reason::ReplaceRequested => "replacement requested".to_owned(),
        Reason::DestroyRequested => "destruction requested".to_owned(),
        Reason::LeftOver => "left over".to_owned(),
        Reason::Unfinished(word) => format!("unfinished ({word})"),
        Reason::ExistsAlready { id } => format!("{id} exists already"),
        Reason::ForgetRequested => "forget requested".to_owned(),
        Reason::ImportRequested { id } => format!("import of {id}"),
    }
}

/// Events as text.
pub(crate) fn tell(events: &[Event]) -> String {
    let line = |event: &Event| match event {
        Event::Started { address, operation, id, .. } => {
            let id = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
            format!("start {} {address}{id}", operation.verb())
        }
        Event::Progress { address, operation, elapsed, last, .. } => {
            let word = last.as_ref().map(|word| format!(": {word}")).unwrap_or_default();
            format!("still {} {address} after {}s{word}", operation.verb(), elapsed.as_secs())
        }
        Event::Completed { address, operation, id, unchanged, .. } => {
            let unchanged = if *unchanged { " (unchanged)" } else { "" };
            format!("done {} {address} {id}{unchanged}", operation.verb())
        }
        Event::OnItsWay { address, operation, id, last, .. } => {
            format!("on its way {} {address} {id}: {last}", operation.verb())
        }
        Event::Failed { address, operation, diagnostic, .. } => {
            format!("fail {} {address}: {}", operation.verb(), diagnostic.detail)
        }
        Event::Blocked { address, operation, by } => {
            format!("blocked {} {address} by {by}", operation.verb())
        }
        Event::Slow { address, operation, elapsed, .. } => {
            format!("slow {} {address} after {}s", operation.verb(), elapsed.as_secs())
        }
        Event::Remaining(left) => {
            let (p50, p90) = (left.estimate.p50.as_secs(), left.estimate.p90.as_secs());
            format!("{} left, {p50}s to {p90}s", left.operations)
        }
        Event::HeldUp(why) => format!("held up {why:?}"),
        Event::Stopping { in_flight, left } => format!("stopping {in_flight:?}, {left} left"),
    };
    // How long it will go on is no part of what happens.
    let told = events.iter().filter(|event| !matches!(event, Event::Remaining(_)));
    told.map(line).collect::<Vec<_>>().join("\n")
}

/// Diagnostics as text.
pub(crate) fn problems(diagnostics: &[Diagnostic]) -> String {
    let show = |d: &Diagnostic| {
        let place = d.location.as_ref().map(|l| format!(" at {l}")).unwrap_or_default();
        let address = d.address.as_ref().map(|a| format!(" {a}")).unwrap_or_default();
        let hints: String = d.hints.iter().map(|hint| format!("\n  hint: {hint}")).collect();
        let detail = d.detail.replace('\n', "\n  ");
        format!("[{}]{address}{place}: {}\n  {detail}{hints}", d.code, d.summary)
    };
    diagnostics.iter().map(show).collect::<Vec<_>>().join("\n")
}
