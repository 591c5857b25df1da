//! What is there: one read for everything that a plan has to know of.

use infra_sdk::Diagnostic;
use infra_sdk::provider::{Provider, Target};

use crate::check::problem;
use crate::decide;
use crate::ground::Ground;
use crate::plan::Goal;
use crate::refresh::{self, Seen};

/// Positions of the declarations that are to be asked about.
#[derive(Default)]
pub(super) struct Imports {
    pub(super) declared: Vec<(usize, String)>,
}

impl Imports {
    pub(super) fn new(ground: &Ground<'_>, goal: &Goal) -> Self {
        let import = |position: usize| {
            let options = &goal.declarations.resources[position].arguments.options;
            (ground.selected[position] && ground.records[position].is_none())
                .then(|| options.import_id.clone())
                .flatten()
        };
        let count = goal.declarations.resources.len();
        Self { declared: (0..count).filter_map(|p| Some((p, import(p)?))).collect() }
    }
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
    for (position, id) in &imports.declared {
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
                problems.push(
                    problem("plan::import", "an object cannot be taken over", declaration)
                        .detail(format!("there is no {} `{}`", target.type_name, target.id))
                        .hint("check the id, the account and the region"),
                );
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
