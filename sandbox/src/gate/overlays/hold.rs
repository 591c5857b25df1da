//! Requests that are held at a boundary, so that a test can kill their caller exactly there.
//!
//! The main type is [`Holds`]. What is held stays so until someone lets it go: it never times out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};

/// Where in its way a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldAt {
    /// Before the emulator sees it.
    Before,
    /// After it was served, before the answer.
    Served,
    /// After its answer was sent: every request that comes later waits.
    Answered,
}

/// A request that is held, or whose answer holds all that come later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its number in the log.
    pub sequence: u64,
    /// The signing name of the service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// Where.
    pub at: HoldAt,
}

/// What is held now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Requests that a rule holds, in the order in which they were held.
    pub held: Vec<Held>,
    /// Requests that came after an answer that holds all later ones.
    pub waiting: usize,
}

/// How a request that was held goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// As if nothing had been.
    Go,
    /// No further: the connection is cut, and what was not served never is.
    Drop,
}

/// All that is held.
pub(crate) struct Holds {
    inner: Mutex<Inner>,
    /// Counts the holds, for those who wait for one.
    count: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    held: Vec<Held>,
    waiting: usize,
    /// An answer was planned to hold all later requests; it may not be sent yet.
    frozen: bool,
    parked: Vec<oneshot::Sender<Release>>,
}

impl Default for Holds {
    fn default() -> Self {
        Self { inner: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl Holds {
    /// Holds a request until it is let go.
    pub(crate) async fn hold(&self, held: Held) -> Release {
        let parked = {
            let mut inner = self.lock();
            inner.held.push(held);
            inner.park()
        };
        self.count.send_modify(|count| *count += 1);
        // Whoever forgets the sender has forgotten the request.
        parked.await.unwrap_or(Release::Drop)
    }

    /// From now on every later request waits.
    pub(crate) fn freeze(&self) {
        self.lock().frozen = true;
    }

    /// Notes the answer for whose sake later requests wait, now that it is sent.
    pub(crate) fn answered(&self, held: Held) {
        self.lock().held.push(held);
        self.count.send_modify(|count| *count += 1);
    }

    /// Lets a request pass at once, or makes it wait where an answer holds all later ones.
    pub(crate) async fn pass(&self) -> Release {
        let parked = {
            let mut inner = self.lock();
            if !inner.frozen {
                return Release::Go;
            }
            inner.waiting += 1;
            inner.park()
        };
        parked.await.unwrap_or(Release::Drop)
    }

    /// What is held; waits so long for something where nothing is.
    pub(crate) async fn holding(&self, patience: Duration) -> Holding {
        let mut count = self.count.subscribe();
        let something = async {
            while self.lock().held.is_empty() {
                // The sender lives as long as `self`.
                if count.changed().await.is_err() {
                    break;
                }
            }
        };
        // Out of patience: there is nothing, and that is the answer.
        let _in_time = tokio::time::timeout(patience, something).await;
        let inner = self.lock();
        Holding { held: inner.held.clone(), waiting: inner.waiting }
    }

    /// Lets all go on, in this way.
    pub(crate) fn release(&self, how: Release) {
        let Inner { parked, .. } = std::mem::take(&mut *self.lock());
        for request in parked {
            // A request whose task is gone needs no word.
            let _gone = request.send(how);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn park(&mut self) -> oneshot::Receiver<Release> {
        let (sender, receiver) = oneshot::channel();
        self.parked.push(sender);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, HoldAt, Holding, Holds, Release};
    use std::time::Duration;

    fn held(at: HoldAt) -> Held {
        Held { sequence: 1, service: "ec2".to_owned(), operation: "CreateVpc".to_owned(), at }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_held_goes_on_as_it_is_told() {
        for how in [Release::Go, Release::Drop] {
            let holds = Holds::default();
            let watch = async {
                let seen = holds.holding(Duration::from_secs(60)).await;
                holds.release(how);
                seen
            };
            let (went, seen) = tokio::join!(holds.hold(held(HoldAt::Before)), watch);
            assert_eq!(went, how);
            assert_eq!(seen, Holding { held: vec![held(HoldAt::Before)], waiting: 0 });
            assert_eq!(holds.holding(Duration::from_secs(1)).await, Holding::default());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_holds_what_comes_later() {
        let holds = Holds::default();
        assert_eq!(holds.pass().await, Release::Go);
        holds.freeze();
        holds.answered(held(HoldAt::Answered));
        let watch = async {
            tokio::task::yield_now().await;
            let seen = holds.holding(Duration::ZERO).await;
            holds.release(Release::Go);
            seen
        };
        let (went, seen) = tokio::join!(holds.pass(), watch);
        assert_eq!((went, seen.waiting, seen.held.len()), (Release::Go, 1, 1));
        assert_eq!(holds.pass().await, Release::Go);
    }
}
