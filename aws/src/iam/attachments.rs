//! The calls of managed policies that are attached to a role, user or group, which differ in names
//! alone. The two ends are the key; attaching may be repeated.

use infra_sdk::provider::{Failure, FailureClass};

use crate::prelude::*;

/// Makes the handler of an attachment: its type and outputs, the field that says to what, the method
/// of calls that takes it, the calls with their operations, the kind of what it is attached to, and
/// what IAM says of that when it is not known everywhere yet.
macro_rules! attachment {
    (
        $type:ident, $outputs:ident, $owner:ident: $name:ident, $by:ident,
        $attach:ident = $attach_operation:literal,
        $list:ident = $list_operation:literal,
        $detach:ident = $detach_operation:literal,
        $kind:ident, $not_yet:ident
    ) => {
        mod handler {
            use std::collections::HashMap;

            use aws_sdk_iam::types::EntityType;
            use infra_sdk::provider::Target;

            use super::*;
            use crate::iam::attachments::{id_of, parse_id};
            use crate::iam::common::{
                GONE, NO_POLICY_YET, PATIENCE, announce_details, read_listed, shared_details,
                $not_yet,
            };
            use crate::prelude::*;

            const OPERATIONS: &[&str] = &[
                $attach_operation,
                $detach_operation,
                "iam:GetAccountAuthorizationDetails",
                $list_operation,
            ];

            impl Handler for $type {
                const CALLS: Calls = Calls {
                    class: CreateClass::Relation,
                    create: $attach_operation,
                    operations: OPERATIONS,
                    actions: OPERATIONS,
                    gone: GONE,
                    not_yet: &[$not_yet, NO_POLICY_YET],
                    patience: PATIENCE,
                    ..Calls::DEFAULT
                };

                async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
                    let (owner, arn) = (want.$owner.as_str(), want.policy_arn.as_str());
                    aws.call(|| aws.iam().$attach().$by(owner).policy_arn(arn).send()).await?;
                    Ok(id_of(owner, arn))
                }

                fn announce(readings: &Readings, targets: &[&Target]) {
                    let owners = targets.iter().filter_map(|target| owner_of(&target.id));
                    announce_details(readings, &EntityType::$kind, owners);
                }

                async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
                    let one = |item: Known| async move {
                        let (owner, arn) = parse_id(&item.id)?;
                        Ok(is_attached(aws, owner, arn).await?.then(|| see(owner, arn)))
                    };
                    read_listed(aws, known, one, list(aws, known)).await
                }

                async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
                    let (owner, arn) = parse_id(id)?;
                    let detach = || aws.iam().$detach().$by(owner).policy_arn(arn).send();
                    aws.call(detach).await.map(drop)
                }

                async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
                    let (owner, arn) = (want.$owner.as_str(), want.policy_arn.as_str());
                    let attached = absent(is_attached(aws, owner, arn).await.map(Some), GONE)?;
                    let found = attached.unwrap_or(false).then(|| id_of(owner, arn));
                    Ok(found.into_iter().collect())
                }
            }

            async fn is_attached(aws: &Aws, owner: &str, arn: &str) -> Result<bool> {
                let pages = aws
                    .pages(
                        |marker| aws.iam().$list().$by(owner).set_marker(marker).send(),
                        |page| page.marker(),
                    )
                    .await?;
                let mut attached = pages.iter().flat_map(|page| page.attached_policies());
                Ok(attached.any(|policy| policy.policy_arn() == Some(arn)))
            }

            fn owner_of(id: &str) -> Option<&str> {
                parse_id(id).ok().map(|(owner, _)| owner)
            }

            async fn list(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Seen<$type>>> {
                let owners = known.iter().filter_map(|item| owner_of(&item.id));
                let all = shared_details(aws, &EntityType::$kind, owners).await?;
                let attached = |item: &Known| {
                    let (owner, arn) = parse_id(&item.id).ok()?;
                    let (_, attached) = all.held_by(&EntityType::$kind, owner)?;
                    let there = attached.iter().any(|policy| policy.policy_arn() == Some(arn));
                    there.then(|| (item.id.clone(), see(owner, arn)))
                };
                Ok(known.iter().filter_map(attached).collect())
            }

            fn see(owner: &str, arn: &str) -> Seen<$type> {
                let inputs = $type { $owner: $name::new(owner), policy_arn: Arn::new(arn) };
                Seen::new(inputs, $outputs { id: id_of(owner, arn) })
            }
        }
    };
}
pub(super) use attachment;

/// The two ends: `role/arn`.
pub(super) fn id_of(owner: &str, arn: &str) -> String {
    format!("{owner}/{arn}")
}

/// The two ends of an id. Names have no `/`.
pub(super) fn parse_id(id: &str) -> Result<(&str, &str)> {
    match id.split_once('/') {
        Some((owner, arn)) if !owner.is_empty() && arn.starts_with("arn:") => Ok((owner, arn)),
        _ => {
            let message = format!("`{id}` is not the id of an attachment: `owner/policy-arn`");
            Err(Failure::new(FailureClass::Invalid, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back() {
        let arn = "arn:aws:iam::aws:policy/service-role/A";
        assert_eq!(parse_id(&id_of("role", arn)).ok(), Some(("role", arn)));
        for wrong in ["role", "role/policy", "/arn:aws:iam::aws:policy/A", ""] {
            assert!(parse_id(wrong).is_err(), "{wrong}");
        }
    }
}
