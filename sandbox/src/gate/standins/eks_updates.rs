//! EKS's updates, which ministack lacks: of a cluster's configuration and version, of a node group's.
//!
//! What they set is remembered by the echoes of the kinds (`kinds/eks.rs`); here are the checks, the
//! logging that is merged by type, and the updates themselves.
//!
//! API: UpdateClusterConfig, UpdateClusterVersion, UpdateNodegroupConfig, UpdateNodegroupVersion,
//! DescribeUpdate, ListUpdates; `Update` and `UpdateParam`.

use serde_json::{Map, Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::ServiceError;
use crate::gate::document::Document;

const UPDATES: &str = "eks updates";

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    match desk.call.operation.as_str() {
        "UpdateClusterConfig" => cluster(desk, config_type(desk)).await,
        "UpdateClusterVersion" => cluster(desk, "VersionUpdate").await,
        "UpdateNodegroupConfig" => node_group(desk, "ConfigUpdate").await,
        "UpdateNodegroupVersion" => node_group(desk, "VersionUpdate").await,
        "DescribeUpdate" => Ok(described(desk)),
        "ListUpdates" => Ok(Some(Ok(listed(desk)))),
        _ => Ok(None),
    }
}

/// The type of an update of a cluster's configuration: one call changes one thing.
fn config_type(desk: &Desk<'_>) -> &'static str {
    [
        ("logging", "LoggingUpdate"),
        ("accessConfig", "AccessConfigUpdate"),
        ("upgradePolicy", "UpgradePolicyUpdate"),
        ("zonalShiftConfig", "ZonalShiftConfigUpdate"),
        ("computeConfig", "AutoModeUpdate"),
        ("remoteNetworkConfig", "RemoteNetworkConfigUpdate"),
        ("deletionProtection", "DeletionProtectionUpdate"),
        ("controlPlaneScalingConfig", "ControlPlaneScalingConfigUpdate"),
        ("resourcesVpcConfig/subnetIds", "VpcConfigUpdate"),
        ("resourcesVpcConfig/securityGroupIds", "VpcConfigUpdate"),
    ]
    .into_iter()
    .find(|(parameter, _)| desk.value(parameter).is_some())
    .map_or("EndpointAccessUpdate", |(_, kind)| kind)
}

async fn cluster(desk: &Desk<'_>, kind: &str) -> Reply {
    let name = desk.text("name");
    let found = match desk.ask("eks", "DescribeCluster", json!({ "name": name })).await? {
        Ok(found) => found,
        Err(error) => return Ok(Some(Err(error))),
    };
    if kind == "LoggingUpdate" {
        let before =
            desk.core.echoes.get("eks_cluster", &desk.call.region, name, "logging").or_else(|| {
                match &found {
                    Document::Json(value) => value.pointer("/cluster/logging").cloned(),
                    Document::Xml(_) => None,
                }
            });
        let merged = logging(&before.unwrap_or(Value::Null), desk.value("logging"));
        desk.core.echoes.set("eks_cluster", &desk.call.region, name, "logging", merged);
    }
    Ok(Some(Ok(started(desk, kind, name))))
}

async fn node_group(desk: &Desk<'_>, kind: &str) -> Reply {
    let (cluster, name) = (desk.text("clusterName"), desk.text("nodegroupName"));
    let which = json!({ "clusterName": cluster, "nodegroupName": name });
    let found = match desk.ask("eks", "DescribeNodegroup", which).await? {
        Ok(found) => found,
        Err(error) => return Ok(Some(Err(error))),
    };
    let now = |field: &str| match &found {
        Document::Json(value) => value.pointer(&format!("/nodegroup/{field}")).cloned(),
        Document::Xml(_) => None,
    };
    let key = format!("{cluster}/{name}");
    for (field, changed) in [
        ("labels", labels(remembered(desk, &key, "labels").or_else(|| now("labels")), desk)),
        ("taints", taints(remembered(desk, &key, "taints").or_else(|| now("taints")), desk)),
    ] {
        if let Some(changed) = changed {
            desk.core.echoes.set("eks_node_group", &desk.call.region, &key, field, changed);
        }
    }
    Ok(Some(Ok(started(desk, kind, &key))))
}

fn remembered(desk: &Desk<'_>, name: &str, field: &'static str) -> Option<Value> {
    desk.core.echoes.get("eks_node_group", &desk.call.region, name, field)
}

/// `labels.addOrUpdateLabels` and `labels.removeLabels`.
fn labels(before: Option<Value>, desk: &Desk<'_>) -> Option<Value> {
    let change = desk.value("labels")?;
    let mut labels = before.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    for name in change.get("removeLabels").and_then(Value::as_array).into_iter().flatten() {
        labels.remove(name.as_str().unwrap_or_default());
    }
    if let Some(Value::Object(added)) = change.get("addOrUpdateLabels") {
        labels.extend(added.clone());
    }
    Some(Value::Object(labels))
}

/// `taints.addOrUpdateTaints` and `taints.removeTaints`; a taint is known by key and effect.
fn taints(before: Option<Value>, desk: &Desk<'_>) -> Option<Value> {
    let change = desk.value("taints")?;
    let list = |name: &str| change.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let same = |one: &Value, other: &Value| {
        one.get("key") == other.get("key") && one.get("effect") == other.get("effect")
    };
    let (added, removed) = (list("addOrUpdateTaints"), list("removeTaints"));
    let mut taints = before.and_then(|value| value.as_array().cloned()).unwrap_or_default();
    taints.retain(|taint| !added.iter().chain(&removed).any(|changed| same(changed, taint)));
    taints.extend(added);
    Some(Value::Array(taints))
}

/// The types that are logged and those that are not, after a change of some.
fn logging(before: &Value, change: Option<&Value>) -> Value {
    let mut types: Map<String, Value> = Map::new();
    for setup in [Some(before), change]
        .into_iter()
        .flatten()
        .filter_map(|logging| logging.get("clusterLogging").and_then(Value::as_array))
        .flatten()
    {
        let enabled = setup.get("enabled").cloned().unwrap_or(Value::Bool(false));
        for name in setup.get("types").and_then(Value::as_array).into_iter().flatten() {
            types.insert(name.as_str().unwrap_or_default().to_owned(), enabled.clone());
        }
    }
    let setups: Vec<Value> = [true, false]
        .into_iter()
        .filter_map(|enabled| {
            let names: Vec<&String> =
                types.iter().filter(|(_, is)| **is == enabled).map(|(name, _)| name).collect();
            (!names.is_empty()).then(|| json!({ "types": names, "enabled": enabled }))
        })
        .collect();
    json!({ "clusterLogging": setups })
}

fn started(desk: &Desk<'_>, kind: &str, of: &str) -> Document {
    let id = desk.uuid();
    let update = json!({
        "id": id,
        "status": "Successful",
        "type": kind,
        "params": [],
        "createdAt": desk.now(),
        "errors": [],
    });
    keep(desk, of, &update);
    Document::Json(json!({ "update": update }))
}

/// Keeps an update of a cluster, or of its node group or add-on.
pub(super) fn keep(desk: &Desk<'_>, of: &str, update: &Value) {
    let id = update.get("id").and_then(Value::as_str).unwrap_or_default();
    let mut update = update.clone();
    if let Some(update) = update.as_object_mut() {
        update.entry("errors").or_insert_with(|| json!([]));
    }
    desk.put(UPDATES, &format!("{of} {id}"), update);
}

/// What an update is of: a cluster, or its node group or add-on.
fn owner(desk: &Desk<'_>) -> String {
    let name = desk.text("name");
    [desk.text("nodegroupName"), desk.text("addonName")]
        .into_iter()
        .find(|part| !part.is_empty())
        .map_or_else(|| name.to_owned(), |part| format!("{name}/{part}"))
}

fn described(desk: &Desk<'_>) -> Option<Result<Document, ServiceError>> {
    let id = desk.text("updateId");
    let update = desk.get(UPDATES, &format!("{} {id}", owner(desk)));
    Some(update.map(|update| Document::Json(json!({ "update": update }))).ok_or_else(|| {
        ServiceError::new(404, "ResourceNotFoundException", format!("No update found for ID: {id}"))
    }))
}

fn listed(desk: &Desk<'_>) -> Document {
    let prefix = format!("{} ", owner(desk));
    let updates = desk.list(UPDATES, &prefix);
    let ids: Vec<&str> = updates.iter().map(|(name, _)| &name[prefix.len()..]).collect();
    Document::Json(json!({ "updateIds": ids }))
}

#[cfg(test)]
mod tests {
    use super::logging;
    use serde_json::{Value, json};

    #[test]
    fn logging_is_merged_by_type() {
        let before = json!({ "clusterLogging": [{ "types": ["api", "audit"], "enabled": true }] });
        let change = json!({ "clusterLogging": [
            { "types": ["scheduler"], "enabled": true },
            { "types": ["audit"], "enabled": false },
        ] });
        let expected = json!({ "clusterLogging": [
            { "types": ["api", "scheduler"], "enabled": true },
            { "types": ["audit"], "enabled": false },
        ] });
        assert_eq!(logging(&before, Some(&change)), expected);
        assert_eq!(logging(&Value::Null, None), json!({ "clusterLogging": [] }));
    }
}
