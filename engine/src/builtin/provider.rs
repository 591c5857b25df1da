//! A provider around the cloud's own, which answers for the built-in types and passes on the rest.
//!
//! The main type is [`Builtin`]. What it makes exists nowhere but in the record: a value is told
//! once, in the answer to the create, and recorded in the step that closes the intent. So a create
//! that broke off before has made nothing, an object whose record is gone is gone, and no search
//! ever finds one.

use std::ops::Deref;
use std::time::Duration;

use infra_sdk::builtin::{Data, RandomId, RandomPassword};
use infra_sdk::preflight::Preflight;
use infra_sdk::provider::{
    BoxFuture, Create, Declared, Existing, Failure, FailureClass, LookupRequest, Made, Observed,
    Provider, Readiness, Settling, Target, Update, Words,
};
use infra_sdk::store::Operation;
use infra_sdk::{
    DecodeError, Diagnostic, LookupSchema, Object, ResourceOutputs as _, Schema, Value,
};

use super::generator::{self, GeneratorError};
use crate::compare;

/// What a password is called: the one id that tells nothing of it. As in Terraform.
const PASSWORD_ID: &str = "none";

/// Nothing here takes time.
const PATIENCE: Duration = Duration::from_secs(60);

static SCHEMAS: &[&Schema] = &[&Data::SCHEMA, &RandomId::SCHEMA, &RandomPassword::SCHEMA];

/// A provider with the built-in types beside those of a cloud, which is given as a box, a reference
/// or whatever else leads to it.
pub struct Builtin<P> {
    inner: P,
}

impl<P> Builtin<P> {
    /// The built-in types beside those of `inner`.
    #[must_use]
    pub fn new(inner: P) -> Self {
        Self { inner }
    }
}

/// Whether a type stands in no cloud, so that an object of it is there while its record is.
#[must_use]
pub fn is_built_in(type_name: &str) -> bool {
    schema(type_name).is_some()
}

fn schema(type_name: &str) -> Option<&'static Schema> {
    SCHEMAS.iter().copied().find(|schema| schema.type_name == type_name)
}

