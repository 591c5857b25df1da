//! The provider port over the fake cloud: counting, delays, faults, the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_sdk::preflight::Preflight;
use infra_sdk::provider::{
    BoxFuture, Create, Existing, Failure, FailureClass, LookupRequest, Made, Observed, Provider,
    Readiness, Settling, Target, Update, Words,
};
use infra_sdk::store::Operation;
use infra_sdk::{Address, Diagnostic, LookupSchema, Object, Schema, Value};

use super::faults::{Fault, Faults, Verb};
use super::schemas::{BUCKET, NOTE, TYPES};
use super::world::{self, World};

/// How long the fake waits between two looks at what is not ready.
const POLL: Duration = Duration::from_secs(1);

/// How long its objects may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a create of it usually takes.
const USUAL: Duration = Duration::from_secs(60);

/// A strict provider in memory.
#[derive(Default)]
pub struct FakeProvider {
    inner: Mutex<Inner>,
}

struct Inner {
    world: World,
    settling: Settling,
    faults: Faults,
    delays: BTreeMap<(Verb, String), Duration>,
    log: Vec<String>,
    reads: usize,
    in_flight: usize,
    peak: usize,
    preflights: Vec<Preflight>,
    held: BTreeSet<Address>,
    usual: Option<Duration>,
    held_up: Vec<String>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            world: World::default(),
            settling: Settling::Search(Duration::ZERO),
            faults: Faults::default(),
            delays: BTreeMap::new(),
            log: Vec::new(),
            reads: 0,
            in_flight: 0,
            peak: 0,
            preflights: Vec::new(),
            held: BTreeSet::new(),
            usual: Some(USUAL),
            held_up: Vec::new(),
        }
    }
}

impl Inner {
    /// The longest of the times that reads of these take.
    fn read_delay(&self, targets: &[Target]) -> Option<Duration> {
        let delay = |target: &Target| self.delays.get(&(Verb::Read, target.address.to_string()));
        targets.iter().filter_map(delay).max().copied()
    }
}

impl FakeProvider {
    /// An empty cloud.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says how lost creates are settled; a search tells at once, unless this says otherwise.
    pub fn settle_by(&self, settling: Settling) {
        self.lock().settling = settling;
    }

    /// Lets a preflight say that what stands at this address is not to be deleted.
    pub fn hold(&self, address: &Address) {
        self.lock().held.insert(address.clone());
    }

    /// Says how long a create usually takes: a minute, unless this says otherwise.
    pub fn set_usual(&self, usual: Option<Duration>) {
        self.lock().usual = usual;
    }

    /// Says why calls wait from now on.
    pub fn hold_up(&self, why: &[&str]) {
        self.lock().held_up = why.iter().map(|&why| why.to_owned()).collect();
    }

    /// What it was asked to look at before runs.
    #[must_use]
    pub fn preflights(&self) -> Vec<Preflight> {
        self.lock().preflights.clone()
    }

    /// Makes the `nth` call of this kind for this address, counted from 1 from now, go wrong.
    pub fn inject(&self, verb: Verb, address: &str, nth: usize, fault: Fault) {
        self.lock().faults.plan(verb, address, nth, fault);
    }

    /// Takes back all faults that have not happened.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Makes calls of this kind for this address take this long.
    pub fn delay(&self, verb: Verb, address: &str, time: Duration) {
        self.lock().delays.insert((verb, address.to_owned()), time);
    }

    /// Makes all calls take no time again.
    pub fn clear_delays(&self) {
        self.lock().delays.clear();
    }

    /// Makes what is next created or updated at this address need so many looks until it is ready.
    pub fn slow(&self, address: &str, polls: usize) {
        self.lock().world.slow.insert(address.to_owned(), polls);
    }

    /// Hides what is next created at this address from so many looks.
    pub fn lag(&self, address: &str, looks: usize) {
        self.lock().world.lagging.insert(address.to_owned(), looks);
    }

