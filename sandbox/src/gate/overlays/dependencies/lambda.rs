//! What Lambda's functions in a VPC hold of EC2: from "Giving Lambda functions access to resources in an
//! Amazon VPC" of the developer guide.

use super::{Hold, Look};

pub(super) const HOLDS: &[Hold] = &[
    Hold { operation: "DeleteSubnet", subject: "SubnetId", ..INTERFACES },
    Hold { operation: "DeleteSecurityGroup", subject: "GroupId", ..INTERFACES },
];

const INTERFACES: Hold = Hold {
    service: "ec2",
    looks: &[Look {
        service: "lambda",
        operation: "ListFunctions",
        list: "Functions",
        ..Look::NEW
    }],
    code: "DependencyViolation",
    message: "{} has dependencies and cannot be deleted.",
    ..Hold::NEW
};
