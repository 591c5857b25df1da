//! What is recorded of some stacks, as JSON.

use infra_sdk::store::{State, Status};
use serde_json::{Value as Json, json};

use super::outputs_json::document;

/// One element per resource, by stack and address. `infra show` tells what is recorded of one.
pub(crate) fn list(states: &[(String, State)]) -> String {
    let resources = states.iter().flat_map(|(stack, state)| {
        state.records.values().map(move |record| {
            json!({
                "stack": stack,
                "address": record.address.as_str(),
                "type": record.type_name,
                "id": record.id,
                "ready": record.status == Status::Ready,
            })
        })
    });
    document(&resources.collect::<Json>())
}
