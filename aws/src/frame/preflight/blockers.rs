//! What stops deletes: protection, contents, snapshots, users that stay. And what creates will not find
//! that they are made of: after a delete that went before, it would be too late.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use infra_sdk::Diagnostic;
use infra_sdk::preflight::{PlannedAction, PlannedOperation, Preflight};

use super::blocking::Leaving;
use super::run::{AT_ONCE, unchecked};
use crate::frame::adapter::Concern;
use crate::frame::provider::{AwsProvider, handler};

/// What stops the deletes of a plan, what is worth knowing before them, and what creates lack.
pub(super) async fn find(provider: &AwsProvider, flight: &Preflight) -> Vec<Diagnostic> {
    let mut accounts: BTreeMap<Option<&str>, Vec<&PlannedOperation>> = BTreeMap::new();
    for operation in flight.operations.iter().filter(|operation| operation.deletes()) {
        accounts.entry(operation.place.provider.as_deref()).or_default().push(operation);
    }
    let looks: Vec<_> = accounts
        .values()
        .flat_map(|operations| {
            operations.iter().map(move |operation| {
                look(provider, operation, Leaving::new(operations), Concern::Blockers)
            })
        })
        .collect();
    let mut found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let makes = flight.operations.iter().filter(|operation| operation.makes() && !operation.sent);
    let looks: Vec<_> = makes
        .map(|operation| {
            let leaving = accounts.get(&operation.place.provider.as_deref());
            let leaving = leaving.map(Vec::as_slice).unwrap_or_default();
            look(provider, operation, Leaving::new(leaving), Concern::Sources)
        })
        .collect();
    found.extend(stream::iter(looks).buffered(AT_ONCE).collect::<Vec<_>>().await);
    found.into_iter().flatten().collect()
}

async fn look(
    provider: &AwsProvider,
    operation: &PlannedOperation,
    leaving: Leaving<'_>,
    about: Concern,
) -> Vec<Diagnostic> {
    let Some(handler) = handler(&operation.type_name) else { return Vec::new() };
    let found = async {
        let aws = provider.clients(&operation.place).await?;
        handler.look_ahead(provider.context(&aws), operation, leaving, about).await
    };
    let what = match about {
        Concern::Blockers => "what would keep objects from being deleted",
        Concern::Sources => "whether what objects are made of is there",
    };
    let found = found.await.unwrap_or_else(|failure| vec![unchecked(what, &failure)]);
    let replaced =
        about == Concern::Blockers && matches!(operation.action, PlannedAction::Replace { .. });
    let place = |mut found: Diagnostic| {
        if replaced && found.is_error() {
            found.detail = format!("it is to be replaced; {}", found.detail);
        }
        found.address(&operation.address).location(operation.location.clone())
    };
    found.into_iter().map(place).collect()
}
