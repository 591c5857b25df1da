//! What ministack says too little of: the versions of add-ons, updates that it starts, and tags that are
//! changed after the object was made.
//!
//! The versions are made up: two for every add-on, the second the default one.
//!
//! API: DescribeAddonVersions; DescribeUpdate for UpdateAddon and AssociateEncryptionConfig;
//! TagResource and UntagResource, seen by the describe calls.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use super::eks_updates;
use crate::gate::answer::Answer;
use crate::gate::document::Document;
use crate::gate::kinds::DEFAULT_ADDON_VERSION;
use crate::gate::upstream::UpstreamError;

/// The add-ons of "Amazon EKS add-ons" that the versions are told of.
const ADDONS: &[&str] = &[
    "amazon-cloudwatch-observability",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "coredns",
    "eks-pod-identity-agent",
    "kube-proxy",
    "vpc-cni",
];

/// Plays a call.
pub(super) fn serve(desk: &Desk<'_>) -> Reply {
    if desk.call.operation != "DescribeAddonVersions" {
        return Ok(None);
    }
    let (name, version) = (desk.text("addonName"), desk.text("kubernetesVersion"));
    let cluster = if version.is_empty() { "1.33" } else { version };
    let versions: Vec<Value> = [("v1.21.0-eksbuild.1", false), (DEFAULT_ADDON_VERSION, true)]
        .into_iter()
        .map(|(version, default)| {
            json!({
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "compatibilities": [{
                    "clusterVersion": cluster,
                    "platformVersions": ["*"],
                    "defaultVersion": default,
                }],
            })
        })
        .collect();
    let addons: Vec<Value> = ADDONS
        .iter()
        .filter(|addon| name.is_empty() || **addon == name)
        .map(|addon| json!({ "addonName": addon, "owner": "aws", "addonVersions": versions }))
        .collect();
    Ok(Some(Ok(Document::Json(json!({ "addons": addons })))))
}

/// Keeps updates, and shows the tags as they are now.
pub(super) async fn fill(desk: &Desk<'_>, answer: &mut Answer) -> Result<(), UpstreamError> {
    if desk.call.service != "eks" {
        return Ok(());
    }
    let Some(Document::Json(mut value)) = Document::of(desk.call, answer) else { return Ok(()) };
    match desk.call.operation.as_str() {
        "UpdateAddon" | "AssociateEncryptionConfig" => {
            let (cluster, addon) = (desk.text("clusterName"), desk.text("addonName"));
            let of =
                if addon.is_empty() { cluster.to_owned() } else { format!("{cluster}/{addon}") };
            eks_updates::keep(desk, &of, &value["update"]);
        }
        operation if operation.starts_with("Describe") => {
            let Some(object) = value.as_object_mut().and_then(|map| map.values_mut().next()) else {
                return Ok(());
            };
            let arn = ["arn", "nodegroupArn", "addonArn", "accessEntryArn", "associationArn"]
                .into_iter()
                .find_map(|field| object.get(field)?.as_str().map(str::to_owned));
            if let Some(arn) = arn
                && object.get("tags").is_some()
                && let Ok(Document::Json(found)) =
                    desk.ask("eks", "ListTagsForResource", json!({ "resourceArn": arn })).await?
            {
                object["tags"] = found["tags"].clone();
                Document::Json(value).store(answer);
            }
        }
        _ => {}
    }
    Ok(())
}
