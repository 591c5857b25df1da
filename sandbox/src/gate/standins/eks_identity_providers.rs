//! EKS's OpenID Connect providers of clusters: neither emulator has them.
//!
//! API: AssociateIdentityProviderConfig, DescribeIdentityProviderConfig,
//! ListIdentityProviderConfigs, DisassociateIdentityProviderConfig, and TagResource, UntagResource,
//! ListTagsForResource for their ARNs; `OidcIdentityProviderConfig`.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::ServiceError;
use crate::gate::document::Document;

const CONFIGS: &str = "eks identity provider configs";

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let key = |name: &str| format!("{}/{name}", desk.text("clusterName"));
    match desk.call.operation.as_str() {
        "AssociateIdentityProviderConfig" => associate(desk).await,
        "DescribeIdentityProviderConfig" => {
            let config = desk.get(CONFIGS, &key(desk.text("identityProviderConfig/name")));
            let shown = |config| json!({ "identityProviderConfig": { "oidc": config } });
            Ok(Some(config.map(|config| Document::Json(shown(config))).ok_or_else(not_found)))
        }
        "DisassociateIdentityProviderConfig" => {
            let gone = desk.take(CONFIGS, &key(desk.text("identityProviderConfig/name")));
            Ok(Some(gone.map(|_| update(desk)).ok_or_else(not_found)))
        }
        "ListIdentityProviderConfigs" => {
            let configs = desk.list(CONFIGS, &key(""));
            let named = |(_, config): &(String, Value)| json!({ "type": "oidc", "name": config["identityProviderConfigName"] });
            let all: Vec<Value> = configs.iter().map(named).collect();
            Ok(Some(Ok(Document::Json(json!({ "identityProviderConfigs": all })))))
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => Ok(tags(desk)),
        _ => Ok(None),
    }
}

fn not_found() -> ServiceError {
    let message = "Identity provider config is not associated with cluster";
    ServiceError::new(404, "ResourceNotFoundException", message)
}

/// What EKS says of a change; it is done at once here.
fn update(desk: &Desk<'_>) -> Document {
    Document::Json(json!({
        "update": {
            "id": desk.uuid(),
            "status": "Successful",
            "type": desk.call.operation,
            "params": [],
            "createdAt": desk.now(),
            "errors": [],
        },
    }))
}

async fn associate(desk: &Desk<'_>) -> Reply {
    let (cluster, name) = (desk.text("clusterName"), desk.text("oidc/identityProviderConfigName"));
    if let Err(error) = desk.ask("eks", "DescribeCluster", json!({ "name": cluster })).await? {
        return Ok(Some(Err(error)));
    }
    // A cluster has one provider.
    if !desk.list(CONFIGS, &format!("{cluster}/")).is_empty() {
        let message = "Identity provider config is already associated with cluster";
        return Ok(Some(Err(ServiceError::new(409, "ResourceInUseException", message))));
    }
    let key = format!("{cluster}/{name}");
    let resource = format!("identityproviderconfig/{cluster}/oidc/{name}/{}", desk.uuid());
    let mut config = desk.value("oidc").cloned().unwrap_or_else(|| json!({}));
    config["identityProviderConfigArn"] = desk.arn("eks", &resource).into();
    config["clusterName"] = cluster.into();
    config["status"] = "ACTIVE".into();
    config["tags"] = desk.value("tags").cloned().unwrap_or_else(|| json!({}));
    desk.put(CONFIGS, &key, config);
    let Document::Json(mut answer) = update(desk) else { return Ok(None) };
    answer["tags"] = desk.value("tags").cloned().unwrap_or_else(|| json!({}));
    Ok(Some(Ok(Document::Json(answer))))
}

/// Tags of a provider; other ARNs are somebody else's.
fn tags(desk: &Desk<'_>) -> Option<Result<Document, ServiceError>> {
    let arn = desk.text("resourceArn");
    if !arn.contains(":identityproviderconfig/") {
        return None;
    }
    let configs = desk.list(CONFIGS, "");
    let config = configs.into_iter().find(|(_, c)| c["identityProviderConfigArn"] == arn);
    let Some((key, mut config)) = config else { return Some(Err(not_found())) };
    if desk.call.operation == "ListTagsForResource" {
        return Some(Ok(Document::Json(json!({ "tags": config["tags"] }))));
    }
    if let Some(tags) = config["tags"].as_object_mut() {
        match desk.value("tagKeys") {
            Some(Value::Array(keys)) => {
                keys.iter().filter_map(Value::as_str).for_each(|key| drop(tags.remove(key)));
            }
            Some(Value::String(key)) => drop(tags.remove(key)),
            _ => {}
        }
        if let Some(Value::Object(added)) = desk.value("tags") {
            tags.extend(added.clone());
        }
    }
    desk.put(CONFIGS, &key, config);
    Some(Ok(Document::Json(json!({}))))
}
