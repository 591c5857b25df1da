//! `infra state mv` and `rm`: what is recorded is renamed or forgotten. Nothing in the cloud changes.
//!
//! The ownership tag keeps the old address until the next apply that changes the tags of the object,
//! as after a `moved_from`.

use std::collections::BTreeSet;

use clap::Args;
use infra_sdk::store::{Edit, Operation, Record, RunChange, State};
use infra_sdk::{Address, Diagnostic};

use super::hand_over::{HandOver, hand_over};
use super::look::{address, holder, read, unknown};
use crate::cli::{COMMAND_OPTIONS, Context, LockArgs, WhichArgs};
use crate::error::Result;
use crate::interrupts::Hold;
use crate::session::{Site, find};
use crate::view::human;

#[derive(Args)]
pub(crate) struct MoveArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    editing: EditingArgs,
    /// The resource, such as `vpc`.
    from: String,
    /// Its address from now on, such as `network.vpc`.
    to: String,
    /// Record it in this stack of the same environment, and no longer in its own. Cut off in
    /// between, the same command again ends it.
    #[arg(long, value_name = "STACK", help_heading = COMMAND_OPTIONS)]
    to_stack: Option<String>,
}

#[derive(Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    editing: EditingArgs,
    /// The resources, such as `network.vpc`.
    #[arg(required = true, value_name = "ADDRESS")]
    addresses: Vec<String>,
}

#[derive(Args)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(super) struct EditingArgs {
    #[command(flatten)]
    pub(super) waiting: LockArgs,
    /// Say what would be recorded, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Records a resource under another address.
pub(super) async fn rename(context: &Context, args: &MoveArgs) -> Result<()> {
    let (from, to) = (address(&args.from)?, address(&args.to)?);
    if let Some(stack) = &args.to_stack {
        let way = HandOver { from: &from, to: &to, stack };
        return hand_over(context, &args.which, &args.editing, &way).await;
    }
    let command = format!("state mv {from} {to}");
    let plan = |state: &State| moved(state, &from, &to);
    let done = change(context, &args.which, &args.editing, &from, command, plan).await?;
    context.terminal.answer(&human::state::moved(&done.0, &done.1, &to, args.editing.dry_run));
    Ok(())
}

/// Forgets resources.
pub(super) async fn forget(context: &Context, args: &RemoveArgs) -> Result<()> {
    let addresses: BTreeSet<_> =
        args.addresses.iter().map(|text| address(text)).collect::<Result<_>>()?;
    let Some(first) = addresses.first() else { return Ok(()) };
    let names: Vec<_> = addresses.iter().map(Address::as_str).collect();
    let command = format!("state rm {}", names.join(" "));
    let plan = |state: &State| forgotten(state, &addresses);
    let done = change(context, &args.which, &args.editing, first, command, plan).await?;
    context.terminal.answer(&human::state::forgotten(&done.0, &done.1, args.editing.dry_run));
    Ok(())
}

/// A change of records: what is written, and what was there.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) edits: Vec<Edit>,
    notes: Vec<(Operation, Address, Record)>,
}

/// Plans a change of the stack that has the address, and writes it. Returns the stack and the records
/// as they were.
async fn change(
    context: &Context,
    which: &WhichArgs,
    editing: &EditingArgs,
    address: &Address,
    command: String,
    plan: impl Fn(&State) -> Result<Planned, Vec<Diagnostic>>,
) -> Result<(String, Vec<Record>)> {
    let known = read(context, which).await?;
    let (stack, state) = holder(&known, address)?;
    let records = |planned: Planned| planned.notes.into_iter().map(|(_, _, record)| record);
    if editing.dry_run {
        return Ok((stack.clone(), records(plan(state)?).collect()));
    }
    let (project, environment) = find(context, &which.env)?;
    let patience = editing.waiting.lock_timeout;
    let site = Site { project: &project, environment: &environment, stack };
    let store = site.open(context, patience).await?;
    let state = store.load().await.map_err(|error| site.refused(&error))?;
    // Another run may have written since.
    let planned = plan(&state)?;
    context.interrupts.hold(Hold::Step);
    let edits = |run: &str, at: &str| {
        let note = |(operation, address, record): &(Operation, Address, Record)| {
            Edit::Note(Box::new(RunChange {
                run: run.to_owned(),
                at: at.to_owned(),
                address: address.clone(),
                type_name: record.type_name.clone(),
                operation: *operation,
                id: record.id.clone(),
                before: Some(record.clone()),
            }))
        };
        planned.edits.iter().cloned().chain(planned.notes.iter().map(note)).collect()
    };
    site.record(&*store, command, edits).await?;
    Ok((stack.clone(), records(planned).collect()))
}

