//! How long operations took in earlier runs: samples, by what was done to what.
//!
//! The main type is [`Durations`]. It names nothing secret, and nothing but estimates comes of it: a
//! plan is the same whatever is in it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::provider::Place;
use crate::store::Operation;

/// The most samples that are kept of one sort of operation: the latest.
pub const SAMPLES: usize = 20;

/// Operations that are alike in how long they take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sort {
    /// Terraform's name of the type.
    pub type_name: String,
    /// What is done.
    pub operation: Operation,
    /// Where.
    pub place: Place,
}

/// How long operations took, readiness included: at most [`SAMPLES`] a sort, the latest last.
pub type Durations = BTreeMap<Sort, Vec<Duration>>;

/// Adds a sample; of more than [`SAMPLES`] the latest stay.
pub fn add(samples: &mut Vec<Duration>, sample: Duration) {
    samples.push(sample);
    let surplus = samples.len().saturating_sub(SAMPLES);
    samples.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_samples_stay() {
        let mut samples = Vec::new();
        for second in 0..50 {
            add(&mut samples, Duration::from_secs(second));
        }
        let latest: Vec<_> = (30..50).map(Duration::from_secs).collect();
        assert_eq!(samples, latest);
    }
}
