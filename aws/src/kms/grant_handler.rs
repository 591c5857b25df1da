//! The calls of [`grant`](super::grant), which stands apart because its definition is long.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_kms::types::{GrantConstraints as WireConstraints, GrantListEntry};
use futures_util::future::try_join_all;
use infra_sdk::Value;
use infra_sdk::provider::{Failure, FailureClass};

use super::grant::GrantOutputs;
use super::{Grant, GrantConstraints, KeyRef};
use crate::AnyArn;
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
        grant_creation_tokens: tokens.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
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
