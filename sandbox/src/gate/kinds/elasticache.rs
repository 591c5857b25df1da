//! ElastiCache, from the pages of `ReplicationGroup`, `CacheCluster`, `User` and `UserGroup` of the API
//! Reference. ministack has all of them ready at once and drops them at once.

use super::{Busy, Echo, Ghost, Kind, Life, Phase, Shown};
use crate::gate::document::Fields;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "replication_group",
        service: "elasticache",
        id: &["ReplicationGroupId"],
        named_by: &[&["ReplicationGroupId"]],
        // Cache clusters name their group too.
        mark: "MemberClusters",
        create: &["CreateReplicationGroup"],
        modify: &[
            "DecreaseReplicaCount",
            "IncreaseReplicaCount",
            "ModifyReplicationGroup",
            "ModifyReplicationGroupShardConfiguration",
        ],
        delete: &["DeleteReplicationGroup"],
        describe: &["DescribeReplicationGroups"],
        life: Some(Life {
            state: "Status",
            busy: Some(Busy {
                code: "InvalidReplicationGroupState",
                status: 400,
                operations: &[
                    "DecreaseReplicaCount",
                    "DeleteReplicationGroup",
                    "IncreaseReplicaCount",
                    "ModifyReplicationGroup",
                    "ModifyReplicationGroupShardConfiguration",
                ],
            }),
            dress: Some(endpoints),
            ..STATES
        }),
        ghost: Some(Ghost {
            shown: Shown::List(
                "DescribeReplicationGroupsResult/ReplicationGroups",
                "ReplicationGroup",
            ),
            names: &[],
            filter: None,
            exists: ("ReplicationGroupAlreadyExists", 400),
        }),
        echoes: &[
            Echo::wrong("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
            Echo::wrong("Engine", "Engine"),
            // Not shown by AWS, and not read by SDKs: what the group holds while it is going.
            Echo::lost("CacheSubnetGroupName", "CacheSubnetGroupName"),
            Echo::lost("DataTieringEnabled", "DataTiering"),
            Echo::lost("IpDiscovery", "IpDiscovery"),
            Echo::lost("KmsKeyId", "KmsKeyId"),
            Echo::lost("NetworkType", "NetworkType"),
            Echo::wrong("SecurityGroupIds", "SecurityGroupIds"),
        ],
        ..Kind::NEW
    },
    // The members of a group, which follow what is said of it.
    Kind {
        name: "cache_cluster",
        service: "elasticache",
        id: &["ReplicationGroupId"],
        named_by: &[&["ReplicationGroupId"]],
        mark: "CacheClusterStatus",
        create: &["CreateReplicationGroup"],
        modify: &["ModifyReplicationGroup"],
        delete: &["DeleteReplicationGroup"],
        describe: &["DescribeCacheClusters"],
        echoes: &[
            Echo::wrong("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
            Echo::wrong("CacheNodeType", "CacheNodeType"),
            Echo::wrong("CacheParameterGroupName", "CacheParameterGroup/CacheParameterGroupName"),
            Echo::wrong("Engine", "Engine"),
            Echo::wrong("EngineVersion", "EngineVersion"),
            Echo::lost("IpDiscovery", "IpDiscovery"),
            Echo::lost("NetworkType", "NetworkType"),
            Echo::wrong("NotificationTopicArn", "NotificationConfiguration/TopicArn"),
            Echo::wrong("NotificationTopicStatus", "NotificationConfiguration/TopicStatus"),
            Echo::wrong("PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
            Echo::wrong("SecurityGroupIds", "SecurityGroups").each("member", "SecurityGroupId"),
            Echo::wrong("SnapshotRetentionLimit", "SnapshotRetentionLimit"),
            Echo::wrong("SnapshotWindow", "SnapshotWindow"),
        ],
        ..Kind::NEW
    },
    Kind {
        name: "cache_user",
        service: "elasticache",
        id: &["UserId"],
        named_by: &[&["UserId"]],
        create: &["CreateUser"],
        modify: &["ModifyUser"],
        delete: &["DeleteUser"],
        describe: &["DescribeUsers"],
        mark: "AccessString",
        life: Some(Life { dress: Some(passwords), ..USERS }),
        ghost: Some(Ghost {
            shown: Shown::List("DescribeUsersResult/Users", "member"),
            names: &[],
            filter: None,
            exists: ("UserAlreadyExists", 400),
        }),
        echoes: &[
            Echo::wrong("AuthenticationMode/Type", "Authentication/Type"),
            Echo::wrong("Engine", "Engine"),
        ],
        ..Kind::NEW
    },
    Kind {
        name: "cache_user_group",
        service: "elasticache",
        id: &["UserGroupId"],
        named_by: &[&["UserGroupId"]],
        create: &["CreateUserGroup"],
        modify: &["ModifyUserGroup"],
        delete: &["DeleteUserGroup"],
        describe: &["DescribeUserGroups"],
        life: Some(Life { creating: Some("creating"), ..USERS }),
        ghost: Some(Ghost {
            shown: Shown::List("DescribeUserGroupsResult/UserGroups", "member"),
            names: &[],
            filter: None,
            exists: ("UserGroupAlreadyExists", 400),
        }),
        echoes: &[Echo::wrong("Engine", "Engine")],
        ..Kind::NEW
    },
];

const STATES: Life = Life {
    state: "Status",
    creating: Some("creating"),
    modifying: Some("modifying"),
    deleting: Some("deleting"),
    ..Life::NEW
};

/// A user is active when its create call is answered.
const USERS: Life = Life { creating: None, ..STATES };

/// A group that is being made has no addresses.
fn endpoints(group: &mut dyn Fields, phase: Phase) {
    if phase == Phase::Creating {
        group.remove("NodeGroups");
        group.remove("ConfigurationEndpoint");
    }
}

/// ministack does not count passwords.
fn passwords(user: &mut dyn Fields, _phase: Phase) {
    if user.text("Authentication/Type").as_deref() == Some("password")
        && user.text("Authentication/PasswordCount").as_deref() == Some("0")
    {
        user.put("Authentication/PasswordCount", &serde_json::json!(1), "");
    }
}
