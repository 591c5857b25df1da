//! The front of a store: what its callers hold while its keeper works on a thread of its own.
//!
//! The main type is [`Front`]. It seals what comes in and opens what goes out, so that the keeper,
//! and whatever it writes to, never sees a sensitive value.

use std::future::poll_fn;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Edit, Intent, RunChange, RunRecord, State, Store, StoreError};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use crate::durations::DurationsWire;
use crate::entries::{self, Reader};
use crate::keeper::{Answer, BodyEdit, Request};
use crate::record::{
    ChangeWire, IntentWire, LookupWire, MetaWire, OutputWire, ReadWire, RecordWire, RunWire,
    to_body,
};
use crate::seal::SealingKey;

/// A store whose keeper runs. Dropping it waits until the keeper has let go of everything.
pub(crate) struct Front {
    requests: Option<mpsc::Sender<Request>>,
    keeper: Option<JoinHandle<()>>,
    /// What a person calls the place of the state.
    name: String,
    lineage: String,
    key: Arc<SealingKey>,
    held: Option<Held>,
}

/// Whether the lock of a state is held still.
pub(crate) type Held = Box<dyn Fn() -> Result<(), StoreError> + Send + Sync>;

/// How often that is asked for while nothing else happens.
const LOOK: Duration = Duration::from_millis(100);

impl Front {
    pub(crate) fn new(
        requests: mpsc::Sender<Request>,
        keeper: JoinHandle<()>,
        name: String,
        lineage: String,
        key: SealingKey,
    ) -> Self {
        let (requests, keeper) = (Some(requests), Some(keeper));
        Self { requests, keeper, name, lineage, key: Arc::new(key), held: None }
    }

    /// The same over a lock that can be lost.
    #[cfg(feature = "s3")]
    pub(crate) fn while_held(mut self, held: Held) -> Self {
        self.held = Some(held);
        self
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable {
            action: format!("use the state in {}", self.name),
            reason: "its keeper has stopped".to_owned(),
        };
        let (sender, receiver) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send(request(sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader<'_>, &MetaWire) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(|answer| {
            Request::Read(Box::new(move |there| {
                let read = |(table, site, meta)| work(&Reader::new(table, site), meta);
                let done = there.and_then(read);
                answer.send(done).ok();
            }))
        })
        .await
    }

    /// Where a sealed file belongs, written so that no value of the state looks the same.
    fn place_of_file(&self, place: &str) -> Vec<u8> {
        json!(["infra-seal-1", self.lineage, "file", place]).to_string().into_bytes()
    }

    fn edits(&self, edits: &[Edit]) -> Result<Vec<BodyEdit>, StoreError> {
        let (key, lineage) = (&*self.key, self.lineage.as_str());
        let mut bodies = Vec::with_capacity(edits.len());
        for edit in edits {
            match edit {
                Edit::Put(record) => {
                    let body = to_body(&RecordWire::seal(record, key, lineage)?)?;
                    bodies.push(BodyEdit::Put(entries::record(record.address.as_str()), body));
                }
                Edit::Remove(address) => {
                    bodies.push(BodyEdit::Remove(entries::record(address.as_str())));
                }
                Edit::Outputs(outputs) => {
                    bodies.push(BodyEdit::Clear(entries::OUTPUTS));
                    for (name, value) in outputs {
                        let body = to_body(&OutputWire::seal(name, value, key, lineage)?)?;
                        bodies.push(BodyEdit::Put(entries::output(name), body));
                    }
                }
                Edit::Reads(reads) => {
                    bodies.push(BodyEdit::Clear(entries::READS));
                    for (stack, outputs) in reads {
                        let wire = ReadWire { stack: stack.clone(), outputs: outputs.clone() };
                        bodies.push(BodyEdit::Put(entries::read(stack), to_body(&wire)?));
                    }
                }
                Edit::Lookup(lookup, answer) => {
                    let wire = LookupWire::seal(lookup, answer, key, lineage)?;
                    bodies.push(BodyEdit::Put(entries::lookup(wire.digest()), to_body(&wire)?));
                }
                Edit::Durations(sort, samples) => {
                    let wire = DurationsWire::write(sort, samples);
                    bodies.push(BodyEdit::Put(entries::durations(sort), to_body(&wire)?));
                }
                Edit::Note(change) => {
                    let body = to_body(&ChangeWire::seal(change, key, lineage)?)?;
                    bodies.push(BodyEdit::Append(change.run.clone(), body));
                }
            }
        }
        Ok(bodies)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.requests = None;
        // A keeper that panicked has answered its callers by going away.
        self.keeper.take().map(JoinHandle::join).transpose().ok();
    }
}

impl Store for Front {
    fn load(&self) -> BoxFuture<'_, Result<State, StoreError>> {
        let key = Arc::clone(&self.key);
        Box::pin(self.read(move |reader, meta| reader.state(meta, &key)))
    }

    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let body = to_body(&IntentWire::seal(intent, &self.key, &self.lineage)?)?;
            self.ask(|answer| Request::Begin { body, answer }).await
        })
    }

    fn commit<'a>(
        &'a self,
        intent: Option<u64>,
        edits: &'a [Edit],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let edits = self.edits(edits)?;
            self.ask(|answer| Request::Commit { intent, edits, answer }).await
        })
    }

    fn start<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let body = to_body(&RunWire::write(run))?;
            self.ask(|answer| Request::Start { body, answer }).await
        })
    }

    fn finish<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let body = to_body(&RunWire::write(run))?;
            self.ask(|answer| Request::Finish { body, answer }).await
        })
    }

    fn seal(&self, place: &str, bytes: &[u8]) -> Result<String, StoreError> {
        self.key.seal(&self.place_of_file(place), bytes)
    }

    fn unseal(&self, place: &str, sealed: &str) -> Result<Vec<u8>, StoreError> {
        let opened = self.key.unseal(&self.place_of_file(place), sealed);
        let damaged = |reason| StoreError::Damaged { what: "the sealed file".to_owned(), reason };
        opened.map(|bytes| bytes.to_vec()).map_err(damaged)
    }

    fn lost(&self) -> BoxFuture<'_, StoreError> {
        let Some(held) = &self.held else { return Box::pin(std::future::pending()) };
        Box::pin(async move {
            let mut ticks = tokio::time::interval(LOOK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // Asked for whenever the one who waits is woken, by whatever: of a process that slept,
            // nothing else may come first.
            poll_fn(|context| {
                loop {
                    if let Err(error) = held() {
                        return Poll::Ready(error);
                    }
                    if ticks.poll_tick(context).is_pending() {
                        return Poll::Pending;
                    }
                }
            })
            .await
        })
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, StoreError>> {
        Box::pin(self.read(|reader, _| reader.history()))
    }

    fn changes<'a>(&'a self, run: &'a str) -> BoxFuture<'a, Result<Vec<RunChange>, StoreError>> {
        let (key, run) = (Arc::clone(&self.key), run.to_owned());
        Box::pin(self.read(move |reader, meta| reader.changes(&run, meta, &key)))
    }
}
