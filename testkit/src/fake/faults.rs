//! What can be made to go wrong, by call, address and count.

use std::collections::BTreeMap;

use infra_sdk::provider::Failure;

/// A call of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// `read`, counted per address.
    Read,
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
    /// `await_ready`.
    AwaitReady,
    /// `await_gone`.
    AwaitGone,
    /// `find`.
    Find,
}

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// It fails and does nothing.
    Fail(Failure),
    /// It does what it should, and then fails.
    Lost(Failure),
    /// It does what it should, and then panics.
    Panic,
    /// A create makes nothing and answers with this id.
    Mistaken(String),
}

/// Faults that wait for their call.
#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Vec<(Verb, String, usize, Fault)>,
    counts: BTreeMap<(Verb, String), usize>,
}

impl Faults {
    /// Plans a fault for the `nth` call from now, counted from 1.
    pub(super) fn plan(&mut self, verb: Verb, address: &str, nth: usize, fault: Fault) {
        let made = self.made(verb, address);
        self.planned.push((verb, address.to_owned(), made + nth, fault));
    }

    /// Counts a call and says how it goes wrong.
    pub(super) fn count(&mut self, verb: Verb, address: &str) -> Option<Fault> {
        let count = self.counts.entry((verb, address.to_owned())).or_default();
        *count += 1;
        let count = *count;
        let planned = self
            .planned
            .iter()
            .position(|(v, a, nth, _)| (*v, a.as_str(), *nth) == (verb, address, count))?;
        Some(self.planned.swap_remove(planned).3)
    }

    /// The id that the next call is to answer with instead of doing anything.
    pub(super) fn mistaken(&self, verb: Verb, address: &str) -> Option<String> {
        let next = self.made(verb, address) + 1;
        self.planned.iter().find_map(|(v, a, nth, fault)| match fault {
            Fault::Mistaken(id) if (*v, a.as_str(), *nth) == (verb, address, next) => {
                Some(id.clone())
            }
            _ => None,
        })
    }

    /// How often a call was made.
    pub(super) fn made(&self, verb: Verb, address: &str) -> usize {
        self.counts.get(&(verb, address.to_owned())).copied().unwrap_or_default()
    }

    /// Forgets what was planned.
    pub(super) fn clear(&mut self) {
        self.planned.clear();
    }
}
