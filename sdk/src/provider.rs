//! The provider port: what the engine needs of a cloud. Plain data in, plain data out.
//!
//! The main type is [`Provider`]. The AWS provider implements it over the SDKs, the testkit's
//! strict fake implements it in memory. Objects are named by [`Target`]s; a provider reads many at
//! once and never one by one.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::preflight::Preflight;
use crate::store::Operation;
use crate::{Address, Declaration, Diagnostic, LookupSchema, Object, Schema, Value};

/// A future of a port, without naming a runtime.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whose the objects of a run are: the ownership tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The stack.
    pub stack: String,
    /// The environment.
    pub environment: String,
}

/// A place for objects: account and region.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Region, where it is not the environment's.
    pub region: Option<String>,
    /// Name of another account's credentials, where it is not the environment's.
    pub provider: Option<String>,
}

/// An object in the cloud that belongs to an address.
#[derive(Clone, PartialEq)]
pub struct Target {
    /// Its address in the stack.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// Where it is.
    pub place: Place,
    /// What the cloud calls it.
    pub id: String,
    /// Its inputs as recorded, revealed: what a read cannot ask the cloud for.
    pub recorded: Object,
    /// Its outputs as recorded, revealed: what was told once and never again.
    pub outputs: Object,
    /// Whose it is.
    pub owner: Arc<Owner>,
}

/// Attributes for `Debug`: their names alone. What goes through the port is revealed, and must not
/// get into a log or a panic by way of a request that holds it.
pub(crate) struct Names<'a>(pub(crate) &'a Object);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("address", &self.address)
            .field("type_name", &self.type_name)
            .field("place", &self.place)
            .field("id", &self.id)
            .field("recorded", &Names(&self.recorded))
            .field("outputs", &Names(&self.outputs))
            .field("owner", &self.owner)
            .finish()
    }
}

/// What the cloud has of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The inputs as they are, without what the cloud never tells.
    pub inputs: Object,
    /// The outputs; always with `id`.
    pub outputs: Object,
    /// Whether it can be used.
    pub readiness: Readiness,
}

/// Whether an object can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// Not yet; the cloud's word for its state.
    Waiting(String),
    /// It never will; the cloud's reason.
    Failed(String),
}

/// A create call.
#[derive(Clone, PartialEq)]
pub struct Create {
    /// The resource.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// Where it goes.
    pub place: Place,
    /// Inputs, fully known and revealed.
    pub inputs: Object,
    /// The same for every try of this create, also after a restart. Empty in a search for what an
    /// unknown create made: such a search changes nothing.
    pub token: String,
    /// Whose it will be.
    pub owner: Arc<Owner>,
    /// When the first try began, RFC 3339: what a lost try made is not older. Empty with the token.
    pub started: String,
    /// The object that the new one comes beside and that is deleted later. It has the same tags and
    /// is never what a lost try made.
    pub replaces: Option<String>,
}

impl fmt::Debug for Create {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Create")
            .field("address", &self.address)
            .field("type_name", &self.type_name)
            .field("place", &self.place)
            .field("inputs", &Names(&self.inputs))
            .field("token", &self.token)
            .field("owner", &self.owner)
            .field("started", &self.started)
            .field("replaces", &self.replaces)
            .finish()
    }
}

/// What a create call made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Made {
    /// What the cloud calls it.
    pub id: String,
    /// Outputs that are told now and never again, such as the secret half of a key. Most types have
    /// none: everything else comes from a read.
    pub outputs: Object,
}

impl Made {
    /// An object whose outputs can all be read.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), outputs: Object::new() }
    }
}

/// An object that has the name of a resource, or relates what the resource relates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// What the cloud calls it.
    pub id: String,
    /// Whose it is by its ownership tags; `None` for one that carries none.
    pub owner: Option<Owner>,
}

/// How a create whose answer was lost is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// The same request with the same token gives the same object, so it may be sent again rather
    /// than waited for. What was made shows up in a search within this time; after it, the service
    /// need not know the token any more.
    Replay(Duration),
    /// Nothing but a search tells; what was made shows up in one within this time.
    Search(Duration),
    /// The same, and what is found is of no use, since what makes it useful was told once and is
    /// lost: it is deleted, so that another can be made.
    Discard(Duration),
}

impl Settling {
    /// How long what was made may take to show up in a search.
    #[must_use]
    pub fn within(self) -> Duration {
        match self {
            Self::Replay(within) | Self::Search(within) | Self::Discard(within) => within,
        }
    }
}

