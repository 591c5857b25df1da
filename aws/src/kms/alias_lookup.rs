//! The key behind a name. A lookup: answered while the program runs.
//!
//! API: ListAliases.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{Alias, AliasName, Key, KeyId};

/// Asks for an alias by its name.
#[derive(Debug, Clone)]
pub struct FindAlias {
    name: AliasName,
}

impl FindAlias {
    /// The alias of that name: `alias/data`, `alias/aws/s3`.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: AliasName::new(name) }
    }
}

impl Lookup for FindAlias {
    type Answer = AliasFound;

    const NAME: &'static str = "aws_kms_alias";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("name".to_owned(), Value::from(self.name.as_str()))])
    }
}

/// The alias found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct AliasFound {
    /// Its name.
    pub name: AliasName,
    /// Its ARN.
    pub arn: Arn<Alias>,
    /// The key's id.
    pub target_key_id: KeyId,
    /// The key's ARN.
    pub target_key_arn: Arn<Key>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::kms::alias::handler::{all, see};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindAlias::NAME,
            doc: "The key behind the name of an alias.",
            answer: AliasFound::KIND,
            placeholder,
        },
        operations: &["kms:ListAliases"],
        actions: &["kms:ListAliases"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        let start = format!("arn:aws:kms:{region}:123456789012");
        let key = "00000000-0000-0000-0000-000000000000";
        AliasFound {
            name: AliasName::new("alias/key"),
            arn: Arn::new(format!("{start}:alias/key")),
            target_key_id: KeyId::new(key),
            target_key_arn: Arn::new(format!("{start}:key/{key}")),
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let name = text(arguments, "name").unwrap_or_default();
        let mut aliases = all(aws).await?.into_iter();
        let found = aliases.find(|alias| alias.alias_name() == Some(name)).and_then(see);
        let found = found.ok_or_else(|| {
            Failure::new(FailureClass::Gone, format!("no key has the name `{name}`"))
        })?;
        let found = AliasFound {
            target_key_id: KeyId::new(found.inputs.target_key_id.id()),
            name: found.outputs.id,
            arn: found.outputs.arn,
            target_key_arn: found.outputs.target_key_arn,
        };
        Ok(found.to_value())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::test_endpoint::aws;

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_key_is_found_behind_its_name() {
            let aws = aws().await;
            let made = aws.call(|| aws.kms().create_key().send()).await.expect("it is created");
            let id = made.key_metadata.expect("a key").key_id;
            let alias = format!("alias/behind-{:08x}", std::process::id());
            let name = || aws.kms().create_alias().alias_name(&alias).target_key_id(&id).send();
            aws.call(name).await.expect("it is named");
            let arguments = FindAlias::named(&alias).arguments();
            let found = (HANDLER.answer)(&aws, &arguments).await.expect("it is found");
            let found = AliasFound::from_value(&found).expect("an answer");
            assert_eq!(found.target_key_id, KeyId::new(id.as_str()));
            let arn = format!("arn:aws:kms:us-west-2:123456789012:key/{id}");
            assert_eq!(found.target_key_arn, Arn::new(arn));
            let arguments = FindAlias::named("alias/no-such").arguments();
            assert!((HANDLER.answer)(&aws, &arguments).await.is_err());
        }
    }
}
