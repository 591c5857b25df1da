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

#[cfg(feature = "provider")]
mod handler {
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;
    use crate::wafv2::common::{GONE, NOT_YET};

    impl Handler for WebAclAssociation {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "wafv2:AssociateWebACL",
            operations: &[
                "wafv2:AssociateWebACL",
                "wafv2:DisassociateWebACL",
                "wafv2:GetWebACLForResource",
            ],
            // Each service asks for its own action too. Source: Service Authorization Reference,
            // AWS WAF V2, dependent actions.
            actions: &[
                "apigateway:SetWebACL",
                "apprunner:AssociateWebAcl",
                "apprunner:DescribeWebAclForService",
                "apprunner:DisassociateWebAcl",
                "appsync:SetWebACL",
                "cognito-idp:AssociateWebACL",
                "cognito-idp:DisassociateWebACL",
                "cognito-idp:GetWebACLForResource",
                "ec2:AssociateVerifiedAccessInstanceWebAcl",
                "ec2:DisassociateVerifiedAccessInstanceWebAcl",
                "ec2:GetVerifiedAccessInstanceWebAcl",
                "elasticloadbalancing:SetWebAcl",
                "wafv2:AssociateWebACL",
                "wafv2:DisassociateWebACL",
                "wafv2:GetWebACL",
                "wafv2:GetWebACLForResource",
            ],
            gone: GONE,
            not_yet: NOT_YET,
            lingering: NOT_YET,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let (acl, resource) = (want.web_acl_arn.as_str(), want.resource_arn.as_str());
            aws.call(|| {
                aws.wafv2().associate_web_acl().web_acl_arn(acl).resource_arn(resource).send()
            })
            .await?;
            Ok(id_of(acl, resource))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            // The other way, `ListResourcesForWebACL`, wants the type of what is protected.
            read_each(known, GONE, |item| async move {
                let (acl, resource) = parse_id(&item.id)?;
                Ok(is_there(aws, acl, resource).await?.then(|| see(acl, resource)))
            })
            .await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (acl, resource) = parse_id(id)?;
            // Whoever associated another web ACL since then keeps it.
            if !is_there(aws, acl, resource).await? {
                return Ok(());
            }
            aws.call(|| aws.wafv2().disassociate_web_acl().resource_arn(resource).send())
                .await
                .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let (acl, resource) = (want.web_acl_arn.as_str(), want.resource_arn.as_str());
            let there = absent(is_there(aws, acl, resource).await.map(Some), GONE)?;
            Ok(there.unwrap_or(false).then(|| id_of(acl, resource)).into_iter().collect())
        }
    }

    fn id_of(acl: &str, resource: &str) -> String {
        format!("{acl},{resource}")
    }

    /// Web ACL and resource of an id. ARNs of web ACLs have no `,`.
    fn parse_id(id: &str) -> Result<(&str, &str)> {
        match id.split_once(',') {
            Some((acl, resource)) if acl.starts_with("arn:") && resource.starts_with("arn:") => {
                Ok((acl, resource))
            }
            _ => {
                let message =
                    format!("`{id}` is not the id of an association: `web-acl-arn,resource-arn`");
                Err(Failure::new(FailureClass::Invalid, message))
            }
        }
    }

    async fn is_there(aws: &Aws, acl: &str, resource: &str) -> Result<bool> {
        let answer = aws
            .call(|| aws.wafv2().get_web_acl_for_resource().resource_arn(resource).send())
            .await?;
        Ok(answer.web_acl.is_some_and(|seen| seen.arn == acl))
    }

    fn see(acl: &str, resource: &str) -> Seen<WebAclAssociation> {
        let inputs =
            WebAclAssociation { resource_arn: AnyArn::new(resource), web_acl_arn: Arn::new(acl) };
        Seen::new(inputs, WebAclAssociationOutputs { id: id_of(acl, resource) })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_lead_back() {
            let (acl, resource) = ("arn:aws:wafv2:r:1:regional/webacl/a/b", "arn:aws:x:r:1:y");
            assert_eq!(parse_id(&id_of(acl, resource)).ok(), Some((acl, resource)));
            for wrong in ["", acl, "a,b"] {
                assert!(parse_id(wrong).is_err(), "{wrong}");
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::wafv2::fixtures::protected;

    conforms!(
        aws_wafv2_web_acl_association,
        Fixture {
            base: |stack, name| {
                let ([one, _], balancer) = protected(stack, name);
                stack.add("it", WebAclAssociation::new(balancer, one));
            },
            update: None,
            replace: Some(|stack, name| {
                let ([_, two], balancer) = protected(stack, name);
                stack.add("it", WebAclAssociation::new(balancer, two));
            }),
            gaps: &[],
        }
    );
}
