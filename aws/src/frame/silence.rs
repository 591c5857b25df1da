//! Services that do not answer: a connection that opens, or not even that, and then nothing.
//!
//! The main type is [`Silence`]. Whoever waits for one call learns that its service is silent; all
//! others need not wait as long for the same answer. It never keeps a call from a service that was
//! heard since.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use infra_sdk::provider::{Effect, Failure, FailureClass};
use tokio::time::Instant;

/// How long a call and its repetitions may wait for a service that says nothing.
pub(crate) const SILENCE_PATIENCE: Duration = Duration::from_secs(63);
/// A service is silent when it gave no answer to so many calls, one after another.
const CALLS: u32 = 2;
/// How long nothing is sent to a silent service; after that one tries again.
const PAUSE: Duration = Duration::from_secs(15);

/// Which services do not answer.
#[derive(Debug, Default)]
pub struct Silence(Mutex<HashMap<String, Word>>);

/// What is known of a service since it was heard last.
#[derive(Debug)]
struct Word {
    unanswered: u32,
    latest: Instant,
}

impl Silence {
    /// The service answered, with whatever.
    pub(crate) fn heard(&self, operation: &str) {
        self.words().remove(service(operation));
    }

    /// The service did not answer.
    pub(crate) fn unanswered(&self, operation: &str) {
        let mut words = self.words();
        let word = words
            .entry(service(operation).to_owned())
            .or_insert_with(|| Word { unanswered: 0, latest: Instant::now() });
        word.unanswered += 1;
        word.latest = Instant::now();
    }

    /// Whether the service left the latest call unanswered.
    pub(crate) fn is_doubted(&self, operation: &str) -> bool {
        self.words().contains_key(service(operation))
    }

    /// Whether the service has been silent just now, so that a call would only wait for nothing.
    pub(crate) fn is_certain(&self, operation: &str) -> bool {
        let words = self.words();
        let word = words.get(service(operation));
        word.is_some_and(|word| word.unanswered >= CALLS && word.latest.elapsed() < PAUSE)
    }

    fn words(&self) -> MutexGuard<'_, HashMap<String, Word>> {
        // Every change is one assignment: whoever panicked has not left it half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn service(operation: &str) -> &str {
    operation.split(':').next().unwrap_or_default()
}

/// Whether an error says that nobody answered, and nothing else.
pub(crate) fn is_silence<E>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_timeout(),
        _ => false,
    }
}

/// The failure of a call that was not sent, because its service is silent.
pub(crate) fn not_sent(operation: &str, endpoint: &str) -> Failure {
    let message = format!("it was not sent: {endpoint} has just left other calls unanswered");
    let failure = Failure {
        operation: Some(operation.to_owned()),
        effect: Effect::None,
        ..Failure::new(FailureClass::Network, message)
    };
    with_way_out(failure)
}

/// The failure of a call that nobody answered.
pub(crate) fn told(failure: Failure, endpoint: &str, waited: Duration) -> Failure {
    let message = format!("{endpoint} gave no answer for {} s", waited.as_secs());
    with_way_out(Failure { message, ..failure })
}

fn with_way_out(mut failure: Failure) -> Failure {
    failure.hints.push(
        "check the network, proxies and firewalls on the way, and `endpoint` in infra.toml; then \
         run the same command again: it finds what this one had begun"
            .to_owned(),
    );
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_service_is_silent_after_two_calls_until_it_is_heard_or_time_has_gone() {
        let silence = Silence::default();
        silence.unanswered("ec2:CreateVpc");
        assert!(silence.is_doubted("ec2:DescribeVpcs") && !silence.is_certain("ec2:CreateVpc"));
        silence.unanswered("ec2:DescribeVpcs");
        assert!(silence.is_certain("ec2:CreateVpc"));
        assert!(!silence.is_doubted("iam:GetRole"), "another service is not meant");
        tokio::time::advance(PAUSE).await;
        assert!(!silence.is_certain("ec2:CreateVpc"), "nobody ever asks again");
        silence.unanswered("ec2:CreateVpc");
        assert!(silence.is_certain("ec2:CreateVpc"));
        silence.heard("ec2:CreateVpc");
        assert!(!silence.is_doubted("ec2:CreateVpc"));
    }
}
