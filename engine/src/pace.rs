//! How long the steps of a plan will take, from what steps like them took in earlier runs.
//!
//! The main type is [`Pace`]. It decides about the order of what may run at once and about what is
//! told, and never about what is done.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use infra_sdk::durations::{self, Durations, Sort};
use infra_sdk::provider::{Place, Provider};
use infra_sdk::store::{self, Edit};

use crate::event::{Estimate, Operation};
use crate::graph;
use crate::plan::Change;
use crate::work::{Part, Step};

/// What every step costs beside its calls: the store is written. It makes the longer of two paths
/// of steps that take no time weigh more.
const OVERHEAD: Duration = Duration::from_millis(1);

/// What a step weighs of which nobody knows how long it takes.
const UNKNOWN: Duration = Duration::from_secs(60);

/// Fewer samples than this say little about the slowest of ten.
const FEW: usize = 5;

/// How long a plan will take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// What half of the runs need at most, and nine of ten.
    pub estimate: Estimate,
    /// Types of which nobody knows how long they take: they are not in the estimate.
    pub unknown: BTreeSet<String>,
}

impl Forecast {
    /// This, and then another.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.estimate = self.estimate.then(other.estimate);
        self.unknown.extend(other.unknown);
        self
    }
}

/// How long the steps of a plan will take.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// By step: which of the sorts it is of.
    sort_of: Vec<Option<usize>>,
    sorts: Vec<Known>,
}

/// What is known of operations of one sort.
#[derive(Debug)]
struct Known {
    sort: Sort,
    /// How long they took here.
    samples: Vec<Duration>,
    estimate: Option<Estimate>,
}

impl Pace {
    /// From what earlier runs took, and from what the provider says where there is nothing.
    pub(crate) fn new(
        provider: &dyn Provider,
        history: &Durations,
        (changes, parts): (&[Change], &[Part]),
        steps: &[Step],
    ) -> Self {
        let mut numbers: HashMap<(&str, store::Operation, &Place), usize> = HashMap::new();
        let mut sorts = Vec::new();
        let mut sort_of = Vec::with_capacity(steps.len());
        for step in steps {
            let Some(operation) = step.operation else {
                sort_of.push(None);
                continue;
            };
            let change = &changes[step.change];
            let operation = stored(operation);
            // What is deleted is what is recorded, also where its type is another one by now.
            let record = parts[step.change].record.as_ref();
            let record = record.filter(|_| operation == store::Operation::Delete);
            let (type_name, place) = match record {
                Some(record) => (&record.type_name, &record.place),
                None => (&change.type_name, &change.place),
            };
            let number = numbers.entry((type_name, operation, place)).or_insert_with(|| {
                let sort = Sort { type_name: type_name.clone(), operation, place: place.clone() };
                sorts.push(Known::new(provider, history, sort));
                sorts.len() - 1
            });
            sort_of.push(Some(*number));
        }
        Self { sort_of, sorts }
    }

    /// How long a step takes; `None` where nobody knows.
    pub(crate) fn estimate(&self, step: usize) -> Option<Estimate> {
        let sort = (*self.sort_of.get(step)?)?;
        self.sorts[sort].estimate
    }

    /// How long a step takes as far as anybody knows; nothing for one without an operation.
    pub(crate) fn known(&self, step: usize) -> Estimate {
        self.estimate(step).unwrap_or_default()
    }

    /// What a step weighs when the longest path is to go first.
    pub(crate) fn weight(&self, step: usize) -> Duration {
        if self.sort_of.get(step).is_none_or(Option::is_none) {
            return Duration::ZERO;
        }
        self.estimate(step).map_or(UNKNOWN, |estimate| estimate.p50) + OVERHEAD
    }

    /// The type of a step of which nobody knows how long it takes.
    pub(crate) fn unknown(&self, step: usize) -> Option<&str> {
        let known = &self.sorts[(*self.sort_of.get(step)?)?];
        known.estimate.is_none().then_some(&known.sort.type_name)
    }

    /// The edits that keep what steps took, in the order in which they ended.
    pub(crate) fn keep(&self, took: &[(usize, Duration)]) -> Vec<Edit> {
        let mut samples: BTreeMap<usize, Vec<Duration>> = BTreeMap::new();
        for (step, time) in took {
            let Some(sort) = self.sort_of.get(*step).copied().flatten() else { continue };
            let samples = samples.entry(sort).or_insert_with(|| self.sorts[sort].samples.clone());
            // As exact as it is recorded.
            let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            durations::add(samples, Duration::from_millis(time));
        }
        let edit = |(sort, samples)| {
            let known: &Known = &self.sorts[sort];
            Edit::Durations(known.sort.clone(), samples)
        };
        samples.into_iter().map(edit).collect()
    }

