//! What all IAM handlers share: tags, documents, and reading few or many.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{
    AttachedPolicy, EntityType, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, Tag,
    UserDetail,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::Tags;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::resource::ResourceType;

use super::PolicyJson;
use crate::frame::calls::{Patience, Sign};
use crate::frame::tags;
use crate::prelude::*;

/// The one "not found" of IAM.
pub(super) const GONE: &[&str] = &["NoSuchEntity"];
/// A role that was made a moment ago and that another host of IAM does not know yet.
pub(super) const NO_ROLE_YET: Sign = ("NoSuchEntity", "The role with name");
/// The same of a user.
pub(super) const NO_USER_YET: Sign = ("NoSuchEntity", "The user with name");
/// The same of a group.
pub(super) const NO_GROUP_YET: Sign = ("NoSuchEntity", "The group with name");
/// The same of a policy, attached or as a boundary.
pub(super) const NO_POLICY_YET: Sign = ("NoSuchEntity", "does not exist or is not attachable");
/// Changes of IAM are visible everywhere within two minutes, in practice within seconds. Source:
/// IAM user guide, changes that I make are not always immediately visible.
pub(super) const PATIENCE: Patience = Patience {
    create: Duration::from_secs(120),
    update: Duration::from_secs(120),
    delete: Duration::from_secs(120),
};

/// Up to this many objects are read one by one; more with lists of the whole account.
const FEW: usize = 3;
/// How names are made where none is given.
pub(super) const NAMING: Naming = Naming { name: "name", prefix: "name_prefix", start: "infra-" };
/// Entries of a page, the most that IAM gives.
pub(super) const PAGE: i32 = 1000;

/// A policy of an answer: IAM encodes them as URLs do. Source: IAM API Reference, GetRolePolicy.
pub(super) fn document(encoded: Option<&str>) -> Result<PolicyJson> {
    let encoded = encoded.ok_or_else(|| missing("PolicyDocument"))?;
    let text = percent_encoding::percent_decode_str(encoded).decode_utf8().map_err(|_| {
        Failure::new(FailureClass::Other, "the answer has a policy that is not UTF-8")
    })?;
    Ok(PolicyJson::new(text))
}

/// A time of an answer.
pub(super) fn date(time: DateTime) -> Result<String> {
    time.fmt(Format::DateTime).map_err(|_| missing("CreateDate"))
}

/// A text of an answer that is empty where there is none.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn tag((key, value): (&String, &String)) -> Result<Tag> {
    Tag::builder()
        .key(key)
        .value(value)
        .build()
        .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))
}

/// The tags of a create call.
pub(super) fn tags_for(tags: &Tags) -> Result<Vec<Tag>> {
    tags.0.iter().map(tag).collect()
}

/// Tags to set, if any.
pub(super) fn tags_to_set(change: &TagChange) -> Result<Option<Vec<Tag>>> {
    (!change.set.is_empty()).then(|| change.set.iter().map(tag).collect()).transpose()
}

/// Keys of tags to remove, if any.
pub(super) fn tags_to_remove(change: &TagChange) -> Option<Vec<String>> {
    (!change.remove.is_empty()).then(|| change.remove.clone())
}

