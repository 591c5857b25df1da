//! EKS, and what EKS holds of EC2. From the pages of `DeleteCluster` ("ResourceInUseException") and
//! "Delete a cluster" of the user guide.

use super::{Hold, Look, Place, Step};

pub(super) const HOLDS: &[Hold] = &[
    Hold {
        service: "eks",
        operation: "DeleteCluster",
        subject: "name",
        looks: &[
            Look {
                service: "eks",
                operation: "ListNodegroups",
                with: &[("clusterName", "{}")],
                list: "nodegroups",
                place: Place::Listed,
                ..Look::NEW
            },
            Look {
                service: "eks",
                operation: "ListFargateProfiles",
                with: &[("clusterName", "{}")],
                list: "fargateProfileNames",
                place: Place::Listed,
                ..Look::NEW
            },
        ],
        code: "ResourceInUseException",
        status: 409,
        message: "Cluster {} has nodegroups or fargate profiles attached",
        ..Hold::NEW
    },
    Hold { operation: "DeleteSubnet", subject: "SubnetId", ..CLUSTERS },
    Hold { operation: "DeleteSecurityGroup", subject: "GroupId", ..CLUSTERS },
];

/// The control plane's interfaces are in the cluster's subnets and have its groups.
const CLUSTERS: Hold = Hold {
    service: "ec2",
    looks: &[Look {
        service: "eks",
        operation: "ListClusters",
        list: "clusters",
        each: &[Step { operation: "DescribeCluster", with: &[("name", "")], list: "" }],
        ..Look::NEW
    }],
    code: "DependencyViolation",
    message: "{} has dependencies and cannot be deleted.",
    ..Hold::NEW
};
