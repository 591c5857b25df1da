//! The contract of a resource type: what a handler does, and what it leaves to the frame.
//!
//! A handler has no retry, no sleep, no logging, no tag merging and no error text. It says what to
//! ask AWS, in `aws.call(|| …send())`, and turns answers into the type's structs.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use infra_sdk::provider::{Failure, FailureClass, Readiness, Target};
use infra_sdk::resource::ResourceType;
use infra_sdk::{DecodeError, Diagnostic, Object, Value};

use super::calls::Calls;
use super::clients::Aws;
use super::error::{Result, decode};
use super::preflight::Leaving;
use super::readings::Readings;

/// What AWS has of an object: its inputs as they are, and what AWS assigned.
#[derive(Debug, Clone)]
pub struct Seen<T: ResourceType> {
    /// The inputs. What AWS never returns is left as it was recorded or empty.
    pub inputs: T,
    /// The outputs.
    pub outputs: T::Outputs,
    /// What AWS tells about a change that goes on, beside the word of its readiness: counts, percent.
    /// It is shown while the object is waited for, and never recorded.
    pub progress: Option<String>,
}

impl<T: ResourceType> Seen<T> {
    /// An object as seen.
    pub fn new(inputs: T, outputs: T::Outputs) -> Self {
        Self { inputs, outputs, progress: None }
    }

    /// The same with what AWS tells about a change that goes on, if it tells anything.
    #[must_use]
    pub fn telling(self, progress: Option<String>) -> Self {
        Self { progress: progress.filter(|text| !text.is_empty()), ..self }
    }
}

/// The answers to a read, in the order of what was asked; `None` is gone.
pub type Reads<T> = Vec<Result<Option<Seen<T>>>>;

/// An object to read.
#[derive(Debug, Clone)]
pub struct Known {
    /// What AWS calls it.
    pub id: String,
    /// Its inputs as recorded; empty for an object that is being imported.
    pub recorded: Object,
    /// Its outputs as recorded: what AWS tells once and never again.
    pub outputs: Object,
}

/// What a create is given besides the inputs.
#[derive(Debug, Clone, Copy)]
pub struct Creating<'a> {
    /// Idempotency token, at most 64 characters: the same for every try, also after a restart.
    pub token: &'a str,
    /// When the first try began, RFC 3339.
    pub started: &'a str,
    /// The object that stays beside the new one for now.
    pub replaces: Option<&'a str>,
    told: &'a Told,
}

impl<'a> Creating<'a> {
    /// What is told goes into `told`.
    pub(crate) fn new(token: &'a str, started: &'a str, told: &'a Told) -> Self {
        Self { token, started, replaces: None, told }
    }

    /// Beside this object, which has the same tags.
    pub(crate) fn beside(self, replaces: Option<&'a str>) -> Self {
        Self { replaces, ..self }
    }

    /// Keeps an output that AWS tells now and never again, such as the secret half of a key.
    pub fn tell(&self, output: &str, value: impl Into<Value>) {
        let mut told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(output.to_owned(), value.into());
    }
}

/// Outputs that a create was told once.
#[derive(Debug, Default)]
pub struct Told(Mutex<Object>);

