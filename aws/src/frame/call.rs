//! One call to AWS: limited, retried by the class of its error and of its operation, in a box.
//!
//! The only retry layer there is: the SDK's own is switched off in [`clients`](super::clients).

use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use infra_sdk::provider::{Effect, Failure, FailureClass};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::answered::{span_of, told};
use super::calls::is_fragile;
use super::clients::Aws;
use super::error::{Result, failure, operation_of};
use super::silence::{self, NETWORK_PATIENCE, SILENCE_PATIENCE, is_silence};

/// Throttled calls are sent again for as long as this: throttling is no reason to fail.
const THROTTLE_PATIENCE: Duration = Duration::from_secs(600);
/// Calls that failed on the way are sent again this often.
const NETWORK_TRIES: u32 = 4;

impl Aws {
    /// Sends a call, again if its error says so and its operation allows it.
    ///
    /// `send` makes the request anew for each try: `|| ec2.create_vpc().cidr_block(cidr).send()`.
    ///
    /// # Errors
    /// With the last failure, when no further try makes sense.
    pub async fn call<T, E, F, S>(&self, send: F) -> Result<T>
    where
        F: Fn() -> S + Send + Sync,
        S: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        let operation = operation_of::<E>();
        let span = span_of(&operation, self.region());
        let result = self.tried(operation, send).instrument(span.clone()).await;
        if let Err(failure) = &result {
            told(&span, failure);
        }
        result
    }

    /// Sends a call until it is answered or no further try makes sense.
    async fn tried<T, E, F, S>(&self, operation: String, send: F) -> Result<T>
    where
        F: Fn() -> S + Send + Sync,
        S: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        let mut tries = Tries::new(is_fragile(&operation), self.silence().is_doubted(&operation));
        loop {
            tries.known_to_answer = self.silence().was_heard(&operation);
            let permit = self.limiter(&operation).acquire(&operation).await;
            if self.silence().is_certain(&operation) {
                return Err(silence::not_sent(&operation, &self.endpoint_of(&operation)));
            }
            let sent = Instant::now();
            // The SDK's futures are tens of kilobytes; on the heap they do not swell every caller.
            match Box::pin(send()).await {
                Ok(answer) => {
                    self.silence().heard(&operation);
                    permit.accepted();
                    return Ok(answer);
                }
                Err(error) => {
                    let mut failure = failure(&error);
                    let silent = is_silence(&error);
                    if silent {
                        self.silence().unanswered(&operation);
                        let waited = tries.waited();
                        failure = silence::told(failure, &self.endpoint_of(&operation), waited);
                    } else if failure.status.is_some() {
                        self.silence().heard(&operation);
                    }
                    if failure.class == FailureClass::Throttled {
                        permit.throttled();
                    } else {
                        drop(permit);
                    }
                    tracing::debug!(%operation, class = ?failure.class, code = ?failure.code, "call failed");
                    let silent = silent.then(|| sent.elapsed());
                    match tries.next(&failure, silent) {
                        Some(delay) => {
                            Span::current().record("http.request.resend_count", tries.count);
                            let since = tries.waited() + delay;
                            let endpoint = self.endpoint_of(&operation);
                            let waiting = self.held_up().wait(&endpoint, &failure, since);
                            tokio::time::sleep(delay).await;
                            drop(waiting);
                        }
                        None if tries.known_to_answer && was_not_sent(&failure) => {
                            self.silence().out_of_reach(&operation);
                            let endpoint = self.endpoint_of(&operation);
                            return Err(silence::cut_off(failure, &endpoint, tries.waited()));
                        }
                        None => return Err(failure),
                    }
                }
            }
        }
    }

    /// Sends a call page by page and collects the answers.
    ///
    /// # Errors
    /// With the failure of a page, or when AWS gives the same page token twice.
    pub async fn pages<T, E, F, S>(&self, send: F, next: fn(&T) -> Option<&str>) -> Result<Vec<T>>
    where
        F: Fn(Option<String>) -> S + Send + Sync,
        S: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        self.first_pages(usize::MAX, send, next).await
    }

    /// As [`pages`](Self::pages), and no more than `most` of them: where a list is asked for in place
    /// of so many single calls.
    ///
    /// # Errors
    /// As those of all pages.
    pub(crate) async fn first_pages<T, E, F, S>(
        &self,
        most: usize,
        send: F,
        next: fn(&T) -> Option<&str>,
    ) -> Result<Vec<T>>
    where
        F: Fn(Option<String>) -> S + Send + Sync,
        S: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: Send,
    {
        let mut answers = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let answer = self.call(|| send(token.clone())).await?;
            let following = next(&answer).filter(|token| !token.is_empty()).map(str::to_owned);
            answers.push(answer);
            if following.is_none() || answers.len() >= most {
                return Ok(answers);
            }
            if following == token {
                let message = "a list does not end: the service gives the same page again";
                return Err(Failure::new(FailureClass::Other, message));
            }
            token = following;
        }
    }
}

/// The tries of one call.
struct Tries {
    fragile: bool,
    /// Whether the service left another call unanswered before: then once is enough.
    doubted: bool,
    /// Whether the service was heard before: if it cannot be reached, the network is gone.
    known_to_answer: bool,
    began: Instant,
    count: u32,
    throttled: Duration,
}

impl Tries {
    fn new(fragile: bool, doubted: bool) -> Self {
        Self {
            fragile,
            doubted,
            known_to_answer: false,
            began: Instant::now(),
            count: 0,
            throttled: Duration::ZERO,
        }
    }

