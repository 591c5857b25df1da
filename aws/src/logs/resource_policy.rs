//! What services may write into log groups of the account. Compared by what it says. A region has at
//! most ten of these policies.
//!
//! API: PutResourcePolicy, DescribeResourcePolicies, DeleteResourcePolicy.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Outputs, Resource};

use crate::iam::PolicyJson;
use crate::rules::{Rules, wrong_length};

/// What services may write into log groups of the account.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_cloudwatch_log_resource_policy",
    outputs = ResourcePolicyOutputs,
    validate = validate
)]
pub struct ResourcePolicy {
    /// Name, unique in the region.
    #[field(force_new)]
    pub policy_name: String,
    /// The policy, at most 5,120 characters.
    pub policy_document: PolicyJson,
}

/// What identifies a [`ResourcePolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ResourcePolicyOutputs {
    /// The policy's name.
    pub id: String,
}

/// Source: CloudWatch Logs API Reference, PutResourcePolicy.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    for (name, longest) in [("policy_name", 255), ("policy_document", 5120)] {
        if let Some(wrong) = rules.text(name).and_then(|text| wrong_length(text, 1, longest)) {
            rules.refuse(name, wrong);
        }
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use super::*;
    use crate::logs::common::GONE;
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["logs:DeleteResourcePolicy", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"];

    impl Handler for ResourcePolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "logs:PutResourcePolicy",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            // A role that was just made may not be known yet.
            not_yet: &[("InvalidParameterException", "rincipal")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(want.policy_name.clone())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, known.len().max(1), |_| list(aws)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.logs().delete_resource_policy().policy_name(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let policies = list(aws).await?;
            Ok(policies.into_keys().filter(|name| *name == want.policy_name).collect())
        }
    }

    async fn put(aws: &Aws, want: &ResourcePolicy) -> Result<()> {
        aws.call(|| {
            let call = aws.logs().put_resource_policy().policy_name(&want.policy_name);
            call.policy_document(want.policy_document.as_str()).send()
        })
        .await
        .map(drop)
    }

    /// The policies of the region, by name.
    async fn list(aws: &Aws) -> Result<HashMap<String, Seen<ResourcePolicy>>> {
        let pages = aws
            .pages(
                |token| aws.logs().describe_resource_policies().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let policies =
            pages.into_iter().flat_map(|page| page.resource_policies.unwrap_or_default());
        policies
            .map(|policy| {
                let name = policy.policy_name.ok_or_else(|| missing("policyName"))?;
                let document = policy.policy_document.ok_or_else(|| missing("policyDocument"))?;
                let inputs = ResourcePolicy {
                    policy_name: name.clone(),
                    policy_document: PolicyJson::new(document),
                };
                Ok((name.clone(), Seen::new(inputs, ResourcePolicyOutputs { id: name })))
            })
            .collect()
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{PolicyDocument, Principal, Statement};

    fn policy(stack: &mut Stack, name: String, service: &str) {
        let statement = Statement::allow().principal(Principal::service(service));
        let statement = statement.actions(["logs:CreateLogStream", "logs:PutLogEvents"]);
        let document = PolicyDocument::new().statement(statement.resource("*"));
        stack.add("it", ResourcePolicy::new(name, document));
    }

    conforms!(
        aws_cloudwatch_log_resource_policy,
        Fixture {
            base: |stack, name| policy(stack, format!("{name}-dns"), "route53.amazonaws.com"),
            update: Some(|stack, name| policy(stack, format!("{name}-dns"), "es.amazonaws.com")),
            replace: Some(|stack, name| policy(stack, format!("{name}-es"), "es.amazonaws.com")),
            gaps: &[],
        }
    );
}