    /// Hides what is next created at this address from reads and searches for this time.
    pub fn hide(&self, address: &str, time: Duration) {
        self.lock().world.hiding.insert(address.to_owned(), time);
    }

    /// Makes what is next created at this address fail to become ready.
    pub fn break_next(&self, address: &str, reason: &str) {
        self.lock().world.breaking.insert(address.to_owned(), reason.to_owned());
    }

    /// Makes what stands at an address busy for so many looks, as a maintenance window does.
    pub fn occupy(&self, address: &str, polls: usize) {
        self.each(address, |thing| thing.polls = polls);
    }

    /// Makes what is broken at an address ready after all.
    pub fn repair(&self, address: &str) {
        self.each(address, |thing| thing.broken = None);
    }

    /// Makes an object as a person would, outside of any run, and returns its id.
    ///
    /// # Panics
    /// When the type is unknown or the name is taken: a mistake in the test.
    pub fn seed(&self, type_name: &str, inputs: Object) -> String {
        match self.lock().world.seed(type_name, inputs) {
            Ok(id) => id,
            Err(failure) => panic!("cannot seed a {type_name}: {failure}"),
        }
    }

    /// Changes an attribute as a person would, outside of any run.
    pub fn change_outside(&self, address: &str, attribute: &str, value: impl Into<Value>) {
        let value = value.into();
        self.each(address, |thing| {
            thing.inputs.insert(attribute.to_owned(), value.clone());
        });
    }

    /// Deletes what stands at an address as a person would, outside of any run.
    pub fn delete_outside(&self, address: &str) {
        let mut inner = self.lock();
        for id in at(&inner.world, address) {
            inner.world.remove(&id);
        }
    }

    /// Ids of all objects with their addresses.
    #[must_use]
    pub fn live(&self) -> BTreeMap<String, String> {
        let inner = self.lock();
        let things = inner.world.things.iter();
        things.map(|(id, thing)| (id.clone(), thing.address.clone())).collect()
    }

    /// Ids of all objects with the tokens that made them.
    #[must_use]
    pub fn tokens(&self) -> BTreeMap<String, String> {
        let inner = self.lock();
        let things = inner.world.things.iter();
        things.map(|(id, thing)| (id.clone(), thing.token.clone())).collect()
    }

    /// How often this call was made for this address.
    #[must_use]
    pub fn calls(&self, verb: Verb, address: &str) -> usize {
        self.lock().faults.made(verb, address)
    }

    /// The id of what stands at an address; the latest, if there are several.
    #[must_use]
    pub fn id_of(&self, address: &str) -> Option<String> {
        let inner = self.lock();
        let things = inner.world.things.iter();
        let number = |id: &str| id.rsplit('-').next().and_then(|n| n.parse::<usize>().ok());
        things
            .filter(|(_, thing)| thing.address == address)
            .max_by_key(|(id, _)| number(id))
            .map(|(id, _)| id.clone())
    }

    /// Inputs of an object as they are, also those that it never tells.
    #[must_use]
    pub fn inputs_of(&self, id: &str) -> Option<Object> {
        self.lock().world.things.get(id).map(|thing| thing.inputs.clone())
    }

