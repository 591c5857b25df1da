//! Limits on calls: one window per service and operation, that shrinks when AWS throttles and grows
//! while it does not (additive increase, multiplicative decrease).
//!
//! The main type is [`Limiter`]. AWS keeps a token bucket per account, region and action; one
//! limiter belongs to one account and region.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Calls of one operation that may be in flight at first.
const START: f64 = 16.0;
/// Never fewer than this.
const LEAST: f64 = 1.0;
/// Never more than this.
const MOST: f64 = 64.0;

/// Limits calls by operation.
#[derive(Debug, Default)]
pub struct Limiter {
    windows: Mutex<HashMap<String, Arc<Window>>>,
}

#[derive(Debug)]
struct Window {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    size: f64,
    in_flight: u32,
}

/// A call in flight; dropping it lets the next one go.
#[derive(Debug)]
pub struct Permit(Arc<Window>);

impl Limiter {
    /// Waits until a call of this operation may go.
    pub async fn acquire(&self, operation: &str) -> Permit {
        let window = self.window(operation);
        loop {
            let freed = window.freed.notified();
            if window.try_take() {
                return Permit(Arc::clone(&window));
            }
            freed.await;
        }
    }

    fn window(&self, operation: &str) -> Arc<Window> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = windows.get(operation) {
            return Arc::clone(window);
        }
        let state = Mutex::new(State { size: START, in_flight: 0 });
        let window = Arc::new(Window { state, freed: Notify::new() });
        windows.insert(operation.to_owned(), Arc::clone(&window));
        window
    }
}

impl Window {
    fn try_take(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let free = f64::from(state.in_flight) < state.size;
        state.in_flight += u32::from(free);
        free
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.freed.notify_waiters();
    }
}

impl Permit {
    /// AWS throttled the call: halve the window.
    pub fn throttled(self) {
        self.0.change(|state| state.size = (state.size / 2.0).max(LEAST));
    }

    /// AWS took the call: grow the window by one call per window.
    pub fn accepted(self) {
        self.0.change(|state| state.size = (state.size + 1.0 / state.size).min(MOST));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.change(|state| state.in_flight = state.in_flight.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn throttling_shrinks_the_window_and_success_grows_it() {
        let limiter = Limiter::default();
        for _ in 0..10 {
            limiter.acquire("ec2:CreateVpc").await.throttled();
        }
        let only = limiter.acquire("ec2:CreateVpc").await;
        assert!(!limiter.window("ec2:CreateVpc").try_take(), "a window of one lets one call go");
        assert!(limiter.window("ec2:CreateSubnet").try_take(), "another operation is not limited");
        only.accepted();
        let _first = limiter.acquire("ec2:CreateVpc").await;
        assert!(limiter.window("ec2:CreateVpc").try_take(), "the window grew to two");
    }

    #[tokio::test]
    async fn a_waiting_call_goes_when_another_ends() {
        let limiter = Arc::new(Limiter::default());
        for _ in 0..10 {
            limiter.acquire("x").await.throttled();
        }
        let held = limiter.acquire("x").await;
        let waiting = tokio::spawn({
            let limiter = Arc::clone(&limiter);
            async move { drop(limiter.acquire("x").await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.expect("it goes on");
    }
}
