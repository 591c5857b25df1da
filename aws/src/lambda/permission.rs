//! A permission to invoke a function: one statement of its policy. It cannot be changed.
//!
//! API: AddPermission, GetPolicy, RemovePermission.

use infra_sdk::kind::Problem;
use infra_sdk::{Choice, Object, Outputs, Resource};

use super::{FunctionRef, Invoker};
use crate::AnyArn;
use crate::rules::{NameRule, Rules};

infra_sdk::id_types! {
    /// Identifies a permission: the function's name, its qualifier behind a `:` where there is one,
    /// and the statement's id, with a `/` between.
    PermissionId("permission id", "");
}

/// Who may invoke a function.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lambda_permission", outputs = PermissionOutputs, validate = validate)]
pub struct Permission {
    /// Function.
    #[field(force_new)]
    pub function_name: FunctionRef,
    /// What is allowed: `lambda:InvokeFunction`.
    #[field(force_new, default = String::from("lambda:InvokeFunction"))]
    pub action: String,
    /// Who: a service, an account, a role or user by ARN, or `*`.
    #[field(force_new)]
    pub principal: Invoker,
    /// Organization that the one who invokes has to be of.
    #[field(force_new)]
    pub principal_org_id: Option<String>,
    /// What it has to be done for, by ARN, in which `*` stands for anything.
    #[field(force_new)]
    pub source_arn: Option<AnyArn>,
    /// Account that it has to be done for.
    #[field(force_new)]
    pub source_account: Option<String>,
    /// Token that Alexa says.
    #[field(force_new)]
    pub event_source_token: Option<String>,
    /// How the function's URL is called; for the action `lambda:InvokeFunctionUrl`.
    #[field(force_new)]
    pub function_url_auth_type: Option<FunctionUrlAuthType>,
    /// Version or alias of the function. Left out, the function as it is.
    #[field(force_new)]
    pub qualifier: Option<String>,
    /// Id of the statement, at most 100 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub statement_id: Option<String>,
    /// Beginning of an id that is made.
    #[field(force_new, computed)]
    pub statement_id_prefix: Option<String>,
}

/// How a function's URL is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FunctionUrlAuthType {
    /// Signed.
    #[choice("AWS_IAM")]
    AwsIam,
    /// By everybody.
    #[choice("NONE")]
    None,
}

/// What AWS assigns to a [`Permission`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct PermissionOutputs {
    /// The function's name and the statement's id.
    pub id: PermissionId,
}