/// The tags of an answer.
pub(super) fn tags_of(tags: Option<Vec<Tag>>) -> Tags {
    Tags(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Whether an object carries the ownership tags of what is wanted.
pub(super) fn is_ours(want: &Tags, found: &Tags) -> bool {
    [tags::STACK, tags::ENVIRONMENT, tags::ADDRESS]
        .iter()
        .all(|key| want.0.contains_key(*key) && want.0.get(*key) == found.0.get(*key))
}

/// Reads few objects one by one, and many from `list`: many are those of all types that are read from
/// the account's details. What the list leaves out is asked for by itself, for lists may be older than
/// what they are asked about; so is everything where the list is denied.
pub(super) async fn read_listed<T, F, S, L>(aws: &Aws, known: &[Known], one: F, list: L) -> Reads<T>
where
    T: ResourceType + Clone + Send,
    T::Outputs: Clone + Send,
    F: Fn(Known) -> S,
    S: Future<Output = Result<Option<Seen<T>>>> + Send,
    L: Future<Output = Result<HashMap<String, Seen<T>>>> + Send,
{
    if known.len().max(aws.wanted::<Details>()) <= FEW {
        return read_each(known, GONE, one).await;
    }
    let listed = match list.await {
        Ok(listed) => listed,
        Err(failure) if failure.class == FailureClass::Denied => HashMap::new(),
        Err(failure) => return known.iter().map(|_| Err(failure.clone())).collect(),
    };
    let absent: Vec<_> =
        known.iter().filter(|item| !listed.contains_key(&item.id)).cloned().collect();
    let mut rest = read_each(&absent, GONE, one).await.into_iter();
    let answers = known.iter().map(|item| match listed.get(&item.id) {
        Some(seen) => Ok(Some(seen.clone())),
        None => rest.next().unwrap_or(Ok(None)),
    });
    answers.collect()
}

/// Everything of one kind in the account.
pub(super) async fn details(
    aws: &Aws,
    kind: EntityType,
) -> Result<Vec<GetAccountAuthorizationDetailsOutput>> {
    aws.pages(
        |marker| {
            let call = aws.iam().get_account_authorization_details().filter(kind.clone());
            call.max_items(PAGE).set_marker(marker).send()
        },
        |page| page.marker(),
    )
    .await
}

/// Every role of the account with its policies and tags, by name.
pub(super) async fn role_details(aws: &Aws) -> Result<HashMap<String, RoleDetail>> {
    let pages = details(aws, EntityType::Role).await?;
    let roles = pages.into_iter().flat_map(|page| page.role_detail_list.unwrap_or_default());
    Ok(roles.filter_map(|role| Some((role.role_name.clone()?, role))).collect())
}

/// What the account's details are asked about: roles, users, groups and policies by [`detail_key`],
/// with everything that is part of them.
pub(super) struct Details;

/// Something of the account by its name, or by its ARN where it is a policy.
pub(super) fn detail_key(kind: &EntityType, name: &str) -> String {
    format!("{} {name}", kind.as_str())
}

/// The account's details, by [`detail_key`].
#[derive(Default)]
pub(super) struct Everything {
    pub(super) roles: HashMap<String, RoleDetail>,
    pub(super) users: HashMap<String, UserDetail>,
    pub(super) groups: HashMap<String, GroupDetail>,
    pub(super) policies: HashMap<String, ManagedPolicyDetail>,
}

impl Question for Details {
    type Answer = Everything;

    /// One list for all kinds. It is given up once it has cost as many calls as it was to save, in an
    /// account with far more than is wanted of it.
    async fn ask(aws: &Aws, wanted: &BTreeSet<String>) -> Result<Everything> {
        let kinds: BTreeSet<_> = wanted.iter().filter_map(|key| key.split(' ').next()).collect();
        let kinds: Vec<_> = kinds.into_iter().map(EntityType::from).collect();
        let pages = aws
            .first_pages(
                wanted.len(),
                |marker| {
                    let call = aws.iam().get_account_authorization_details();
                    call.set_filter(Some(kinds.clone())).max_items(PAGE).set_marker(marker).send()
                },
                |page| page.marker(),
            )
            .await?;
        let mut all = Everything::default();
        for page in pages {
            let roles = page.role_detail_list.unwrap_or_default().into_iter();
            all.roles.extend(roles.filter_map(|it| Some((it.role_name.clone()?, it))));
            let users = page.user_detail_list.unwrap_or_default().into_iter();
            all.users.extend(users.filter_map(|it| Some((it.user_name.clone()?, it))));
            let groups = page.group_detail_list.unwrap_or_default().into_iter();
            all.groups.extend(groups.filter_map(|it| Some((it.group_name.clone()?, it))));
            let policies = page.policies.unwrap_or_default().into_iter();
            all.policies.extend(policies.filter_map(|it| Some((it.arn.clone()?, it))));
        }
        Ok(all)
    }
}

impl Everything {
    /// The policies that a role, a user or a group has: those that are part of it, and managed ones
    /// that are attached to it.
    pub(super) fn held_by(
        &self,
        kind: &EntityType,
        name: &str,
    ) -> Option<(&[PolicyDetail], &[AttachedPolicy])> {
        match kind {
            EntityType::Role => {
                let role = self.roles.get(name)?;
                Some((role.role_policy_list(), role.attached_managed_policies()))
            }
            EntityType::User => {
                let user = self.users.get(name)?;
                Some((user.user_policy_list(), user.attached_managed_policies()))
            }
            EntityType::Group => {
                let group = self.groups.get(name)?;
                Some((group.group_policy_list(), group.attached_managed_policies()))
            }
            _ => None,
        }
    }
}

/// The details of these, and of what else is asked about at the same time.
pub(super) async fn shared_details<'a>(
    aws: &Aws,
    kind: &EntityType,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Arc<Everything>> {
    let keys = names.into_iter().map(|name| detail_key(kind, name));
    aws.shared::<Details>(keys.collect()).await
}

/// Says that the details of these will be asked about.
pub(super) fn announce_details<'a>(
    readings: &Readings,
    kind: &EntityType,
    names: impl IntoIterator<Item = &'a str>,
) {
    readings.want::<Details>(names.into_iter().map(|name| detail_key(kind, name)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        let encoded = "%7B%22Sid%22%3A%22a+b%22%7D";
        let decoded = document(Some(encoded)).expect("a document");
        assert_eq!(decoded.as_str(), r#"{"Sid":"a+b"}"#);
        assert!(document(None).is_err());
    }

    #[test]
    fn only_our_ownership_tags_make_an_object_ours() {
        let tags = |address: &str| {
            let pairs = [(tags::STACK, "s"), (tags::ENVIRONMENT, "e"), (tags::ADDRESS, address)];
            Tags(pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
        };
        assert!(is_ours(&tags("a"), &tags("a")));
        assert!(!is_ours(&tags("a"), &tags("b")));
        assert!(!is_ours(&tags("a"), &Tags::default()));
        assert!(!is_ours(&Tags::default(), &Tags::default()));
    }
}
