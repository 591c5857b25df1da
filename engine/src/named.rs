//! What the options of a command may name: addresses, and scopes with everything in them.
//!
//! Start reading at [`addresses`]. Of several stacks each is asked for what it knows; an address is
//! wrong only where none does.

use std::collections::BTreeSet;

use infra_sdk::store::State;
use infra_sdk::{Address, Diagnostic};

use crate::check::{Hints, near};
use crate::plan::{Goal, Mode};

/// Everything that a stack has for [`Goal::targets`] and [`Goal::excludes`]: what is declared and
/// what is recorded; the latter only where nothing is made.
#[must_use]
pub fn addresses(state: &State, goal: &Goal) -> BTreeSet<Address> {
    let mut known: BTreeSet<_> = state.records.keys().cloned().collect();
    if goal.mode == Mode::Apply {
        known.extend(goal.declarations.resources.iter().map(|d| d.address.clone()));
    }
    known
}

/// Whether an option that names `wanted` means this address: it is the same, or stands in that scope.
#[must_use]
pub fn means(wanted: &Address, address: &Address) -> bool {
    let rest = address.as_str().strip_prefix(wanted.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The error for an option that means none of the addresses that there are.
#[must_use]
pub fn nothing<'n>(
    option: &str,
    wanted: &Address,
    known: impl Iterator<Item = &'n Address>,
) -> Diagnostic {
    let what = if option == "--replace" { "not declared" } else { "neither declared nor recorded" };
    Diagnostic::error("plan::target", "an option names no resource")
        .detail(format!("`{option} {wanted}`: {what}"))
        .hints(near(wanted.as_str(), known.map(Address::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_means_what_is_in_it_and_not_what_begins_like_it() {
        let at = |text: &str| Address::parse(text).expect("an address");
        assert!(means(&at("net"), &at("net")));
        assert!(means(&at("net"), &at("net.vpc")));
        assert!(!means(&at("net"), &at("network")));
        assert!(!means(&at("net.vpc"), &at("net")));
    }
}
