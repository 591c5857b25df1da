//! A name for a KMS key, which can be moved to another key.
//!
//! Aliases have no tags: one is ours if it has the name that we gave and names our key.
//!
//! API: CreateAlias, ListAliases, UpdateAlias, DeleteAlias.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource};

use super::{AliasName, Key, KeyRef};
use crate::rules::{NameRule, Rules};

/// A name for a key.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_kms_alias", outputs = AliasOutputs, validate = validate)]
pub struct Alias {
    /// Name, which starts with `alias/`, at most 256 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made, which starts with `alias/`.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// The key, by id or ARN.
    pub target_key_id: KeyRef,
}

/// What AWS assigns to an [`Alias`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct AliasOutputs {
    /// The alias's name.
    pub id: AliasName,
    /// The alias's ARN.
    pub arn: Arn<Alias>,
    /// The key's ARN.
    pub target_key_arn: Arn<Key>,
}

/// Source: KMS API Reference, CreateAlias.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 256,
    allows: |c| c.is_ascii_alphanumeric() || "/_-".contains(c),
    characters: "letters, digits, `/`, `_` and `-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAMES);
    for field in ["name", "name_prefix"] {
        let Some(name) = rules.text(field) else { continue };
        if !name.starts_with("alias/") || name == "alias/" && field == "name" {
            let message = format!("must be `alias/` and a name, not {}", rules.shown(field));
            rules.refuse(field, message);
        }
    }
    rules.names_not_from("alias/aws/", "which is AWS's");
    rules.finish()
}

#[cfg(feature = "provider")]
pub(super) mod handler {
    use std::collections::HashMap;

    use aws_sdk_kms::types::AliasListEntry;

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["kms:CreateAlias", "kms:DeleteAlias", "kms:ListAliases", "kms:UpdateAlias"];

    impl Handler for Alias {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "kms:CreateAlias",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(Naming { name: "name", prefix: "name_prefix", start: "alias/infra-" }),
            gone: &["NotFoundException"],
            // The key may have been made a moment ago.
            not_yet: &[("NotFoundException", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let name = want.name.clone().ok_or_else(|| missing("name"))?;
            aws.call(|| {
                let call = aws.kms().create_alias().alias_name(&name);
                call.target_key_id(want.target_key_id.as_str()).send()
            })
            .await?;
            Ok(name)
        }

        /// One list answers for all.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, usize::MAX, |_| async move {
                let seen = all(aws).await?.into_iter().filter_map(see);
                Ok(seen.map(|seen| (seen.outputs.id.to_string(), seen)).collect::<HashMap<_, _>>())
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            aws.call(|| {
                let call = aws.kms().update_alias().alias_name(id);
                call.target_key_id(want.target_key_id.as_str()).send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.kms().delete_alias().alias_name(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = all(aws).await?.into_iter().filter_map(see).filter(|seen| {
                seen.inputs.name == want.name
                    && seen.inputs.target_key_id.id() == want.target_key_id.id()
            });
            Ok(found.map(|seen| seen.outputs.id.to_string()).collect())
        }
    }

    /// Every alias of the account and region.
    pub(in crate::kms) async fn all(aws: &Aws) -> Result<Vec<AliasListEntry>> {
        let pages = aws
            .pages(
                |marker| aws.kms().list_aliases().limit(100).set_marker(marker).send(),
                |page| page.next_marker(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.aliases.unwrap_or_default()).collect())
    }

    /// An alias; `None` for a name that AWS reserved for a key that is not made yet.
    pub(in crate::kms) fn see(alias: AliasListEntry) -> Option<Seen<Alias>> {
        let (name, arn, key) = (alias.alias_name?, alias.alias_arn?, alias.target_key_id?);
        let account = arn.strip_suffix(name.as_str())?;
        let inputs = Alias {
            name_prefix: prefix_of(&name),
            name: Some(name.clone()),
            target_key_id: KeyRef::new(key.as_str()),
        };
        let outputs = AliasOutputs {
            id: AliasName::new(name),
            target_key_arn: Arn::new(format!("{account}key/{key}")),
            arn: Arn::new(arn),
        };
        Some(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn names_start_with_alias() {
        let check = |field: &str, name: &str| {
            validate(&Object::from([(field.to_owned(), Value::from(name))])).len()
        };
        assert_eq!(check("name", "alias/data"), 0);
        assert_eq!(check("name_prefix", "alias/"), 0);
        assert_eq!((check("name", "alias/"), check("name", "data")), (1, 1));
        assert_eq!((check("name", "alias/aws/s3"), check("name", "alias/a b")), (1, 1));
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_kms_alias,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new());
                stack.add("other", Key::new());
                stack.add("it", Alias::new(key.id()).name_prefix(format!("alias/{name}-")));
            },
            update: Some(|stack, name| {
                stack.add("key", Key::new());
                let other = stack.add("other", Key::new());
                stack.add("it", Alias::new(other.arn()).name_prefix(format!("alias/{name}-")));
            }),
            replace: Some(|stack, name| {
                let key = stack.add("key", Key::new());
                stack.add("it", Alias::new(key.id()).name(format!("alias/{name}")));
            }),
            gaps: &[],
        }
    );
}
