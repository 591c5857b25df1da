//! The imprint of a plan: what it does and to what, as digests, to be compared with the plan that is
//! made from the same goal later.
//!
//! The main type is [`Imprint`]. Holds no value: an imprint tells what moved, never from what to what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use infra_sdk::{Address, Object};

use crate::plan::{Action, Change, Drift, Mode, Plan};

/// What a plan does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imprint {
    /// Its changes, without those that do nothing: what else the cloud does to an object that stays
    /// as it is moves no ground.
    pub changes: Vec<ChangeImprint>,
    /// Digests of the outputs, by name.
    pub outputs: BTreeMap<String, String>,
}

/// Digest of what plans would do, by the names of their stacks: planned again on the same ground it
/// is the same. 32 hexadecimal digits, for people to carry from a page that shows the plans to the
/// command that applies them.
#[must_use]
pub fn plans_digest<'a>(
    environment: &str,
    plans: impl IntoIterator<Item = (&'a str, &'a Plan)>,
) -> String {
    let imprints: Vec<_> =
        plans.into_iter().map(|(stack, plan)| (stack, plan.mode, Imprint::of(plan))).collect();
    digest(&(environment, imprints))
}

/// What is to be done with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeImprint {
    /// Where it stands in the stack.
    pub address: Address,
    /// What the cloud calls an object that was replaced earlier and is still there.
    pub deposed: Option<String>,
    /// What is to be done, as the end of `it was to be …`.
    pub action: String,
    /// Digest of all of it, see [`Change::digest`].
    pub digest: String,
    /// Digests of the attributes as they are.
    pub before: BTreeMap<String, String>,
    /// Digests of the attributes as they will be.
    pub after: BTreeMap<String, String>,
}

impl Imprint {
    /// The imprint of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let does = |change: &&Change| change.action != Action::NoOp || change.moved_from.is_some();
        // What a refresh alone is about; otherwise what drifted shows in what is done about it.
        let drift = plan.drift.iter().filter(|_| plan.mode == Mode::Refresh);
        let changes = plan.changes.iter().filter(does).map(ChangeImprint::of);
        let outputs = plan.outputs.iter();
        Self {
            changes: changes.chain(drift.map(ChangeImprint::of_drift)).collect(),
            outputs: outputs
                .map(|output| (output.name.clone(), digest(&(&output.before, &output.after))))
                .collect(),
        }
    }

    /// What is another in the plan of now, a line each; empty where both do the same.
    #[must_use]
    pub fn moved(&self, now: &Self) -> Vec<String> {
        let by_key = |imprint: &Self| -> BTreeMap<_, _> {
            let key = |change: &ChangeImprint| (change.address.clone(), change.deposed.clone());
            imprint.changes.iter().map(|change| (key(change), change.clone())).collect()
        };
        let (then, now_by_key) = (by_key(self), by_key(now));
        let keys: BTreeSet<_> = then.keys().chain(now_by_key.keys()).collect();
        let mut lines: Vec<_> = keys
            .into_iter()
            .filter_map(|key| {
                let what = match (then.get(key), now_by_key.get(key)) {
                    (Some(then), Some(now)) => then.against(now)?,
                    (Some(then), None) => {
                        format!("it was to be {}, and there is nothing to do any more", then.action)
                    }
                    (None, Some(now)) => format!("it was to stay, and would be {}", now.action),
                    (None, None) => return None,
                };
                Some(format!("`{}`: {what}", key.0))
            })
            .collect();
        let names: BTreeSet<_> = self.outputs.keys().chain(now.outputs.keys()).collect();
        let moved = names.into_iter().filter(|n| self.outputs.get(*n) != now.outputs.get(*n));
        lines.extend(moved.map(|name| format!("output `{name}`: its value is another")));
        lines
    }
}

impl ChangeImprint {
    fn of_drift(drift: &Drift) -> Self {
        Self {
            address: drift.address.clone(),
            deposed: None,
            action: "recorded as it is".to_owned(),
            digest: digest(&(&drift.id, &drift.before, &drift.after)),
            before: digests(Some(&drift.before)),
            after: digests(drift.after.as_ref()),
        }
    }

    fn of(change: &Change) -> Self {
        Self {
            address: change.address.clone(),
            deposed: change.id.clone().filter(|_| change.deposed),
            action: done(change.action).to_owned(),
            digest: change.digest(),
            before: digests(change.before.as_ref()),
            after: digests(change.after.as_ref()),
        }
    }

    /// What is another in the change of now.
    fn against(&self, now: &Self) -> Option<String> {
        if self.digest == now.digest {
            return None;
        }
        if self.action != now.action {
            return Some(format!("it was to be {}, and would be {}", self.action, now.action));
        }
        let differing = |then: &BTreeMap<String, String>, now: &BTreeMap<String, String>| {
            let names: BTreeSet<_> = then.keys().chain(now.keys()).collect();
            let names = names.into_iter().filter(|name| then.get(*name) != now.get(*name));
            names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let (before, after) =
            (differing(&self.before, &now.before), differing(&self.after, &now.after));
        Some(match (before.is_empty(), after.is_empty()) {
            (false, _) => format!("it is not as it was: {before}"),
            (true, false) => format!("it would become another: {after}"),
            (true, true) => "it is another object".to_owned(),
        })
    }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::NoOp => "moved",
        Action::Import => "imported",
        Action::Await => "waited for",
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace { create_first: true } => "replaced, the new one first",
        Action::Replace { create_first: false } => "replaced, the old one first",
        Action::Delete => "destroyed",
        Action::Forget => "forgotten",
    }
}

fn digests(object: Option<&Object>) -> BTreeMap<String, String> {
    let entries = object.into_iter().flatten();
    entries.map(|(name, value)| (name.clone(), digest(value))).collect()
}

/// The form for debugging tells unknown values apart and hides sensitive ones.
fn digest(value: &impl Debug) -> String {
    blake3::hash(format!("{value:?}").as_bytes()).to_hex()[..32].to_owned()
}
