//! The ground of a plan: which record belongs to which declaration, and which of both the command
//! asks for.
//!
//! The main type is [`Ground`]. It borrows declarations and state; nothing of either is copied.

use std::collections::{HashMap, HashSet};

use infra_sdk::store::{Record, State};
use infra_sdk::{Address, Declaration, Diagnostic};

use crate::check::{Checked, problem};
use crate::plan::{Goal, Mode};
use crate::{graph, named};

/// Records and declarations, side by side.
pub(crate) struct Ground<'a> {
    /// For each declaration its record, if there is one.
    pub(crate) records: Vec<Option<&'a Record>>,
    /// For each declaration the address that its record moves away from.
    pub(crate) moved: Vec<Option<&'a Address>>,
    /// Records that nothing declares.
    pub(crate) orphans: Vec<&'a Record>,
    /// Where records that move stand from now on.
    pub(crate) alias: HashMap<&'a Address, &'a Address>,
    /// Which declarations the command asks for.
    pub(crate) selected: Vec<bool>,
    /// Which orphans the command asks for.
    pub(crate) selected_orphans: Vec<bool>,
}

impl<'a> Ground<'a> {
    /// The ground of an apply.
    pub(crate) fn new(
        checked: &Checked<'a>,
        state: &'a State,
        goal: &'a Goal,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let resources = &goal.declarations.resources;
        let mut ground = Self {
            records: resources.iter().map(|d| state.records.get(&d.address)).collect(),
            moved: vec![None; resources.len()],
            orphans: Vec::new(),
            alias: HashMap::new(),
            selected: Vec::new(),
            selected_orphans: Vec::new(),
        };
        for (position, declaration) in resources.iter().enumerate() {
            ground.move_record(position, declaration, state, problems);
        }
        ground.orphans = state
            .records
            .values()
            .filter(|record| {
                !checked.index.contains_key(&record.address)
                    && !ground.alias.contains_key(&record.address)
            })
            .collect();
        imports(resources, &ground.records, state, problems);
        ground.select(checked, goal, problems);
        ground
    }

    /// The ground of a destruction, or of a refresh alone: records only.
    pub(crate) fn of_records(
        state: &'a State,
        goal: &Goal,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let orphans: Vec<_> = state.records.values().collect();
        let needs = recorded_needs(&orphans);
        let needed_by = graph::reverse(&needs);
        let addresses: Vec<_> = orphans.iter().map(|record| &record.address).collect();
        let (first, second) = match goal.mode {
            Mode::Destroy => (&needed_by, &needs),
            Mode::Apply | Mode::Refresh => (&needs, &needed_by),
        };
        let selected_orphans = selection(goal, &addresses, first, second, problems);
        Self {
            records: Vec::new(),
            moved: Vec::new(),
            orphans,
            alias: HashMap::new(),
            selected: Vec::new(),
            selected_orphans,
        }
    }

    /// What a record says must outlive it, at the addresses of now.
    pub(crate) fn outlived_by(&self, record: &Record) -> Vec<Address> {
        let current = |address: &Address| (*self.alias.get(address).unwrap_or(&address)).clone();
        record.dependencies.iter().map(current).collect()
    }

    fn move_record(
        &mut self,
        position: usize,
        declaration: &'a Declaration,
        state: &'a State,
        problems: &mut Vec<Diagnostic>,
    ) {
        let from = declaration.arguments.options.moved_from.as_deref();
        // That it is an address was checked before.
        let Some(from) = from.and_then(|from| Address::parse(from).ok()) else { return };
        let Some((origin, record)) = state.records.get_key_value(&from) else { return };
        let refuse = |detail: String| {
            problem("plan::move", "a resource cannot be moved", declaration).detail(detail)
        };
        if self.records[position].is_some() {
            let detail = format!(
                "both `{from}` and `{}` are recorded, each with its object",
                declaration.address
            );
            problems.push(refuse(detail).hint(format!(
                "declare `{from}` again to have it destroyed or kept, or remove `moved_from`"
            )));
        } else if record.type_name != declaration.type_name {
            let detail = format!(
                "`{from}` is recorded with the type `{}`, and `{}` has the type `{}`",
                record.type_name, declaration.address, declaration.type_name
            );
            problems.push(refuse(detail).hint("remove `moved_from`"));
        } else {
            self.records[position] = Some(record);
            self.moved[position] = Some(origin);
            self.alias.insert(origin, &declaration.address);
        }
    }