impl<P> Provider for Builtin<P>
where
    P: Deref<Target: Provider> + Send + Sync,
{
    fn schema(&self, type_name: &str) -> Option<&'static Schema> {
        schema(type_name).or_else(|| self.inner.schema(type_name))
    }

    fn type_names(&self) -> Vec<&'static str> {
        let mut names = self.inner.type_names();
        names.extend(SCHEMAS.iter().map(|schema| schema.type_name));
        names.sort_unstable();
        names
    }

    fn lookup_schema(&self, name: &str) -> Option<&'static LookupSchema> {
        self.inner.lookup_schema(name)
    }

    fn is_momentary(&self, lookup: &str) -> bool {
        self.inner.is_momentary(lookup)
    }

    fn check_together(&self, declared: &[Declared<'_>]) -> Vec<Diagnostic> {
        self.inner.check_together(declared)
    }

    fn read<'a>(
        &'a self,
        targets: &'a [Target],
    ) -> BoxFuture<'a, Vec<Result<Option<Observed>, Failure>>> {
        if targets.iter().all(|target| schema(&target.type_name).is_none()) {
            return self.inner.read(targets);
        }
        Box::pin(async move {
            let others: Vec<_> = targets
                .iter()
                .filter(|target| schema(&target.type_name).is_none())
                .cloned()
                .collect();
            let told = if others.is_empty() { Vec::new() } else { self.inner.read(&others).await };
            let mut told = told.into_iter();
            let silent = || Failure::new(FailureClass::Other, "the provider gave no answer");
            let answer = |target: &Target| match schema(&target.type_name) {
                Some(schema) => Ok(observe(schema, target)),
                None => told.next().unwrap_or_else(|| Err(silent())),
            };
            targets.iter().map(answer).collect()
        })
    }

    fn patience(&self, type_name: &str, operation: Operation) -> Option<Duration> {
        match schema(type_name) {
            Some(_) => Some(PATIENCE),
            None => self.inner.patience(type_name, operation),
        }
    }

    fn lives_in_record(&self, type_name: &str) -> bool {
        schema(type_name).is_some() || self.inner.lives_in_record(type_name)
    }

    fn loose_inputs(&self, type_name: &str) -> &'static [&'static str] {
        self.inner.loose_inputs(type_name)
    }

    fn usual_time(&self, type_name: &str, operation: Operation) -> Option<Duration> {
        match schema(type_name) {
            Some(_) => Some(Duration::ZERO),
            None => self.inner.usual_time(type_name, operation),
        }
    }

    fn held_up(&self) -> Vec<String> {
        self.inner.held_up()
    }

    fn preflight<'a>(&'a self, flight: &'a Preflight) -> BoxFuture<'a, Vec<Diagnostic>> {
        Box::pin(async move {
            // What is made here needs nothing of the cloud, not even somebody to ask.
            let others = flight.operations.iter().filter(|o| schema(&o.type_name).is_none());
            let operations: Vec<_> = others.cloned().collect();
            if operations.is_empty() {
                return Vec::new();
            }
            let flight = Preflight { operations, expected: flight.expected };
            self.inner.preflight(&flight).await
        })
    }

    fn settling(&self, type_name: &str) -> Settling {
        match schema(type_name) {
            Some(_) => Settling::Search(Duration::ZERO),
            None => self.inner.settling(type_name),
        }
    }

    fn create<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Made, Failure>> {
        match schema(&request.type_name) {
            Some(schema) => Box::pin(std::future::ready(make(schema, &request.inputs))),
            None => self.inner.create(request),
        }
    }

    fn update<'a>(&'a self, request: &'a Update) -> BoxFuture<'a, Result<(), Failure>> {
        match schema(&request.target.type_name) {
            // The new inputs are in the record as soon as this has answered.
            Some(_) => Box::pin(std::future::ready(Ok(()))),
            None => self.inner.update(request),
        }
    }

    fn await_ready<'a>(
        &'a self,
        target: &'a Target,
        wanted: &'a Object,
        timeout: Option<Duration>,
        words: Words<'a>,
    ) -> BoxFuture<'a, Result<Observed, Failure>> {
        match schema(&target.type_name) {
            Some(schema) => {
                Box::pin(std::future::ready(observe(schema, target).ok_or_else(|| {
                    let message = format!("the record of `{}` has no value", target.address);
                    Failure::new(FailureClass::Gone, message)
                })))
            }
            None => self.inner.await_ready(target, wanted, timeout, words),
        }
    }

    fn delete<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<(), Failure>> {
        match schema(&target.type_name) {
            Some(_) => Box::pin(std::future::ready(Ok(()))),
            None => self.inner.delete(target),
        }
    }

    fn await_gone<'a>(
        &'a self,
        target: &'a Target,
        timeout: Option<Duration>,
        words: Words<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        match schema(&target.type_name) {
            Some(_) => Box::pin(std::future::ready(Ok(()))),
            None => self.inner.await_gone(target, timeout, words),
        }
    }

    fn find<'a>(&'a self, request: &'a Create) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        match schema(&request.type_name) {
            Some(_) => Box::pin(std::future::ready(Ok(Vec::new()))),
            None => self.inner.find(request),
        }
    }

    fn not_importable(&self, type_name: &str) -> Option<&'static str> {
        match schema(type_name) {
            Some(_) => Some("it stands in the state alone, and there is no object of it"),
            None => self.inner.not_importable(type_name),
        }
    }

    fn tells_existing(&self, type_name: &str, inputs: &Object) -> bool {
        schema(type_name).is_none() && self.inner.tells_existing(type_name, inputs)
    }

    fn existing<'a>(
        &'a self,
        request: &'a Create,
    ) -> BoxFuture<'a, Result<Option<Existing>, Failure>> {
        match schema(&request.type_name) {
            Some(_) => Box::pin(std::future::ready(Ok(None))),
            None => self.inner.existing(request),
        }
    }

    fn lookup<'a>(&'a self, request: &'a LookupRequest) -> BoxFuture<'a, Result<Value, Failure>> {
        self.inner.lookup(request)
    }
}

/// What the record says of an object; nothing where it holds no value, as of one that was never
/// made here.
fn observe(schema: &'static Schema, target: &Target) -> Option<Observed> {
    let recorded = |name: &str| target.outputs.get(name).is_some_and(|value| !value.is_null());
    if !schema.outputs.iter().all(|field| recorded(field.name)) {
        return None;
    }
    let mut outputs = target.outputs.clone();
    compare::mark(schema.outputs, &mut outputs);
    Some(Observed { inputs: target.recorded.clone(), outputs, readiness: Readiness::Ready })
}

fn make(schema: &Schema, inputs: &Object) -> Result<Made, Failure> {
    let made = match schema.type_name {
        name if name == RandomPassword::SCHEMA.type_name => {
            let wanted = RandomPassword::from_object(inputs).map_err(|e| invalid(&e))?;
            let result = generator::password(&wanted).map_err(|e| failed(&e))?;
            let result = Value::from(result.as_str()).sensitive();
            let outputs = Object::from([("result".to_owned(), result)]);
            Made { outputs, ..Made::new(PASSWORD_ID) }
        }
        name if name == RandomId::SCHEMA.type_name => {
            let wanted = RandomId::from_object(inputs).map_err(|e| invalid(&e))?;
            let outputs = generator::id(&wanted).map_err(|e| failed(&e))?;
            Made { id: outputs.id.clone(), outputs: outputs.to_object() }
        }
        _ => Made::new(generator::name().map_err(|e| failed(&e))?),
    };
    Ok(made)
}

fn invalid(error: &DecodeError) -> Failure {
    Failure::new(FailureClass::Invalid, error.to_string())
}

fn failed(error: &GeneratorError) -> Failure {
    let class = match error {
        GeneratorError::System(_) => FailureClass::Other,
        GeneratorError::Nothing => FailureClass::Invalid,
    };
    Failure::new(class, error.to_string())
}
