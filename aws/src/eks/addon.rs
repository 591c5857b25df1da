//! Software of a cluster that EKS installs and upgrades. Slow: an update takes minutes. Its handler is
//! in `addon_handler`.
//!
//! API: CreateAddon, DescribeAddon, UpdateAddon, DescribeUpdate, DescribePodIdentityAssociation,
//! TagResource, UntagResource, DeleteAddon.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Json, Object, Outputs, Resource, Tags};

use super::ClusterName;
use crate::iam::Role;
use crate::rules::Rules;

/// Installs software in a cluster: `vpc-cni`, `coredns`, `kube-proxy`, `aws-ebs-csi-driver`.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eks_addon", outputs = AddonOutputs, validate = validate)]
pub struct Addon {
    /// The add-on: `vpc-cni`.
    #[field(force_new)]
    pub addon_name: String,
    /// The cluster.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// Version: `v1.20.0-eksbuild.1`. Left out, EKS's default for the cluster, kept then.
    #[field(computed)]
    pub addon_version: Option<String>,
    /// Its configuration, in JSON, by the schema of the add-on. Left out, it is kept.
    #[field(computed)]
    pub configuration_values: Option<Json>,
    /// Namespace of its own, where the add-on allows it.
    #[field(force_new, computed)]
    pub namespace_config: Option<AddonNamespaceConfig>,
    /// Roles of its service accounts, by EKS Pod Identity.
    pub pod_identity_association: BlockSet<AddonPodIdentityAssociation>,
    /// When it is deleted, leave the software in the cluster.
    #[field(default = false, write_only)]
    pub preserve: bool,
    /// What happens when the software is there already and was changed. Left out, the create fails.
    #[field(write_only)]
    pub resolve_conflicts_on_create: Option<ConflictsOnCreate>,
    /// What happens when somebody changed the software. Left out, the update fails.
    #[field(write_only)]
    pub resolve_conflicts_on_update: Option<ConflictsOnUpdate>,
    /// Role of its service account, by the cluster's OIDC provider. Left out, that of the node.
    pub service_account_role_arn: Option<Arn<Role>>,
    /// Tags.
    pub tags: Tags,
}

/// Namespace of an add-on.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AddonNamespaceConfig {
    /// The namespace, at most 63 characters.
    pub namespace: String,
}

/// A role of a service account of an add-on.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AddonPodIdentityAssociation {
    /// The role.
    pub role_arn: Arn<Role>,
    /// The service account.
    pub service_account: String,
}

/// What happens when the software is there already and was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ConflictsOnCreate {
    /// The create may fail.
    #[choice("NONE")]
    None,
    /// The changes are lost.
    #[choice("OVERWRITE")]
    Overwrite,
}

/// What happens when somebody changed the software.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ConflictsOnUpdate {
    /// The update may fail.
    #[choice("NONE")]
    None,
    /// The changes are lost.
    #[choice("OVERWRITE")]
    Overwrite,
    /// The changes stay.
    #[choice("PRESERVE")]
    Preserve,
}

/// What AWS assigns to an [`Addon`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct AddonOutputs {
    /// The cluster's and the add-on's name, with a colon between.
    pub id: String,
    /// ARN.
    pub arn: Arn<Addon>,
    /// When it was made, in RFC 3339.
    pub created_at: Option<String>,
    /// When it was changed, in RFC 3339.
    pub modified_at: Option<String>,
    /// What is wrong with it.
    pub health: Option<String>,
    /// `ACTIVE`, or what it is busy with.
    pub status: String,
}

/// Source: EKS API Reference, CreateAddon.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.has("service_account_role_arn") {
        let because = "together with `service_account_role_arn`: the role is given in one way";
        rules.without(&["pod_identity_association"], because);
    }
    rules.finish()
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::eks::fixtures::{cluster, role};

    conforms!(
        aws_eks_addon,
        Fixture {
            base: |stack, name| {
                let (cluster, _) = cluster(stack, name, "addon");
                role(stack, "cni", format!("{name}-cni"), "pods.eks.amazonaws.com");
                let it = Addon::new("vpc-cni", cluster.id())
                    .addon_version("v1.20.0-eksbuild.1")
                    .resolve_conflicts_on_create(ConflictsOnCreate::Overwrite);
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let (cluster, _) = cluster(stack, name, "addon");
                let role = role(stack, "cni", format!("{name}-cni"), "pods.eks.amazonaws.com");
                let it = Addon::new("vpc-cni", cluster.id())
                    .addon_version("v1.21.0-eksbuild.1")
                    .configuration_values(Json(r#"{"env": {"WARM_IP_TARGET": "2"}}"#.to_owned()))
                    .resolve_conflicts_on_create(ConflictsOnCreate::Overwrite)
                    .resolve_conflicts_on_update(ConflictsOnUpdate::Preserve)
                    .service_account_role_arn(role);
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let (cluster, _) = cluster(stack, name, "addon");
                stack.add("it", Addon::new("coredns", cluster.id()).preserve(true));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn a_role_is_given_in_one_way() {
        use infra_sdk::Value;

        let role = Value::from("arn:aws:iam::123456789012:role/cni");
        let given = Object::from([
            ("service_account_role_arn".to_owned(), role),
            ("pod_identity_association".to_owned(), Value::Unknown),
        ]);
        let paths: Vec<_> = validate(&given).into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["pod_identity_association"]);
    }
}
