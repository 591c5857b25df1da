//! What is to be deleted: records that nothing declares, and what earlier replacements left over.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::provider::Provider;
use infra_sdk::store::{Edit, Record};
use infra_sdk::{Diagnostic, Object};

use super::draft::{Draft, Entry, all_attributes};
use crate::ground::{Ground, recorded_needs};
use crate::plan::{Action, Change, Reason};
use crate::refresh::Seen;
use crate::work::Part;
use crate::{compare, decide, graph};

/// Adds what is to be deleted: records that nothing declares, those that depend on others first,
/// and what earlier replacements left over.
pub(super) fn orphans(
    provider: &dyn Provider,
    ground: &Ground<'_>,
    seen: &[Option<Seen>],
    draft: &mut Draft,
    problems: &mut Vec<Diagnostic>,
    verdict: impl Fn(&Record) -> (bool, Reason),
) {
    let mut left_over = Vec::new();
    for (record, selected) in ground.records.iter().zip(&ground.selected).rev() {
        if let (Some(record), true) = (record, selected) {
            left_over.extend(deposed(record, ground));
        }
    }
    let needs = recorded_needs(&ground.orphans);
    let mut order = graph::sort(&graph::reverse(&needs));
    let placed: BTreeSet<_> = order.iter().copied().collect();
    order.extend((0..needs.len()).filter(|orphan| !placed.contains(orphan)));
    for orphan in order.into_iter().filter(|orphan| ground.selected_orphans[*orphan]) {
        let record = ground.orphans[orphan];
        let Some(seen) = &seen[orphan] else { continue };
        let Some(schema) = provider.schema(&record.type_name) else {
            problems.push(decide::unknown_type(record));
            continue;
        };
        let (prevent, mut reason) = verdict(record);
        let asked = BTreeMap::new();
        draft.drift.extend(decide::drift(&record.address, record, schema, seen, &asked));
        let gone = matches!(seen, Seen::Gone);
        let asked = reason == Reason::ForgetRequested;
        if asked {
            // Nothing is destroyed, so that nothing can be prevented.
        } else if gone {
            reason = Reason::GoneOutside { id: record.id.clone() };
        } else if prevent {
            let why = match reason {
                Reason::DestroyRequested => "the command destroys everything",
                _ => "it is no longer declared",
            };
            let location = record.location.clone();
            problems.push(decide::prevented(&record.address, location, why));
        }
        // A record with something left over goes only with the last of its objects.
        let forget = asked || (gone && record.deposed.is_empty());
        if forget {
            draft.bookkeeping.push(Edit::Remove(record.address.clone()));
        }
        left_over.extend(deposed(record, ground).map(|mut entry| {
            if asked {
                entry.change.action = Action::Forget;
                entry.change.reasons = vec![Reason::ForgetRequested];
            }
            entry
        }));
        let action = if forget { Action::Forget } else { Action::Delete };
        let before = match seen {
            Seen::There(observed) => {
                let mut inputs = compare::current(schema.inputs, &observed.inputs, &record.inputs);
                compare::mark(schema.inputs, &mut inputs);
                all_attributes(&inputs, &decide::outputs(schema, &observed.outputs, Some(record)))
            }
            _ => all_attributes(&record.inputs, &record.outputs),
        };
        draft.entries.push(deletion(record, ground, action, before, reason));
    }
    draft.entries.extend(left_over);
}

fn deposed<'a>(record: &'a Record, ground: &'a Ground<'_>) -> impl Iterator<Item = Entry> + 'a {
    record.deposed.iter().map(move |deposed| {
        let before = deposed.inputs.clone();
        let mut entry = deletion(record, ground, Action::Delete, before, Reason::LeftOver);
        entry.change.id = Some(deposed.id.clone());
        entry.change.deposed = true;
        entry
    })
}

fn deletion(
    record: &Record,
    ground: &Ground<'_>,
    action: Action,
    before: Object,
    reason: Reason,
) -> Entry {
    let address = (*ground.alias.get(&record.address).unwrap_or(&&record.address)).clone();
    let outlived_by = ground.outlived_by(record);
    let mut kept = record.clone();
    kept.address = address.clone();
    Entry {
        change: Change {
            address,
            type_name: record.type_name.clone(),
            place: record.place.clone(),
            action,
            id: Some(record.id.clone()),
            before: Some(before),
            after: None,
            attributes: Vec::new(),
            reasons: vec![reason],
            dependencies: outlived_by.clone(),
            location: record.location.clone(),
            moved_from: None,
            imported: false,
            deposed: false,
        },
        part: Part { record: Some(kept), ..Part::default() },
        declared: None,
        outlived_by,
    }
}
