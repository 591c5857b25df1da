//! The frame around a handler: values to structs and back, tags, settled creates, gone on delete.
//!
//! The main types are [`AnyHandler`], a handler without its type, and [`Adapter`], which makes one
//! of every [`Handler`].

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use infra_sdk::preflight::PlannedOperation;
use infra_sdk::provider::{
    BoxFuture, Create, Effect, Existing, Failure, FailureClass, Made, Observed, Readiness, Target,
    Update,
};
use infra_sdk::resource::ResourceOutputs;
use infra_sdk::{Diagnostic, Object, Schema, Value};

use super::calls::{Calls, CreateClass};
use super::clients::Aws;
use super::error::Result;
use super::handler::{Changed, Creating, Handler, Known, Told, inputs};
use super::patience::{Patience, is_gone};
use super::preflight::{self, Holder, Leaving};
use super::read::absent;
use super::readings::Readings;
use super::{names, tags};

/// What is asked about a planned operation before anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// What stops a delete, or is worth knowing before it.
    Blockers,
    /// What a create will not find although its object is made of it.
    Sources,
}

/// What an operation needs besides its request.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The clients of the account and region.
    pub aws: &'a Aws,
    /// The environment's default tags.
    pub default_tags: &'a BTreeMap<String, String>,
}

/// A handler without its type.
pub trait AnyHandler: Send + Sync {
    /// The type as data.
    fn schema(&self) -> &'static Schema;

    /// Facts about its calls.
    fn calls(&self) -> &'static Calls;

    /// Says what a read of these will ask together with other types.
    fn announce(&self, readings: &Readings, targets: &[&Target]);

    /// Reads objects of this type in one account and region.
    fn read<'a>(
        &'a self,
        context: Context<'a>,
        targets: &'a [&'a Target],
    ) -> BoxFuture<'a, Vec<Result<Option<Observed>>>>;

    /// Creates an object.
    fn create<'a>(
        &'a self,
        context: Context<'a>,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Made>>;

    /// Changes what is listed.
    fn update<'a>(&'a self, context: Context<'a>, request: &'a Update)
    -> BoxFuture<'a, Result<()>>;

    /// Deletes an object, unless its inputs ask to keep it.
    fn delete<'a>(&'a self, context: Context<'a>, target: &'a Target) -> BoxFuture<'a, Result<()>>;

    /// Whether deleting an object leaves it where it is.
    ///
    /// # Errors
    /// When its recorded inputs do not fit the type.
    fn is_kept(&self, target: &Target) -> Result<bool>;

    /// Inputs that no read shows and that the create call could not take.
    ///
    /// # Errors
    /// When the inputs do not fit the type.
    fn unseen(&self, wanted: &Object) -> Result<&'static [&'static str]>;

    /// Finds objects that a create may have made.
    fn find<'a>(
        &'a self,
        context: Context<'a>,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Vec<String>>>;

    /// What has each of these names, each with the inputs that it is wanted for.
    fn holders<'a>(
        &'a self,
        context: Context<'a>,
        wanted: &'a [(&'a str, &'a Object)],
    ) -> BoxFuture<'a, Vec<Result<Option<Holder>>>>;

    /// What is worth knowing before a planned operation.
    fn look_ahead<'a>(
        &'a self,
        context: Context<'a>,
        operation: &'a PlannedOperation,
        leaving: Leaving<'a>,
        about: Concern,
    ) -> BoxFuture<'a, Result<Vec<Diagnostic>>>;

    /// The object that stands where a create would make one, whoever made it.
    fn existing<'a>(
        &'a self,
        context: Context<'a>,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Option<Existing>>>;
}

/// Makes an [`AnyHandler`] of a [`Handler`].
#[derive(Debug)]
pub struct Adapter<T>(PhantomData<fn() -> T>);

