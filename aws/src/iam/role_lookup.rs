//! A role that this stack does not declare. A lookup: answered while the program runs.
//!
//! API: GetRole.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{Policy, PolicyJson, Role, RoleName};

/// Asks for a role by its name.
#[derive(Debug, Clone)]
pub struct FindRole {
    name: RoleName,
}

impl FindRole {
    /// The role of that name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: RoleName::new(name) }
    }
}

impl Lookup for FindRole {
    type Answer = RoleFound;

    const NAME: &'static str = "aws_iam_role";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("name".to_owned(), Value::from(self.name.as_str()))])
    }
}

/// The role found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct RoleFound {
    /// Its name.
    pub name: RoleName,
    /// Its ARN.
    pub arn: Arn<Role>,
    /// Id that is never used again, `AROA…`.
    pub unique_id: String,
    /// Path before the name in the ARN.
    pub path: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who may assume it.
    pub assume_role_policy: PolicyJson,
    /// How long a session may last at most, in seconds.
    pub max_session_duration: u32,
    /// Policy that limits what it can be allowed.
    pub permissions_boundary: Option<Arn<Policy>>,
    /// When it was made, in RFC 3339.
    pub create_date: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::iam::common::{date, document, filled, tags_of};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindRole::NAME,
            doc: "A role, by its name.",
            answer: RoleFound::KIND,
            placeholder,
        },
        operations: &["iam:GetRole"],
        actions: &["iam:GetRole"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(_: &str) -> Value {
        RoleFound {
            name: RoleName::new("role"),
            arn: Arn::new("arn:aws:iam::123456789012:role/role"),
            unique_id: "AROAEXAMPLE".to_owned(),
            path: "/".to_owned(),
            description: None,
            assume_role_policy: PolicyJson::new("{}"),
            max_session_duration: 3600,
            permissions_boundary: None,
            create_date: "2026-01-01T00:00:00Z".to_owned(),
            tags: BTreeMap::new(),
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let name = text(arguments, "name").unwrap_or_default();
        let answer = aws.call(|| aws.iam().get_role().role_name(name).send()).await?;
        let role = answer.role.ok_or_else(|| missing("Role"))?;
        let seconds = role.max_session_duration.and_then(|seconds| u32::try_from(seconds).ok());
        let boundary = role.permissions_boundary.and_then(|b| b.permissions_boundary_arn);
        let found = RoleFound {
            name: RoleName::new(role.role_name),
            arn: Arn::new(role.arn),
            unique_id: role.role_id,
            path: role.path,
            description: filled(role.description),
            assume_role_policy: document(role.assume_role_policy_document.as_deref())?,
            max_session_duration: seconds.unwrap_or(3600),
            permissions_boundary: boundary.map(Arn::new),
            create_date: date(role.create_date)?,
            tags: tags_of(role.tags).0,
        };
        Ok(found.to_value())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::iam::fixtures::trust_json;
        use crate::test_endpoint::aws;

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_role_is_found_by_its_name() {
            let aws = aws().await;
            let name = format!("looked-up-{:08x}", std::process::id());
            let trust = trust_json("ec2.amazonaws.com");
            let create = || {
                let call = aws.iam().create_role().role_name(&name).path("/a/");
                call.assume_role_policy_document(trust.as_str()).send()
            };
            aws.call(create).await.expect("it is created");
            let arguments = FindRole::named(&name).arguments();
            let found = (HANDLER.answer)(&aws, &arguments).await.expect("it is found");
            let found = RoleFound::from_value(&found).expect("an answer");
            assert_eq!(found.arn, Arn::new(format!("arn:aws:iam::123456789012:role/a/{name}")));
            assert!(PolicyJson::KIND.same(&found.assume_role_policy.to_value(), &trust.to_value()));
            aws.call(|| aws.iam().delete_role().role_name(&name).send()).await.expect("it goes");
            assert!((HANDLER.answer)(&aws, &arguments).await.is_err());
        }
    }
}