    fn select(&mut self, checked: &Checked<'a>, goal: &'a Goal, problems: &mut Vec<Diagnostic>) {
        let resources = &goal.declarations.resources;
        if goal.targets.is_empty() && goal.excludes.is_empty() {
            self.selected = vec![true; resources.len()];
            self.selected_orphans = vec![true; self.orphans.len()];
            return;
        }
        // Declarations first, then orphans. An orphan needs those orphans gone that depend on it.
        let addresses: Vec<_> = resources
            .iter()
            .map(|declaration| &declaration.address)
            .chain(self.orphans.iter().map(|record| &record.address))
            .collect();
        let offset = resources.len();
        let mut needs = checked.waits.clone();
        needs.extend(
            graph::reverse(&recorded_needs(&self.orphans))
                .into_iter()
                .map(|list| list.into_iter().map(|orphan| orphan + offset).collect()),
        );
        let mut selected = selection(goal, &addresses, &needs, &graph::reverse(&needs), problems);
        self.selected_orphans = selected.split_off(offset);
        self.selected = selected;
    }
}

/// Which nodes the command asks for: the targets and what they need, without the exclusions and
/// what needs those.
fn selection(
    goal: &Goal,
    addresses: &[&Address],
    needs: &[Vec<usize>],
    needed_by: &[Vec<usize>],
    problems: &mut Vec<Diagnostic>,
) -> Vec<bool> {
    let mut find = |wanted: &[Address], option: &str| -> Vec<usize> {
        let mut found = Vec::new();
        for wanted in wanted {
            let before = found.len();
            found.extend(addresses.iter().enumerate().filter_map(|(position, address)| {
                named::means(wanted, address).then_some(position)
            }));
            if found.len() == before {
                problems.push(named::nothing(option, wanted, addresses.iter().copied()));
            }
        }
        found
    };
    let mut selected = if goal.targets.is_empty() {
        vec![true; addresses.len()]
    } else {
        graph::reach(needs, find(&goal.targets, "--target"))
    };
    let excluded = graph::reach(needed_by, find(&goal.excludes, "--exclude"));
    for (selected, excluded) in selected.iter_mut().zip(excluded) {
        *selected &= !excluded;
    }
    selected
}

/// For each record the positions of those that must outlive it.
pub(crate) fn recorded_needs(records: &[&Record]) -> Vec<Vec<usize>> {
    let index: HashMap<_, _> =
        records.iter().enumerate().map(|(position, record)| (&record.address, position)).collect();
    let needs = |record: &&Record| {
        record.dependencies.iter().filter_map(|address| index.get(address).copied()).collect()
    };
    records.iter().map(needs).collect()
}

/// Refuses to take over what another resource has already.
fn imports(
    resources: &[Declaration],
    records: &[Option<&Record>],
    state: &State,
    problems: &mut Vec<Diagnostic>,
) {
    let wanted: Vec<_> = resources
        .iter()
        .zip(records)
        .filter(|(_, record)| record.is_none())
        .filter_map(|(d, _)| Some((d, d.arguments.options.import_id.as_deref()?)))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let taken: HashMap<_, _> = state
        .records
        .values()
        .map(|record| ((record.type_name.as_str(), record.id.as_str()), &record.address))
        .collect();
    let mut named = HashSet::new();
    for (declaration, id) in wanted {
        let refuse = |detail: String| {
            problem("plan::import", "an object cannot be taken over", declaration).detail(detail)
        };
        let key = (declaration.type_name.as_str(), id);
        if let Some(owner) = taken.get(&key) {
            let hint = format!("use `moved_from(\"{owner}\")` instead of `import_id`");
            problems.push(refuse(format!("`{id}` belongs to `{owner}` already")).hint(hint));
        } else if !named.insert(key) {
            problems.push(refuse(format!("another resource asks for `{id}` too")));
        }
    }
}
