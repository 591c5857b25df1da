//! Waiting: until an object is ready and reads back as asked for, or until it is gone.
//!
//! The only thing that is changed here is what the create call did not take. What is interrupted
//! goes on in the next run.

use std::future::Future;
use std::time::Duration;

use infra_sdk::provider::{Failure, FailureClass, Observed, Readiness, Target, Update, Words};
use infra_sdk::{Field, Object, Value};
use tokio::time::{Instant, sleep};

use super::adapter::{AnyHandler, Context, is_ready};
use super::error::Result;

/// A fresh object may be invisible for this long. Source: EC2 developer guide, eventual
/// consistency; IAM user guide, changes that are not always immediately visible.
const VISIBLE_WITHIN: Duration = Duration::from_secs(60);
/// A ready object may read back with old values for this long; after that what it says is believed.
const CONSISTENT_WITHIN: Duration = Duration::from_secs(8);

/// Sets what the create call did not take, and waits until the object is ready and reads back as
/// `wanted`. Whatever the type, its latest word is told.
pub async fn until_ready(
    handler: &dyn AnyHandler,
    context: Context<'_>,
    target: &Target,
    wanted: &Object,
    patience: Duration,
    words: Words<'_>,
) -> Result<Observed> {
    let started = Instant::now();
    let mut ready_since = None;
    let mut completed = false;
    let mut polls = 0;
    loop {
        let seen = read_one(handler, context, target).await?;
        let word = match &seen {
            None if started.elapsed() > VISIBLE_WITHIN.min(patience) => {
                return Err(not_ready(target, "AWS does not show it although the call succeeded"));
            }
            None => "not visible yet".to_owned(),
            Some(observed) => match &observed.readiness {
                Readiness::Failed(why) => return Err(not_ready(target, why)),
                Readiness::Waiting(word) => word.clone(),
                Readiness::Ready => "ready, with some of its old values".to_owned(),
            },
        };
        words(&word);
        if let Some(observed) = seen.filter(is_ready) {
            if !std::mem::replace(&mut completed, true)
                && complete(handler, context, target, wanted, &observed).await?
            {
                continue;
            }
            let since = *ready_since.get_or_insert_with(Instant::now);
            if reads_back(handler.schema().inputs, wanted, &observed.inputs)
                || since.elapsed() > CONSISTENT_WITHIN
            {
                return Ok(observed);
            }
        }
        if started.elapsed() > patience {
            return Err(timed_out(target, &word, patience));
        }
        polls += 1;
        sleep(interval(polls)).await;
    }
}

/// Sets inputs that the create call does not take and that are not as wanted. Whether it did.
async fn complete(
    handler: &dyn AnyHandler,
    context: Context<'_>,
    target: &Target,
    wanted: &Object,
    observed: &Observed,
) -> Result<bool> {
    let tags = handler.schema().tags().map(|field| field.name);
    let pending = |name: &&&str| {
        // Ownership never shows in what is observed, so tags are set whatever it says.
        let field = handler.schema().input(name);
        Some(**name) == tags || field.is_some_and(|f| !reads_back(&[*f], wanted, &observed.inputs))
    };
    let changed: Vec<String> = handler
        .calls()
        .after_create
        .iter()
        .filter(pending)
        .chain(handler.unseen(wanted)?)
        .map(|name| (*name).to_owned())
        .collect();
    if changed.is_empty() {
        return Ok(false);
    }
    let request = Update {
        target: target.clone(),
        inputs: wanted.clone(),
        observed: observed.inputs.clone(),
        changed,
        token: String::new(),
    };
    handler.update(context, &request).await.map(|()| true)
}

/// Waits until a deleted object is gone.
pub async fn until_gone(
    handler: &dyn AnyHandler,
    context: Context<'_>,
    target: &Target,
    patience: Duration,
    words: Words<'_>,
) -> Result<()> {
    let started = Instant::now();
    let mut polls = 0;
    loop {
        let Some(observed) = read_one(handler, context, target).await? else { return Ok(()) };
        let word = match observed.readiness {
            Readiness::Waiting(word) | Readiness::Failed(word) => word,
            Readiness::Ready => "still there".to_owned(),
        };
        words(&word);
        if started.elapsed() > patience {
            return Err(timed_out(target, &word, patience));
        }
        polls += 1;
        sleep(interval(polls)).await;
    }
}

/// Asks until there is an answer, for a change of several steps of which each has to end before the
/// next begins.
///
/// # Errors
/// With the failure of a question, and when there is no answer in time; `what` begins that sentence.
pub async fn until_answered<T, S>(
    what: &str,
    patience: Duration,
    ask: impl Fn() -> S + Send + Sync,
) -> Result<T>
where
    T: Send,
    S: Future<Output = Result<Option<T>>> + Send,
{
    let started = Instant::now();
    let mut polls = 0;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if started.elapsed() > patience {
            let message = format!("{what} has not ended after {} s", patience.as_secs());
            return Err(Failure::new(FailureClass::TimedOut, message));
        }
        polls += 1;
        sleep(interval(polls)).await;
    }
}

async fn read_one(
    handler: &dyn AnyHandler,
    context: Context<'_>,
    target: &Target,
) -> Result<Option<Observed>> {
    handler.read(context, &[target]).await.pop().unwrap_or(Ok(None))
}

/// Whether what was asked for is what is there, as far as the service tells.
fn reads_back(fields: &[Field], wanted: &Object, observed: &Object) -> bool {
    fields.iter().filter(|field| !field.write_only).all(|field| {
        let null = Value::Null;
        let asked = wanted.get(field.name).unwrap_or(&null);
        asked.is_null() || field.kind.same(asked, observed.get(field.name).unwrap_or(&null))
    })
}

/// From a tenth of a second to ten: quick objects are not waited for, slow ones not asked often.
fn interval(polls: u32) -> Duration {
    Duration::from_millis(100).saturating_mul(1 << polls.min(7)).min(Duration::from_secs(10))
}

fn not_ready(target: &Target, why: &str) -> Failure {
    let message = format!("{} `{}` did not become ready: {why}", target.type_name, target.id);
    Failure::new(FailureClass::NotReady, message)
}

fn timed_out(target: &Target, word: &str, patience: Duration) -> Failure {
    let message = format!(
        "{} `{}` is {word} after {} s; it is kept, and the next run goes on waiting",
        target.type_name,
        target.id,
        patience.as_secs()
    );
    Failure::new(FailureClass::TimedOut, message)
}
