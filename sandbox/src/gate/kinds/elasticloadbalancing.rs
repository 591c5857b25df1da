//! Elastic Load Balancing v2, from the pages of `LoadBalancer` and `LoadBalancerState` of the API
//! Reference. A load balancer that is deleted is gone for its describe operation at once, on AWS too.

use super::{Kind, Life};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "load_balancer",
    service: "elasticloadbalancing",
    id: &["LoadBalancerArn"],
    named_by: &[&["LoadBalancerArn", "LoadBalancerArns"]],
    mark: "State",
    create: &["CreateLoadBalancer"],
    delete: &["DeleteLoadBalancer"],
    describe: &["DescribeLoadBalancers"],
    life: Some(Life { state: "State/Code", creating: Some("provisioning"), ..Life::NEW }),
    ..Kind::NEW
}];
