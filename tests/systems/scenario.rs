//! What every system goes through.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{Ended, World};

/// A system in an environment, and what is done to it.
pub(crate) struct Scenario {
    /// The stack.
    pub(crate) stack: &'static str,
    /// The environment.
    pub(crate) environment: &'static str,
    /// The regions that it stands in.
    pub(crate) regions: &'static [&'static str],
    /// Whether `destroy` is refused here.
    pub(crate) protected: bool,
    /// Settings that are changed, and what that does.
    pub(crate) change: Change,
    /// What someone changes by hand, in `drift.py`.
    pub(crate) drift: Drift,
}

/// A change of settings.
pub(crate) struct Change {
    /// The `--var`s; they stay from here on.
    pub(crate) variables: &'static [&'static str],
    /// Type and action of everything that changes, and of nothing else.
    pub(crate) expected: &'static [(&'static str, &'static str)],
}

/// A change by hand, and how the next plan shows it.
pub(crate) struct Drift {
    /// The function in `drift.py`.
    pub(crate) what: &'static str,
    /// The address of what is changed.
    pub(crate) address: &'static str,
    /// The attribute that is put back.
    pub(crate) attribute: &'static str,
}

impl Scenario {
    /// Goes through all of it.
    pub(crate) async fn run(self) {
        let mut world = World::new(self.stack, self.environment, self.regions).await;
        let name = format!("{} in {}", self.stack, self.environment);
        let made = world.plan().await;
        assert!(!made.is_empty() && made.iter().all(|change| change.action == "create"), "{name}");
        world.progress(&format!("{name}: {} resources", made.len()));
        world.apply().await;
        world.expect_nothing_to_do("after the apply").await;
        world.set(self.change.variables);
        let planned = world.plan().await;
        let seen: BTreeSet<_> =
            planned.iter().map(|change| (change.kind.as_str(), change.action)).collect();
        let expected: BTreeSet<_> = self.change.expected.iter().copied().collect();
        assert_eq!(seen, expected, "{name}: {:?}", self.change.variables);
        world.apply().await;
        world.expect_nothing_to_do("after the change").await;
        world.drift(self.drift.what).await;
        let planned = world.plan().await;
        let seen: Vec<_> = planned
            .iter()
            .map(|change| (change.address.as_str(), change.action, change.attributes.clone()))
            .collect();
        let attribute = vec![self.drift.attribute.to_owned()];
        assert_eq!(seen, [(self.drift.address, "update", attribute)], "{name}: drift");
        world.apply().await;
        world.expect_nothing_to_do("after the drift was put back").await;
        if self.protected {
            let refused = world.infra(&["destroy", "--auto-approve"]).await;
            assert_eq!(refused.code, Some(1), "{name}: {}", refused.stderr);
            assert!(refused.stderr.contains("is protected"), "{name}: {}", refused.stderr);
            world.expect_nothing_to_do("after a destruction that was refused").await;
            // Databases, clusters and load balancers refuse it too, until they are told otherwise.
            world.unprotect();
            world.apply().await;
        }
        world.destroy().await;
        world.expect_nothing_left().await;
        world.stop().await;
    }
}

/// A change in a plan document.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Its address.
    pub(crate) address: String,
    /// Its type.
    pub(crate) kind: String,
    /// `create`, `update`, `replace`, `delete`.
    pub(crate) action: &'static str,
    /// Arguments and attributes whose values differ.
    pub(crate) attributes: Vec<String>,
}

impl Planned {
    /// The changes of a plan document.
    pub(crate) fn read(ended: &Ended) -> Vec<Self> {
        let document: Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("not JSON: {error}\n{}", ended.stderr));
        let changes = document["resource_changes"].as_array().cloned().unwrap_or_default();
        changes.iter().filter_map(Self::of).collect()
    }

    fn of(change: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let actions: Vec<_> = change["change"]["actions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|action| action.as_str().unwrap_or_default())
            .collect();
        let action = match actions[..] {
            ["no-op" | "read"] => return None,
            ["create"] => "create",
            ["update"] => "update",
            ["delete"] => "delete",
            ["delete", "create"] | ["create", "delete"] => "replace",
            _ => panic!("{change}"),
        };
        let (before, after) = (&change["change"]["before"], &change["change"]["after"]);
        let names = after.as_object().into_iter().flatten().map(|(name, _)| name);
        let differ = names.filter(|name| before[name.as_str()] != after[name.as_str()]);
        Some(Self {
            address: text(&change["address"]),
            kind: text(&change["type"]),
            action,
            attributes: differ.cloned().collect(),
        })
    }
}
