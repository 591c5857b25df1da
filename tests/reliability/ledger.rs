//! Compares three lists: what the cloud holds, what the state says, what the program declares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use serde_json::Value;

use crate::world::{Object, World};

/// What went wrong, counted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Kills, faults, interrupts: how often something was done to a run.
    pub(crate) blows: usize,
    /// Objects that no record names.
    pub(crate) orphans: usize,
    /// Objects beyond the first with one address.
    pub(crate) duplicates: usize,
    /// Records without an object, and declarations without a record.
    pub(crate) lost: usize,
    /// Objects that are not as they were declared last, and objects that a replacement left.
    pub(crate) stale: usize,
    /// Runs that did not converge by running once more.
    pub(crate) stuck: usize,
    /// What is behind the counts.
    pub(crate) details: Vec<String>,
}

impl Tally {
    /// Adds another.
    pub(crate) fn add(&mut self, other: Self) {
        self.blows += other.blows;
        self.orphans += other.orphans;
        self.duplicates += other.duplicates;
        self.lost += other.lost;
        self.stale += other.stale;
        self.stuck += other.stuck;
        self.details.extend(other.details);
    }

    /// Counts a run that did not converge.
    pub(crate) fn stick(&mut self, why: String) {
        self.stuck += 1;
        self.details.push(why);
    }

    /// Whether nothing went wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.details.is_empty()
    }

    /// Fails unless nothing went wrong and something was done.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        assert!(self.blows > 0, "nothing was done");
        self.assert_nothing_wrong();
    }

    /// Fails unless nothing went wrong.
    #[track_caller]
    pub(crate) fn assert_nothing_wrong(&self) {
        assert!(self.is_clean(), "{self}\n{}", self.details.join("\n"));
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { blows, orphans, duplicates, lost, stale, stuck, .. } = self;
        write!(
            f,
            "N {blows}: orphans {orphans}, duplicates {duplicates}, lost {lost}, stale {stale}, \
             not converged {stuck}"
        )
    }
}

/// Whether the three lists agree after a run that is to have made everything: a plan with these
/// settings is empty, and every object is of that revision.
pub(crate) async fn check(world: &mut World, settings: &[&str], revision: &str) -> Tally {
    let mut tally = Tally::default();
    let words = [&["plan", "--detailed-exitcode", "--format", "json"], settings].concat();
    let plan = world.infra(&words).await;
    if plan.code != Some(0) {
        tally.stick(format!("the plan is not empty ({:?}):\n{}", plan.code, plan.stderr));
    }
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap_or_default();
    let declared: BTreeSet<String> = plan["planned_values"]["root_module"]["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|resource| resource["address"].as_str().map(str::to_owned))
        .collect();
    let export = exported(world, &mut tally).await;
    compare(&mut tally, &world.objects(), &export, &declared, revision);
    tally
}

/// Whether nothing is left after a run that is to have destroyed everything.
pub(crate) async fn check_empty(world: &mut World) -> Tally {
    let mut tally = Tally::default();
    let export = exported(world, &mut tally).await;
    compare(&mut tally, &world.objects(), &export, &BTreeSet::new(), "");
    for address in export["records"].as_object().into_iter().flatten().map(|(address, _)| address) {
        tally.lost += 1;
        tally.details.push(format!("{address} is still recorded"));
    }
    tally
}

/// The export; nothing where there is none, which is noted.
async fn exported(world: &World, tally: &mut Tally) -> Value {
    world.export().await.unwrap_or_else(|error| {
        tally.stick(format!("no export: {error}"));
        Value::Null
    })
}

fn compare(
    tally: &mut Tally,
    objects: &[Object],
    export: &Value,
    declared: &BTreeSet<String>,
    revision: &str,
) {
    let mut recorded = BTreeMap::new();
    for (address, record) in export["records"].as_object().into_iter().flatten() {
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        recorded.insert((text("type"), text("id")), address.clone());
        for deposed in record["deposed"].as_array().into_iter().flatten() {
            tally.stale += 1;
            tally.details.push(format!("{address} still has a deposed object {deposed}"));
        }
    }
    let mut addresses = BTreeSet::new();
    let mut held = BTreeSet::new();
    for object in objects {
        let Object { kind, id, address, .. } = object;
        if !recorded.contains_key(&(kind.clone(), id.clone())) {
            tally.orphans += 1;
            tally.details.push(format!("{kind} {id} ({address:?}) is in no record"));
        }
        if let Some(address) = address
            && !addresses.insert(address)
        {
            tally.duplicates += 1;
            tally.details.push(format!("{kind} {id} is one more {address}"));
        }
        if object.revision.as_deref().is_some_and(|found| found != revision) {
            tally.stale += 1;
            tally.details.push(format!("{kind} {id} is of revision {:?}", object.revision));
        }
        held.insert((kind.clone(), id.clone()));
    }
    for (key, address) in recorded.iter().filter(|(key, _)| !held.contains(*key)) {
        tally.lost += 1;
        tally.details.push(format!("{address}: the cloud has no {key:?}"));
    }
    let recorded: BTreeSet<_> = recorded.into_values().collect();
    for address in declared.difference(&recorded) {
        tally.lost += 1;
        tally.details.push(format!("{address} is declared and not recorded"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::{Tally, compare};
    use crate::world::Object;

    fn object(id: &str, address: &str, revision: &str) -> Object {
        Object {
            kind: "aws_vpc".to_owned(),
            id: id.to_owned(),
            address: Some(address.to_owned()),
            revision: Some(revision.to_owned()),
        }
    }

    #[test]
    fn what_does_not_agree_is_counted() {
        let record = |id: &str| json!({ "type": "aws_vpc", "id": id, "deposed": [] });
        let declared = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let count = |objects: &[Object], export| {
            let mut tally = Tally::default();
            compare(&mut tally, objects, &export, &declared, "1");
            let Tally { orphans, duplicates, lost, stale, .. } = tally;
            (orphans, duplicates, lost, stale)
        };
        let two = [object("1", "a", "1"), object("2", "b", "1")];
        let both = json!({ "records": { "a": record("1"), "b": record("2") } });
        assert_eq!(count(&two, both.clone()), (0, 0, 0, 0));
        assert_eq!(count(&two[..1], both.clone()), (0, 0, 1, 0));
        assert_eq!(count(&two, json!({ "records": { "a": record("1") } })), (1, 0, 1, 0));
        let three = [two.as_slice(), &[object("3", "b", "1")]].concat();
        assert_eq!(count(&three, both.clone()), (1, 1, 0, 0));
        assert_eq!(count(&[two[0].clone(), object("2", "b", "0")], both), (0, 0, 0, 1));
    }
}