impl<T> Adapter<T> {
    /// The adapter of a type.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Adapter<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Handler> AnyHandler for Adapter<T> {
    fn schema(&self) -> &'static Schema {
        &T::SCHEMA
    }

    fn calls(&self) -> &'static Calls {
        const { &T::CALLS }
    }

    fn announce(&self, readings: &Readings, targets: &[&Target]) {
        T::announce(readings, targets);
    }

    fn read<'a>(
        &'a self,
        context: Context<'a>,
        targets: &'a [&'a Target],
    ) -> BoxFuture<'a, Vec<Result<Option<Observed>>>> {
        Box::pin(async move {
            let known: Vec<_> = targets
                .iter()
                .map(|target| Known {
                    id: target.id.clone(),
                    recorded: target.recorded.clone(),
                    outputs: target.outputs.clone(),
                })
                .collect();
            let reads = T::read(context.aws, &known).await;
            targets
                .iter()
                .zip(reads)
                .map(|(target, read)| read.map(|seen| observe::<T>(context, target, seen)))
                .collect()
        })
    }

    fn create<'a>(
        &'a self,
        context: Context<'a>,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let want: T = inputs(&complete::<T>(context, request))?;
            let told = Told::default();
            let creating = Creating::new(&request.token, &request.started, &told)
                .beside(request.replaces.as_deref());
            let id = create(context.aws, &want, creating).await?;
            Ok(Made { id, outputs: told.take() })
        })
    }

    fn update<'a>(
        &'a self,
        context: Context<'a>,
        request: &'a Update,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let target = &request.target;
            let mut changed = Changed::new(request.changed.iter().cloned());
            if let Some(field) = T::schema_ref().tags()
                && changed.remove(field.name)
            {
                let null = Value::Null;
                let wanted = request.inputs.get(field.name).unwrap_or(&null);
                let all =
                    tags::complete(context.default_tags, wanted, &target.owner, &target.address);
                let was = request.observed.get(field.name).unwrap_or(&null);
                let change = tags::change(was, &all);
                Patience::unseen::<T>(T::CALLS.patience.update)
                    .with(T::CALLS.gone, || T::retag(context.aws, &target.id, &change))
                    .await?;
            }
            if changed.is_empty() {
                return Ok(());
            }
            let (want, was): (T, T) = (inputs(&request.inputs)?, inputs(&request.observed)?);
            Patience::unseen::<T>(T::CALLS.patience.update)
                .with(T::CALLS.gone, || T::update(context.aws, &target.id, &want, &was, &changed))
                .await
        })
    }

    fn delete<'a>(&'a self, context: Context<'a>, target: &'a Target) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let was: T = inputs(&target.recorded)?;
            if T::is_kept(&was) {
                return Ok(());
            }
            let deleted = Patience::lingering::<T>()
                .with(T::CALLS.gone, || T::delete(context.aws, &target.id, &was))
                .await;
            match deleted {
                Err(failure) if is_gone(T::CALLS.gone, &failure) => Ok(()),
                other => other,
            }
        })
    }

    fn is_kept(&self, target: &Target) -> Result<bool> {
        inputs(&target.recorded).map(|was: T| T::is_kept(&was))
    }

    fn unseen(&self, wanted: &Object) -> Result<&'static [&'static str]> {
        inputs(wanted).map(|want: T| T::unseen(&want))
    }

    fn find<'a>(
        &'a self,
        context: Context<'a>,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let want: T = inputs(&complete::<T>(context, request))?;
            if request.token.is_empty() {
                return T::find(context.aws, &want).await;
            }
            find(context.aws, &want, &request.started, request.replaces.as_deref()).await
        })
    }

    fn holders<'a>(
        &'a self,
        context: Context<'a>,
        wanted: &'a [(&'a str, &'a Object)],
    ) -> BoxFuture<'a, Vec<Result<Option<Holder>>>> {
        Box::pin(holders::<T>(context.aws, wanted))
    }

    fn look_ahead<'a>(
        &'a self,
        context: Context<'a>,
        operation: &'a PlannedOperation,
        leaving: Leaving<'a>,
        about: Concern,
    ) -> BoxFuture<'a, Result<Vec<Diagnostic>>> {
        match about {
            Concern::Blockers => Box::pin(blockers::<T>(context.aws, operation, leaving)),
            Concern::Sources => Box::pin(T::sources(context.aws, &operation.after, leaving)),
        }
    }

    fn existing<'a>(
        &'a self,
        context: Context<'a>,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Option<Existing>>> {
        Box::pin(async move {
            if T::CALLS.class == CreateClass::Relation {
                // Its two ends are its key, and whoever relates them relates them once.
                let want: T = inputs(&complete::<T>(context, request))?;
                let found = T::find(context.aws, &want).await?.pop();
                return Ok(found.map(|id| Existing { id, owner: None }));
            }
            let name = T::CALLS.named_by.and_then(|name| request.inputs.get(name)?.as_str());
            let Some(name) = name else { return Ok(None) };
            let found = holders::<T>(context.aws, &[(name, &request.inputs)]).await.pop();
            match found.transpose()?.flatten() {
                None => Ok(None),
                Some(Holder::Object { id, tags }) => {
                    Ok(Some(Existing { id, owner: tags::owner(tags) }))
                }
                Some(Holder::Elsewhere) => Err(Failure::new(
                    FailureClass::Exists,
                    format!("`{name}` belongs to another account"),
                )),
            }
        })
    }
}