/// An update call.
#[derive(Clone, PartialEq)]
pub struct Update {
    /// The object.
    pub target: Target,
    /// Inputs as wanted, fully known and revealed.
    pub inputs: Object,
    /// Inputs as they are.
    pub observed: Object,
    /// Names of the inputs to change. Nothing else may be touched.
    pub changed: Vec<String>,
    /// The same for every try of this update.
    pub token: String,
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("target", &self.target)
            .field("inputs", &Names(&self.inputs))
            .field("observed", &Names(&self.observed))
            .field("changed", &self.changed)
            .field("token", &self.token)
            .finish()
    }
}

/// What an error means for what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The service's own "not found".
    Gone,
    /// Something of that name is there already.
    Exists,
    /// Too many calls; kept below the provider unless its patience ran out.
    Throttled,
    /// Another change is in progress.
    Busy,
    /// Something still depends on the object.
    DependsOn,
    /// Something it needs is not visible yet.
    NotYet,
    /// The caller may not.
    Denied,
    /// Credentials are missing, expired or wrong.
    Credentials,
    /// The request is wrong.
    Invalid,
    /// A quota is used up or capacity is missing.
    Quota,
    /// The endpoint cannot be reached.
    Network,
    /// The object failed to become ready.
    NotReady,
    /// It took longer than it may; the object is still on its way.
    TimedOut,
    /// Anything else.
    Other,
}

/// Whether a failed call may have taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It has not.
    None,
    /// It may have: the intent stays open until it is settled.
    Unknown,
}

/// A call that failed, with every fact that a support ticket needs. Texts are already redacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What it means.
    pub class: FailureClass,
    /// Whether it may have taken effect.
    pub effect: Effect,
    /// What the service says.
    pub message: String,
    /// `ec2:CreateVpc`, where a call was made.
    pub operation: Option<String>,
    /// The service's code: `InvalidVpcID.NotFound`.
    pub code: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
    /// The service's request id.
    pub request_id: Option<String>,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure without a call.
    #[must_use]
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self {
            class,
            effect: Effect::None,
            message: message.into(),
            operation: None,
            code: None,
            status: None,
            request_id: None,
            hints: Vec::new(),
        }
    }
}

/// A question to the cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupRequest {
    /// Terraform's name of the data source.
    pub name: String,
    /// Its arguments.
    pub arguments: BTreeMap<String, Value>,
    /// Where to ask.
    pub place: Place,
}

/// Takes the cloud's latest word about an object that is waited for, such as `backing-up`. Must not
/// block. What is said may be said again; nothing has to be said at all.
pub type Words<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Words that nobody listens to.
pub const UNHEARD: Words<'static> = &|_| {};
/// A resource as it is declared.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// What the program says: inputs with their references, options, place in the source.
    pub declaration: &'a Declaration,
    /// Its inputs. What is not known before it is applied is unknown.
    pub inputs: &'a Object,
}

/// What the engine needs of a cloud.
pub trait Provider: Send + Sync {
    /// The type of that name.
    fn schema(&self, type_name: &str) -> Option<&'static Schema>;

    /// The names of all types, sorted.
    fn type_names(&self) -> Vec<&'static str>;

    /// The data source of that name.
    fn lookup_schema(&self, name: &str) -> Option<&'static LookupSchema>;

    /// Whether the data source of that name gives another answer each time, such as a token. Such an
    /// answer is never recorded.
    fn is_momentary(&self, lookup: &str) -> bool {
        let _ = lookup;
        false
    }

    /// Everything wrong with declarations that no single one shows, or that depends on where they
    /// are. Asks nobody.
    fn check_together(&self, declared: &[Declared<'_>]) -> Vec<Diagnostic> {
        let _ = declared;
        Vec::new()
    }

    /// Reads many objects with as few calls as there can be. The answers stand in the order of the
    /// targets; `None` is the service's own "not found" and nothing else.
    fn read<'a>(
        &'a self,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Result<Option<Observed>, Failure>>>;

    /// How long the type's objects may take, readiness included, where nobody says otherwise.
    fn patience(&self, type_name: &str, operation: Operation) -> Option<Duration>;

    /// Whether objects of a type live in the record alone: a call about one has no effect anywhere
    /// else and ends at once. Then no intent is written for it, for there is nothing that a crash
    /// could leave behind, and one write says all of it.
    fn lives_in_record(&self, _type_name: &str) -> bool {
        false
    }

    /// Inputs of a type whose text the service keeps without ever looking at what it names, such as
    /// the dimensions of an alarm: an object that is named nowhere else need not be ready yet.
    fn loose_inputs(&self, _type_name: &str) -> &'static [&'static str] {
        &[]
    }

