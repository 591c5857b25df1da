//! Preflight: the exact operations of plans, and how long they will take, for the provider to look
//! at before the first change.
//!
//! The main function is [`preflight`].

use infra_sdk::preflight::{PlannedAction, PlannedOperation, Preflight};
use infra_sdk::provider::Provider;
use infra_sdk::{Diagnostic, Object};

use crate::plan::{Action, Change, Plan};
use crate::refresh::revealed;

/// What the provider says about plans that are carried out one after another, errors first.
pub(crate) async fn preflight(provider: &dyn Provider, plans: &[&Plan]) -> Vec<Diagnostic> {
    let operations: Vec<_> = plans.iter().flat_map(|plan| operations(plan)).collect();
    if operations.is_empty() {
        return Vec::new();
    }
    // What waits because only so many operations are in flight is not in it.
    let expected = plans.iter().map(|plan| plan.forecast(usize::MAX).estimate.p50).sum();
    let mut found = provider.preflight(&Preflight { operations, expected }).await;
    found.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    found
}

/// The operations of a plan that change something.
fn operations(plan: &Plan) -> Vec<PlannedOperation> {
    let Some(owner) = &plan.work.owner else { return Vec::new() };
    let known = |object: &Option<Object>| object.as_ref().map(revealed).unwrap_or_default();
    let operation = |change: &Change| {
        let action = match change.action {
            Action::NoOp | Action::Import | Action::Await | Action::Forget => return None,
            Action::Create => PlannedAction::Create,
            Action::Update => PlannedAction::Update,
            Action::Replace { create_first } => PlannedAction::Replace { create_first },
            Action::Delete => PlannedAction::Delete,
        };
        Some(PlannedOperation {
            address: change.address.clone(),
            type_name: change.type_name.clone(),
            place: change.place.clone(),
            action,
            id: change.id.clone(),
            before: known(&change.before),
            after: known(&change.after),
            sent: !change.deposed && plan.work.open.contains_key(&change.address),
            owner: owner.clone(),
            location: change.location.clone(),
        })
    };
    plan.changes.iter().filter_map(operation).collect()
}