    /// How long all steps take with so many in flight: the longest path, or everything one after
    /// another in so many rows, whichever is longer.
    pub(crate) fn forecast(&self, followers: &[Vec<usize>], parallelism: usize) -> Forecast {
        let order = graph::sort(&graph::reverse(followers));
        let path = |of: fn(Estimate) -> Duration| {
            let time = |step| of(self.known(step));
            let longest = longest(&order, followers, time).into_iter().max().unwrap_or_default();
            let work: Duration = (0..followers.len()).map(time).sum();
            longest.max(divided(work, parallelism))
        };
        let unknown = (0..followers.len()).filter_map(|step| self.unknown(step));
        Forecast {
            estimate: Estimate { p50: path(|e| e.p50), p90: path(|e| e.p90) },
            unknown: unknown.map(str::to_owned).collect(),
        }
    }
}

impl Known {
    fn new(provider: &dyn Provider, history: &Durations, sort: Sort) -> Self {
        let samples = history.get(&sort).cloned().unwrap_or_default();
        let estimate = estimate(samples.clone())
            .or_else(|| elsewhere(history, &sort))
            .or_else(|| provider.usual_time(&sort.type_name, sort.operation).map(guess));
        Self { sort, samples, estimate }
    }
}

/// How long the same took in other places.
fn elsewhere(history: &Durations, sort: &Sort) -> Option<Estimate> {
    let same =
        |other: &Sort| other.type_name == sort.type_name && other.operation == sort.operation;
    let samples = history.iter().filter(|(other, _)| same(other));
    estimate(samples.flat_map(|(_, samples)| samples).copied().collect())
}

/// The smallest samples that half and nine tenths of all do not exceed.
fn estimate(mut samples: Vec<Duration>) -> Option<Estimate> {
    samples.sort_unstable();
    let rank = |tenths: usize| samples.get((samples.len() * tenths).div_ceil(10).checked_sub(1)?);
    let (p50, p90) = (*rank(5)?, *rank(9)?);
    let p90 = if samples.len() < FEW { p90.max(guess(p50).p90) } else { p90 };
    Some(Estimate { p50, p90 })
}

/// What is usual, where nothing says how much it varies.
fn guess(p50: Duration) -> Estimate {
    Estimate { p50, p90: p50 + p50 / 2 }
}

/// A time shared by so many.
pub(crate) fn divided(time: Duration, by: usize) -> Duration {
    time / u32::try_from(by.max(1)).unwrap_or(u32::MAX)
}

/// For each step how long the longest path is that begins with it; `order` has each step after those
/// that it waits for.
pub(crate) fn longest(
    order: &[usize],
    followers: &[Vec<usize>],
    time: impl Fn(usize) -> Duration,
) -> Vec<Duration> {
    let mut longest = vec![Duration::ZERO; followers.len()];
    for &step in order.iter().rev() {
        let after = followers[step].iter().map(|follower| longest[*follower]).max();
        longest[step] = time(step) + after.unwrap_or_default();
    }
    longest
}

/// The operation under which a duration is kept. Waiting ends a creation of an earlier run.
fn stored(operation: Operation) -> store::Operation {
    match operation {
        Operation::Create | Operation::Await => store::Operation::Create,
        Operation::Update => store::Operation::Update,
        Operation::Delete => store::Operation::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: &[u64], p50: u64, p90: u64) {
        let samples = seconds.iter().copied().map(Duration::from_secs).collect();
        let of =
            |p50, p90| Estimate { p50: Duration::from_secs(p50), p90: Duration::from_secs(p90) };
        assert_eq!(estimate(samples), Some(of(p50, p90)), "{seconds:?}");
    }

    #[test]
    fn estimates_are_ranks_and_few_samples_leave_room() {
        assert_eq!(estimate(Vec::new()), None);
        check(&[100], 100, 150);
        check(&[100, 300], 100, 300);
        check(&[5, 1, 4, 2, 3], 3, 5);
        check(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 100], 5, 9);
    }

    #[test]
    fn the_longest_path_counts_time_and_not_steps() {
        let followers = [vec![1], vec![], vec![3], vec![4], vec![]];
        let times = [10, 1, 2, 2, 2].map(Duration::from_secs);
        let longest = longest(&[0, 1, 2, 3, 4], &followers, |step| times[step]);
        assert_eq!(longest, [11, 1, 6, 4, 2].map(Duration::from_secs));
    }
}