/// Source: Lambda API Reference, AddPermission.
const STATEMENTS: NameRule = NameRule {
    shortest: 1,
    longest: 100,
    allows: |c| c.is_ascii_alphanumeric() || "-_".contains(c),
    characters: "letters, digits, `-` and `_`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.at_most_one(&["statement_id", "statement_id_prefix"]);
    rules.follows("statement_id", &STATEMENTS);
    let made = crate::rules::MADE_SUFFIX;
    rules.follows(
        "statement_id_prefix",
        &NameRule { longest: STATEMENTS.longest - made, ..STATEMENTS },
    );
    if rules.text("action").is_some_and(|action| !action.starts_with("lambda:") && action != "*") {
        rules.refuse("action", "must be an action of Lambda: `lambda:InvokeFunction`");
    }
    let account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if rules.text("source_account").is_some_and(|text| !account(text)) {
        rules.refuse("source_account", "must be twelve digits");
    }
    if rules.has("function_url_auth_type")
        && rules.text("action").is_some_and(|action| action != "lambda:InvokeFunctionUrl")
    {
        rules.refuse("function_url_auth_type", "is for the action `lambda:InvokeFunctionUrl` only");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::{BTreeMap, BTreeSet};

    use aws_sdk_lambda::types::FunctionUrlAuthType as WireAuth;
    use futures_util::future::join_all;
    use infra_sdk::provider::{Failure, FailureClass};
    use serde_json::Value as Json;

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"];
    /// What Lambda says of a function, a policy or a statement that is not there.
    const GONE: &[&str] = &["ResourceNotFoundException"];

    impl Handler for Permission {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "lambda:AddPermission",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(Naming {
                name: "statement_id",
                prefix: "statement_id_prefix",
                start: "infra-",
            }),
            gone: GONE,
            not_yet: &[
                ("ResourceConflictException", "cannot be performed at this time"),
                // A role that was made a moment ago.
                ("InvalidParameterValueException", "The provided principal was invalid"),
            ],
            lingering: &[("ResourceConflictException", "cannot be performed at this time")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let statement = want.statement_id.as_ref().ok_or_else(|| missing("statement_id"))?;
            let auth = want.function_url_auth_type.map(|auth| WireAuth::from(auth.as_str()));
            aws.call(|| {
                aws.lambda()
                    .add_permission()
                    .function_name(want.function_name.name())
                    .set_qualifier(want.qualifier.clone())
                    .statement_id(statement)
                    .action(&want.action)
                    .principal(want.principal.as_str())
                    .set_principal_org_id(want.principal_org_id.clone())
                    .set_source_arn(want.source_arn.as_ref().map(ToString::to_string))
                    .set_source_account(want.source_account.clone())
                    .set_event_source_token(want.event_source_token.clone())
                    .set_function_url_auth_type(auth.clone())
                    .send()
            })
            .await?;
            Ok(joined(want.function_name.name(), want.qualifier.as_deref(), statement))
        }

        /// One call for each policy.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let policies: BTreeSet<_> =
                known.iter().filter_map(|item| parts(&item.id).ok()).map(|id| id.0).collect();
            let calls = policies.into_iter().map(|of| async move {
                let policy = policy(aws, of.0, of.1).await;
                (of, policy)
            });
            let policies: BTreeMap<_, _> = join_all(calls).await.into_iter().collect();
            let read = |item: &Known| {
                let (of, statement) = parts(&item.id)?;
                let policy = policies.get(&of).cloned().unwrap_or(Ok(Vec::new()))?;
                let found = policy.iter().find(|one| one["Sid"] == statement);
                found.map(|found| see(&item.id, found)).transpose()
            };
            known.iter().map(read).collect()
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let ((function, qualifier), statement) = parts(id)?;
            aws.call(|| {
                aws.lambda()
                    .remove_permission()
                    .function_name(function)
                    .set_qualifier(qualifier.map(str::to_owned))
                    .statement_id(statement)
                    .send()
            })
            .await
            .map(drop)
        }

        /// The statement with that id, if it says what is wanted.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(statement) = &want.statement_id else { return Ok(Vec::new()) };
            let (function, qualifier) = (want.function_name.name(), want.qualifier.as_deref());
            let policy = policy(aws, function, qualifier).await?;
            let id = joined(function, qualifier, statement);
            let found = policy.iter().find(|one| one["Sid"] == statement.as_str());
            let seen = found.map(|found| see(&id, found)).transpose()?;
            let same = seen.is_some_and(|seen| {
                let (one, other) = (&seen.inputs, want);
                one.action == other.action
                    && one.source_arn == other.source_arn
                    && one.source_account == other.source_account
                    && one.principal_org_id == other.principal_org_id
                    && one.function_url_auth_type == other.function_url_auth_type
            });
            Ok(same.then_some(id).into_iter().collect())
        }
    }

    /// A function's name with its qualifier, and a statement's id.
    type Parts<'a> = ((&'a str, Option<&'a str>), &'a str);

    fn joined(function: &str, qualifier: Option<&str>, statement: &str) -> String {
        match qualifier {
            Some(qualifier) => format!("{function}:{qualifier}/{statement}"),
            None => format!("{function}/{statement}"),
        }
    }

    fn parts(id: &str) -> Result<Parts<'_>> {
        let (of, statement) = id.split_once('/').ok_or_else(|| {
            let message = format!(
                "`{id}` is not a function and a statement: `NAME/STATEMENT` or \
                 `NAME:QUALIFIER/STATEMENT`"
            );
            Failure::new(FailureClass::Invalid, message)
        })?;
        let of = of.split_once(':').map_or((of, None), |(name, qualifier)| (name, Some(qualifier)));
        Ok((of, statement))
    }

    /// The statements of a policy; none where there is no policy.
    async fn policy(aws: &Aws, function: &str, qualifier: Option<&str>) -> Result<Vec<Json>> {
        let answer = aws
            .call(|| {
                let call = aws.lambda().get_policy().function_name(function);
                call.set_qualifier(qualifier.map(str::to_owned)).send()
            })
            .await;
        let Some(policy) = absent(answer.map(|answer| answer.policy), GONE)? else {
            return Ok(Vec::new());
        };
        let mut policy: Json = serde_json::from_str(&policy)
            .map_err(|error| Failure::new(FailureClass::Other, format!("the policy: {error}")))?;
        match policy["Statement"].take() {
            Json::Array(statements) => Ok(statements),
            one => Ok(vec![one]),
        }
    }

    /// A text of a condition, whatever the case of its key's letters.
    fn condition<'a>(statement: &'a Json, operator: &str, key: &str) -> Option<&'a str> {
        let keys = statement["Condition"][operator].as_object()?;
        keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?.1.as_str()
    }

    fn see(id: &str, statement: &Json) -> Result<Seen<Permission>> {
        let ((function, qualifier), name) = parts(id)?;
        let text = |name: &str| statement[name].as_str();
        let principal = &statement["Principal"];
        let principal = ["Service", "AWS"]
            .iter()
            .find_map(|kind| principal[*kind].as_str())
            .or_else(|| principal.as_str())
            .ok_or_else(|| missing("Principal"))?;
        let owned =
            |operator: &str, key: &str| condition(statement, operator, key).map(str::to_owned);
        let auth = condition(statement, "StringEquals", "lambda:FunctionUrlAuthType");
        let inputs = Permission {
            function_name: FunctionRef::new(function),
            action: text("Action").ok_or_else(|| missing("Action"))?.to_owned(),
            principal: Invoker::new(principal),
            principal_org_id: owned("StringEquals", "aws:PrincipalOrgID"),
            source_arn: condition(statement, "ArnLike", "aws:SourceArn").map(AnyArn::new),
            source_account: owned("StringEquals", "aws:SourceAccount"),
            event_source_token: owned("StringEquals", "lambda:EventSourceToken"),
            function_url_auth_type: auth
                .map(|auth| parsed(Some(auth), "FunctionUrlAuthType"))
                .transpose()?,
            qualifier: qualifier.map(str::to_owned),
            statement_id: Some(name.to_owned()),
            statement_id_prefix: prefix_of(name),
        };
        Ok(Seen::new(inputs, PermissionOutputs { id: PermissionId::new(id) }))
    }

    #[cfg(test)]
    mod tests {
        use serde_json::json;

        use super::*;

        #[test]
        fn an_id_may_have_a_qualifier() {
            for (id, qualifier) in [("resize/s3", None), ("resize:live/s3", Some("live"))] {
                assert_eq!(parts(id).ok(), Some((("resize", qualifier), "s3")));
                assert_eq!(joined("resize", qualifier, "s3"), id);
            }
            assert!(parts("resize").is_err());
        }

        /// As the page of AddPermission shows it.
        #[test]
        fn a_statement_is_read_as_lambda_writes_it() {
            let statement = json!({
                "Sid": "s3",
                "Effect": "Allow",
                "Principal": { "Service": "s3.amazonaws.com" },
                "Action": "lambda:InvokeFunction",
                "Resource": "arn:aws:lambda:us-west-2:123456789012:function:resize",
                "Condition": {
                    "StringEquals": {
                        "AWS:SourceAccount": "123456789012",
                        "lambda:EventSourceToken": "token",
                    },
                    "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::pictures" },
                },
            });
            let seen = see("resize/s3", &statement).expect("read").inputs;
            assert_eq!(seen.principal.as_str(), "s3.amazonaws.com");
            assert_eq!(seen.source_account.as_deref(), Some("123456789012"));
            assert_eq!(seen.event_source_token.as_deref(), Some("token"));
            assert_eq!(seen.source_arn, Some(AnyArn::new("arn:aws:s3:::pictures")));
            let all = json!({ "Sid": "all", "Principal": "*", "Action": "lambda:InvokeFunctionUrl",
                "Condition": { "StringEquals": { "lambda:FunctionUrlAuthType": "NONE" } } });
            let seen = see("resize/all", &all).expect("read").inputs;
            assert_eq!(seen.principal.as_str(), "*");
            assert_eq!(seen.function_url_auth_type, Some(FunctionUrlAuthType::None));
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn statements_have_ids_and_actions_of_lambda() {
        let check = |entries: &[(&str, &str)]| -> Vec<String> {
            let inputs =
                entries.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let right = [("action", "lambda:InvokeFunction"), ("statement_id", "s3")];
        assert_eq!(check(&right), [""; 0]);
        assert_eq!(check(&[("statement_id", "s 3")]), ["statement_id"]);
        assert_eq!(
            check(&[("statement_id", "a"), ("statement_id_prefix", "b")]),
            ["statement_id_prefix"]
        );
        assert_eq!(check(&[("action", "s3:GetObject")]), ["action"]);
        assert_eq!(check(&[("source_account", "1")]), ["source_account"]);
        let url = [right[0], ("function_url_auth_type", "NONE")];
        assert_eq!(check(&url), ["function_url_auth_type"]);
    }
}