impl Told {
    /// All of them.
    pub(crate) fn take(self) -> Object {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The inputs to change.
#[derive(Debug, Clone)]
pub struct Changed(BTreeSet<String>);

impl Changed {
    /// These inputs.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether this input is to be changed.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether any of these inputs is to be changed.
    #[must_use]
    pub fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Tags to set and tags to remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagChange {
    /// Tags to set: new ones and ones with another value.
    pub set: BTreeMap<String, String>,
    /// Keys of tags to remove.
    pub remove: Vec<String>,
}

/// The calls of a resource type.
pub trait Handler: ResourceType + Send + Sync + Sized + 'static {
    /// Facts about the calls.
    const CALLS: Calls;

    /// Makes the object and returns its id, nothing else: outputs always come from `read`, which
    /// the frame calls next. The tags in `want` are complete, ownership included, and go into the
    /// create call itself where the API takes them there.
    fn create(
        aws: &Aws,
        want: &Self,
        creating: Creating<'_>,
    ) -> impl Future<Output = Result<String>> + Send;

    /// What a create has to do after its call and no input shows, such as removing what AWS puts
    /// into every new object. The frame calls it after `create`, and for what `find` gives, since
    /// that may be the work of a create that was cut off; so a repeat must change nothing.
    fn finish(aws: &Aws, id: &str) -> impl Future<Output = Result<()>> + Send {
        let _ = (aws, id);
        std::future::ready(Ok(()))
    }

    /// Says what `read` will ask together with other types, by `Aws::shared`. Sends nothing.
    fn announce(readings: &Readings, targets: &[&Target]) {
        let _ = (readings, targets);
    }

    /// Reads objects with as few calls as there can be. The only place that turns AWS's data into
    /// our structs; it returns inputs *and* outputs, so that drift is visible.
    fn read(aws: &Aws, known: &[Known]) -> impl Future<Output = Reads<Self>> + Send;

    /// Changes what `changed` lists and nothing else. Types whose every input forces replacement
    /// leave it out.
    fn update(
        aws: &Aws,
        id: &str,
        want: &Self,
        was: &Self,
        changed: &Changed,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (aws, id, want, was, changed);
        std::future::ready(Err(not_updatable(Self::SCHEMA.type_name)))
    }

    /// Deletes the object. What is gone already is the frame's to recognise, by `CALLS.gone`.
    fn delete(aws: &Aws, id: &str, was: &Self) -> impl Future<Output = Result<()>> + Send;

    /// Inputs that AWS never returns and that the create call of `want` could not take, such as a
    /// new password of what was restored. The frame sets them as it sets `CALLS.after_create`; since
    /// no read shows whether it did, it does so after every change.
    fn unseen(want: &Self) -> &'static [&'static str] {
        let _ = want;
        &[]
    }

    /// Whether deleting leaves the object where it is, because its inputs ask for that.
    fn is_kept(was: &Self) -> bool {
        let _ = was;
        false
    }

    /// Whether the object can be used. The frame polls with `read` until it can.
    fn readiness(seen: &Seen<Self>) -> Readiness {
        let _ = seen;
        Readiness::Ready
    }

    /// Whether a read shows that the object is deleted although AWS still lists it.
    fn is_deleted(seen: &Seen<Self>) -> bool {
        let _ = seen;
        false
    }

    /// Ids of objects that a create of `want` may have made, found by ownership tags, unique name,
    /// or the two ends. `want.tags` carries the ownership tags.
    fn find(aws: &Aws, want: &Self) -> impl Future<Output = Result<Vec<String>>> + Send;

    /// As `find`, for types whose objects are told by nothing but the time at which they were made:
    /// not before a create that began at `started`, RFC 3339, or empty when nobody knows.
    fn find_since(
        aws: &Aws,
        want: &Self,
        started: &str,
    ) -> impl Future<Output = Result<Vec<String>>> + Send {
        let _ = started;
        Self::find(aws, want)
    }

    /// The id of whatever is called `name` by its `CALLS.named_by`, if there is such a thing; the
    /// frame reads it to see whether there is. Only for types whose id is not that name. `want` has
    /// the other inputs, as far as they are known.
    fn candidate(
        aws: &Aws,
        name: &str,
        want: &Object,
    ) -> impl Future<Output = Result<Option<String>>> + Send {
        let _ = (aws, want);
        std::future::ready(Ok(Some(name.to_owned())))
    }

    /// Whether a read that failed means that the name belongs to somebody else. Only for names that
    /// are unique beyond the account.
    fn is_elsewhere(failure: &Failure) -> bool {
        let _ = failure;
        false
    }

    /// What will keep a delete from succeeding besides `CALLS.protection`, or is worth knowing before
    /// it. Changes nothing. What is among `leaving` goes before the object and stops nothing.
    fn blockers(
        aws: &Aws,
        id: &str,
        was: &Self,
        leaving: Leaving<'_>,
    ) -> impl Future<Output = Result<Vec<Diagnostic>>> + Send {
        let _ = (aws, id, was, leaving);
        std::future::ready(Ok(Vec::new()))
    }

    /// What a create will not find although its object is made of it, such as a snapshot. `want` is
    /// its inputs, as far as they are known. Changes nothing. What is among `leaving` may leave it.
    fn sources(
        aws: &Aws,
        want: &Object,
        leaving: Leaving<'_>,
    ) -> impl Future<Output = Result<Vec<Diagnostic>>> + Send {
        let _ = (aws, want, leaving);
        std::future::ready(Ok(Vec::new()))
    }

    /// Changes tags. Only for types that have them.
    fn retag(aws: &Aws, id: &str, change: &TagChange) -> impl Future<Output = Result<()>> + Send {
        let _ = (aws, id, change);
        std::future::ready(Err(not_updatable(Self::SCHEMA.type_name)))
    }
}

fn not_updatable(type_name: &str) -> Failure {
    let message = format!("{type_name} has nothing that can be changed in place");
    Failure::new(FailureClass::Invalid, message)
}

/// Decodes inputs into the type's struct.
pub(crate) fn inputs<T: ResourceType>(object: &Object) -> Result<T> {
    T::from_object(object).map_err(|error: DecodeError| decode(&error))
}