    /// Calls that change something, in order: `create network`, `update machine [size]`.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.lock().log.clone()
    }

    /// Takes the log, leaving it empty.
    #[must_use]
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().log)
    }

    /// How often `read` was called.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.lock().reads
    }

    /// The most changing calls and waits that were ever in flight at once.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.lock().peak
    }

    /// Calls that were refused because of their order.
    #[must_use]
    pub fn out_of_order(&self) -> Vec<String> {
        self.lock().world.out_of_order.clone()
    }

    /// Fails the test if the contract of the port was broken.
    ///
    /// # Panics
    /// If it was.
    pub fn assert_clean(&self) {
        let violations = self.lock().world.violations.clone();
        assert!(violations.is_empty(), "the contract was broken: {violations:#?}");
    }

    fn each(&self, address: &str, change: impl Fn(&mut world::Thing)) {
        let mut inner = self.lock();
        for id in at(&inner.world, address) {
            inner.world.change(&id, &change);
        }
    }

    /// One call: counted, delayed, gone wrong as planned, with its effect at one instant between
    /// two points at which it can be dropped.
    async fn call<T>(
        &self,
        verb: Verb,
        address: &str,
        entry: Option<String>,
        effect: impl FnOnce(&mut World) -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        // Looking is not counted among what is in flight.
        let flight = (verb != Verb::Find).then(|| Flight::begin(self));
        let (fault, delay) = {
            let mut inner = self.lock();
            inner.log.extend(entry);
            let delay = inner.delays.get(&(verb, address.to_owned())).copied();
            (inner.faults.count(verb, address), delay)
        };
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        tokio::task::yield_now().await;
        if let Some(Fault::Fail(failure)) = fault {
            return Err(failure);
        }
        let result = effect(&mut self.lock().world);
        tokio::task::yield_now().await;
        drop(flight);
        match fault {
            Some(Fault::Lost(failure)) => Err(failure),
            Some(Fault::Panic) => panic!("a fault that the test planned"),
            _ => result,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A planned panic never happens while the lock is held.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ids of what stands at an address.
fn at(world: &World, address: &str) -> Vec<String> {
    let things = world.things.iter().filter(|(_, thing)| thing.address == address);
    things.map(|(id, _)| id.clone()).collect()
}

/// A call in flight, counted until it ends or is dropped.
struct Flight<'a>(&'a FakeProvider);

impl<'a> Flight<'a> {
    fn begin(provider: &'a FakeProvider) -> Self {
        let mut inner = provider.lock();
        inner.in_flight += 1;
        inner.peak = inner.peak.max(inner.in_flight);
        drop(inner);
        Self(provider)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

impl Provider for FakeProvider {
    fn schema(&self, type_name: &str) -> Option<&'static Schema> {
        world::schema(type_name)
    }

    fn type_names(&self) -> Vec<&'static str> {
        TYPES.iter().map(|schema| schema.type_name).collect()
    }

    fn lookup_schema(&self, _name: &str) -> Option<&'static LookupSchema> {
        None
    }

    fn read<'a>(
        &'a self,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Result<Option<Observed>, Failure>>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let delay = self.lock().read_delay(targets);
            if let Some(delay) = delay {
                tokio::time::sleep(delay).await;
            }
            let mut inner = self.lock();
            inner.reads += 1;
            let mut answers = Vec::with_capacity(targets.len());
            for target in targets {
                answers.push(match inner.faults.count(Verb::Read, target.address.as_str()) {
                    Some(Fault::Fail(failure) | Fault::Lost(failure)) => Err(failure),
                    _ => Ok(inner.world.look(target)),
                });
            }
            answers
        })
    }

    fn patience(&self, _type_name: &str, _operation: Operation) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn loose_inputs(&self, type_name: &str) -> &'static [&'static str] {
        if type_name == NOTE.type_name { &["text"] } else { &[] }
    }

    fn usual_time(&self, _type_name: &str, operation: Operation) -> Option<Duration> {
        match operation {
            Operation::Create => self.lock().usual,
            Operation::Update => Some(USUAL / 2),
            Operation::Delete => Some(USUAL / 4),
        }
    }

    fn held_up(&self) -> Vec<String> {
        self.lock().held_up.clone()
    }

    /// Finds what is to be deleted and was said to be held.
    fn preflight<'a>(&'a self, flight: &'a Preflight) -> BoxFuture<'a, Vec<Diagnostic>> {
        self.lock().preflights.push(flight.clone());
        Box::pin(async move {
            let going = flight.operations.iter().filter(|operation| operation.deletes());
            let held = going.filter(|operation| self.lock().held.contains(&operation.address));
            let told = held.map(|operation| {
                Diagnostic::error("preflight::protected", "it is protected against deletion")
                    .address(&operation.address)
                    .location(operation.location.clone())
            });
            told.collect()
        })
    }

    fn settling(&self, _type_name: &str) -> Settling {
        self.lock().settling
    }

    fn create<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Made, Failure>> {
        let entry = format!("create {}", request.address);
        Box::pin(async move {
            let address = request.address.as_str();
            let mistaken = self.lock().faults.mistaken(Verb::Create, address);
            let effect = |world: &mut World| match mistaken {
                Some(id) => Ok(Made::new(id)),
                None => world.create(request).map(Made::new),
            };
            self.call(Verb::Create, address, Some(entry), effect).await
        })
    }

    fn update<'a>(&'a self, request: &'a Update) -> BoxFuture<'a, Result<(), Failure>> {
        let address = &request.target.address;
        let entry = format!("update {address} [{}]", request.changed.join(", "));
        Box::pin(
            self.call(Verb::Update, address.as_str(), Some(entry), |world| world.update(request)),
        )
    }

    fn await_ready<'a>(
        &'a self,
        target: &'a Target,
        wanted: &'a Object,
        timeout: Option<Duration>,
        words: Words<'a>,
    ) -> BoxFuture<'a, Result<Observed, Failure>> {
        Box::pin(async move {
            let fresh = wanted.values().all(|v| !v.has_unknown() && !v.has_sensitive());
            if !fresh {
                let text = format!("await {}: not revealed", target.address);
                self.lock().world.violations.push(text);
            }
            let mut waited = Duration::ZERO;
            loop {
                let look = |world: &mut World| Ok(world.look(target));
                let seen = self.call(Verb::AwaitReady, target.address.as_str(), None, look).await?;
                match seen {
                    Some(observed) => match &observed.readiness {
                        Readiness::Ready => return Ok(observed),
                        Readiness::Failed(why) => {
                            return Err(Failure::new(FailureClass::NotReady, why.clone()));
                        }
                        Readiness::Waiting(word) => words(word),
                    },
                    None if !self.lock().world.things.contains_key(&target.id) => {
                        let text = format!("`{}` is gone", target.id);
                        return Err(Failure::new(FailureClass::Gone, text));
                    }
                    None => {}
                }
                if timeout.is_some_and(|timeout| waited >= timeout) {
                    return Err(Failure::new(FailureClass::TimedOut, "still pending"));
                }
                tokio::time::sleep(POLL).await;
                waited += POLL;
            }
        })
    }

    fn delete<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<(), Failure>> {
        let entry = format!("delete {} ({})", target.address, target.id);
        Box::pin(
            self.call(Verb::Delete, target.address.as_str(), Some(entry), |world| {
                world.delete(target)
            }),
        )
    }

    fn await_gone<'a>(
        &'a self,
        target: &'a Target,
        _timeout: Option<Duration>,
        _words: Words<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.call(Verb::AwaitGone, target.address.as_str(), None, |world| {
            if world.things.contains_key(&target.id) {
                return Err(Failure::new(FailureClass::TimedOut, "still there"));
            }
            Ok(())
        }))
    }

    fn find<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(
            self.call(Verb::Find, request.address.as_str(), None, |world| Ok(world.find(request))),
        )
    }

    fn tells_existing(&self, type_name: &str, inputs: &Object) -> bool {
        type_name == BUCKET.type_name && inputs.contains_key("name")
    }

    fn existing<'a>(
        &'a self,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Option<Existing>, Failure>> {
        Box::pin(
            self.call(Verb::Find, request.address.as_str(), None, |world| {
                Ok(world.existing(request))
            }),
        )
    }

    fn lookup<'a>(&'a self, request: &'a LookupRequest) -> BoxFuture<'a, Result<Value, Failure>> {
        let text = format!("the fake knows no lookup `{}`", request.name);
        Box::pin(async move { Err(Failure::new(FailureClass::Invalid, text)) })
    }
}
