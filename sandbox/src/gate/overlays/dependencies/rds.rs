//! RDS, and what RDS holds of EC2. From the pages of `DeleteDBSubnetGroup`
//! (`InvalidDBSubnetGroupStateFault`), `DeleteDBParameterGroup` (`InvalidDBParameterGroupState`),
//! `DeleteOptionGroup` (`InvalidOptionGroupStateFault`) of the API Reference.

use super::{Hold, Look};

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
        operation: "DeleteDBSubnetGroup",
        subject: "DBSubnetGroupName",
        looks: &[INSTANCES, CLUSTERS],
        code: "InvalidDBSubnetGroupStateFault",
        message: "Cannot delete the subnet group '{}' because at least one database uses it.",
        ..Hold::NEW
    },
    Hold {
        service: "rds",
        operation: "DeleteDBParameterGroup",
        subject: "DBParameterGroupName",
        looks: &[INSTANCES],
        code: "InvalidDBParameterGroupState",
        message: "One or more database instances are still members of this parameter group {}, so the group cannot be deleted",
        ..Hold::NEW
    },
    Hold {
        service: "rds",
        operation: "DeleteDBClusterParameterGroup",
        subject: "DBClusterParameterGroupName",
        looks: &[CLUSTERS],
        code: "InvalidDBParameterGroupState",
        message: "One or more database clusters are still members of this parameter group {}, so the group cannot be deleted",
        ..Hold::NEW
    },
    Hold {
        service: "rds",
        operation: "DeleteOptionGroup",
        subject: "OptionGroupName",
        looks: &[INSTANCES],
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
