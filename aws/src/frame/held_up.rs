//! Calls that wait to be sent again, and why, for whoever waits for them.
//!
//! The main type is [`HeldUp`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_sdk::provider::{Failure, FailureClass};
use tokio::time::Instant;

/// Shorter waits are not worth a word.
const WORTH_TELLING: Duration = Duration::from_secs(2);
/// A reason stays one for so long: between two tries it is neither over nor new.
const LINGERS: Duration = Duration::from_secs(15);

/// Which calls wait, by the reason.
#[derive(Debug, Default)]
pub(crate) struct HeldUp(Mutex<BTreeMap<String, Calls>>);

/// The calls that wait for one reason.
#[derive(Debug)]
struct Calls {
    waiting: usize,
    /// When the latest of them went on.
    went_on: Instant,
}

/// A call that waits; dropping it lets it go on.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    held_up: &'a HeldUp,
    why: String,
}

impl HeldUp {
    /// A call waits after this failure that was begun so long ago, until what this returns is dropped;
    /// nothing for a wait that is over soon.
    pub(crate) fn wait(
        &self,
        endpoint: &str,
        failure: &Failure,
        since: Duration,
    ) -> Option<Waiting<'_>> {
        if since < WORTH_TELLING {
            return None;
        }
        let what = match (failure.class, failure.status) {
            (FailureClass::Throttled, _) => "throttles",
            (_, Some(_)) => "answers with errors",
            (_, None) => "cannot be reached",
        };
        let why = format!("{endpoint} {what}; calls wait");
        let mut calls = self.calls();
        let of = calls.entry(why.clone()).or_insert(Calls { waiting: 0, went_on: Instant::now() });
        of.waiting += 1;
        Some(Waiting { held_up: self, why })
    }

    /// Why calls wait just now: a sentence for each reason.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut calls = self.calls();
        calls.retain(|_, of| of.waiting > 0 || of.went_on.elapsed() < LINGERS);
        calls.keys().cloned().collect()
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<String, Calls>> {
        // Numbers that a panic left are told for some seconds more, and harm nobody.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(of) = self.held_up.calls().get_mut(&self.why) {
            of.waiting -= 1;
            of.went_on = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC2: &str = "AWS's endpoint of ec2 in eu-central-1";

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_told_while_calls_wait_for_it_and_for_a_moment_after() {
        let held_up = HeldUp::default();
        let long = Duration::from_secs(10);
        let failed = |class| Failure::new(class, "no");
        let [throttled, away] = [FailureClass::Throttled, FailureClass::Network].map(failed);
        assert!(held_up.wait(EC2, &throttled, Duration::from_secs(1)).is_none());
        assert_eq!(held_up.told(), [""; 0]);
        let first = held_up.wait(EC2, &throttled, long);
        let second = held_up.wait(EC2, &throttled, long);
        let third = held_up.wait(EC2, &away, long);
        drop(first);
        tokio::time::advance(LINGERS * 2).await;
        let throttled = format!("{EC2} throttles; calls wait");
        assert_eq!(held_up.told(), [&*format!("{EC2} cannot be reached; calls wait"), &throttled]);
        drop((second, third));
        tokio::time::advance(LINGERS / 2).await;
        assert_eq!(held_up.told().len(), 2);
        tokio::time::advance(LINGERS).await;
        assert_eq!(held_up.told(), [""; 0]);
        let broken = Failure { status: Some(500), ..failed(FailureClass::Network) };
        let _waiting = held_up.wait(EC2, &broken, long);
        assert_eq!(held_up.told(), [format!("{EC2} answers with errors; calls wait")]);
    }
}
