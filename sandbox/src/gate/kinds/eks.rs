//! EKS, from the pages of `Cluster`, `Nodegroup`, `Addon` and `FargateProfile` of the API Reference.
//! ministack has all of them in their last state at once and drops them at once.

use serde_json::json;

use super::{Busy, Echo, Ghost, Kind, Life, Phase, Shown};
use crate::gate::document::Fields;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "eks_cluster",
        service: "eks",
        id: &["name"],
        named_by: &[&["name"]],
        create: &["CreateCluster"],
        modify: &["UpdateClusterConfig", "UpdateClusterVersion", "AssociateEncryptionConfig"],
        delete: &["DeleteCluster"],
        describe: &["DescribeCluster"],
        life: Some(Life {
            busy: Some(Busy {
                operations: &[
                    "UpdateClusterConfig",
                    "UpdateClusterVersion",
                    "AssociateEncryptionConfig",
                ],
                ..IN_USE
            }),
            dress: Some(cluster),
            ..STATES
        }),
        ghost: Some(Ghost {
            shown: Shown::One("cluster"),
            names: &[("ListClusters", "clusters")],
            ..GHOST
        }),
        echoes: &[
            Echo::wrong("accessConfig/authenticationMode", "accessConfig/authenticationMode"),
            Echo::lost("bootstrapSelfManagedAddons", "bootstrapSelfManagedAddons"),
            Echo::wrong("computeConfig", "computeConfig"),
            Echo::lost("controlPlaneScalingConfig", "controlPlaneScalingConfig"),
            Echo::wrong("deletionProtection", "deletionProtection"),
            Echo::wrong("kubernetesNetworkConfig/ipFamily", "kubernetesNetworkConfig/ipFamily"),
            Echo::lost(
                "kubernetesNetworkConfig/elasticLoadBalancing",
                "kubernetesNetworkConfig/elasticLoadBalancing",
            ),
            Echo::lost("outpostConfig", "outpostConfig"),
            Echo::wrong("remoteNetworkConfig", "remoteNetworkConfig"),
            Echo::wrong(
                "resourcesVpcConfig/endpointPrivateAccess",
                "resourcesVpcConfig/endpointPrivateAccess",
            ),
            Echo::wrong(
                "resourcesVpcConfig/endpointPublicAccess",
                "resourcesVpcConfig/endpointPublicAccess",
            ),
            Echo::wrong(
                "resourcesVpcConfig/publicAccessCidrs",
                "resourcesVpcConfig/publicAccessCidrs",
            ),
            Echo::wrong(
                "resourcesVpcConfig/securityGroupIds",
                "resourcesVpcConfig/securityGroupIds",
            ),
            Echo::wrong("resourcesVpcConfig/subnetIds", "resourcesVpcConfig/subnetIds"),
            Echo::wrong("storageConfig", "storageConfig"),
            Echo::wrong("upgradePolicy", "upgradePolicy"),
            Echo::wrong("version", "version"),
            Echo::wrong("zonalShiftConfig", "zonalShiftConfig"),
        ],
        ..Kind::NEW
    },
    Kind {
        name: "eks_node_group",
        service: "eks",
        id: &["clusterName", "nodegroupName"],
        named_by: &[&["clusterName"], &["nodegroupName"]],
        create: &["CreateNodegroup"],
        modify: &["UpdateNodegroupConfig", "UpdateNodegroupVersion"],
        delete: &["DeleteNodegroup"],
        describe: &["DescribeNodegroup"],
        life: Some(Life {
            busy: Some(Busy {
                operations: &["UpdateNodegroupConfig", "UpdateNodegroupVersion"],
                ..IN_USE
            }),
            ..STATES
        }),
        ghost: Some(Ghost {
            shown: Shown::One("nodegroup"),
            names: &[("ListNodegroups", "nodegroups")],
            ..GHOST
        }),
        echoes: &[
            Echo::wrong("launchTemplate", "launchTemplate"),
            Echo::wrong("nodeRepairConfig", "nodeRepairConfig"),
            Echo::wrong("releaseVersion", "releaseVersion"),
            Echo::lost("remoteAccess", "remoteAccess"),
            Echo::wrong("scalingConfig", "scalingConfig"),
            Echo::wrong("updateConfig", "updateConfig"),
            Echo::wrong("version", "version"),
            Echo::wrong("warmPoolConfig", "warmPoolConfig"),
        ],
        ..Kind::NEW
    },
    Kind {
        name: "eks_addon",
        service: "eks",
        id: &["clusterName", "addonName"],
        named_by: &[&["clusterName"], &["addonName"]],
        create: &["CreateAddon"],
        modify: &["UpdateAddon"],
        delete: &["DeleteAddon"],
        describe: &["DescribeAddon"],
        life: Some(Life { dress: Some(addon), ..STATES }),
        ghost: Some(Ghost {
            shown: Shown::One("addon"),
            names: &[("ListAddons", "addons")],
            ..GHOST
        }),
        echoes: &[Echo::lost("namespaceConfig", "namespaceConfig")],
        ..Kind::NEW
    },
    Kind {
        name: "eks_fargate_profile",
        service: "eks",
        id: &["clusterName", "fargateProfileName"],
        named_by: &[&["clusterName"], &["fargateProfileName"]],
        create: &["CreateFargateProfile"],
        delete: &["DeleteFargateProfile"],
        describe: &["DescribeFargateProfile"],
        life: Some(Life { modifying: None, ..STATES }),
        ghost: Some(Ghost {
            shown: Shown::One("fargateProfile"),
            names: &[("ListFargateProfiles", "fargateProfileNames")],
            ..GHOST
        }),
        ..Kind::NEW
    },
    Kind {
        name: "eks_identity_provider_config",
        service: "eks",
        id: &["clusterName", "identityProviderConfigName"],
        named_by: &[
            &["clusterName"],
            &["identityProviderConfig/name", "oidc/identityProviderConfigName"],
        ],
        create: &["AssociateIdentityProviderConfig"],
        describe: &["DescribeIdentityProviderConfig"],
        life: Some(Life { modifying: None, deleting: None, ..STATES }),
        ..Kind::NEW
    },
    Kind {
        name: "eks_update",
        service: "eks",
        id: &["id"],
        named_by: &[&["updateId"]],
        mark: "type",
        create: &[
            "AssociateEncryptionConfig",
            "UpdateAddon",
            "UpdateClusterConfig",
            "UpdateClusterVersion",
            "UpdateNodegroupConfig",
            "UpdateNodegroupVersion",
        ],
        describe: &["DescribeUpdate"],
        life: Some(Life { state: "status", creating: Some("InProgress"), ..Life::NEW }),
        ..Kind::NEW
    },
];