async fn blockers<T: Handler>(
    aws: &Aws,
    operation: &PlannedOperation,
    leaving: Leaving<'_>,
) -> Result<Vec<Diagnostic>> {
    let Some(id) = &operation.id else { return Ok(Vec::new()) };
    let was: T = inputs(&operation.before)?;
    if T::is_kept(&was) {
        return Ok(Vec::new());
    }
    let on = |name: &&str| operation.before.get(*name).and_then(Value::as_bool).unwrap_or(false);
    let mut found: Vec<_> =
        T::CALLS.protection.filter(on).map(preflight::protected).into_iter().collect();
    let others = T::blockers(aws, id, &was, leaving).await;
    found.extend(absent(others.map(Some), T::CALLS.gone)?.unwrap_or_default());
    Ok(found)
}

/// What has names: all that may are read together.
async fn holders<T: Handler>(aws: &Aws, wanted: &[(&str, &Object)]) -> Vec<Result<Option<Holder>>> {
    let asked: Vec<_> =
        wanted.iter().map(|(name, inputs)| T::candidate(aws, name, inputs)).collect();
    let candidates = futures_util::future::join_all(asked).await;
    let known: Vec<_> = candidates
        .iter()
        .filter_map(|candidate| candidate.as_ref().ok()?.clone())
        .map(|id| Known { id, recorded: Object::new(), outputs: Object::new() })
        .collect();
    let mut reads =
        if known.is_empty() { Vec::new() } else { T::read(aws, &known).await }.into_iter();
    let holder = |candidate: Result<Option<String>>| {
        let Some(id) = candidate? else { return Ok(None) };
        let seen = match reads.next() {
            Some(Err(failure)) if T::is_elsewhere(&failure) => return Ok(Some(Holder::Elsewhere)),
            Some(read) => read?.filter(|seen| !T::is_deleted(seen)),
            None => None,
        };
        Ok(seen.map(|seen| {
            let all = seen.inputs.to_object();
            let field = T::schema_ref().tags().and_then(|field| all.get(field.name));
            Holder::Object { id, tags: field.map(tags::texts).unwrap_or_default() }
        }))
    };
    candidates.into_iter().map(holder).collect()
}

/// The schema by reference: an associated constant cannot be borrowed for `'static` in a generic
/// function otherwise.
trait SchemaRef {
    fn schema_ref() -> &'static Schema;
}

impl<T: Handler> SchemaRef for T {
    fn schema_ref() -> &'static Schema {
        &T::SCHEMA
    }
}

