//! A grant: it lets somebody use a key without the key's policy saying so.
//!
//! AWS gives a create with the same name and arguments the same grant, so that every grant has a
//! name: the user's or one that is made.
//!
//! API: CreateGrant, ListGrants, RetireGrant, RevokeGrant.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::kind::Problem;
use infra_sdk::{Block, Choice, Object, Outputs, Resource};

use super::KeyRef;
use crate::AnyArn;
use crate::rules::{NameRule, Rules};

/// Lets somebody use a key.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_kms_grant", outputs = GrantOutputs, validate = validate)]
pub struct Grant {
    /// The key, by id or ARN; by ARN if it is of another account.
    #[field(force_new)]
    pub key_id: KeyRef,
    /// Who may use it: the ARN of a role, a user or an account.
    #[field(force_new)]
    pub grantee_principal: AnyArn,
    /// What for.
    #[field(force_new, required)]
    pub operations: BTreeSet<GrantOperation>,
    /// Name, at most 256 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Who else may give the grant up: the ARN of a role or a user.
    #[field(force_new)]
    pub retiring_principal: Option<AnyArn>,
    /// With which encryption context alone; for symmetric keys.
    #[field(force_new)]
    pub constraints: Option<GrantConstraints>,
    /// Tokens of other grants that allow this one and may not be known everywhere yet.
    #[field(force_new, write_only)]
    pub grant_creation_tokens: BTreeSet<String>,
    /// Give the grant up instead of revoking it, which its retiring principal may do.
    #[field(default = false, write_only)]
    pub retire_on_delete: bool,
}

/// What a grant is for. Source: KMS API Reference, CreateGrant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum GrantOperation {
    /// Granting others what it grants.
    #[choice("CreateGrant")]
    CreateGrant,
    /// Decrypting.
    #[choice("Decrypt")]
    Decrypt,
    /// Agreeing on a secret.
    #[choice("DeriveSharedSecret")]
    DeriveSharedSecret,
    /// Seeing what kind of key it is.
    #[choice("DescribeKey")]
    DescribeKey,
    /// Encrypting.
    #[choice("Encrypt")]
    Encrypt,
    /// Making data keys.
    #[choice("GenerateDataKey")]
    GenerateDataKey,
    /// Making pairs of data keys.
    #[choice("GenerateDataKeyPair")]
    GenerateDataKeyPair,
    /// Making pairs of data keys that are encrypted.
    #[choice("GenerateDataKeyPairWithoutPlaintext")]
    GenerateDataKeyPairWithoutPlaintext,
    /// Making data keys that are encrypted.
    #[choice("GenerateDataKeyWithoutPlaintext")]
    GenerateDataKeyWithoutPlaintext,
    /// Making codes that authenticate.
    #[choice("GenerateMac")]
    GenerateMac,
    /// Reading its public half.
    #[choice("GetPublicKey")]
    GetPublicKey,
    /// Decrypting what another key then encrypts.
    #[choice("ReEncryptFrom")]
    ReEncryptFrom,
    /// Encrypting what another key decrypted.
    #[choice("ReEncryptTo")]
    ReEncryptTo,
    /// Giving the grant up.
    #[choice("RetireGrant")]
    RetireGrant,
    /// Signing.
    #[choice("Sign")]
    Sign,
    /// Checking signatures.
    #[choice("Verify")]
    Verify,
    /// Checking codes that authenticate.
    #[choice("VerifyMac")]
    VerifyMac,
}

/// With which encryption context a key may be used. One of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GrantConstraints {
    /// With just this.
    pub encryption_context_equals: BTreeMap<String, String>,
    /// With this and whatever else.
    pub encryption_context_subset: BTreeMap<String, String>,
}

/// What AWS assigns to a [`Grant`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct GrantOutputs {
    /// Key and grant: `key:grant`, which is also what Terraform imports by.
    pub id: String,
    /// The grant's id.
    pub grant_id: String,
    /// What lets the grant be used before it is known everywhere. AWS tells it once and says that
    /// it is no secret; not known of a grant that was imported.
    pub grant_token: Option<String>,
}

