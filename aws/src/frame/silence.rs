//! Services that do not answer: a connection that opens, or not even that, and then nothing.
//!
//! The main type is [`Silence`]. Whoever waits for one call learns that its service is silent, or
//! that the network is gone; all others need not wait as long for the same answer. It never keeps a
//! call from a service that was heard since.

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
/// How long a call waits for a network that was there a moment ago: cables are put back and
/// routers start again within minutes.
pub(crate) const NETWORK_PATIENCE: Duration = Duration::from_secs(180);

/// Which services do not answer.
#[derive(Debug, Default)]
pub struct Silence(Mutex<HashMap<String, Word>>);

/// What is known of a service.
#[derive(Debug)]
struct Word {
    /// Whether it was heard at all, so that what leads to it is right.
    heard: bool,
    /// How many calls in a row it has left unanswered since.
    unanswered: u32,
    /// Whether a call has waited for the network in vain since.
    out_of_reach: bool,
    latest: Instant,
}

impl Silence {
    /// The service answered, with whatever.
    pub(crate) fn heard(&self, operation: &str) {
        self.learn(operation, |word| {
            *word = Word { heard: true, unanswered: 0, out_of_reach: false, ..*word };
        });
    }

    /// The service did not answer.
    pub(crate) fn unanswered(&self, operation: &str) {
        self.learn(operation, |word| {
            word.unanswered += 1;
            word.latest = Instant::now();
        });
    }

    /// A call has waited for the network as long as it may.
    pub(crate) fn out_of_reach(&self, operation: &str) {
        self.learn(operation, |word| word.out_of_reach = true);
    }

    /// Whether the service was heard in this run, and nobody has waited for it in vain since: if
    /// it cannot be reached, the network is gone.
    pub(crate) fn was_heard(&self, operation: &str) -> bool {
        let words = self.words();
        words.get(service(operation)).is_some_and(|word| word.heard && !word.out_of_reach)
    }

    fn learn(&self, operation: &str, what: impl FnOnce(&mut Word)) {
        let mut words = self.words();
        what(words.entry(service(operation).to_owned()).or_insert_with(|| Word {
            heard: false,
            unanswered: 0,
            out_of_reach: false,
            latest: Instant::now(),
        }));
    }

    /// Whether the service left the latest call unanswered.
    pub(crate) fn is_doubted(&self, operation: &str) -> bool {
        self.words().get(service(operation)).is_some_and(|word| word.unanswered > 0)
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

/// The failure of a call that was never sent, because nothing leads to its service any more.
pub(crate) fn cut_off(failure: Failure, endpoint: &str, waited: Duration) -> Failure {
    let message = format!(
        "{endpoint} could not be reached for {} s, and was before: {}",
        waited.as_secs(),
        failure.message
    );
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

    #[test]
    fn a_network_is_gone_where_a_service_was_heard_and_nobody_has_waited_for_it_in_vain() {
        let silence = Silence::default();
        assert!(!silence.was_heard("ec2:CreateVpc"), "the endpoint may be wrong");
        silence.heard("ec2:CreateVpc");
        assert!(silence.was_heard("ec2:DescribeVpcs") && !silence.was_heard("iam:GetRole"));
        silence.out_of_reach("ec2:CreateVpc");
        assert!(!silence.was_heard("ec2:DescribeVpcs"), "each call would wait as long again");
        silence.heard("ec2:CreateVpc");
        assert!(silence.was_heard("ec2:CreateVpc"));
    }
}
