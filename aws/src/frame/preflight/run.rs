//! All checks of a preflight, at once.

use std::collections::BTreeMap;

use infra_sdk::Diagnostic;
use infra_sdk::preflight::Preflight;
use infra_sdk::provider::Failure;

use super::{blockers, credentials, permissions, quotas, taken};
use crate::frame::provider::AwsProvider;

/// Looks that are in flight at once.
pub(super) const AT_ONCE: usize = 16;

/// The code of what could not be found out.
const UNCHECKED: &str = "preflight::unchecked";

impl AwsProvider {
    /// Everything that is found, the same warning about several resources once.
    pub(crate) async fn look_ahead(&self, flight: &Preflight) -> Vec<Diagnostic> {
        let (credentials, blockers, taken, denied, quotas) = futures_util::join!(
            credentials::find(self, flight),
            blockers::find(self, flight),
            taken::find(self, flight),
            permissions::find(self, flight),
            quotas::find(self, flight),
        );
        grouped([credentials, blockers, taken, denied, quotas].concat())
    }
}

/// Something that could not be found out.
pub(super) fn unchecked(what: &str, failure: &Failure) -> Diagnostic {
    let operation = failure.operation.as_deref().unwrap_or("a call");
    let code = failure.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    Diagnostic::warning(UNCHECKED, format!("{what} could not be checked"))
        .detail(format!("{operation} failed{code}: {}", failure.message))
}

/// Warnings of one sort about several resources become one, which names them. Errors stay apart:
/// each points at its declaration.
fn grouped(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let (errors, warnings): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|diagnostic| diagnostic.is_error());
    let mut groups: BTreeMap<(String, String, Vec<String>), Vec<Diagnostic>> = BTreeMap::new();
    for warning in warnings {
        let key = (warning.code.clone(), warning.summary.clone(), warning.hints.clone());
        groups.entry(key).or_default().push(warning);
    }
    let merge = |mut group: Vec<Diagnostic>| {
        if group.len() == 1 {
            return group.pop();
        }
        let line = |warning: &Diagnostic| match &warning.address {
            Some(address) if warning.code != UNCHECKED => {
                format!("`{address}`: {}", warning.detail)
            }
            _ => warning.detail.clone(),
        };
        let mut lines: Vec<_> = group.iter().map(line).collect();
        lines.dedup();
        let mut first = group.swap_remove(0);
        (first.address, first.location) = (None, None);
        Some(first.detail(lines.join("\n")))
    };
    errors.into_iter().chain(groups.into_values().filter_map(merge)).collect()
}

#[cfg(test)]
mod tests {
    use infra_sdk::Address;

    use super::super::blocking::{later, protected};
    use super::*;

    #[test]
    fn warnings_of_one_sort_are_one_and_errors_stay_apart() {
        let at = |text: &str| Address::parse(text).expect("valid");
        let found = grouped(vec![
            later("in 30 days").address(&at("a.key")),
            protected("deletion_protection").address(&at("a.db")),
            protected("deletion_protection").address(&at("b.db")),
            later("in 7 days").address(&at("b.key")),
        ]);
        assert_eq!(found.iter().filter(|d| d.is_error()).count(), 2);
        let warnings: Vec<_> = found.iter().filter(|d| !d.is_error()).collect();
        let [warning] = &warnings[..] else { panic!("{warnings:?}") };
        assert_eq!(warning.detail, "`a.key`: in 30 days\n`b.key`: in 7 days");
        assert_eq!(warning.address, None);
    }
}
