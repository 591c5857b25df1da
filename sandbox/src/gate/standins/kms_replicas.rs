//! A replica of a key: moto makes it with the description and the policy of its primary, and without
//! tags.
//!
//! From the page of `ReplicateKey` of the API Reference: these three are not shared, and are those of
//! the call. Without a policy a replica has the default one, as a new key; without a description it
//! has none.

use serde_json::{Value, json};

use super::Desk;
use crate::gate::answer::Answer;
use crate::gate::upstream::UpstreamError;

/// Gives a new replica what its call said.
pub(super) async fn fill(desk: &Desk<'_>, answer: &Answer) -> Result<(), UpstreamError> {
    if desk.call.service != "kms"
        || desk.call.operation != "ReplicateKey"
        || !answer.status.is_success()
    {
        return Ok(());
    }
    let (key, region) = (desk.text("KeyId"), desk.text("ReplicaRegion"));
    let id = key.rsplit('/').next().unwrap_or_default();
    let description = json!({ "KeyId": id, "Description": desk.text("Description") });
    let mut changes = vec![("UpdateKeyDescription", description)];
    let policy = desk.text("Policy");
    if !policy.is_empty() {
        let policy = json!({ "KeyId": id, "PolicyName": "default", "Policy": policy });
        changes.push(("PutKeyPolicy", policy));
    }
    if let Some(tags) = desk.value("Tags").filter(|tags| !tags.is_null()) {
        changes.push(("TagResource", json!({ "KeyId": id, "Tags": Value::clone(tags) })));
    }
    for (operation, parameters) in changes {
        // moto made the key a moment ago, so that it knows it.
        let _done = desk.ask_in(region, "kms", operation, parameters).await?;
    }
    Ok(())
}
