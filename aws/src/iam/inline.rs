//! The calls of policies that are part of one role, user or group, which differ in names alone.
//!
//! Creating and updating are one call, which may be repeated.

use infra_sdk::provider::{Failure, FailureClass};

use crate::prelude::*;

/// Makes the handler of such a policy: its type and outputs, the field that says whose it is, the
/// method of calls that takes it, the calls with their operations, the kind of owner, and what IAM
/// says of an owner that is not known everywhere yet.
macro_rules! inline_policy {
    (
        $type:ident, $outputs:ident, $owner:ident: $name:ident, $by:ident,
        $put:ident = $put_operation:literal,
        $get:ident = $get_operation:literal,
        $delete:ident = $delete_operation:literal,
        $kind:ident, $not_yet:ident
    ) => {
        mod handler {
            use std::collections::HashMap;

            use aws_sdk_iam::types::EntityType;
            use infra_sdk::provider::Target;

            use super::*;
            use crate::frame::names::prefix_of;
            use crate::iam::common::{
                GONE, NAMING, PATIENCE, announce_details, document, read_listed, shared_details,
                $not_yet,
            };
            use crate::iam::inline::{id_of, parse_id};
            use crate::prelude::*;

            const OPERATIONS: &[&str] = &[
                $delete_operation,
                "iam:GetAccountAuthorizationDetails",
                $get_operation,
                $put_operation,
            ];

            impl Handler for $type {
                const CALLS: Calls = Calls {
                    class: CreateClass::Relation,
                    create: $put_operation,
                    operations: OPERATIONS,
                    actions: OPERATIONS,
                    naming: Some(NAMING),
                    // Resources of a policy need not exist. Source: "IAM JSON policy elements: Resource".
                    loose: &["policy"],
                    gone: GONE,
                    not_yet: &[$not_yet],
                    patience: PATIENCE,
                    ..Calls::DEFAULT
                };

                async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
                    let name = want.name.as_ref().ok_or_else(|| missing("name"))?.as_str();
                    let owner = want.$owner.as_str();
                    put(aws, owner, name, want).await?;
                    Ok(id_of(owner, name))
                }

                fn announce(readings: &Readings, targets: &[&Target]) {
                    let owners = targets.iter().filter_map(|target| owner_of(&target.id));
                    announce_details(readings, &EntityType::$kind, owners);
                }

                async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
                    let one = |item: Known| async move {
                        let (owner, name) = parse_id(&item.id)?;
                        let get = || aws.iam().$get().$by(owner).policy_name(name).send();
                        let answer = aws.call(get).await?;
                        see(owner, name, &answer.policy_document).map(Some)
                    };
                    read_listed(aws, known, one, list(aws, known)).await
                }

                async fn update(
                    aws: &Aws,
                    id: &str,
                    want: &Self,
                    _: &Self,
                    _: &Changed,
                ) -> Result<()> {
                    let (owner, name) = parse_id(id)?;
                    put(aws, owner, name, want).await
                }

                async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
                    let (owner, name) = parse_id(id)?;
                    let delete = || aws.iam().$delete().$by(owner).policy_name(name).send();
                    aws.call(delete).await.map(drop)
                }

                async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
                    let name = want.name.as_ref().ok_or_else(|| missing("name"))?.as_str();
                    let owner = want.$owner.as_str();
                    let get = || aws.iam().$get().$by(owner).policy_name(name).send();
                    let found = absent(aws.call(get).await.map(Some), GONE)?;
                    Ok(found.map(|_| id_of(owner, name)).into_iter().collect())
                }
            }

            async fn put(aws: &Aws, owner: &str, name: &str, want: &$type) -> Result<()> {
                aws.call(|| {
                    let call = aws.iam().$put().$by(owner).policy_name(name);
                    call.policy_document(want.policy.as_str()).send()
                })
                .await
                .map(drop)
            }

            fn owner_of(id: &str) -> Option<&str> {
                parse_id(id).ok().map(|(owner, _)| owner)
            }

            async fn list(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Seen<$type>>> {
                let owners = known.iter().filter_map(|item| owner_of(&item.id));
                let all = shared_details(aws, &EntityType::$kind, owners).await?;
                let mut seen = HashMap::new();
                for item in known {
                    let Ok((owner, name)) = parse_id(&item.id) else { continue };
                    let held = all.held_by(&EntityType::$kind, owner);
                    let Some((inline, _)) = held else { continue };
                    let found = inline.iter().find(|policy| policy.policy_name() == Some(name));
                    if let Some(written) = found.and_then(|policy| policy.policy_document()) {
                        seen.insert(item.id.clone(), see(owner, name, written)?);
                    }
                }
                Ok(seen)
            }

            fn see(owner: &str, name: &str, written: &str) -> Result<Seen<$type>> {
                let inputs = $type {
                    $owner: $name::new(owner),
                    policy: document(Some(written))?,
                    name: Some(PolicyName::new(name)),
                    name_prefix: prefix_of(name),
                };
                Ok(Seen::new(inputs, $outputs { id: id_of(owner, name) }))
            }
        }
    };
}
pub(super) use inline_policy;

/// Owner and name: `role:name`.
pub(super) fn id_of(owner: &str, name: &str) -> String {
    format!("{owner}:{name}")
}

/// Owner and name of an id. Names have no `:`.
pub(super) fn parse_id(id: &str) -> Result<(&str, &str)> {
    match id.split_once(':') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() => Ok((owner, name)),
        _ => {
            let message = format!("`{id}` is not the id of such a policy: `owner:name`");
            Err(Failure::new(FailureClass::Invalid, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back() {
        assert_eq!(parse_id(&id_of("role", "policy")).ok(), Some(("role", "policy")));
        for wrong in ["role", ":policy", "role:", ""] {
            assert!(parse_id(wrong).is_err(), "{wrong}");
        }
    }
}
