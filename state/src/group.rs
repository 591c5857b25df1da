//! How writes come together in groups that share one sync.
//!
//! The main type is [`Inbox`]. While a group is made durable, the next one gathers. Writers that
//! have just been answered often come back at once, so a group waits a moment for as many of them as
//! there are: without that, those who are a little late miss every other sync. A lone writer never
//! waits, and nobody waits for one who has been away for long.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::keeper::Request;

/// The most requests that share one sync.
const GROUP: usize = 256;

/// A group waits at most for this part of the latest sync after those before it were answered, and
/// half as long for the next one to come. Neither ever longer than the time beside it.
const PATIENCE: (u32, Duration) = (2, Duration::from_millis(20));

/// The requests that come in.
pub(crate) struct Inbox<'a> {
    requests: &'a Receiver<Request>,
    /// What came while the group before was made durable.
    waiting: VecDeque<Request>,
    /// Taken for the group that gathers.
    taken: usize,
    /// How many requests would come together if all came back that were answered last.
    hoped: usize,
    /// When the next group stops waiting.
    until: Option<Instant>,
    /// The longest wait for one request.
    pause: Duration,
}

impl<'a> Inbox<'a> {
    pub(crate) fn new(requests: &'a Receiver<Request>) -> Self {
        let (waiting, pause) = (VecDeque::new(), Duration::ZERO);
        Self { requests, waiting, taken: 0, hoped: 0, until: None, pause }
    }

    /// The first request of a group; `None` when every sender is gone.
    pub(crate) fn first(&mut self) -> Option<Request> {
        self.taken = 1;
        self.waiting.pop_front().or_else(|| self.requests.recv().ok())
    }

    /// The next request of the group, of which so many wait for a sync; `None` when it is complete.
    pub(crate) fn next(&mut self, pending: usize) -> Option<Request> {
        if self.taken == GROUP {
            return None;
        }
        let there = self.waiting.pop_front().or_else(|| self.requests.try_recv().ok());
        let next = there.or_else(|| self.late(pending))?;
        self.taken += 1;
        Some(next)
    }

    /// One that comes a little late.
    fn late(&self, pending: usize) -> Option<Request> {
        if pending == 0 || self.taken >= self.hoped {
            return None;
        }
        let left = self.until?.checked_duration_since(Instant::now())?;
        self.requests.recv_timeout(left.min(self.pause)).ok()
    }

    /// To be called when a group of so many was synced, and before it is answered: `took` is how long
    /// that needed.
    pub(crate) fn synced(&mut self, group: usize, took: Duration) {
        self.waiting.extend(self.requests.try_iter());
        self.hoped = self.waiting.len() + group;
        let (part, most) = PATIENCE;
        let patience = (took / part).min(most);
        self.pause = patience / 2;
        self.until = Instant::now().checked_add(patience);
    }
}
