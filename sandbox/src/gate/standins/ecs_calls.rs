//! Calls of ECS that moto knows in another form: UpdateClusterSettings by the name of UpdateCluster
//! alone, and network configurations only with a list of security groups, which may be left out.
//!
//! API: UpdateClusterSettings, CreateService, UpdateService; `AwsVpcConfiguration`.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let network = "/networkConfiguration/awsvpcConfiguration";
    let mut request = desk.tree.clone();
    let operation = match desk.call.operation.as_str() {
        "UpdateClusterSettings" => "UpdateCluster",
        "CreateService" => "CreateService",
        "UpdateService" => "UpdateService",
        _ => return Ok(None),
    };
    if operation != "UpdateCluster" {
        match request.pointer_mut(network).and_then(Value::as_object_mut) {
            Some(network) if !network.contains_key("securityGroups") => {
                network.insert("securityGroups".to_owned(), json!([]));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(desk.ask("ecs", operation, request).await?))
}
