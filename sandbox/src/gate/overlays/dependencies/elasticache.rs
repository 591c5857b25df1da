//! ElastiCache, and what it holds of EC2. From the pages of `DeleteCacheSubnetGroup`
//! (`CacheSubnetGroupInUse`), `DeleteCacheParameterGroup` (`InvalidCacheParameterGroupState`),
//! `DeleteUserGroup` (`InvalidUserGroupState`) and `DeleteUser` of the API Reference.

use super::{Hold, Look, Place};

const CLUSTERS: Look = Look {
    service: "elasticache",
    operation: "DescribeCacheClusters",
    list: "DescribeCacheClustersResult/CacheClusters",
    ..Look::NEW
};

const GROUPS: Look = Look {
    service: "elasticache",
    operation: "DescribeReplicationGroups",
    list: "DescribeReplicationGroupsResult/ReplicationGroups",
    ..Look::NEW
};

pub(super) const HOLDS: &[Hold] = &[
    Hold {
        service: "elasticache",
        operation: "DeleteCacheSubnetGroup",
        subject: "CacheSubnetGroupName",
        looks: &[
            Look { place: Place::Field("CacheSubnetGroupName"), ..CLUSTERS },
            Look { place: Place::Field("CacheSubnetGroupName"), ..GROUPS },
        ],
        code: "CacheSubnetGroupInUse",
        message: "Cache subnet group {} is currently in use by a cache cluster.",
        ..Hold::NEW
    },
    Hold {
        service: "elasticache",
        operation: "DeleteCacheParameterGroup",
        subject: "CacheParameterGroupName",
        looks: &[Look {
            place: Place::Field("CacheParameterGroup/CacheParameterGroupName"),
            ..CLUSTERS
        }],
        code: "InvalidCacheParameterGroupState",
        message: "One or more cache clusters are still members of this parameter group {}, so the group cannot be deleted.",
        ..Hold::NEW
    },
    Hold {
        service: "elasticache",
        operation: "DeleteUserGroup",
        subject: "UserGroupId",
        looks: &[GROUPS],
        code: "InvalidUserGroupState",
        message: "User group {} is associated with a replication group.",
        ..Hold::NEW
    },
    Hold {
        service: "ec2",
        operation: "DeleteSecurityGroup",
        subject: "GroupId",
        looks: &[CLUSTERS, GROUPS],
        code: "DependencyViolation",
        message: "resource {} has a dependent object",
        ..Hold::NEW
    },
];
