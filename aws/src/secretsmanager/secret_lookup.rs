//! A secret that another stack or another tool made: what it is, not what it holds. A lookup:
//! answered while the program runs.
//!
//! API: DescribeSecret, GetResourcePolicy.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Tags, Value};

use super::{Secret, SecretName};
use crate::iam::PolicyJson;
use crate::kms::KeyRef;

/// Asks for a secret by its name or ARN.
#[derive(Debug, Clone)]
pub struct FindSecret {
    argument: &'static str,
    value: String,
}

impl FindSecret {
    /// The secret of that name.
    #[must_use]
    pub fn named(name: &SecretName) -> Self {
        Self { argument: "name", value: name.as_str().to_owned() }
    }

    /// The secret of that ARN.
    #[must_use]
    pub fn with_arn(arn: &Arn<Secret>) -> Self {
        Self { argument: "arn", value: arn.as_str().to_owned() }
    }
}

impl Lookup for FindSecret {
    type Answer = SecretFound;

    const NAME: &'static str = "aws_secretsmanager_secret";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([(self.argument.to_owned(), Value::from(self.value.as_str()))])
    }
}

/// The secret found. What it holds is a version of its own.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct SecretFound {
    /// Its ARN.
    pub arn: Arn<Secret>,
    /// Its name.
    pub name: SecretName,
    /// What it is for.
    pub description: Option<String>,
    /// Key that encrypts it; absent where it is AWS's own.
    pub kms_key_id: Option<KeyRef>,
    /// Who may do what with it, where it has a policy.
    pub policy: Option<PolicyJson>,
    /// When it was made, in RFC 3339.
    pub created_date: Option<String>,
    /// When it was changed, in RFC 3339.
    pub last_changed_date: Option<String>,
    /// Tags.
    pub tags: Tags,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;
    use crate::secretsmanager::common::{date, living, tags_of};

    const OPERATIONS: &[&str] =
        &["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"];

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindSecret::NAME,
            doc: "A secret of Secrets Manager, by its name or ARN, without what it holds.",
            answer: SecretFound::KIND,
            placeholder,
        },
        operations: OPERATIONS,
        actions: OPERATIONS,
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        SecretFound {
            arn: Arn::new(format!(
                "arn:aws:secretsmanager:{region}:123456789012:secret:name-AbCdEf"
            )),
            name: SecretName::new("name"),
            description: None,
            kms_key_id: None,
            policy: None,
            created_date: Some("2026-01-01T00:00:00Z".to_owned()),
            last_changed_date: None,
            tags: Tags::default(),
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let id = text(arguments, "arn").or_else(|| text(arguments, "name")).unwrap_or_default();
        let secret = living(aws, id).await?.ok_or_else(|| {
            Failure::new(FailureClass::Gone, "the secret is being deleted".to_owned())
        })?;
        let arn = secret.arn.ok_or_else(|| missing("ARN"))?;
        let policy =
            aws.call(|| aws.secretsmanager().get_resource_policy().secret_id(&arn).send()).await?;
        let found = SecretFound {
            arn: Arn::new(arn),
            name: SecretName::new(secret.name.ok_or_else(|| missing("Name"))?),
            description: secret.description.filter(|text| !text.is_empty()),
            kms_key_id: secret.kms_key_id.map(KeyRef::new),
            policy: policy.resource_policy.map(PolicyJson::new),
            created_date: date(secret.created_date),
            last_changed_date: date(secret.last_changed_date),
            tags: tags_of(secret.tags),
        };
        Ok(found.to_value())
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::FieldType as _;
    use infra_sdk::provider::FailureClass;

    use super::*;
    use crate::test_endpoint::{aws, look_up};

    #[tokio::test]
    async fn a_secret_is_found_by_name_and_by_arn() {
        let aws = aws().await;
        let name = format!("found/{}", std::process::id());
        let made = aws
            .call(|| {
                let call = aws.secretsmanager().create_secret().name(&name).description("to find");
                call.secret_string("hunter2").send()
            })
            .await
            .expect("made");
        let arn: Arn<Secret> = Arn::new(made.arn.expect("an ARN"));
        for lookup in [FindSecret::named(&SecretName::new(&name)), FindSecret::with_arn(&arn)] {
            let answer = look_up(&lookup).await.expect("found");
            let found = SecretFound::from_value(&answer).expect("an answer");
            assert_eq!((&found.arn, found.name.as_str()), (&arn, name.as_str()));
            assert_eq!(found.description.as_deref(), Some("to find"));
            assert!(!format!("{:?}", answer.revealed()).contains("hunter2"), "only what it is");
        }
        aws.call(|| aws.secretsmanager().delete_secret().secret_id(&name).send())
            .await
            .expect("it is going");
        let dying = look_up(&FindSecret::with_arn(&arn)).await.expect_err("it counts as gone");
        assert_eq!(dying.class, FailureClass::Gone);
        let none = look_up(&FindSecret::named(&SecretName::new("never/made"))).await;
        assert_eq!(none.expect_err("none").class, FailureClass::Gone);
    }
}