/// The record of one address under another.
fn moved(state: &State, from: &Address, to: &Address) -> Result<Planned, Vec<Diagnostic>> {
    let refuse = |detail: String, hint: String| {
        vec![
            Diagnostic::error("state::move", "a resource cannot be moved there")
                .detail(detail)
                .hint(hint),
        ]
    };
    let Some(record) = state.records.get(from) else {
        return Err(vec![unknown(from, std::iter::once(state))]);
    };
    if from == to {
        let hint = "nothing has to be done".to_owned();
        return Err(refuse(format!("`{to}` is its address already"), hint));
    }
    if let Some(taken) = state.records.get(to) {
        let what = format!("`{to}` is taken by the {} {}", taken.type_name, taken.id);
        let hint = "choose another address, or move what is there away first".to_owned();
        return Err(refuse(what, hint));
    }
    let unsettled: Vec<_> =
        [from, to].into_iter().filter_map(|address| unsettled(state, address)).collect();
    if !unsettled.is_empty() {
        return Err(unsettled);
    }
    let mut edits = vec![
        Edit::Remove(from.clone()),
        Edit::Put(Box::new(Record { address: to.clone(), ..record.clone() })),
    ];
    for dependent in state.records.values().filter(|r| r.dependencies.contains(from)) {
        let mut dependent = dependent.clone();
        for needed in dependent.dependencies.iter_mut().filter(|needed| *needed == from) {
            *needed = to.clone();
        }
        edits.push(Edit::Put(Box::new(dependent)));
    }
    Ok(Planned { edits, notes: vec![(Operation::Update, to.clone(), record.clone())] })
}

