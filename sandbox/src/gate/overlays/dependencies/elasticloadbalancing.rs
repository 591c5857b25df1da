//! Elastic Load Balancing v2, and what it holds of EC2 and ACM. From the pages of `DeleteLoadBalancer`
//! (`OperationNotPermitted`), `CreateLoadBalancer` (`DuplicateLoadBalancerName`), `CreateListener`
//! (`DuplicateListener`) of the API Reference, and of ACM's `DeleteCertificate`
//! (`ResourceInUseException`). moto refuses to delete a target group in use by itself.

use super::{Hold, Look, Place, Step};

const BALANCERS: Look = Look {
    service: "elasticloadbalancing",
    operation: "DescribeLoadBalancers",
    list: "DescribeLoadBalancersResult/LoadBalancers",
    ..Look::NEW
};

pub(super) const HOLDS: &[Hold] = &[
    Hold {
        service: "elasticloadbalancing",
        operation: "DeleteLoadBalancer",
        subject: "LoadBalancerArn",
        looks: &[Look {
            operation: "DescribeLoadBalancerAttributes",
            with: &[("LoadBalancerArn", "{}")],
            list: "DescribeLoadBalancerAttributesResult/Attributes",
            place: Place::Where(&[("Key", "deletion_protection.enabled"), ("Value", "true")]),
            ..BALANCERS
        }],
        code: "OperationNotPermitted",
        message: "Load balancer '{}' cannot be deleted because deletion protection is enabled",
        ..Hold::NEW
    },
    Hold {
        service: "elasticloadbalancing",
        operation: "CreateLoadBalancer",
        subject: "Name",
        looks: &[Look { place: Place::Field("LoadBalancerName"), ..BALANCERS }],
        code: "DuplicateLoadBalancerName",
        message: "A load balancer with the same name '{}' exists, but with different settings",
        ..Hold::NEW
    },
    Hold {
        service: "elasticloadbalancing",
        operation: "CreateListener",
        subject: "Port",
        looks: &[Look {
            operation: "DescribeListeners",
            with: &[("LoadBalancerArn", "{LoadBalancerArn}")],
            list: "DescribeListenersResult/Listeners",
            place: Place::Field("Port"),
            ..BALANCERS
        }],
        code: "DuplicateListener",
        message: "A listener already exists on this port for this load balancer",
        ..Hold::NEW
    },
    Hold { operation: "DeleteSubnet", subject: "SubnetId", ..INTERFACES },
    Hold { operation: "DeleteSecurityGroup", subject: "GroupId", ..INTERFACES },
    Hold {
        service: "acm",
        operation: "DeleteCertificate",
        subject: "CertificateArn",
        looks: &[Look {
            each: &[Step {
                operation: "DescribeListeners",
                with: &[("LoadBalancerArn", "LoadBalancerArn")],
                list: "",
            }],
            ..BALANCERS
        }],
        code: "ResourceInUseException",
        message: "Certificate {} is in use.",
        ..Hold::NEW
    },
];

const INTERFACES: Hold = Hold {
    service: "ec2",
    looks: &[BALANCERS],
    code: "DependencyViolation",
    message: "resource {} has a dependent object",
    ..Hold::NEW
};