    /// How long all of them took.
    fn waited(&self) -> Duration {
        self.began.elapsed()
    }

    /// How long to wait before the next try, or `None` when there is none. `silent`: how long the
    /// last one waited for an answer that did not come.
    fn next(&mut self, failure: &Failure, silent: Option<Duration>) -> Option<Duration> {
        if let Some(silent) = silent
            && (self.doubted || self.waited() + silent > SILENCE_PATIENCE)
        {
            return None;
        }
        self.count += 1;
        let delay = jittered(self.count);
        match failure.class {
            FailureClass::Throttled => {
                self.throttled += delay;
                (self.throttled < THROTTLE_PATIENCE).then_some(delay)
            }
            FailureClass::Network if self.known_to_answer && was_not_sent(failure) => {
                (self.waited() + delay < NETWORK_PATIENCE).then_some(delay)
            }
            FailureClass::Network => {
                let unsafe_to_repeat = self.fragile && failure.effect == Effect::Unknown;
                (!unsafe_to_repeat && self.count < NETWORK_TRIES).then_some(delay)
            }
            _ => None,
        }
    }
}

/// Whether a call failed on the way to its service, so that no byte of it arrived.
fn was_not_sent(failure: &Failure) -> bool {
    failure.class == FailureClass::Network
        && failure.effect == Effect::None
        && failure.status.is_none()
}

/// Full jitter over an exponential back-off from 100 ms to 20 s, as AWS's architecture blog
/// recommends it.
pub(crate) fn jittered(attempt: u32) -> Duration {
    let ceiling =
        Duration::from_millis(100).saturating_mul(1 << attempt.min(8)).min(Duration::from_secs(20));
    // The process-wide hasher keys are random; no generator is needed to spread retries.
    let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), attempt);
    let share = f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    ceiling.mul_f64(share.max(0.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::test_server::{Answer, TestServer};

    fn failed(class: FailureClass, effect: Effect) -> Failure {
        Failure { effect, ..Failure::new(class, "x") }
    }

    #[test]
    fn a_fragile_create_is_not_sent_again_when_its_outcome_is_unknown() {
        let lost = failed(FailureClass::Network, Effect::Unknown);
        let refused = failed(FailureClass::Network, Effect::None);
        assert!(Tries::new(true, false).next(&lost, None).is_none());
        assert!(Tries::new(true, false).next(&refused, None).is_some());
        assert!(Tries::new(false, false).next(&lost, None).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_says_nothing_is_waited_for_no_longer_than_a_minute() {
        let lost = failed(FailureClass::Network, Effect::Unknown);
        for (answerless, expected) in [(30, 2), (60, 1), (3, 4)] {
            let answerless = Duration::from_secs(answerless);
            let mut tries = Tries::new(false, false);
            let mut count = 0;
            loop {
                count += 1;
                tokio::time::sleep(answerless).await;
                let Some(delay) = tries.next(&lost, Some(answerless)) else { break };
                tokio::time::sleep(delay).await;
            }
            assert_eq!(count, expected, "{answerless:?} each");
            assert!(tries.waited() < Duration::from_secs(65), "{:?}", tries.waited());
        }
        assert!(Tries::new(false, true).next(&lost, Some(Duration::from_secs(30))).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_was_there_is_waited_for_some_minutes_and_no_wrong_endpoint_is() {
        let refused = failed(FailureClass::Network, Effect::None);
        for (known_to_answer, least, most) in [(true, 160, 180), (false, 0, 2)] {
            let mut tries = Tries { known_to_answer, ..Tries::new(true, false) };
            while let Some(delay) = tries.next(&refused, None) {
                tokio::time::sleep(delay).await;
            }
            let waited = tries.waited().as_secs();
            assert!((least..=most).contains(&waited), "{waited} s");
        }
        // What may have arrived is not sent for minutes: its outcome is looked for.
        let lost = failed(FailureClass::Network, Effect::Unknown);
        let mut tries = Tries { known_to_answer: true, ..Tries::new(true, false) };
        assert!(tries.next(&lost, None).is_none());
    }

    #[tokio::test]
    async fn a_call_goes_on_when_the_network_is_back() {
        fn nothing(_: &str, _: &str) -> Answer {
            Answer::new(200, "{\"Aliases\":[]}")
        }
        let server = TestServer::new(nothing);
        let aws = server.aws().await;
        let list = || aws.call(|| aws.kms().list_aliases().send());
        list().await.expect("it is there");
        let address = server.address();
        drop(server);
        // Four quick tries are over by then.
        let back = tokio::task::spawn_blocking(move || {
            std::thread::sleep(Duration::from_secs(3));
            TestServer::at(address, nothing)
        });
        let why = async {
            tokio::time::sleep(Duration::from_millis(2900)).await;
            aws.held_up().told()
        };
        let (listed, why) = tokio::join!(list(), why);
        listed.expect("it is there again");
        assert!(why[0].ends_with("of kms cannot be reached; calls wait"), "{why:?}");
        drop(back.await.expect("it listens"));
    }

    #[test]
    fn tries_end() {
        let mut tries = Tries::new(false, false);
        let lost = failed(FailureClass::Network, Effect::Unknown);
        assert_eq!((0..10).take_while(|_| tries.next(&lost, None).is_some()).count(), 3);
        assert!(tries.next(&failed(FailureClass::Denied, Effect::None), None).is_none());
    }

    #[test]
    fn delays_grow_and_stay_bounded() {
        assert!(jittered(1) <= Duration::from_millis(200));
        assert!((0..100).all(|attempt| jittered(attempt) <= Duration::from_secs(20)));
    }
}
