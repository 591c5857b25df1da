//! Limits on calls: a window of calls in flight for each of AWS's token buckets, which shrinks when AWS
//! throttles and grows while it does not (additive increase, multiplicative decrease).
//!
//! The main types are [`Limits`], those of a whole run, and [`Limiter`], those of one account and
//! region, which all its clients share whatever role they use. Windows never fail a call: they only
//! make it wait. Where they stand at the end of a run is where the next one starts.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::held_up::HeldUp;
use super::history;

/// Calls of a bucket that may be in flight at first.
const START: f64 = 16.0;
/// The same of the few calls that EC2 has its smallest buckets for.
const START_INTENSIVE: f64 = 8.0;
/// Never fewer than this.
pub(super) const LEAST: f64 = 1.0;
/// Never more than this.
pub(super) const MOST: f64 = 64.0;

/// The limits of all accounts and regions, by plan and apply alike.
#[derive(Debug, Default)]
pub struct Limits {
    file: Option<PathBuf>,
    seeds: HashMap<String, f64>,
    limiters: Mutex<HashMap<String, Arc<Limiter>>>,
    held_up: HeldUp,
}

/// Limits calls to one account and region by their buckets.
#[derive(Debug, Default)]
pub struct Limiter {
    /// Where windows start that an earlier run had, by bucket.
    seeds: HashMap<String, f64>,
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

impl Limits {
    /// Limits that start where the last run ended, by the file that it left; where there is none, or
    /// none that can be read, where everybody starts.
    #[must_use]
    pub fn kept_in(file: Option<PathBuf>) -> Self {
        let seeds = file.as_deref().map(history::read).unwrap_or_default();
        Self { file, seeds, ..Self::default() }
    }

    /// The calls of the run that wait to be sent again, whatever for.
    pub(crate) fn held_up(&self) -> &HeldUp {
        &self.held_up
    }

    /// The limiter of an account and region. One account may be reached by several roles: its buckets
    /// are the same.
    pub(crate) fn of(&self, account: &str, region: &str) -> Arc<Limiter> {
        let place = format!("{account}/{region}");
        let mut limiters = self.limiters();
        if let Some(limiter) = limiters.get(&place) {
            return Arc::clone(limiter);
        }
        let prefix = format!("{place}/");
        let seeds = self
            .seeds
            .iter()
            .filter_map(|(key, size)| Some((key.strip_prefix(&prefix)?.to_owned(), *size)));
        let limiter = Limiter { seeds: seeds.collect(), windows: Mutex::default() };
        let limiter = Arc::new(limiter);
        limiters.insert(place, Arc::clone(&limiter));
        limiter
    }

    /// Keeps where the windows stand for the next run. That it cannot is no reason to fail: the next
    /// run starts where everybody does.
    pub(crate) fn keep(&self) {
        let Some(file) = &self.file else { return };
        let mut windows = HashMap::new();
        // What was asked before AWS said who we are belongs to nobody.
        let known = |place: &str| !place.starts_with('/');
        for (place, limiter) in self.limiters().iter().filter(|(place, _)| known(place)) {
            for (bucket, window) in &*limiter.windows() {
                windows.insert(format!("{place}/{bucket}"), window.state().size);
            }
        }
        if !windows.is_empty() {
            history::write(file, windows);
        }
    }

    fn limiters(&self) -> MutexGuard<'_, HashMap<String, Arc<Limiter>>> {
        self.limiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
        let (bucket, start) = bucket(operation);
        let mut windows = self.windows();
        if let Some(window) = windows.get(&bucket) {
            return Arc::clone(window);
        }
        let size = self.seeds.get(&bucket).copied().unwrap_or(start);
        let state = Mutex::new(State { size, in_flight: 0 });
        let window = Arc::new(Window { state, freed: Notify::new() });
        windows.insert(bucket, Arc::clone(&window));
        window
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<String, Arc<Window>>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What shares a bucket with an operation at AWS, and how many of its calls may be in flight at first.
///
/// EC2 evaluates each API individually, with buckets whose size goes by the kind of action. Source:
/// EC2 developer guide, request throttling. Route 53 counts all requests of an account together.
/// Source: Route 53 developer guide, quotas. The others tell little; what is known of them, such as
/// ECS and ELB, has reads and writes apart.
fn bucket(operation: &str) -> (String, f64) {
    let (service, action) = operation.split_once(':').unwrap_or((operation, ""));
    let intensive = INTENSIVE.contains(&action);
    match service {
        "ec2" => (operation.to_owned(), if intensive { START_INTENSIVE } else { START }),
        "route53" => (service.to_owned(), START_INTENSIVE),
        _ => (format!("{service}:{}", if is_read(action) { "read" } else { "write" }), START),
    }
}

/// EC2's resource-intensive actions. Source: EC2 developer guide, request throttling.
const INTENSIVE: [&str; 9] = [
    "AcceptVpcPeeringConnection",
    "AuthorizeSecurityGroupIngress",
    "CancelSpotInstanceRequests",
    "CreateKeyPair",
    "CreateVpcPeeringConnection",
    "DeleteVpcPeeringConnection",
    "RejectVpcPeeringConnection",
    "RequestSpotInstances",
    "RevokeSecurityGroupIngress",
];

fn is_read(action: &str) -> bool {
    ["BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search"]
        .iter()
        .any(|verb| action.starts_with(verb))
}

impl Window {
    fn try_take(&self) -> bool {
        let mut state = self.state();
        let free = f64::from(state.in_flight) < state.size;
        state.in_flight += u32::from(free);
        free
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.freed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn buckets_are_as_aws_shares_them() {
        let name = |operation| bucket(operation).0;
        assert_ne!(name("ec2:DescribeVpcs"), name("ec2:DescribeSubnets"));
        assert_eq!(name("route53:GetHostedZone"), name("route53:ChangeResourceRecordSets"));
        assert_eq!(name("iam:GetRole"), name("iam:ListRoles"));
        assert_ne!(name("iam:GetRole"), name("iam:CreateRole"));
        assert_ne!(name("iam:GetRole"), name("kms:GetKeyPolicy"));
        let start = |operation| bucket(operation).1;
        assert!(start("ec2:AuthorizeSecurityGroupIngress") < start("ec2:CreateVpc"));
    }

    #[tokio::test]
    async fn windows_belong_to_an_account_and_region_and_to_no_role() {
        let limits = Limits::default();
        for _ in 0..10 {
            limits.of("1", "us-west-2").acquire("iam:GetRole").await.throttled();
        }
        let size =
            |account, region| limits.of(account, region).window("iam:ListRoles").state().size;
        assert!(size("1", "us-west-2") <= LEAST, "another client of the account has that window");
        assert!(size("2", "us-west-2") >= START);
        assert!(size("1", "us-east-1") >= START);
    }

    #[tokio::test]
    async fn a_run_starts_where_the_last_one_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("limits.json");
        let last = Limits::kept_in(Some(file.clone()));
        for _ in 0..3 {
            last.of("1", "us-west-2").acquire("ec2:CreateVpc").await.throttled();
        }
        last.keep();
        let next = Limits::kept_in(Some(file));
        let size = |operation| next.of("1", "us-west-2").window(operation).state().size;
        assert!((size("ec2:CreateVpc") - START / 8.0).abs() < 0.01);
        assert!((size("ec2:CreateSubnet") - START).abs() < 0.01);
        let other = next.of("2", "us-west-2").window("ec2:CreateVpc").state().size;
        assert!((other - START).abs() < 0.01, "another account has its own");
    }
}
