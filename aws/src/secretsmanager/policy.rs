//! The policy of a secret, compared by what it says.
//!
//! API: PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy.

use infra_sdk::{Arn, Outputs, Resource};

use super::Secret;
use crate::iam::PolicyJson;

/// Who may do what with a secret, besides what IAM policies say.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_secretsmanager_secret_policy", outputs = SecretPolicyOutputs)]
pub struct SecretPolicy {
    /// The secret.
    #[field(force_new)]
    pub secret_arn: Arn<Secret>,
    /// The policy, at most 20480 characters.
    pub policy: PolicyJson,
    /// Have AWS refuse a policy that lets everybody in.
    #[field(default = false, write_only)]
    pub block_public_policy: bool,
}

/// What identifies a [`SecretPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SecretPolicyOutputs {
    /// The secret's ARN.
    pub id: Arn<Secret>,
}

#[cfg(feature = "provider")]
mod handler {
    use super::*;
    use crate::prelude::*;
    use crate::secretsmanager::common::{DYING, GONE, living};

    const OPERATIONS: &[&str] = &[
        "secretsmanager:DeleteResourcePolicy",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:PutResourcePolicy",
    ];
    /// The operations, and the check that the policy is not public. Source: Service Authorization
    /// Reference, Secrets Manager.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["secretsmanager:ValidateResourcePolicy"]);

    impl Handler for SecretPolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "secretsmanager:PutResourcePolicy",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            // Roles that the policy names may have been made a moment ago.
            not_yet: &[("MalformedPolicyDocumentException", "invalid principal")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(want.secret_arn.as_str().to_owned())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| see(aws, item)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let delete = || aws.secretsmanager().delete_resource_policy().secret_id(id).send();
            aws.call(delete).await.map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![want.secret_arn.as_str().to_owned()])
        }
    }

    async fn put(aws: &Aws, want: &SecretPolicy) -> Result<()> {
        aws.call(|| {
            aws.secretsmanager()
                .put_resource_policy()
                .secret_id(want.secret_arn.as_str())
                .resource_policy(want.policy.as_str())
                .block_public_policy(want.block_public_policy)
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<SecretPolicy>>> {
        let id = item.id.as_str();
        let get = || aws.secretsmanager().get_resource_policy().secret_id(id).send();
        let answer = match aws.call(get).await {
            // With the secret its policy goes.
            Err(failure) if failure.code.as_deref() == Some(DYING) => {
                return living(aws, id).await?.map_or(Ok(None), |_| Err(failure));
            }
            other => other?,
        };
        let Some(policy) = answer.resource_policy.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let inputs = SecretPolicy {
            secret_arn: Arn::new(id),
            policy: PolicyJson::new(policy),
            block_public_policy: false,
        };
        Ok(Some(Seen::new(inputs, SecretPolicyOutputs { id: Arn::new(id) })))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{PolicyDocument, Principal, Statement};
    use crate::secretsmanager::Secret;

    fn policy(stack: &mut infra_sdk::Stack, name: &str, action: &str) {
        let secret = stack.add("secret", Secret::new().name(format!("{name}-guarded")));
        let root = Principal::aws("arn:aws:iam::123456789012:root");
        let statement = Statement::allow().principal(root).action(action).resource("*");
        let document = PolicyDocument::new().statement(statement);
        stack.add("it", SecretPolicy::new(secret.arn(), document).block_public_policy(true));
    }

    conforms!(
        aws_secretsmanager_secret_policy,
        Fixture {
            base: |stack, name| policy(stack, name, "secretsmanager:GetSecretValue"),
            update: Some(|stack, name| policy(stack, name, "secretsmanager:*")),
            replace: None,
            gaps: &[],
        }
    );
}
