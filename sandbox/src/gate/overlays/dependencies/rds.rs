//! RDS, and what RDS holds of EC2. From the pages of `DeleteDBCluster`
//! (`InvalidDBClusterStateFault`), `DeleteDBSubnetGroup`
//! (`InvalidDBSubnetGroupStateFault`), `DeleteDBParameterGroup` (`InvalidDBParameterGroupState`),
//! `DeleteOptionGroup` (`InvalidOptionGroupStateFault`) of the API Reference.

use super::{Hold, Look, Place};

const INSTANCES: Look = Look {
    service: "rds",
    operation: "DescribeDBInstances",
    list: "DescribeDBInstancesResult/DBInstances",
    ..Look::NEW
};

const CLUSTERS: Look = Look {
    service: "rds",
    operation: "DescribeDBClusters",
    list: "DescribeDBClustersResult/DBClusters",
    ..Look::NEW
};

pub(super) const HOLDS: &[Hold] = &[
    Hold {
        service: "rds",
        operation: "DeleteDBCluster",
        subject: "DBClusterIdentifier",
        looks: &[Look {
            place: Place::Field("DBClusterIdentifier"),
            unless: Some(("DBInstanceStatus", "deleting")),
            ..INSTANCES
        }],
        code: "InvalidDBClusterStateFault",
        message: "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
        ..Hold::NEW
    },
    Hold {
        service: "rds",
        operation: "DeleteDBSubnetGroup",
        subject: "DBSubnetGroupName",
        looks: &[
            Look { place: Place::Field("DBSubnetGroup/DBSubnetGroupName"), ..INSTANCES },
            Look { place: Place::Field("DBSubnetGroup"), ..CLUSTERS },
        ],
        code: "InvalidDBSubnetGroupStateFault",
        message: "Cannot delete the subnet group '{}' because at least one database uses it.",
        ..Hold::NEW
    },
    Hold {
        service: "rds",
        operation: "DeleteDBParameterGroup",
        subject: "DBParameterGroupName",
        looks: &[Look {
            place: Place::Field("DBParameterGroups/DBParameterGroup/DBParameterGroupName"),
            ..INSTANCES
        }],
        code: "InvalidDBParameterGroupState",
        message: "One or more database instances are still members of this parameter group {}, so the group cannot be deleted",
        ..Hold::NEW
    },
    Hold {
        service: "rds",
        operation: "DeleteDBClusterParameterGroup",
        subject: "DBClusterParameterGroupName",
        looks: &[Look { place: Place::Field("DBClusterParameterGroup"), ..CLUSTERS }],
        code: "InvalidDBParameterGroupState",
        message: "One or more database clusters are still members of this parameter group {}, so the group cannot be deleted",
        ..Hold::NEW
    },
    Hold {
        service: "rds",
        operation: "DeleteOptionGroup",
        subject: "OptionGroupName",
        looks: &[Look {
            place: Place::Field("OptionGroupMemberships/OptionGroupMembership/OptionGroupName"),
            ..INSTANCES
        }],
        code: "InvalidOptionGroupStateFault",
        message: "The option group '{}' cannot be deleted because it is in use.",
        ..Hold::NEW
    },
    Hold {
        service: "ec2",
        operation: "DeleteSubnet",
        subject: "SubnetId",
        looks: &[INSTANCES],
        code: "DependencyViolation",
        message: "The subnet '{}' has dependencies and cannot be deleted.",
        ..Hold::NEW
    },
    Hold {
        service: "ec2",
        operation: "DeleteSecurityGroup",
        subject: "GroupId",
        looks: &[INSTANCES, CLUSTERS],
        code: "DependencyViolation",
        message: "resource {} has a dependent object",
        ..Hold::NEW
    },
];
