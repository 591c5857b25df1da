//! `infra state mv` and `rm`: what is recorded is renamed or forgotten. Nothing in the cloud changes.
//!
//! The ownership tag keeps the old address until the next apply that changes the tags of the object,
//! as after a `moved_from`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use infra_sdk::store::{Edit, Operation, Record, RunChange, State};
use infra_sdk::{Address, Diagnostic};

use super::hand_over::{HandOver, hand_over};
use super::look::{address, one_stack, read, unknown};
use crate::cli::{ARGUMENTS, COMMAND_OPTIONS, Context, LockArgs, WhichArgs};
use crate::completion;
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
    /// The resource, such as `vpc`, or a scope with everything in it, such as `network`.
    #[arg(help_heading = ARGUMENTS, add = completion::addresses())]
    from: String,
    /// Its address from now on, such as `network.vpc`.
    #[arg(help_heading = ARGUMENTS)]
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
    #[arg(required = true, value_name = "ADDRESS", help_heading = ARGUMENTS, add = completion::addresses())]
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

/// Records a resource, or all in a scope, under another address.
pub(super) async fn rename(context: &Context, args: &MoveArgs) -> Result<()> {
    let (from, to) = (address(&args.from)?, address(&args.to)?);
    if let Some(stack) = &args.to_stack {
        let way = HandOver { from: &from, to: &to, stack };
        return hand_over(context, &args.which, &args.editing, &way).await;
    }
    let command = format!("state mv {from} {to}");
    let plan = |state: &State| moved(state, &from, &to);
    let has = |state: &State| !meant(state, &from).is_empty();
    let (stack, done) =
        change(context, &args.which, &args.editing, (&from, &has), command, plan).await?;
    context.terminal.answer_in_words(&human::state::moved(&stack, &done, args.editing.dry_run));
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
    let has = |state: &State| state.records.contains_key(first);
    let (stack, done) =
        change(context, &args.which, &args.editing, (first, &has), command, plan).await?;
    let records: Vec<_> = done.into_iter().map(|(_, record)| record).collect();
    context.terminal.answer_in_words(&human::state::forgotten(
        &stack,
        &records,
        args.editing.dry_run,
    ));
    Ok(())
}

/// A change of records: what is written, and what was there.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) edits: Vec<Edit>,
    notes: Vec<(Operation, Address, Record)>,
}

/// Plans a change of the one stack that has what stands at an address, and writes it. Returns the
/// stack, and the records as they were with the addresses that they have now.
async fn change(
    context: &Context,
    which: &WhichArgs,
    editing: &EditingArgs,
    (address, has): (&Address, &dyn Fn(&State) -> bool),
    command: String,
    plan: impl Fn(&State) -> Result<Planned, Vec<Diagnostic>>,
) -> Result<(String, Vec<(Address, Record)>)> {
    let known = read(context, which).await?;
    let (stack, state) = one_stack(&known, address, has)?;
    let records = |planned: Planned| planned.notes.into_iter().map(|(_, at, record)| (at, record));
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

/// What an address means: the resource that is recorded there, or else all that is in the scope of
/// that name. Nothing where neither is.
fn meant<'s>(state: &'s State, address: &Address) -> Vec<&'s Address> {
    if let Some((known, _)) = state.records.get_key_value(address) {
        return vec![known];
    }
    let inside = |known: &&Address| rest(known, address).is_some();
    state.records.keys().filter(inside).collect()
}

/// What follows a scope in the address of something in it, the dot included.
fn rest<'a>(address: &'a Address, scope: &Address) -> Option<&'a str> {
    address.as_str().strip_prefix(scope.as_str()).filter(|rest| rest.starts_with('.'))
}

/// The record of an address, or those of a scope, under another.
fn moved(state: &State, from: &Address, to: &Address) -> Result<Planned, Vec<Diagnostic>> {
    let refuse = |detail: String, hint: &str| {
        Diagnostic::error("state::move", "a resource cannot be moved there")
            .detail(detail)
            .hint(hint)
    };
    let meant = meant(state, from);
    if meant.is_empty() {
        return Err(vec![unknown(from, std::iter::once(state))]);
    }
    if from == to {
        let what = format!("`{to}` is its address already");
        return Err(vec![refuse(what, "nothing has to be done")]);
    }
    let mut problems = Vec::new();
    let mut moves = BTreeMap::new();
    for old in meant {
        let text = format!("{to}{}", rest(old, from).unwrap_or_default());
        let new = match Address::parse(&text) {
            Ok(new) => new,
            Err(error) => {
                problems.push(refuse(error.to_string(), "choose another address"));
                continue;
            }
        };
        if let Some(taken) = state.records.get(&new) {
            let what = format!("`{new}` is taken by the {} {}", taken.type_name, taken.id);
            let hint = "choose another address, or move what is there away first";
            problems.push(refuse(what, hint));
        }
        problems.extend([old, &new].into_iter().filter_map(|address| unsettled(state, address)));
        moves.insert(old.clone(), new);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut planned = Planned { edits: Vec::new(), notes: Vec::new() };
    for (address, record) in &state.records {
        let mut after = record.clone();
        for needed in &mut after.dependencies {
            if let Some(new) = moves.get(needed) {
                needed.clone_from(new);
            }
        }
        if let Some(new) = moves.get(address) {
            planned.edits.push(Edit::Remove(address.clone()));
            planned.notes.push((Operation::Update, new.clone(), record.clone()));
            after.address.clone_from(new);
        }
        if after != *record {
            planned.edits.push(Edit::Put(Box::new(after)));
        }
    }
    Ok(planned)
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
        after_of(state(), planned)
    }

    fn after_of(mut state: State, planned: &Planned) -> Vec<String> {
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

    /// `net.a`, `net.in.b` that needs it, `network` and `c`, which needs both.
    fn scoped() -> State {
        let records = [
            record("net.a", &[]),
            record("net.in.b", &["net.a"]),
            record("network", &[]),
            record("c", &["net.a", "net.in.b"]),
        ];
        State {
            records: records.into_iter().map(|r| (r.address.clone(), r)).collect(),
            ..State::default()
        }
    }

    #[test]
    fn a_scope_goes_with_everything_in_it_and_nothing_beside_it() {
        let planned = moved(&scoped(), &at("net"), &at("edge.net")).expect("free");
        assert_eq!(
            after_of(scoped(), &planned),
            [
                "c vpc-c [edge.net.a edge.net.in.b]",
                "edge.net.a vpc-net.a []",
                "edge.net.in.b vpc-net.in.b [edge.net.a]",
                "network vpc-network []",
            ]
        );
        let moves: Vec<_> =
            planned.notes.iter().map(|(_, to, from)| format!("{} {to}", from.address)).collect();
        assert_eq!(moves, ["net.a edge.net.a", "net.in.b edge.net.in.b"]);
        // Into what it is in itself, too.
        let planned = moved(&scoped(), &at("net.in"), &at("net")).expect("free");
        assert_eq!(planned.notes[0].1, at("net.b"));
    }

    #[test]
    fn a_scope_of_which_one_target_is_taken_stays_where_it_is() {
        let mut state = scoped();
        let taken = record("edge.in.b", &[]);
        state.records.insert(taken.address.clone(), taken);
        let problems = moved(&state, &at("net"), &at("edge")).expect_err("taken");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].detail.contains("`edge.in.b` is taken"), "{problems:?}");
        assert!(moved(&scoped(), &at("ne"), &at("edge")).is_err(), "a part of a name is no scope");
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
