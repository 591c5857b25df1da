//! Patience with operations that would work later: something that they need cannot be seen yet,
//! something still has to go first, or the object is busy.
//!
//! The main type is [`Patience`]. It repeats an operation and never changes it.

use std::time::Duration;

use infra_sdk::provider::{Failure, FailureClass};
use tokio::time::{Instant, sleep};

use super::call::jittered;
use super::calls::Sign;
use super::error::Result;
use super::handler::Handler;

/// How long something new may be invisible to what needs it: a role to KMS, a VPC to the next call
/// of EC2. After that it is not late, it is missing, and a person waits for nothing. Source: IAM
/// user guide, "changes that I make are not always immediately visible"; EC2 developer guide,
/// eventual consistency, which tells to try for some minutes.
const VISIBLE_WITHIN: Duration = Duration::from_secs(120);

/// How long an operation is repeated, and for which errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    signs: &'static [Sign],
    /// How long those are believed.
    for_signs: Duration,
    /// How long an object may be busy.
    whole: Duration,
}

impl Patience {
    /// For creates and updates, which may need something that is not visible yet.
    pub(crate) const fn unseen<T: Handler>(whole: Duration) -> Self {
        let for_signs =
            if whole.as_nanos() < VISIBLE_WITHIN.as_nanos() { whole } else { VISIBLE_WITHIN };
        Self { signs: T::CALLS.not_yet, for_signs, whole }
    }

    /// For deletes, which may have to wait for what goes first: as long as that takes.
    pub(crate) const fn lingering<T: Handler>() -> Self {
        let whole = T::CALLS.patience.delete;
        Self { signs: T::CALLS.lingering, for_signs: whole, whole }
    }

    /// Repeats an operation until it works, fails otherwise, or takes longer than it may. `gone`
    /// are the codes that mean that its own object is not there.
    pub(crate) async fn with<T, S>(
        self,
        gone: &[&str],
        operation: impl Fn() -> S + Send + Sync,
    ) -> Result<T>
    where
        S: Future<Output = Result<T>> + Send,
    {
        let started = Instant::now();
        let mut shown_since = None;
        let mut attempt = 0;
        loop {
            let mut failure = match Box::pin(operation()).await {
                Err(failure) => failure,
                done => return done,
            };
            // IAM has one code for all that is not there: a sign with a message is meant.
            let goes_on = if shows(self.signs, &failure) {
                let since: Instant = *shown_since.get_or_insert_with(Instant::now);
                let goes_on = since.elapsed() < self.for_signs;
                if !goes_on {
                    let seconds = self.for_signs.as_secs();
                    failure.hints.push(format!("it was tried again for {seconds} s"));
                }
                goes_on
            } else {
                shown_since = None;
                failure.class == FailureClass::Busy
                    && !is_gone(gone, &failure)
                    && started.elapsed() < self.whole
            };
            if !goes_on {
                return Err(failure);
            }
            attempt += 1;
            sleep(jittered(attempt)).await;
        }
    }
}

fn shows(signs: &[Sign], failure: &Failure) -> bool {
    signs
        .iter()
        .any(|(code, part)| failure.code.as_deref() == Some(code) && failure.message.contains(part))
}

/// Whether a failure says that the object is not there.
pub(crate) fn is_gone(gone: &[&str], failure: &Failure) -> bool {
    failure.code.as_deref().is_some_and(|code| gone.contains(&code))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const NO_ROLE: &str = "The role with name a cannot be found.";
    const SIGNS: &[Sign] = &[("NoSuchEntity", "The role with name")];
    const CREATE: Patience =
        Patience { signs: SIGNS, for_signs: VISIBLE_WITHIN, whole: Duration::from_secs(3600) };

    fn failed(class: FailureClass, code: &str, message: &str) -> Failure {
        Failure { code: Some(code.to_owned()), ..Failure::new(class, message) }
    }

    /// How often an operation is tried that fails first with this message and then works.
    async fn tries(message: &'static str) -> (u32, bool) {
        let count = AtomicU32::new(0);
        let result = CREATE
            .with(&["NoSuchEntity"], || async {
                if count.fetch_add(1, Ordering::Relaxed) > 0 {
                    return Ok(());
                }
                Err(failed(FailureClass::Gone, "NoSuchEntity", message))
            })
            .await;
        (count.into_inner(), result.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn what_something_needs_may_share_its_code_with_what_is_gone() {
        assert_eq!(tries(NO_ROLE).await, (2, true));
        assert_eq!(tries("The policy with name a cannot be found.").await, (1, false));
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_becomes_visible_is_an_error_after_two_minutes() {
        let began = Instant::now();
        let failure = CREATE
            .with(&[], || async {
                Err::<(), _>(failed(FailureClass::Gone, "NoSuchEntity", NO_ROLE))
            })
            .await
            .expect_err("it never works");
        let took = began.elapsed();
        assert!((120..=140).contains(&took.as_secs()), "{took:?}");
        assert_eq!(failure.message, NO_ROLE);
        assert_eq!(failure.hints, ["it was tried again for 120 s"]);
    }

    #[tokio::test(start_paused = true)]
    async fn two_minutes_begin_when_it_is_missed_and_being_busy_may_take_longer() {
        let began = Instant::now();
        let busy = Duration::from_secs(600);
        let done = CREATE
            .with(&[], || async {
                if began.elapsed() < busy {
                    Err(failed(FailureClass::Busy, "EntityTemporarilyUnmodifiable", "later"))
                } else if began.elapsed() < busy + Duration::from_secs(60) {
                    Err(failed(FailureClass::Gone, "NoSuchEntity", NO_ROLE))
                } else {
                    Ok(())
                }
            })
            .await;
        assert!(done.is_ok() && began.elapsed() >= busy + Duration::from_secs(60), "{done:?}");
    }
}
