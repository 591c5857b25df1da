//! A parameter that another stack, another tool or AWS itself keeps, such as the newest image of
//! Amazon Linux. A lookup: answered while the program runs.
//!
//! `value` is sensitive whatever the parameter's type is; `insecure_value` is there in clear unless
//! the parameter is a `SecureString`.
//!
//! API: GetParameter.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, SecretText, Value};

use super::{Parameter, ParameterType};

/// Asks for a parameter by its name.
#[derive(Debug, Clone)]
pub struct FindParameter {
    name: String,
    with_decryption: bool,
}

impl FindParameter {
    /// The parameter of that name, such as one of AWS's own:
    /// `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64`.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), with_decryption: true }
    }

    /// Leaves a `SecureString` encrypted, for callers that must not use its key.
    #[must_use]
    pub fn without_decryption(mut self) -> Self {
        self.with_decryption = false;
        self
    }
}

impl Lookup for FindParameter {
    type Answer = ParameterFound;

    const NAME: &'static str = "aws_ssm_parameter";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([
            ("name".to_owned(), Value::from(self.name.as_str())),
            ("with_decryption".to_owned(), Value::Bool(self.with_decryption)),
        ])
    }
}

/// The parameter found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct ParameterFound {
    /// Its name.
    pub name: String,
    /// Its ARN; parameters of AWS have one too.
    pub arn: Arn<Parameter>,
    /// What it holds.
    pub r#type: ParameterType,
    /// Its value.
    pub value: SecretText,
    /// Its value, unless it is a `SecureString`.
    pub insecure_value: Option<String>,
    /// How often it has been set.
    pub version: u32,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_ssm::types::{Parameter as Wire, ParameterType as WireType};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindParameter::NAME,
            doc: "A parameter of Parameter Store, by its name; its value is sensitive.",
            answer: ParameterFound::KIND,
            placeholder,
        },
        operations: &["ssm:GetParameter"],
        // The key of a `SecureString`. Source: Systems Manager user guide, SecureString and KMS.
        actions: &["kms:Decrypt", "ssm:GetParameter"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    /// A plain text that is shaped like the id of an image, which is what is asked for most.
    fn placeholder(region: &str) -> Value {
        let value = "ami-00000000000000000";
        ParameterFound {
            name: "/parameter".to_owned(),
            arn: Arn::new(format!("arn:aws:ssm:{region}:123456789012:parameter/parameter")),
            r#type: ParameterType::String,
            value: SecretText::new(value),
            insecure_value: Some(value.to_owned()),
            version: 1,
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let name = text(arguments, "name").unwrap_or_default();
        let decrypt = arguments.get("with_decryption").and_then(Value::as_bool) != Some(false);
        let answer = aws
            .call(|| aws.ssm().get_parameter().name(name).with_decryption(decrypt).send())
            .await?;
        see(answer.parameter.ok_or_else(|| missing("Parameter"))?).map(|found| found.to_value())
    }

    fn see(parameter: Wire) -> Result<ParameterFound> {
        let kind: ParameterType = parsed(parameter.r#type().map(WireType::as_str), "Type")?;
        let value = parameter.value.ok_or_else(|| missing("Value"))?;
        Ok(ParameterFound {
            name: parameter.name.ok_or_else(|| missing("Name"))?,
            arn: Arn::new(parameter.arn.ok_or_else(|| missing("ARN"))?),
            r#type: kind,
            insecure_value: (kind != ParameterType::SecureString).then(|| value.clone()),
            value: SecretText::new(value),
            version: u32::try_from(parameter.version).map_err(|_| missing("Version"))?,
        })
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use aws_sdk_ssm::types::ParameterType as WireType;
    use infra_sdk::FieldType as _;
    use infra_sdk::provider::FailureClass;

    use super::*;
    use crate::test_endpoint::{aws, look_up};

    #[tokio::test]
    async fn a_secure_string_is_sensitive_and_a_plain_one_can_be_read() {
        let aws = aws().await;
        let name = |kind: &str| format!("/found/{}/{kind}", std::process::id());
        for (kind, value) in [("String", "ami-12345678"), ("SecureString", "hunter2")] {
            let put = || aws.ssm().put_parameter().name(name(kind)).r#type(WireType::from(kind));
            aws.call(|| put().value(value).send()).await.expect("put");
        }
        let plain = look_up(&FindParameter::named(name("String"))).await.expect("found");
        let plain = ParameterFound::from_value(&plain).expect("an answer");
        assert_eq!(plain.insecure_value.as_deref(), Some("ami-12345678"));
        assert_eq!((plain.r#type, plain.version), (ParameterType::String, 1));

        let secure = look_up(&FindParameter::named(name("SecureString"))).await.expect("found");
        assert!(!format!("{secure:?}").contains("hunter2"), "{secure:?}");
        let secure = ParameterFound::from_value(&secure).expect("an answer");
        assert_eq!((secure.value, secure.insecure_value), (SecretText::new("hunter2"), None));

        let find = FindParameter::named(name("SecureString")).without_decryption();
        let sealed = look_up(&find).await.expect("found");
        let sealed = ParameterFound::from_value(&sealed).expect("an answer");
        assert_ne!(sealed.value, SecretText::new("hunter2"));
        assert_eq!(sealed.insecure_value, None);

        let none = look_up(&FindParameter::named("/never/made")).await.expect_err("none");
        assert_eq!(none.class, FailureClass::Gone);
    }
}
