//! Objects of a stack that its state does not know: noticed before they are made a second time, and
//! taken over.
//!
//! The main functions are [`refuse_lost`] and [`adopt`](crate::adopt()). Both ask the provider what
//! belongs to the stack by its ownership tags or by what it is attached to; neither takes an object
//! because its name fits.

use std::collections::HashSet;
use std::sync::Arc;

use infra_sdk::provider::{Create, Observed, Place, Provider, Readiness};
use infra_sdk::store::{Edit, Record, RunRecord, State, Status, StoreError, Waiting};
use infra_sdk::{Address, Declaration, Diagnostic, Object, Reference, Schema};

use crate::check::{self, Checked, problem};
use crate::plan::Goal;
use crate::planner::drift::Unrecorded;
use crate::recover::{known_inputs, recorded_value, remember};
use crate::refresh::{self, revealed};
use crate::run::Ports;
use crate::search::{OTHERS, find_all};
use crate::unwritable::unwritable;
use crate::{compare, decide, digest, graph};

/// How many objects an error names.
const SHOWN: usize = 10;

/// An object that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The resource.
    pub address: Address,
    /// What the cloud calls it.
    pub id: String,
}

/// A declared resource that nothing records, with what a search for it needs.
struct Missing<'a> {
    declaration: &'a Declaration,
    schema: &'static Schema,
    position: usize,
    desired: Object,
    request: Create,
}

/// Which objects are recorded, by type, place and id: those that were replaced and are still there too.
struct Recorded<'a>(HashSet<(&'a str, &'a Place, &'a str)>);

impl<'a> Recorded<'a> {
    fn of(state: &'a State) -> Self {
        let ids = |record: &'a Record| {
            let deposed = record.deposed.iter().map(|deposed| deposed.id.as_str());
            let ids = std::iter::once(record.id.as_str()).chain(deposed);
            ids.map(|id| (record.type_name.as_str(), &record.place, id))
        };
        Self(state.records.values().flat_map(ids).collect())
    }

    fn has(&self, request: &Create, id: &str) -> bool {
        self.0.contains(&(request.type_name.as_str(), &request.place, id))
    }
}

/// Refuses to plan for a state that was never written while objects of the stack are there: what is
/// declared would be made a second time, and a destruction would find nothing to destroy.
pub(crate) async fn refuse_lost(
    provider: &dyn Provider,
    checked: &Checked<'_>,
    state: &State,
    goal: &Goal,
) -> Result<(), Vec<Diagnostic>> {
    if !is_unwritten(state) {
        return Ok(());
    }
    let there = unrecorded(provider, checked, state, goal).await?;
    if there.is_empty() { Ok(()) } else { Err(vec![lost_state(&there, goal)]) }
}

/// Whether nothing was ever written to a state.
pub(crate) fn is_unwritten(state: &State) -> bool {
    state.serial == 0 && state.records.is_empty() && state.open.is_empty()
}

/// Objects that carry the tags of resources that are declared and not recorded, by address.
///
/// # Errors
/// With each search that failed.
pub(crate) async fn unrecorded(
    provider: &dyn Provider,
    checked: &Checked<'_>,
    state: &State,
    goal: &Goal,
) -> Result<Vec<Unrecorded>, Vec<Diagnostic>> {
    let tagged = |position: usize| checked.schemas[position].tags().is_some();
    let missing = missing(checked, state, goal, tagged);
    let requests: Vec<_> = missing.iter().map(|missing| &missing.request).collect();
    let recorded = Recorded::of(state);
    let mut problems = Vec::new();
    let mut there = Vec::new();
    for (missing, found) in missing.iter().zip(find_all(provider, &requests).await) {
        let request = &missing.request;
        match found {
            Ok(ids) => {
                let new = ids.into_iter().filter(|id| !recorded.has(request, id));
                there.extend(new.map(|id| Unrecorded {
                    address: request.address.clone(),
                    type_name: request.type_name.clone(),
                    id,
                }));
            }
            Err(failure) => problems.push(
                refresh::explain(
                    &failure,
                    "plan::search",
                    "it cannot be told whether a resource is there already",
                )
                .address(&missing.declaration.address)
                .location(missing.declaration.location.clone())
                .hint("nothing was changed; run the command again once the cause is gone"),
            ),
        }
    }
    there.sort_unstable_by(|one, other| (&one.address, &one.id).cmp(&(&other.address, &other.id)));
    if problems.is_empty() { Ok(there) } else { Err(problems) }
}

