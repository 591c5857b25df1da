//! What is there: one read for everything that a plan has to know of.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use infra_sdk::provider::{BoxFuture, Create, Existing, Provider, Target};
use infra_sdk::store::State;
use infra_sdk::{Declaration, Diagnostic, Field, Object, Reference, Schema, Value};

use crate::check::{self, Checked};
use crate::ground::Ground;
use crate::plan::{Goal, Reason};
use crate::recover::recorded_value;
use crate::refresh::{self, Seen};
use crate::search::SEARCHES;
use crate::{decide, import};

/// Objects that are to be taken over, by position of the declaration.
#[derive(Default)]
pub(super) struct Imports {
    ids: BTreeMap<usize, Import>,
}

/// An object that is to be taken over.
struct Import {
    id: String,
    /// Whether `import_id` names it; otherwise it was found.
    named: bool,
}

impl Imports {
    /// What `import_id` names, and what is there already of what `adopt_existing` asks for.
    pub(super) async fn find(
        provider: &dyn Provider,
        checked: &Checked<'_>,
        ground: &Ground<'_>,
        state: &State,
        goal: &Goal,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut imports = Self::default();
        let mut wanted = Vec::new();
        for (position, declaration) in goal.declarations.resources.iter().enumerate() {
            if !ground.selected[position] || ground.records[position].is_some() {
                continue;
            }
            let options = &declaration.arguments.options;
            match (&options.import_id, provider.not_importable(&declaration.type_name)) {
                (Some(_), Some(why)) => problems.push(import::not_importable(declaration, why)),
                (Some(id), None) => {
                    drop(imports.ids.insert(position, Import { id: id.clone(), named: true }));
                }
                (None, _) if options.adopt_existing => {
                    let schema = checked.schemas[position];
                    let resolve = |reference: &Reference| recorded_value(state, reference);
                    // What cannot be evaluated is reported where it is decided about. What is told
                    // by something that is yet to be made is not there.
                    if let Ok(inputs) = check::evaluate(declaration, schema, &resolve)
                        && !fixed_unknown(schema, &inputs)
                    {
                        wanted.push((position, request(declaration, &inputs, goal)));
                    }
                }
                (None, _) => {}
            }
        }
        let calls: Vec<BoxFuture<'_, _>> =
            wanted.iter().map(|(_, request)| provider.existing(request)).collect();
        let answers: Vec<_> = stream::iter(calls).buffered(SEARCHES).collect().await;
        for ((position, _), answer) in wanted.iter().zip(answers) {
            let declaration = &goal.declarations.resources[*position];
            match answer {
                Ok(None) => {}
                Ok(Some(existing)) => match refused(state, goal, declaration, &existing) {
                    Some(refused) => problems.push(refused),
                    None => {
                        let import = Import { id: existing.id, named: false };
                        imports.ids.insert(*position, import);
                    }
                },
                Err(failure) => problems.push(
                    refresh::explain(
                        &failure,
                        "plan::search",
                        "it cannot be told whether a resource is there already",
                    )
                    .address(&declaration.address)
                    .location(declaration.location.clone())
                    .hint("nothing was changed; run the command again once the cause is gone"),
                ),
            }
        }
        imports
    }

    /// What the cloud calls the object that a declaration takes over.
    pub(super) fn id(&self, position: usize) -> Option<&String> {
        self.ids.get(&position).map(|import| &import.id)
    }

    /// Why it does.
    pub(super) fn reason(&self, position: usize) -> Option<Reason> {
        self.ids.get(&position).map(|import| match import.named {
            true => Reason::ImportRequested { id: import.id.clone() },
            false => Reason::ExistsAlready { id: import.id.clone() },
        })
    }
}

/// Whether an input that cannot be changed later is yet unknown.
fn fixed_unknown(schema: &Schema, inputs: &Object) -> bool {
    let unknown = |field: &Field| inputs.get(field.name).is_some_and(Value::has_unknown);
    schema.inputs.iter().any(|field| (field.required || field.force_new) && unknown(field))
}