    /// How long an operation usually takes, readiness included, where nothing is known of earlier
    /// runs: an estimate. `None` for an operation that takes its time and nobody can say how long.
    fn usual_time(&self, type_name: &str, operation: Operation) -> Option<Duration>;

    /// Why calls wait just now to be sent again, a sentence for each reason: a service throttles, or
    /// cannot be reached. Asks nobody.
    fn held_up(&self) -> Vec<String> {
        Vec::new()
    }

    /// What will keep operations of a plan from succeeding, as far as that can be told before the
    /// first of them, and what is worth knowing. Changes nothing. What cannot be found out is at
    /// most a warning.
    fn preflight<'a>(&'a self, flight: &'a Preflight) -> BoxFuture<'a, Vec<Diagnostic>>;

    /// How a lost create of the type is settled.
    fn settling(&self, type_name: &str) -> Settling;

    /// Creates an object and returns its id, without waiting for it to be ready.
    fn create<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Made, Failure>>;

    /// Changes what is listed and nothing else.
    fn update<'a>(&'a self, request: &'a Update) -> BoxFuture<'a, Result<(), Failure>>;

    /// Waits until an object that was created or updated is ready and reads back as `wanted`, as
    /// far as the service shows it. Fails with `NotReady`, or with `TimedOut` when it takes longer
    /// than `timeout` or the type's own patience. Tells `words` what goes on meanwhile.
    fn await_ready<'a>(
        &'a self,
        target: &'a Target,
        wanted: &'a Object,
        timeout: Option<Duration>,
        words: Words<'a>,
    ) -> BoxFuture<'a, Result<Observed, Failure>>;

    /// Deletes an object. One that is gone already is a success.
    fn delete<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<(), Failure>>;

    /// Waits until a deleted object is gone. Tells `words` what goes on meanwhile.
    fn await_gone<'a>(
        &'a self,
        target: &'a Target,
        timeout: Option<Duration>,
        words: Words<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// The ids of objects that this create may have made: by token, ownership tags, or name.
    fn find<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Vec<String>, Failure>>;

    /// Why an object of the type cannot be taken over, for the types of which none can.
    fn not_importable(&self, type_name: &str) -> Option<&'static str> {
        let _ = type_name;
        None
    }

    /// Whether these inputs tell which object is meant, whoever made it: by a name that only one
    /// can have, or by the two things that it relates.
    fn tells_existing(&self, type_name: &str, inputs: &Object) -> bool {
        let _ = (type_name, inputs);
        false
    }

    /// The object that stands already where a create would make one, whoever made it. `None` also
    /// where the inputs do not tell, see [`tells_existing`](Self::tells_existing).
    fn existing<'a>(
        &'a self,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Option<Existing>, Failure>> {
        let _ = request;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Answers a question.
    fn lookup<'a>(&'a self, request: &'a LookupRequest) -> BoxFuture<'a, Result<Value, Failure>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requests_of_the_port_never_show_what_they_carry() {
        let secret = || Object::from([("password".to_owned(), Value::from("hunter2"))]);
        let owner = Arc::new(Owner { stack: "shop".to_owned(), environment: "test".to_owned() });
        let target = Target {
            address: Address::stand_in(1),
            type_name: "aws_thing".to_owned(),
            place: Place::default(),
            id: "thing-1".to_owned(),
            recorded: secret(),
            outputs: secret(),
            owner: Arc::clone(&owner),
        };
        let create = Create {
            address: target.address.clone(),
            type_name: target.type_name.clone(),
            place: Place::default(),
            inputs: secret(),
            token: "token".to_owned(),
            owner,
            started: "2026-01-02T03:04:05Z".to_owned(),
            replaces: None,
        };
        let update = Update {
            target: target.clone(),
            inputs: secret(),
            observed: secret(),
            changed: vec!["password".to_owned()],
            token: "token".to_owned(),
        };
        let shown = format!("{target:?} {create:?} {update:?}");
        assert!(shown.contains("password") && shown.contains("thing-1"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
