//! The AWS calls of [`Addon`].

use std::time::Duration;

use aws_sdk_eks::types::{
    Addon as Wire, AddonIssueCode, AddonNamespaceConfigRequest, AddonPodIdentityAssociations,
    ResolveConflicts,
};
use infra_sdk::provider::{Failure, FailureClass, Readiness};
use infra_sdk::{Arn, BlockSet, Json, Object, Value};

use super::ClusterName;
use super::addon::{Addon, AddonNamespaceConfig, AddonOutputs, AddonPodIdentityAssociation};
use super::common::{
    GONE, IN_PROGRESS, NOT_YET, Of, date, id_in, issues, parts, retag, settle, tags_of, wire_tags,
};
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "eks:CreateAddon",
    "eks:DeleteAddon",
    "eks:DescribeAddon",
    "eks:DescribePodIdentityAssociation",
    "eks:DescribeUpdate",
    "eks:TagResource",
    "eks:UntagResource",
    "eks:UpdateAddon",
];
/// The operations, and what an add-on's pod identities need.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    [
        "eks:CreatePodIdentityAssociation",
        "eks:DeletePodIdentityAssociation",
        "eks:UpdatePodIdentityAssociation",
        "iam:GetRole",
        "iam:PassRole"
    ]
);

impl Handler for Addon {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "eks:CreateAddon",
        operations: OPERATIONS,
        actions: ACTIONS,
        gone: GONE,
        not_yet: NOT_YET,
        lingering: &[IN_PROGRESS],
        patience: Patience {
            create: Duration::from_secs(20 * 60),
            update: Duration::from_secs(20 * 60),
            delete: Duration::from_secs(40 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let conflicts = want.resolve_conflicts_on_create;
        let conflicts = conflicts.map(|what| ResolveConflicts::from(what.as_str()));
        let identities = identities(want)?;
        let namespace = want.namespace_config.as_ref().map(|config| {
            AddonNamespaceConfigRequest::builder().namespace(&config.namespace).build()
        });
        aws.call(|| {
            aws.eks()
                .create_addon()
                .client_request_token(creating.token)
                .cluster_name(want.cluster_name.as_str())
                .addon_name(&want.addon_name)
                .set_addon_version(want.addon_version.clone())
                .set_configuration_values(configuration(want))
                .set_namespace_config(namespace.clone())
                .set_pod_identity_associations((!identities.is_empty()).then(|| identities.clone()))
                .set_resolve_conflicts(conflicts.clone())
                .set_service_account_role_arn(text(&want.service_account_role_arn))
                .set_tags(wire_tags(&want.tags.0))
                .send()
        })
        .await?;
        Ok(id_in(want.cluster_name.as_str(), &want.addon_name))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |item| async move {
            let mut addon = describe(aws, &item.id).await?;
            let mut associations = Vec::new();
            for arn in addon.pod_identity_associations.take().unwrap_or_default() {
                associations.extend(association(aws, &arn).await?);
            }
            see(addon, associations, &item.recorded).map(Some)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let names = [
            "addon_version",
            "configuration_values",
            "pod_identity_association",
            "service_account_role_arn",
        ];
        // How conflicts are resolved is told with the next change.
        if !changed.any(&names) {
            return Ok(());
        }
        let (cluster, addon) = parts(id)?;
        let identities = identities(want)?;
        let identities = changed.has("pod_identity_association").then_some(identities);
        let version = want.addon_version.clone().filter(|_| changed.has("addon_version"));
        let values = configuration(want).filter(|_| changed.has("configuration_values"));
        let conflicts = want.resolve_conflicts_on_update;
        let conflicts = conflicts.map(|what| ResolveConflicts::from(what.as_str()));
        let answer = aws
            .call(|| {
                aws.eks()
                    .update_addon()
                    .cluster_name(cluster)
                    .addon_name(addon)
                    .set_addon_version(version.clone())
                    .set_configuration_values(values.clone())
                    .set_pod_identity_associations(identities.clone())
                    .set_resolve_conflicts(conflicts.clone())
                    // What is left out is taken away. Source: EKS API Reference, UpdateAddon.
                    .set_service_account_role_arn(text(&want.service_account_role_arn))
                    .send()
            })
            .await?;
        let of = Of { cluster, node_group: None, addon: Some(addon) };
        settle(aws, of, answer.update, Self::CALLS.patience.update).await
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let (cluster, addon) = parts(id)?;
        aws.call(|| {
            let call = aws.eks().delete_addon().cluster_name(cluster).addon_name(addon);
            call.set_preserve(was.preserve.then_some(true)).send()
        })
        .await
        .map(drop)
    }

    /// An add-on is degraded until there are nodes that it can run on.
    fn readiness(seen: &Seen<Self>) -> Readiness {
        let (status, health) = (&seen.outputs.status, &seen.outputs.health);
        let words =
            health.as_ref().map_or_else(|| status.clone(), |why| format!("{status} ({why})"));
        match status.as_str() {
            "ACTIVE" => Readiness::Ready,
            "CREATE_FAILED" | "UPDATE_FAILED" | "DELETE_FAILED" => Readiness::Failed(words),
            _ => Readiness::Waiting(words),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let id = id_in(want.cluster_name.as_str(), &want.addon_name);
        let found = absent(describe(aws, &id).await.map(Some), GONE)?;
        let ours = found.is_some_and(|addon| is_ours(&want.tags.0, &tags_of(addon.tags).0));
        Ok(ours.then_some(id).into_iter().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let arn = describe(aws, id).await?.addon_arn.ok_or_else(|| missing("addonArn"))?;
        retag(aws, &arn, change).await
    }
}

fn configuration(want: &Addon) -> Option<String> {
    want.configuration_values.as_ref().map(|values| values.0.clone())
}

fn identities(want: &Addon) -> Result<Vec<AddonPodIdentityAssociations>> {
    let all = want.pod_identity_association.0.iter().map(|identity| {
        AddonPodIdentityAssociations::builder()
            .role_arn(identity.role_arn.as_str())
            .service_account(&identity.service_account)
            .build()
            .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))
    });
    all.collect()
}

async fn describe(aws: &Aws, id: &str) -> Result<Wire> {
    let (cluster, addon) = parts(id)?;
    let call = || aws.eks().describe_addon().cluster_name(cluster).addon_name(addon).send();
    aws.call(call).await?.addon.ok_or_else(|| missing("addon"))
}

/// What an add-on's association says, of which the add-on shows the ARN alone. One that went in
/// between is left out.
async fn association(aws: &Aws, arn: &str) -> Result<Option<AddonPodIdentityAssociation>> {
    let (cluster, id) = association_of(arn)?;
    let call = || {
        let call = aws.eks().describe_pod_identity_association().cluster_name(cluster);
        call.association_id(id).send()
    };
    let Some(answer) = absent(aws.call(call).await.map(Some), GONE)? else { return Ok(None) };
    let association = answer.association.ok_or_else(|| missing("association"))?;
    let service_account = association.service_account.ok_or_else(|| missing("serviceAccount"))?;
    let role = association.role_arn.ok_or_else(|| missing("roleArn"))?;
    Ok(Some(AddonPodIdentityAssociation { role_arn: Arn::new(role), service_account }))
}

/// Cluster and id of an association, from `…:podidentityassociation/CLUSTER/ID`.
fn association_of(arn: &str) -> Result<(&str, &str)> {
    arn.split_once(":podidentityassociation/")
        .and_then(|(_, path)| path.split_once('/'))
        .ok_or_else(|| {
            Failure::new(FailureClass::Other, format!("`{arn}` is not a pod identity association"))
        })
}

fn see(
    addon: Wire,
    associations: Vec<AddonPodIdentityAssociation>,
    recorded: &Object,
) -> Result<Seen<Addon>> {
    let cluster = addon.cluster_name.ok_or_else(|| missing("clusterName"))?;
    let name = addon.addon_name.ok_or_else(|| missing("addonName"))?;
    let health = addon.health.and_then(|health| health.issues).unwrap_or_default();
    let outputs = AddonOutputs {
        id: id_in(&cluster, &name),
        arn: Arn::new(addon.addon_arn.ok_or_else(|| missing("addonArn"))?),
        created_at: date(addon.created_at),
        modified_at: date(addon.modified_at),
        health: issues(health.iter().map(|i| (i.code().map(AddonIssueCode::as_str), i.message()))),
        status: addon.status.ok_or_else(|| missing("status"))?.as_str().to_owned(),
    };
    let told = |name: &str| recorded.get(name).and_then(Value::as_str);
    let namespace = addon.namespace_config.and_then(|config| config.namespace);
    let values = addon.configuration_values.filter(|values| !values.is_empty());
    let inputs = Addon {
        addon_name: name,
        cluster_name: ClusterName::new(cluster),
        addon_version: addon.addon_version,
        configuration_values: values.map(Json),
        namespace_config: namespace.map(|namespace| AddonNamespaceConfig { namespace }),
        pod_identity_association: BlockSet(associations),
        preserve: recorded_flag(recorded, "preserve").unwrap_or(false),
        resolve_conflicts_on_create: told("resolve_conflicts_on_create")
            .and_then(|text| text.parse().ok()),
        resolve_conflicts_on_update: told("resolve_conflicts_on_update")
            .and_then(|text| text.parse().ok()),
        service_account_role_arn: addon.service_account_role_arn.map(Arn::new),
        tags: tags_of(addon.tags),
    };
    Ok(Seen::new(inputs, outputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn associations_are_told_from_their_arns() {
        let arn = "arn:aws:eks:us-west-2:123456789012:podidentityassociation/main/a-1x";
        assert_eq!(association_of(arn).ok(), Some(("main", "a-1x")));
        assert!(association_of("arn:aws:eks:us-west-2:123456789012:cluster/main").is_err());
    }
}