/// The inputs of a create with all tags, and with a name.
fn complete<T: Handler>(context: Context<'_>, request: &Create) -> Object {
    let mut all = request.inputs.clone();
    if let Some(naming) = &T::CALLS.naming {
        names::fill(naming, &request.token, &mut all);
    }
    if let Some(field) = T::SCHEMA.tags() {
        let wanted = all.remove(field.name).unwrap_or_default();
        let complete =
            tags::complete(context.default_tags, &wanted, &request.owner, &request.address);
        all.insert(field.name.to_owned(), complete);
    }
    all
}

fn observe<T: Handler>(
    context: Context<'_>,
    target: &Target,
    seen: Option<super::handler::Seen<T>>,
) -> Option<Observed> {
    let seen = seen.filter(|seen| !T::is_deleted(seen))?;
    let readiness = match (T::readiness(&seen), &seen.progress) {
        (Readiness::Waiting(word), Some(progress)) => {
            Readiness::Waiting(format!("{word}; {progress}"))
        }
        (readiness, _) => readiness,
    };
    let mut inputs = seen.inputs.to_object();
    for field in T::SCHEMA.inputs {
        if field.sensitive
            && let Some(value) = inputs.remove(field.name)
        {
            inputs.insert(field.name.to_owned(), value.sensitive());
        }
    }
    if let Some(field) = T::SCHEMA.tags() {
        let all = inputs.remove(field.name).unwrap_or_default();
        let visible = tags::visible(context.default_tags, &all, target);
        inputs.insert(field.name.to_owned(), visible);
    }
    Some(Observed { inputs, outputs: seen.outputs.to_object(), readiness })
}

/// Creates, and settles a create whose answer was lost by looking for what it may have made.
async fn create<T: Handler>(aws: &Aws, want: &T, creating: Creating<'_>) -> Result<String> {
    let calls = &T::CALLS;
    // Before there is an object, a "not found" is about something that it needs.
    let created = Patience::unseen::<T>(calls.patience.create)
        .with(&[], || T::create(aws, want, creating))
        .await;
    let finished = match created {
        Ok(id) => match T::finish(aws, &id).await {
            Ok(()) => Ok(id),
            // The object is there: the intent must stay open until it is found again.
            Err(failure) => Err(Failure { effect: Effect::Unknown, ..failure }),
        },
        Err(failure) => Err(failure),
    };
    match finished {
        Err(failure)
            if failure.effect == Effect::Unknown && calls.class != CreateClass::Neither =>
        {
            settle(aws, want, creating, failure).await
        }
        other => other,
    }
}

/// What a create may have made, finished.
async fn find<T: Handler>(
    aws: &Aws,
    want: &T,
    started: &str,
    replaces: Option<&str>,
) -> Result<Vec<String>> {
    let mut found = T::find_since(aws, want, started).await?;
    found.retain(|id| Some(id.as_str()) != replaces);
    for id in &found {
        T::finish(aws, id).await?;
    }
    Ok(found)
}

/// How long an object that a lost create made may take to be found. Source: EC2 developer guide,
/// eventual consistency.
const VISIBLE_AFTER: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(6)];

async fn settle<T: Handler>(
    aws: &Aws,
    want: &T,
    creating: Creating<'_>,
    mut lost: Failure,
) -> Result<String> {
    let mut trouble = None;
    for delay in VISIBLE_AFTER {
        tokio::time::sleep(delay).await;
        let mut found = match find(aws, want, creating.started, creating.replaces).await {
            Ok(found) => found,
            Err(failure) => {
                trouble = Some(failure);
                if aws.silence().is_certain(T::CALLS.create) {
                    break;
                }
                continue;
            }
        };
        trouble = None;
        match (found.pop(), found.is_empty()) {
            (Some(id), true) => return Ok(id),
            // More than one, or none yet: the intent stays open and says so.
            (Some(_), false) => return Err(lost),
            (None, _) => {}
        }
    }
    lost.hints.extend(trouble.map(|failure| format!("looking for what it made failed: {failure}")));
    Err(lost)
}

/// Whether an observed object can be used, as the port says it.
pub(crate) fn is_ready(observed: &Observed) -> bool {
    observed.readiness == Readiness::Ready
}