fn lost_state(there: &[Unrecorded], goal: &Goal) -> Diagnostic {
    let shown = there.iter().take(SHOWN).map(|found| format!("{}: {}", found.address, found.id));
    let mut lines: Vec<_> = shown.collect();
    if there.len() > SHOWN {
        lines.push(format!("and {} more", there.len() - SHOWN));
    }
    let (stack, environment) = (&goal.owner.stack, &goal.owner.environment);
    // Only what has all its arguments known was looked for.
    let (how_many, are) = match there.len() {
        1 => ("1 object carries".to_owned(), "is"),
        several => (format!("{several} objects carry"), "are"),
    };
    let options = format!("--env {environment} --stack {stack}");
    // In two lines each: the commands are as long as a narrow terminal is wide.
    Diagnostic::error("plan::lost-state", "the state is empty, and objects of the stack are there")
        .detail(format!(
            "at least {how_many} the tags of `{stack}` in `{environment}` and {are} not recorded:\n{}",
            lines.join("\n")
        ))
        .hint(format!("put an exported state back:\n`infra state restore FILE {options}`"))
        .hint(format!("or record what is there, without an export:\n`infra plan --adopt {options}`"))
        .hint("or check `state` in `infra.toml`, if the state is kept elsewhere")
}

/// Takes over what is declared, not recorded, and there: see [`adopt`](crate::adopt()).
pub(crate) async fn adopt(
    ports: &Ports<'_>,
    state: &mut State,
    goal: &Goal,
    run: &RunRecord,
) -> Result<Vec<Adopted>, Vec<Diagnostic>> {
    let checked = check::check(ports.provider, &goal.declarations)?;
    let mut problems = Vec::new();
    let mut adopted = Vec::new();
    let mut searched = HashSet::new();
    let mut started = false;
    // What is taken over gives values to what refers to it: a layer of the graph at a time. What did
    // not get another value then is as unknown as it was.
    let followers = graph::reverse(&checked.needs);
    let mut layer = vec![true; checked.needs.len()];
    loop {
        let new = |position: usize| layer[position] && !searched.contains(&position);
        let missing = missing(&checked, state, goal, new);
        if missing.is_empty() {
            break;
        }
        searched.extend(missing.iter().map(|missing| missing.position));
        let records = look(ports.provider, &checked, state, goal, missing, &mut problems).await;
        if records.is_empty() {
            continue;
        }
        if let Err(error) = record(ports, state, run, &mut started, &records).await {
            problems.push(unwritable(["adopt::lost", "adopt::store"], &error));
            return Err(problems);
        }
        layer.fill(false);
        for record in records {
            let position = checked.index.get(&record.address);
            let following = position.into_iter().flat_map(|position| &followers[*position]);
            following.for_each(|follower| layer[*follower] = true);
            adopted.push(Adopted { address: record.address, id: record.id });
        }
    }
    if started {
        let ended = Some(ports.clock.now());
        let run = RunRecord { ended, complete: problems.is_empty(), ..run.clone() };
        problems.extend(
            ports
                .store
                .finish(&run)
                .await
                .err()
                .map(|error| unwritable(["adopt::lost", "adopt::store"], &error)),
        );
    }
    if problems.is_empty() { Ok(adopted) } else { Err(problems) }
}

/// Writes the records of a layer, all or none; the run is in the history before.
async fn record(
    ports: &Ports<'_>,
    state: &mut State,
    run: &RunRecord,
    started: &mut bool,
    records: &[Record],
) -> Result<(), StoreError> {
    if !*started {
        ports.store.start(run).await?;
        state.serial += 1;
        *started = true;
    }
    let edits: Vec<_> = records.iter().map(|r| Edit::Put(Box::new(r.clone()))).collect();
    let edits =
        digest::hide_edits(ports.provider, &|address| known_inputs(state, address), &edits)?;
    ports.store.commit(None, &edits).await?;
    remember(state, edits);
    Ok(())
}

/// What is declared, wanted and not recorded, and has all its inputs known.
fn missing<'a>(
    checked: &Checked<'_>,
    state: &State,
    goal: &'a Goal,
    wanted: impl Fn(usize) -> bool,
) -> Vec<Missing<'a>> {
    let resolve = |reference: &Reference| recorded_value(state, reference);
    let open: HashSet<_> = state.open.iter().map(|(_, intent)| &intent.address).collect();
    let mut missing = Vec::new();
    for &position in &checked.order {
        if !wanted(position) {
            continue;
        }
        let declaration = &goal.declarations.resources[position];
        let options = &declaration.arguments.options;
        let moves = options.moved_from.as_deref().and_then(|from| Address::parse(from).ok());
        let known = state.records.contains_key(&declaration.address)
            || moves.is_some_and(|from| state.records.contains_key(&from))
            || open.contains(&declaration.address);
        // What is to be imported is named, by its id or otherwise, and not looked for.
        let named = options.import_id.is_some() || options.adopt_existing;
        if known || named {
            continue;
        }
        let schema = checked.schemas[position];
        // What cannot be evaluated is the plan's to report.
        let Ok(desired) = check::evaluate(declaration, schema, &resolve) else { continue };
        if desired.values().any(infra_sdk::Value::has_unknown) {
            continue;
        }
        let request = Create {
            address: declaration.address.clone(),
            type_name: declaration.type_name.clone(),
            place: decide::place(declaration),
            inputs: revealed(&desired),
            token: String::new(),
            owner: Arc::clone(&goal.owner),
            started: String::new(),
            replaces: None,
        };
        missing.push(Missing { declaration, schema, position, desired, request });
    }
    missing
}

