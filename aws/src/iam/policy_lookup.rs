//! A managed policy that this stack does not declare, of this account or of AWS. A lookup: answered
//! while the program runs.
//!
//! API: ListPolicies, GetPolicy, GetPolicyVersion.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{Policy, PolicyJson, PolicyName};

/// Asks for a managed policy by its name or its ARN.
#[derive(Debug, Clone)]
pub struct FindPolicy {
    name: Option<PolicyName>,
    arn: Option<Arn<Policy>>,
    path_prefix: Option<String>,
}

impl FindPolicy {
    /// The policy of that name, of this account before AWS's.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(PolicyName::new(name)), arn: None, path_prefix: None }
    }

    /// The policy of that ARN.
    #[must_use]
    pub fn by_arn(arn: Arn<Policy>) -> Self {
        Self { name: None, arn: Some(arn), path_prefix: None }
    }

    /// Only with a path that starts with this: `/service-role/`.
    #[must_use]
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.path_prefix = Some(prefix.into());
        self
    }
}

impl Lookup for FindPolicy {
    type Answer = PolicyFound;

    const NAME: &'static str = "aws_iam_policy";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let or_null = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        BTreeMap::from([
            ("name".to_owned(), or_null(self.name.as_ref().map(PolicyName::as_str))),
            ("arn".to_owned(), or_null(self.arn.as_ref().map(Arn::as_str))),
            ("path_prefix".to_owned(), or_null(self.path_prefix.as_deref())),
        ])
    }
}

/// The policy found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct PolicyFound {
    /// Its name.
    pub name: PolicyName,
    /// Its ARN.
    pub arn: Arn<Policy>,
    /// Id that is never used again, `ANPA…`.
    pub policy_id: String,
    /// Path before the name in the ARN.
    pub path: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows and denies.
    pub policy: PolicyJson,
    /// To how many roles, users and groups it is attached.
    pub attachment_count: u32,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_iam::types::PolicyScopeType;
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::iam::common::{PAGE, document, filled};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicies"];

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindPolicy::NAME,
            doc: "A managed policy, by its name or its ARN.",
            answer: PolicyFound::KIND,
            placeholder,
        },
        operations: OPERATIONS,
        actions: OPERATIONS,
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(_: &str) -> Value {
        PolicyFound {
            name: PolicyName::new("policy"),
            arn: Arn::new("arn:aws:iam::123456789012:policy/policy"),
            policy_id: "ANPAEXAMPLE".to_owned(),
            path: "/".to_owned(),
            description: None,
            policy: PolicyJson::new("{}"),
            attachment_count: 0,
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let arn = match text(arguments, "arn") {
            Some(arn) => arn.to_owned(),
            None => named(aws, arguments).await?,
        };
        let answer = aws.call(|| aws.iam().get_policy().policy_arn(&arn).send()).await?;
        let policy = answer.policy.ok_or_else(|| missing("Policy"))?;
        let version = policy.default_version_id.ok_or_else(|| missing("DefaultVersionId"))?;
        let get = || aws.iam().get_policy_version().policy_arn(&arn).version_id(&version).send();
        let written = aws.call(get).await?.policy_version.and_then(|version| version.document);
        let found = PolicyFound {
            name: PolicyName::new(policy.policy_name.ok_or_else(|| missing("PolicyName"))?),
            policy_id: policy.policy_id.ok_or_else(|| missing("PolicyId"))?,
            path: policy.path.ok_or_else(|| missing("Path"))?,
            description: filled(policy.description),
            policy: document(written.as_deref())?,
            attachment_count: policy
                .attachment_count
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or_default(),
            arn: Arn::new(arn),
        };
        Ok(found.to_value())
    }

    /// The ARN of the policy of that name. Names are unique in the account, and in AWS's own.
    async fn named(aws: &Aws, arguments: &Arguments) -> Result<String> {
        let name = text(arguments, "name").unwrap_or_default();
        let prefix = text(arguments, "path_prefix");
        for scope in [PolicyScopeType::Local, PolicyScopeType::Aws] {
            let pages = aws
                .pages(
                    |marker| {
                        let call = aws.iam().list_policies().scope(scope.clone()).max_items(PAGE);
                        call.set_path_prefix(prefix.map(str::to_owned)).set_marker(marker).send()
                    },
                    |page| page.marker(),
                )
                .await?;
            let mut policies = pages.into_iter().flat_map(|page| page.policies.unwrap_or_default());
            let found = policies.find(|policy| policy.policy_name() == Some(name));
            if let Some(arn) = found.and_then(|policy| policy.arn) {
                return Ok(arn);
            }
        }
        let message = format!("no managed policy has the name `{name}`");
        Err(Failure::new(FailureClass::Gone, message))
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::iam::fixtures::allow_json;
        use crate::test_endpoint::aws;

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_policy_is_found_by_its_name_and_by_its_arn() {
            let aws = aws().await;
            let ask = async |question: FindPolicy| {
                let found = (HANDLER.answer)(&aws, &question.arguments()).await?;
                Ok::<_, Failure>(PolicyFound::from_value(&found).expect("an answer"))
            };
            let name = format!("looked-up-{:08x}", std::process::id());
            let written = allow_json("s3:GetObject");
            let create = || {
                let call = aws.iam().create_policy().policy_name(&name).path("/a/");
                call.policy_document(written.as_str()).send()
            };
            aws.call(create).await.expect("it is created");
            let found = ask(FindPolicy::named(&name)).await.expect("it is found");
            assert!(PolicyJson::KIND.same(&found.policy.to_value(), &written.to_value()));
            assert_eq!((found.path.as_str(), found.attachment_count), ("/a/", 0));
            let same = ask(FindPolicy::by_arn(found.arn.clone())).await.expect("it is found");
            assert_eq!(same, found);
            let read_only = ask(FindPolicy::named("ReadOnlyAccess")).await.expect("AWS has it");
            assert_eq!(read_only.arn, Arn::new("arn:aws:iam::aws:policy/ReadOnlyAccess"));
            assert!(ask(FindPolicy::named("no-such-policy")).await.is_err());
            let arn = found.arn.as_str();
            aws.call(|| aws.iam().delete_policy().policy_arn(arn).send()).await.expect("it goes");
        }
    }
}