/// Source: KMS API Reference, CreateGrant.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 256,
    allows: |c| c.is_ascii_alphanumeric() || ":/_-".contains(c),
    characters: "letters, digits and `:/_-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    rules.blocks("constraints", |constraints| {
        constraints.exactly_one(&["encryption_context_equals", "encryption_context_subset"]);
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_kms::types::{GrantConstraints as WireConstraints, GrantListEntry};
    use futures_util::future::try_join_all;
    use infra_sdk::Value;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;

    const NOT_FOUND: &[&str] = &["NotFoundException"];

    impl Handler for Grant {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "kms:CreateGrant",
            operations: &[
                "kms:CreateGrant",
                "kms:ListGrants",
                "kms:RetireGrant",
                "kms:RevokeGrant",
                "sts:GetCallerIdentity",
            ],
            actions: &["kms:CreateGrant", "kms:ListGrants", "kms:RetireGrant", "kms:RevokeGrant"],
            // The name is the token of the create: there is no prefix for it.
            naming: Some(Naming { name: "name", prefix: "", start: "infra-" }),
            gone: &["NotFoundException", "InvalidGrantIdException"],
            // A key, a role or a user may have been made a moment ago.
            not_yet: &[("NotFoundException", ""), ("InvalidArnException", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let operations = want.operations.iter().map(|operation| operation.as_str().into());
            let operations: Vec<_> = operations.collect();
            let tokens: Vec<_> = want.grant_creation_tokens.iter().cloned().collect();
            let answer = aws
                .call(|| {
                    aws.kms()
                        .create_grant()
                        .key_id(want.key_id.as_str())
                        .grantee_principal(want.grantee_principal.as_str())
                        .set_operations(Some(operations.clone()))
                        .set_name(want.name.clone())
                        .set_retiring_principal(
                            want.retiring_principal.as_ref().map(ToString::to_string),
                        )
                        .set_constraints(want.constraints.as_ref().map(to_wire))
                        .set_grant_tokens((!tokens.is_empty()).then(|| tokens.clone()))
                        .send()
                })
                .await?;
            if let Some(token) = answer.grant_token {
                creating.tell("grant_token", token);
            }
            let id = answer.grant_id.ok_or_else(|| missing("GrantId"))?;
            Ok(format!("{}:{id}", want.key_id.as_str()))
        }

        /// One list for each key.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, usize::MAX, |known| async move {
                let ids = known.iter().map(|item| parse_id(&item.id));
                let keys: BTreeSet<_> = ids.flatten().map(|(key, _)| key.to_owned()).collect();
                let lists = keys.into_iter().map(|key| async move {
                    let grants = absent(list(aws, &key).await.map(Some), NOT_FOUND)?;
                    Ok((key, grants.unwrap_or_default()))
                });
                let lists: HashMap<_, _> = try_join_all(lists).await?.into_iter().collect();
                let seen = known.iter().map(|item| {
                    let (key, id) = parse_id(&item.id)?;
                    let grants = lists.get(key).map(Vec::as_slice).unwrap_or_default();
                    let found = grants.iter().find(|grant| grant.grant_id() == Some(id));
                    found.map(|grant| see(key, grant.clone(), item)).transpose()
                });
                let seen = seen.collect::<Result<Vec<_>>>()?.into_iter().flatten();
                Ok(seen.map(|seen| (seen.outputs.id.clone(), seen)).collect())
            })
            .await
        }

        async fn update(_: &Aws, _: &str, _: &Self, _: &Self, _: &Changed) -> Result<()> {
            // `retire_on_delete` is ours: it says what deleting does, and AWS knows nothing of it.
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            let (key, grant) = parse_id(id)?;
            if was.retire_on_delete {
                // It takes the ARN alone. Source: KMS API Reference, RetireGrant.
                let key = arn_of(aws, key).await?;
                let retire = || aws.kms().retire_grant().key_id(&key).grant_id(grant).send();
                return aws.call(retire).await.map(drop);
            }
            let revoke = || aws.kms().revoke_grant().key_id(key).grant_id(grant).send();
            aws.call(revoke).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let key = want.key_id.as_str();
            let grants = absent(list(aws, key).await.map(Some), NOT_FOUND)?.unwrap_or_default();
            let same = grants.into_iter().filter(|grant| {
                grant.name == want.name
                    && grant.grantee_principal() == Some(want.grantee_principal.as_str())
            });
            let ids = same.filter_map(|grant| grant.grant_id);
            Ok(ids.map(|id| format!("{key}:{id}")).collect())
        }
    }

    /// Key and grant of an id; an ARN has `:` too.
    fn parse_id(id: &str) -> Result<(&str, &str)> {
        match id.rsplit_once(':') {
            Some((key, grant)) if !key.is_empty() && !grant.is_empty() => Ok((key, grant)),
            _ => {
                let message = format!("`{id}` is not the id of a grant: `key:grant`");
                Err(Failure::new(FailureClass::Invalid, message))
            }
        }
    }

    async fn arn_of(aws: &Aws, key: &str) -> Result<String> {
        if key.starts_with("arn:") {
            return Ok(key.to_owned());
        }
        let account = aws.account().await?;
        let (partition, id) = (&account.partition, &account.id);
        Ok(format!("arn:{partition}:kms:{}:{id}:key/{key}", aws.region()))
    }

    async fn list(aws: &Aws, key: &str) -> Result<Vec<GrantListEntry>> {
        let pages = aws
            .pages(
                |marker| aws.kms().list_grants().key_id(key).limit(100).set_marker(marker).send(),
                |page| page.next_marker(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.grants.unwrap_or_default()).collect())
    }

    fn to_wire(constraints: &GrantConstraints) -> WireConstraints {
        let context = |context: &BTreeMap<String, String>| {
            let pairs = context.iter().map(|(key, value)| (key.clone(), value.clone()));
            (!context.is_empty()).then(|| pairs.collect())
        };
        WireConstraints::builder()
            .set_encryption_context_equals(context(&constraints.encryption_context_equals))
            .set_encryption_context_subset(context(&constraints.encryption_context_subset))
            .build()
    }

    fn from_wire(constraints: WireConstraints) -> Option<GrantConstraints> {
        let context = |context: Option<HashMap<String, String>>| {
            context.unwrap_or_default().into_iter().collect()
        };
        let constraints = GrantConstraints {
            encryption_context_equals: context(constraints.encryption_context_equals),
            encryption_context_subset: context(constraints.encryption_context_subset),
        };
        let says = !constraints.encryption_context_equals.is_empty()
            || !constraints.encryption_context_subset.is_empty();
        says.then_some(constraints)
    }

    fn see(key: &str, grant: GrantListEntry, item: &Known) -> Result<Seen<Grant>> {
        let operations = grant.operations.unwrap_or_default();
        let operations = operations.iter().map(|o| parsed(Some(o.as_str()), "Operations"));
        let said = |name: &str| item.recorded.get(name);
        let tokens = said("grant_creation_tokens").and_then(Value::as_list).unwrap_or_default();
        // What a service did for somebody has no ARN of a principal.
        let grantee = grant.grantee_principal.or(grant.grantee_service_principal);
        let inputs = Grant {
            key_id: KeyRef::new(key),
            grantee_principal: AnyArn::new(grantee.ok_or_else(|| missing("GranteePrincipal"))?),
            operations: operations.collect::<Result<_>>()?,
            name: grant.name.filter(|name| !name.is_empty()),
            retiring_principal: grant.retiring_principal.map(AnyArn::new),
            constraints: grant.constraints.and_then(from_wire),
            grant_creation_tokens: tokens
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            retire_on_delete: said("retire_on_delete").and_then(Value::as_bool) == Some(true),
        };
        let token = item.outputs.get("grant_token").and_then(Value::as_str);
        let outputs = GrantOutputs {
            id: item.id.clone(),
            grant_id: grant.grant_id.ok_or_else(|| missing("GrantId"))?,
            grant_token: token.map(str::to_owned),
        };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_lead_back_whether_the_key_is_an_id_or_an_arn() {
            assert_eq!(parse_id("1234:abc").ok(), Some(("1234", "abc")));
            let arn = "arn:aws:kms:us-west-2:123456789012:key/1";
            assert_eq!(parse_id(&format!("{arn}:abc")).ok(), Some((arn, "abc")));
            assert!(parse_id("1234").is_err());
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_grant_has_one_constraint_and_a_name_that_kms_takes() {
        let map = |name: &str, value| Value::Map(Object::from([(name.to_owned(), value)]));
        let context = |name: &str| map(name, map("a", "b".into()));
        let check = |name: &str, value| validate(&Object::from([(name.to_owned(), value)])).len();
        assert_eq!(check("constraints", context("encryption_context_equals")), 0);
        assert_eq!(check("constraints", Value::Map(Object::new())), 1);
        assert_eq!(check("name", "a:b/c".into()), 0);
        assert_eq!(check("name", "a b".into()), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::kms::Key;

    fn grant(
        stack: &mut infra_sdk::Stack,
        with: impl FnOnce(GrantArguments) -> GrantArguments,
        operations: &[GrantOperation],
    ) {
        let key = stack.add("key", Key::new());
        let role = AnyArn::new("arn:aws:iam::123456789012:role/app");
        stack.add("it", with(Grant::new(key.id(), role, operations.to_vec())));
    }

    conforms!(
        aws_kms_grant,
        Fixture {
            base: |stack, name| {
                let context: BTreeMap<_, _> = [("table", "users")].into_iter().collect();
                let constraints = GrantConstraints::new().encryption_context_equals(context);
                let retiring = AnyArn::new("arn:aws:iam::123456789012:role/ops");
                grant(
                    stack,
                    |grant| grant.name(name).constraints(constraints).retiring_principal(retiring),
                    &[GrantOperation::Encrypt, GrantOperation::Decrypt],
                );
            },
            update: Some(|stack, name| {
                let context: BTreeMap<_, _> = [("table", "users")].into_iter().collect();
                let constraints = GrantConstraints::new().encryption_context_equals(context);
                let retiring = AnyArn::new("arn:aws:iam::123456789012:role/ops");
                grant(
                    stack,
                    |grant| {
                        let grant = grant.name(name).constraints(constraints);
                        grant.retiring_principal(retiring).retire_on_delete(true)
                    },
                    &[GrantOperation::Encrypt, GrantOperation::Decrypt],
                );
            }),
            replace: Some(|stack, _| grant(stack, |it| it, &[GrantOperation::GenerateDataKey])),
            gaps: &[],
        }
    );
}
