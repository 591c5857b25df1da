//! A web ACL that protects something of its region: a load balancer, the stage of an API, a user
//! pool. A distribution of CloudFront names its web ACL itself. The two are its key; what is
//! protected has one web ACL, so that associating may be repeated.
//!
//! API: AssociateWebACL, GetWebACLForResource, DisassociateWebACL.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource};

use super::WebAcl;
use crate::any_arn::AnyArn;
use crate::rules::Rules;

/// Has a web ACL protect something.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_wafv2_web_acl_association",
    outputs = WebAclAssociationOutputs,
    validate = validate
)]
pub struct WebAclAssociation {
    /// What is protected: an application load balancer, the stage of a REST API, a GraphQL API, a
    /// user pool, a service of App Runner, an instance of Verified Access.
    #[field(force_new)]
    pub resource_arn: AnyArn,
    /// The web ACL, of the scope `REGIONAL`.
    #[field(force_new)]
    pub web_acl_arn: Arn<WebAcl>,
}

/// What AWS assigns to a [`WebAclAssociation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct WebAclAssociationOutputs {
    /// The two ARNs, with `,` between them, which is also what Terraform imports by.
    pub id: String,
}

/// Source: WAFV2 API Reference, AssociateWebACL.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.text("web_acl_arn").is_some_and(|arn| arn.contains(":global/")) {
        rules.refuse(
            "web_acl_arn",
            "is for CloudFront: distributions name their web ACL themselves",
        );
    }
    if rules.text("resource_arn").is_some_and(|arn| arn.contains(":loadbalancer/net/")) {
        rules.refuse("resource_arn", "is a network load balancer, which cannot be protected");
    }
    rules.finish()
}
