//! EKS's Fargate profiles: ministack has the clusters and no profiles, moto profiles of its own
//! clusters.
//!
//! API: CreateFargateProfile, DescribeFargateProfile, ListFargateProfiles, DeleteFargateProfile,
//! and TagResource, UntagResource, ListTagsForResource for their ARNs; `FargateProfile`.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::ServiceError;
use crate::gate::document::Document;

const PROFILES: &str = "eks fargate profiles";

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let name = desk.text("fargateProfileName");
    let key = format!("{}/{name}", desk.text("clusterName"));
    match desk.call.operation.as_str() {
        "CreateFargateProfile" => create(desk, &key).await,
        "DescribeFargateProfile" => Ok(Some(found(desk.get(PROFILES, &key), name))),
        "DeleteFargateProfile" => {
            let profile = desk.take(PROFILES, &key).map(|mut profile| {
                profile["status"] = "DELETING".into();
                profile
            });
            Ok(Some(found(profile, name)))
        }
        "ListFargateProfiles" => list(desk).await,
        "TagResource" | "UntagResource" | "ListTagsForResource" => Ok(tags(desk)),
        _ => Ok(None),
    }
}

fn found(profile: Option<Value>, name: &str) -> Result<Document, ServiceError> {
    profile.map(|profile| Document::Json(json!({ "fargateProfile": profile }))).ok_or_else(|| {
        let message = format!("No Fargate Profile found with name: {name}.");
        ServiceError::new(404, "ResourceNotFoundException", message)
    })
}

async fn create(desk: &Desk<'_>, key: &str) -> Reply {
    let (cluster, name) = (desk.text("clusterName"), desk.text("fargateProfileName"));
    if let Err(error) = desk.ask("eks", "DescribeCluster", json!({ "name": cluster })).await? {
        return Ok(Some(Err(error)));
    }
    if desk.get(PROFILES, key).is_some() {
        let message = format!("A Fargate Profile already exists with this name: {name}");
        return Ok(Some(Err(ServiceError::new(409, "ResourceInUseException", message))));
    }
    let profile = json!({
        "fargateProfileName": name,
        "fargateProfileArn": desk.arn("eks", &format!("fargateprofile/{key}/{}", desk.uuid())),
        "clusterName": cluster,
        "createdAt": desk.now(),
        "podExecutionRoleArn": desk.text("podExecutionRoleArn"),
        "subnets": desk.value("subnets").cloned().unwrap_or_else(|| json!([])),
        "selectors": desk.value("selectors").cloned().unwrap_or_else(|| json!([])),
        "status": "ACTIVE",
        "tags": desk.value("tags").cloned().unwrap_or_else(|| json!({})),
        "health": { "issues": [] },
    });
    desk.put(PROFILES, key, profile.clone());
    Ok(Some(found(Some(profile), name)))
}

async fn list(desk: &Desk<'_>) -> Reply {
    let cluster = desk.text("clusterName");
    if let Err(error) = desk.ask("eks", "DescribeCluster", json!({ "name": cluster })).await? {
        return Ok(Some(Err(error)));
    }
    let prefix = format!("{cluster}/");
    let profiles = desk.list(PROFILES, &prefix);
    let names: Vec<&str> = profiles.iter().map(|(name, _)| &name[prefix.len()..]).collect();
    Ok(Some(Ok(Document::Json(json!({ "fargateProfileNames": names })))))
}

/// Tags of a profile; other ARNs are the emulator's.
fn tags(desk: &Desk<'_>) -> Option<Result<Document, ServiceError>> {
    let arn = desk.text("resourceArn");
    if !arn.contains(":fargateprofile/") {
        return None;
    }
    let profiles = desk.list(PROFILES, "");
    let profile = profiles.into_iter().find(|(_, profile)| profile["fargateProfileArn"] == arn);
    let Some((key, mut profile)) = profile else {
        let message = format!("No Fargate Profile found with ARN: {arn}");
        return Some(Err(ServiceError::new(404, "NotFoundException", message)));
    };
    if desk.call.operation == "ListTagsForResource" {
        return Some(Ok(Document::Json(json!({ "tags": profile["tags"] }))));
    }
    if let Some(tags) = profile["tags"].as_object_mut() {
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
    desk.put(PROFILES, &key, profile);
    Some(Ok(Document::Json(json!({}))))
}
