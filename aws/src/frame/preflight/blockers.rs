//! What stops deletes: protection, contents, snapshots, users that stay.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use infra_sdk::Diagnostic;
use infra_sdk::preflight::{PlannedAction, PlannedOperation, Preflight};

use super::blocking::Leaving;
use super::run::{AT_ONCE, unchecked};
use crate::frame::provider::{AwsProvider, handler};

/// What stops the deletes of a plan, and what is worth knowing before them.
pub(super) async fn find(provider: &AwsProvider, flight: &Preflight) -> Vec<Diagnostic> {
    let mut accounts: BTreeMap<Option<&str>, Vec<&PlannedOperation>> = BTreeMap::new();
    for operation in flight.operations.iter().filter(|operation| operation.deletes()) {
        accounts.entry(operation.place.provider.as_deref()).or_default().push(operation);
    }
    let looks: Vec<_> = accounts
        .values()
        .flat_map(|operations| {
            operations
                .iter()
                .map(move |operation| look(provider, operation, Leaving::new(operations)))
        })
        .collect();
    let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    found.into_iter().flatten().collect()
}

async fn look(
    provider: &AwsProvider,
    operation: &PlannedOperation,
    leaving: Leaving<'_>,
) -> Vec<Diagnostic> {
    let Some(handler) = handler(&operation.type_name) else { return Vec::new() };
    let found = async {
        let aws = provider.clients(&operation.place).await?;
        handler.blockers(provider.context(&aws), operation, leaving).await
    };
    let found = found.await.unwrap_or_else(|failure| {
        vec![unchecked("what would keep objects from being deleted", &failure)]
    });
    let replaced = matches!(operation.action, PlannedAction::Replace { .. });
    let place = |mut found: Diagnostic| {
        if replaced && found.is_error() {
            found.detail = format!("it is to be replaced; {}", found.detail);
        }
        found.address(&operation.address).location(operation.location.clone())
    };
    found.into_iter().map(place).collect()
}