/// The records of what is there of some missing resources.
async fn look(
    provider: &dyn Provider,
    checked: &Checked<'_>,
    state: &State,
    goal: &Goal,
    missing: Vec<Missing<'_>>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Record> {
    let requests: Vec<_> = missing.iter().map(|missing| &missing.request).collect();
    let answers = find_all(provider, &requests).await;
    let recorded = Recorded::of(state);
    let mut found = Vec::new();
    let mut targets = Vec::new();
    for (missing, answer) in missing.iter().zip(answers) {
        let request = &missing.request;
        let place = &request.place;
        match single(missing, answer, &recorded) {
            Ok(Some(id)) => {
                let (address, type_name) = (&request.address, &request.type_name);
                targets.push(refresh::import_target(address, type_name, place, &id, &goal.owner));
                found.push((missing, id));
            }
            Ok(None) => {}
            Err(diagnostic) => problems.push(diagnostic),
        }
    }
    let answers = refresh::read(provider, &targets).await;
    let mut records = Vec::new();
    for ((missing, id), answer) in found.into_iter().zip(answers) {
        match answer {
            Ok(Some(observed)) => {
                let needs = checked.needs[missing.position].iter();
                let needs = needs.map(|other| &goal.declarations.resources[*other].address);
                let mut dependencies: Vec<_> = needs.cloned().collect();
                dependencies.sort_unstable();
                let (declaration, schema) = (missing.declaration, missing.schema);
                let desired = &missing.desired;
                records.push(taken_over(declaration, schema, desired, id, &observed, dependencies));
            }
            // A search that names what is gone, such as an instance that was terminated.
            Ok(None) => {}
            Err(diagnostic) => {
                problems.push(diagnostic.location(missing.declaration.location.clone()));
            }
        }
    }
    records
}

/// The one object that belongs to a resource, if there is any that is not recorded elsewhere.
fn single(
    missing: &Missing<'_>,
    found: Result<Vec<String>, infra_sdk::provider::Failure>,
    recorded: &Recorded<'_>,
) -> Result<Option<String>, Diagnostic> {
    let declaration = missing.declaration;
    let mut ids = found.map_err(|failure| {
        refresh::explain(&failure, "adopt::find", "a resource cannot be looked for")
            .address(&declaration.address)
            .location(declaration.location.clone())
    })?;
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| !recorded.has(&missing.request, id));
    if ids.len() <= 1 {
        return Ok(ids.pop());
    }
    Err(problem("adopt::ambiguous", "several objects belong to one resource", declaration)
        .detail(format!(
            "each of these may be the {} that is declared: {}",
            declaration.type_name,
            ids.join(", ")
        ))
        .hint(OTHERS))
}

/// The record of an object that is taken over: as it is, so that the plan shows what differs. What
/// the cloud never tells is not known, so that the plan sends it again.
pub(crate) fn taken_over(
    declaration: &Declaration,
    schema: &Schema,
    desired: &Object,
    id: String,
    observed: &Observed,
    dependencies: Vec<Address>,
) -> Record {
    let fields = schema.inputs;
    let options = &declaration.arguments.options;
    let mut current = compare::current(fields, &observed.inputs, &Object::new());
    compare::mark(fields, &mut current);
    compare::mark_alike(&mut current, desired);
    let mut desired = desired.clone();
    decide::keep_ignored(declaration, &current, &mut desired);
    let planned = compare::planned(fields, &desired, Some(&current));
    let as_declared = compare::differing(fields, &planned, &current).is_empty();
    Record {
        address: declaration.address.clone(),
        type_name: declaration.type_name.clone(),
        place: decide::place(declaration),
        id,
        inputs: if as_declared { planned } else { current },
        outputs: decide::outputs(schema, &observed.outputs, None),
        dependencies,
        status: match &observed.readiness {
            Readiness::Ready => Status::Ready,
            Readiness::Waiting(word) | Readiness::Failed(word) => {
                Status::Created(Waiting { last: word.clone(), until: None })
            }
        },
        prevent_destroy: options.prevent_destroy,
        create_before_destroy: options.create_before_destroy,
        location: declaration.location.clone(),
        deposed: Vec::new(),
    }
}
