//! What is said while operations are in flight: how far each is, what is left, what holds calls up.

use std::time::Duration;

use super::scheduler::{Progress, Scheduler};
use crate::event::{Estimate, Event, Remaining};
use crate::pace;

/// Nothing is called slow before this.
const PATIENCE: Duration = Duration::from_secs(30);

impl Scheduler<'_> {
    /// Says what goes on.
    pub(super) fn tell(&mut self) {
        let now = self.live.run.clock.monotonic();
        for (step, begun) in self.running().collect::<Vec<_>>() {
            let Some(operation) = self.live.plan.work.steps[step].operation else { continue };
            let address = self.address(step).clone();
            let elapsed = now.saturating_sub(begun);
            let expected = self.live.plan.work.pace.estimate(step);
            self.send(Event::Progress {
                address: address.clone(),
                operation,
                id: self.id(step),
                elapsed,
                expected,
                last: self.live.word(self.live.plan.work.steps[step].change),
            });
            if let Some(expected) = expected
                && elapsed > expected.p90.max(PATIENCE)
                && self.slow.insert(step)
            {
                self.send(Event::Slow { address, operation, elapsed, expected });
            }
        }
        self.send(Event::Remaining(self.remaining(now)));
        let held_up = self.live.run.provider.held_up();
        if held_up != self.held_up {
            self.held_up.clone_from(&held_up);
            self.send(Event::HeldUp(held_up));
        }
    }

    /// What is left: the longest path from what is in flight, each with what is left of it, and from
    /// what could begin; or all of it in as many rows as there may be, whichever is longer.
    fn remaining(&self, now: Duration) -> Remaining {
        let (pace, followers) = (&self.live.plan.work.pace, &self.live.plan.work.followers);
        let mut left = vec![Estimate::default(); self.progress.len()];
        let (mut path, mut work) = (Estimate::default(), Estimate::default());
        let mut remaining = Remaining::default();
        for &step in self.order.iter().rev() {
            let own = match self.progress[step] {
                Progress::Running(begun) => pace.known(step).after(now.saturating_sub(begun)),
                Progress::Waiting if !self.halted => pace.known(step),
                _ => continue,
            };
            let after = followers[step].iter().map(|follower| left[*follower]);
            left[step] = own.then(after.fold(Estimate::default(), Estimate::max));
            path = path.max(left[step]);
            work = work.then(own);
            if self.live.plan.work.steps[step].operation.is_some() {
                remaining.operations += 1;
                remaining.unknown += usize::from(pace.unknown(step).is_some());
            }
        }
        let rows = |time| pace::divided(time, self.live.run.parallelism);
        let rows = Estimate { p50: rows(work.p50), p90: rows(work.p90) };
        Remaining { estimate: path.max(rows), ..remaining }
    }
}