fn request(declaration: &Declaration, inputs: &Object, goal: &Goal) -> Create {
    Create {
        address: declaration.address.clone(),
        type_name: declaration.type_name.clone(),
        place: decide::place(declaration),
        inputs: refresh::revealed(inputs),
        token: String::new(),
        owner: Arc::clone(&goal.owner),
        started: String::new(),
        replaces: None,
    }
}

/// Why an object that is there already is not to be taken over.
fn refused(
    state: &State,
    goal: &Goal,
    declaration: &Declaration,
    existing: &Existing,
) -> Option<Diagnostic> {
    let id = &existing.id;
    if let Some(other) = import::managed(state, declaration, id) {
        let hint = format!("use `moved_from(\"{other}\")`, or give it another name");
        let detail = format!("`{id}` belongs to `{other}` already");
        return Some(import::refuse(declaration, detail).hint(hint));
    }
    let owner = existing.owner.as_ref().filter(|owner| **owner != *goal.owner)?;
    let detail = format!(
        "`{id}` carries the tags of the stack `{}` in `{}`, which owns it",
        owner.stack, owner.environment
    );
    Some(
        import::refuse(declaration, detail)
            .hint("give it another name, or read it from that stack instead")
            .hint("or let that stack forget it and take its `infra:` tags off first"),
    )
}

/// What is there, for declarations and orphans; `None` where nothing can be said.
pub(super) struct Sight {
    pub(super) declared: Vec<Option<Seen>>,
    pub(super) orphans: Vec<Option<Seen>>,
}

pub(super) async fn look(
    provider: &dyn Provider,
    ground: &Ground<'_>,
    imports: &Imports,
    goal: &Goal,
    problems: &mut Vec<Diagnostic>,
) -> Sight {
    let mut sight = Sight {
        declared: vec![Some(Seen::Nothing); ground.records.len()],
        orphans: vec![Some(Seen::Nothing); ground.orphans.len()],
    };
    let mut targets: Vec<Target> = Vec::new();
    let mut origins = Vec::new();
    let declared = ground.records.iter().enumerate().filter_map(|(p, r)| Some((p, (*r)?, true)));
    let orphans = ground.orphans.iter().enumerate().map(|(p, r)| (p, *r, false));
    for (position, record, is_declared) in declared.chain(orphans) {
        let (selected, address, slots) = if is_declared {
            let address = &goal.declarations.resources[position].address;
            (ground.selected[position], address, &mut sight.declared)
        } else {
            (ground.selected_orphans[position], &record.address, &mut sight.orphans)
        };
        if selected && goal.refresh {
            targets.push(refresh::target(record, address, &goal.owner));
            origins.push((position, is_declared));
        } else {
            slots[position] = Some(Seen::There(refresh::believe(record)));
        }
    }
    for (position, Import { id, .. }) in &imports.ids {
        let declaration = &goal.declarations.resources[*position];
        let (address, place) = (&declaration.address, decide::place(declaration));
        let type_name = &declaration.type_name;
        targets.push(refresh::import_target(address, type_name, &place, id, &goal.owner));
        origins.push((*position, true));
    }
    let answers = refresh::read(provider, &targets).await;
    for ((answer, (position, is_declared)), target) in
        answers.into_iter().zip(origins).zip(&targets)
    {
        let seen = match answer {
            Ok(Some(observed)) => Some(Seen::There(observed)),
            Ok(None) if is_declared && ground.records[position].is_none() => {
                let declaration = &goal.declarations.resources[position];
                problems.push(import::missing(declaration, &target.id));
                None
            }
            Ok(None) => Some(Seen::Gone),
            Err(diagnostic) => {
                let location = if is_declared {
                    goal.declarations.resources[position].location.clone()
                } else {
                    ground.orphans[position].location.clone()
                };
                problems.push(diagnostic.location(location));
                None
            }
        };
        let slots = if is_declared { &mut sight.declared } else { &mut sight.orphans };
        slots[position] = seen;
    }
    sight
}
