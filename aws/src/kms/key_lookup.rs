//! A key that this stack does not declare. A lookup: answered while the program runs.
//!
//! API: DescribeKey.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{Key, KeyId};

/// Asks for a key by its id, its ARN, or the name or ARN of an alias.
#[derive(Debug, Clone)]
pub struct FindKey {
    key: String,
}

impl FindKey {
    /// The key of that id, ARN, or alias: `alias/data`.
    #[must_use]
    pub fn by_id(key: impl Into<String>) -> Self {
        Self { key: key.into() }
    }
}

impl Lookup for FindKey {
    type Answer = KeyFound;

    const NAME: &'static str = "aws_kms_key";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("key_id".to_owned(), Value::from(self.key.as_str()))])
    }
}

/// The key found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct KeyFound {
    /// Its id.
    pub key_id: KeyId,
    /// Its ARN.
    pub arn: Arn<Key>,
    /// Account that it is of: twelve digits.
    pub aws_account_id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it can be used.
    pub enabled: bool,
    /// `Enabled`, `Disabled`, `PendingDeletion`, ….
    pub key_state: String,
    /// Who manages it: `AWS` or `CUSTOMER`.
    pub key_manager: String,
    /// What it may be used for: `ENCRYPT_DECRYPT`, ….
    pub key_usage: String,
    /// The kind of key material: `SYMMETRIC_DEFAULT`, ….
    pub key_spec: String,
    /// Where the material is from: `AWS_KMS`, `EXTERNAL`, ….
    pub origin: String,
    /// Whether it can have replicas in other regions, or is one.
    pub multi_region: bool,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_kms::types::KeyMetadata;
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindKey::NAME,
            doc: "A key of KMS, by its id, its ARN or an alias.",
            answer: KeyFound::KIND,
            placeholder,
        },
        operations: &["kms:DescribeKey"],
        actions: &["kms:DescribeKey"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        KeyFound {
            key_id: KeyId::new("00000000-0000-0000-0000-000000000000"),
            arn: Arn::new(format!(
                "arn:aws:kms:{region}:123456789012:key/00000000-0000-0000-0000-000000000000"
            )),
            aws_account_id: "123456789012".to_owned(),
            description: None,
            enabled: true,
            key_state: "Enabled".to_owned(),
            key_manager: "CUSTOMER".to_owned(),
            key_usage: "ENCRYPT_DECRYPT".to_owned(),
            key_spec: "SYMMETRIC_DEFAULT".to_owned(),
            origin: "AWS_KMS".to_owned(),
            multi_region: false,
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let key = text(arguments, "key_id").unwrap_or_default();
        let answer = aws.call(|| aws.kms().describe_key().key_id(key).send()).await?;
        let key = answer.key_metadata.ok_or_else(|| missing("KeyMetadata"))?;
        see(key).map(|found| found.to_value())
    }

    fn see(key: KeyMetadata) -> Result<KeyFound> {
        let state = key.key_state.ok_or_else(|| missing("KeyState"))?;
        let manager = key.key_manager.ok_or_else(|| missing("KeyManager"))?;
        let usage = key.key_usage.ok_or_else(|| missing("KeyUsage"))?;
        let spec = key.key_spec.ok_or_else(|| missing("KeySpec"))?;
        let origin = key.origin.ok_or_else(|| missing("Origin"))?;
        Ok(KeyFound {
            key_id: KeyId::new(key.key_id),
            arn: Arn::new(key.arn.ok_or_else(|| missing("Arn"))?),
            aws_account_id: key.aws_account_id.ok_or_else(|| missing("AWSAccountId"))?,
            description: key.description.filter(|text| !text.is_empty()),
            enabled: key.enabled,
            key_state: state.as_str().to_owned(),
            key_manager: manager.as_str().to_owned(),
            key_usage: usage.as_str().to_owned(),
            key_spec: spec.as_str().to_owned(),
            origin: origin.as_str().to_owned(),
            multi_region: key.multi_region.unwrap_or(false),
        })
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_kms::types::{KeySpec, KeyUsageType};

        use super::*;
        use crate::test_endpoint::aws;

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_key_is_found_by_its_id_and_by_its_alias() {
            let aws = aws().await;
            // The emulator does not know what AWS takes these for where they are left out.
            let create = || {
                let call = aws.kms().create_key().description("looked up");
                call.key_usage(KeyUsageType::EncryptDecrypt)
                    .key_spec(KeySpec::SymmetricDefault)
                    .send()
            };
            let made = aws.call(create).await.expect("it is created");
            let id = made.key_metadata.expect("a key").key_id;
            let alias = format!("alias/looked-up-{:08x}", std::process::id());
            let name = || aws.kms().create_alias().alias_name(&alias).target_key_id(&id).send();
            aws.call(name).await.expect("it is named");
            for key in [id.as_str(), alias.as_str()] {
                let arguments = FindKey::by_id(key).arguments();
                let found = (HANDLER.answer)(&aws, &arguments).await.expect("it is found");
                let found = KeyFound::from_value(&found).expect("an answer");
                assert_eq!(found.key_id, KeyId::new(id.as_str()));
                assert_eq!(found.description.as_deref(), Some("looked up"));
                assert!(found.enabled && found.key_manager == "CUSTOMER");
            }
            let arguments = FindKey::by_id("alias/no-such").arguments();
            assert!((HANDLER.answer)(&aws, &arguments).await.is_err());
        }
    }
}