/// Everything but the records of these addresses. What depended on one depends on what that depended
/// on, so that the order of deletion stays.
pub(super) fn forgotten(
    state: &State,
    addresses: &BTreeSet<Address>,
) -> Result<Planned, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    for address in addresses {
        if state.records.contains_key(address) {
            problems.extend(unsettled(state, address));
        } else {
            problems.push(unknown(address, std::iter::once(state)));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut planned = Planned { edits: Vec::new(), notes: Vec::new() };
    for record in state.records.values() {
        if addresses.contains(&record.address) {
            planned.edits.push(Edit::Remove(record.address.clone()));
            planned.notes.push((Operation::Delete, record.address.clone(), record.clone()));
        } else if record.dependencies.iter().any(|needed| addresses.contains(needed)) {
            let dependencies = without(state, addresses, &record.dependencies);
            planned.edits.push(Edit::Put(Box::new(Record { dependencies, ..record.clone() })));
        }
    }
    Ok(planned)
}

fn without(state: &State, gone: &BTreeSet<Address>, needed: &[Address]) -> Vec<Address> {
    let mut kept = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<_> = needed.iter().collect();
    while let Some(address) = waiting.pop() {
        if !gone.contains(address) {
            kept.insert(address.clone());
        } else if seen.insert(address) {
            waiting.extend(state.records.get(address).iter().flat_map(|r| &r.dependencies));
        }
    }
    kept.into_iter().collect()
}

/// Why an address is not to be touched: an operation on it, or one that names it, is open.
pub(super) fn unsettled(state: &State, address: &Address) -> Option<Diagnostic> {
    let touches = |intent: &infra_sdk::store::Intent| {
        intent.address == *address || intent.dependencies.contains(address)
    };
    let (_, intent) = state.open.iter().find(|(_, intent)| touches(intent))?;
    Some(
        Diagnostic::error("state::unsettled", "an earlier run did not end its work there")
            .detail(format!("`{address}`: an operation on `{}` is open", intent.address))
            .hint("run `infra plan`, which finds out what became of it, and then this again"),
    )
}

#[cfg(test)]
mod tests {
    use infra_sdk::Object;
    use infra_sdk::provider::Place;
    use infra_sdk::store::{Intent, Status};

    use super::*;

    fn at(text: &str) -> Address {
        Address::parse(text).expect("valid")
    }

    fn record(address: &str, dependencies: &[&str]) -> Record {
        Record {
            address: at(address),
            type_name: "aws_vpc".to_owned(),
            place: Place::default(),
            id: format!("vpc-{address}"),
            inputs: Object::new(),
            outputs: Object::new(),
            dependencies: dependencies.iter().map(|text| at(text)).collect(),
            status: Status::Ready,
            prevent_destroy: false,
            create_before_destroy: false,
            location: None,
            deposed: Vec::new(),
        }
    }

    /// `c` needs `b`, which needs `a`.
    fn state() -> State {
        let records = [record("a", &[]), record("b", &["a"]), record("c", &["b"])];
        State {
            records: records.into_iter().map(|r| (r.address.clone(), r)).collect(),
            ..State::default()
        }
    }

    /// Each address with what it needs after the edits.
    fn after(planned: &Planned) -> Vec<String> {
        let mut state = state();
        for edit in &planned.edits {
            match edit {
                Edit::Put(record) => {
                    drop(state.records.insert(record.address.clone(), (**record).clone()));
                }
                Edit::Remove(address) => drop(state.records.remove(address)),
                other => panic!("{other:?}"),
            }
        }
        let show = |record: &Record| {
            let needs: Vec<_> = record.dependencies.iter().map(Address::as_str).collect();
            format!("{} {} [{}]", record.address, record.id, needs.join(" "))
        };
        state.records.values().map(show).collect()
    }

    #[test]
    fn what_needed_the_old_address_needs_the_new_one() {
        let planned = moved(&state(), &at("b"), &at("network.b")).expect("free");
        assert_eq!(after(&planned), ["a vpc-a []", "c vpc-c [network.b]", "network.b vpc-b [a]"]);
        assert_eq!(planned.notes[0].2, record("b", &["a"]));
    }

    #[test]
    fn what_needed_a_forgotten_one_needs_what_that_needed() {
        let planned = forgotten(&state(), &[at("b")].into()).expect("there");
        assert_eq!(after(&planned), ["a vpc-a []", "c vpc-c [a]"]);
        let planned = forgotten(&state(), &[at("a"), at("b")].into()).expect("there");
        assert_eq!(after(&planned), ["c vpc-c []"]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let codes = |result: Result<Planned, Vec<Diagnostic>>| {
            let problems = result.expect_err("refused");
            problems.into_iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(moved(&state(), &at("a"), &at("a"))), ["state::move"]);
        assert_eq!(codes(moved(&state(), &at("a"), &at("b"))), ["state::move"]);
        assert_eq!(codes(moved(&state(), &at("x"), &at("y"))), ["state::unknown"]);
        let both = [at("x"), at("y")].into();
        assert_eq!(codes(forgotten(&state(), &both)), ["state::unknown", "state::unknown"]);
    }

    #[test]
    fn an_open_operation_is_settled_first() {
        let mut state = state();
        let intent = Intent {
            run: "r".to_owned(),
            address: at("d"),
            type_name: "aws_vpc".to_owned(),
            place: Place::default(),
            operation: Operation::Create,
            token: "t".to_owned(),
            digest: String::new(),
            id: None,
            inputs: Object::new(),
            dependencies: vec![at("b")],
            started: String::new(),
        };
        state.open.push((1, intent));
        for (address, free) in [("b", false), ("c", true)] {
            assert_eq!(forgotten(&state, &[at(address)].into()).is_ok(), free, "{address}");
            assert_eq!(moved(&state, &at(address), &at("e")).is_ok(), free, "{address}");
        }
        assert!(moved(&state, &at("c"), &at("d")).is_err());
    }
}
