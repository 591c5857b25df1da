//! What a secret holds. A lookup: answered while the program runs, with a value that the program
//! hands on and cannot look into.
//!
//! API: GetSecretValue.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Arn, Lookup, LookupAnswer, SecretText, Value};

use super::{Secret, SecretName, SecretVersionId};

/// Asks for what a secret holds; the current version where none is named.
#[derive(Debug, Clone)]
pub struct FindSecretVersion {
    secret: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

impl FindSecretVersion {
    /// What the secret of that name holds.
    #[must_use]
    pub fn named(name: &SecretName) -> Self {
        Self { secret: name.as_str().to_owned(), version_id: None, version_stage: None }
    }

    /// What the secret of that ARN holds.
    #[must_use]
    pub fn of(arn: &Arn<Secret>) -> Self {
        Self { secret: arn.as_str().to_owned(), version_id: None, version_stage: None }
    }

    /// The version with that id.
    #[must_use]
    pub fn version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// The version with that label: `AWSPREVIOUS`.
    #[must_use]
    pub fn version_stage(mut self, stage: impl Into<String>) -> Self {
        self.version_stage = Some(stage.into());
        self
    }
}

impl Lookup for FindSecretVersion {
    type Answer = SecretVersionFound;

    const NAME: &'static str = "aws_secretsmanager_secret_version";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        BTreeMap::from([
            ("secret_id".to_owned(), Value::from(self.secret.as_str())),
            ("version_id".to_owned(), text(&self.version_id)),
            ("version_stage".to_owned(), text(&self.version_stage)),
        ])
    }
}

/// The version found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct SecretVersionFound {
    /// The secret's ARN and the version's id.
    pub id: SecretVersionId,
    /// The secret's ARN.
    pub arn: Arn<Secret>,
    /// Text that it holds, most often JSON.
    pub secret_string: Option<SecretText>,
    /// Bytes that it holds, in base64.
    pub secret_binary: Option<SecretText>,
    /// The version's id.
    pub version_id: String,
    /// The version's labels.
    pub version_stages: BTreeSet<String>,
    /// When the version was made, in RFC 3339.
    pub created_date: Option<String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_smithy_types::base64;
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;
    use crate::secretsmanager::common::date;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindSecretVersion::NAME,
            doc: "What a secret of Secrets Manager holds; its value is sensitive.",
            answer: SecretVersionFound::KIND,
            placeholder,
        },
        operations: &["secretsmanager:GetSecretValue"],
        // The key that encrypts. Source: Secrets Manager user guide, encryption and decryption.
        actions: &["kms:Decrypt", "secretsmanager:GetSecretValue"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    /// A secret that holds an empty JSON object.
    fn placeholder(region: &str) -> Value {
        let arn = format!("arn:aws:secretsmanager:{region}:123456789012:secret:name-AbCdEf");
        let version_id = "00000000-0000-0000-0000-000000000000";
        SecretVersionFound {
            id: SecretVersionId::new(format!("{arn}|{version_id}")),
            arn: Arn::new(arn),
            secret_string: Some(SecretText::new("{}")),
            secret_binary: None,
            version_id: version_id.to_owned(),
            version_stages: BTreeSet::from(["AWSCURRENT".to_owned()]),
            created_date: None,
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let given = |name: &str| text(arguments, name).map(str::to_owned);
        let value = aws
            .call(|| {
                aws.secretsmanager()
                    .get_secret_value()
                    .set_secret_id(given("secret_id"))
                    .set_version_id(given("version_id"))
                    .set_version_stage(given("version_stage"))
                    .send()
            })
            .await?;
        let arn = value.arn.ok_or_else(|| missing("ARN"))?;
        let version_id = value.version_id.ok_or_else(|| missing("VersionId"))?;
        let found = SecretVersionFound {
            id: SecretVersionId::new(format!("{arn}|{version_id}")),
            arn: Arn::new(arn),
            secret_string: value.secret_string.map(SecretText::new),
            secret_binary: value.secret_binary.map(|bytes| SecretText::new(base64::encode(bytes))),
            version_id,
            version_stages: value.version_stages.unwrap_or_default().into_iter().collect(),
            created_date: date(value.created_date),
        };
        Ok(found.to_value())
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::FieldType as _;

    use super::*;
    use crate::test_endpoint::{aws, look_up};

    #[tokio::test]
    async fn what_a_secret_holds_is_sensitive_and_its_versions_are_told_apart() {
        let aws = aws().await;
        let name = format!("held/{}", std::process::id());
        let create = || aws.secretsmanager().create_secret().name(&name).secret_string("hunter1");
        aws.call(|| create().send()).await.expect("made");
        let put = || aws.secretsmanager().put_secret_value().secret_id(&name);
        let second = aws.call(|| put().secret_string("hunter2").send()).await.expect("changed");
        let second = second.version_id.expect("an id");

        let find = FindSecretVersion::named(&SecretName::new(&name));
        let answer = look_up(&find).await.expect("found");
        assert!(!format!("{answer:?}").contains("hunter"), "{answer:?}");
        let current = SecretVersionFound::from_value(&answer).expect("an answer");
        assert_eq!(current.secret_string, Some(SecretText::new("hunter2")));
        assert_eq!((&current.version_id, current.secret_binary.as_ref()), (&second, None));
        assert!(current.version_stages.contains("AWSCURRENT"));

        let previous = find.clone().version_stage("AWSPREVIOUS");
        let before = look_up(&previous).await.expect("found");
        let before = SecretVersionFound::from_value(&before).expect("an answer");
        assert_eq!(before.secret_string, Some(SecretText::new("hunter1")));
        let again = FindSecretVersion::of(&current.arn).version_id(before.version_id.as_str());
        let again = look_up(&again).await.expect("found");
        assert_eq!(SecretVersionFound::from_value(&again), Ok(before));
    }
}