const STATES: Life = Life {
    state: "status",
    creating: Some("CREATING"),
    modifying: Some("UPDATING"),
    deleting: Some("DELETING"),
    ..Life::NEW
};

/// "The specified resource is in use."
const IN_USE: Busy = Busy { code: "ResourceInUseException", status: 409, operations: &[] };

const GHOST: Ghost = Ghost {
    shown: Shown::One(""),
    names: &[],
    filter: None,
    exists: ("ResourceInUseException", 409),
};

/// A cluster has neither an endpoint nor a certificate before it is active.
fn cluster(cluster: &mut dyn Fields, phase: Phase) {
    if phase == Phase::Creating {
        cluster.remove("endpoint");
        cluster.put("certificateAuthority", &json!({}), "");
    } else if cluster.text("certificateAuthority/data").is_none_or(|data| data.is_empty()) {
        // ministack makes none without a container; what is inside is nobody's to read.
        cluster.put("certificateAuthority/data", &json!("TUlJQmdhdGU="), "");
    }
}

/// What was not said is left out, and the version is one of EKS's choice.
fn addon(addon: &mut dyn Fields, _phase: Phase) {
    for field in ["serviceAccountRoleArn", "configurationValues"] {
        if !addon.has_content(field) {
            addon.remove(field);
        }
    }
    if !addon.has_content("addonVersion") {
        addon.put("addonVersion", &json!(DEFAULT_ADDON_VERSION), "");
    }
}

/// The version of an add-on where none was asked for.
pub(crate) const DEFAULT_ADDON_VERSION: &str = "v1.20.0-eksbuild.1";
