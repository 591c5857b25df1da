//! What all IAM handlers share: names, tags, documents, and reading few or many.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{EntityType, RoleDetail, Tag};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::resource::ResourceType;
use infra_sdk::{Object, Tags, Value};

use super::PolicyJson;
use crate::frame::calls::{Patience, Sign};
use crate::frame::tags;
use crate::prelude::*;
use crate::rules::MADE_SUFFIX;

/// The one "not found" of IAM.
pub(super) const GONE: &[&str] = &["NoSuchEntity"];
/// A role that was made a moment ago and that another host of IAM does not know yet.
pub(super) const NO_ROLE_YET: Sign = ("NoSuchEntity", "The role with name");
/// The same of a policy, attached or as a boundary.
pub(super) const NO_POLICY_YET: Sign = ("NoSuchEntity", "does not exist or is not attachable");
/// Changes of IAM are visible everywhere within two minutes, in practice within seconds. Source:
/// IAM user guide, changes that I make are not always immediately visible.
pub(super) const PATIENCE: Patience = Patience {
    create: Duration::from_secs(120),
    update: Duration::from_secs(120),
    delete: Duration::from_secs(120),
};

/// Prefix of names of objects that are given neither a name nor a prefix.
const PREFIX: &str = "infra-";
/// Up to this many objects are read one by one; more with lists of the whole account.
const FEW: usize = 3;
/// Entries of a page, the most that IAM gives.
pub(super) const PAGE: i32 = 1000;

/// The name to create: the one given, or one made of the prefix and the token, so that a repeated
/// create asks for the same name.
pub(super) fn name(given: Option<&str>, prefix: Option<&str>, token: &str) -> String {
    given.map_or_else(
        || {
            let digest = blake3::hash(token.as_bytes()).to_hex();
            format!("{}{}", prefix.unwrap_or(PREFIX), &digest[..MADE_SUFFIX])
        },
        str::to_owned,
    )
}

/// The prefix that a name was made of: the recorded one if it fits, else what stands before a
/// generated suffix.
pub(super) fn prefix_of(name: &str, recorded: &Object) -> Option<String> {
    let known = recorded.get("name_prefix").and_then(Value::as_str);
    if let Some(known) = known.filter(|known| name.starts_with(known)) {
        return Some(known.to_owned());
    }
    let (prefix, suffix) = name.split_at_checked(name.len().checked_sub(MADE_SUFFIX)?)?;
    let generated = !prefix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    generated.then(|| prefix.to_owned())
}

/// Whether an object of that name may be one that a create without a name made.
pub(super) fn may_be_generated(name: &str, prefix: Option<&str>) -> bool {
    let prefix = prefix.unwrap_or(PREFIX);
    name.len() == prefix.len() + MADE_SUFFIX && name.starts_with(prefix)
}

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

/// Reads few objects one by one, and many from `list`. What the list leaves out is asked for by
/// itself, for lists may be older than what they are asked about; so is everything where the list
/// is denied.
pub(super) async fn read_listed<T, F, S, L>(known: &[Known], one: F, list: L) -> Reads<T>
where
    T: ResourceType + Clone + Send,
    T::Outputs: Clone + Send,
    F: Fn(Known) -> S,
    S: Future<Output = Result<Option<Seen<T>>>> + Send,
    L: Future<Output = Result<HashMap<String, Seen<T>>>> + Send,
{
    if known.len() <= FEW {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(prefix: &str) -> Object {
        Object::from([("name_prefix".to_owned(), Value::from(prefix))])
    }

    #[test]
    fn a_generated_name_is_the_same_for_every_try_and_tells_its_prefix() {
        let first = name(None, Some("app-"), "token");
        assert_eq!(first, name(None, Some("app-"), "token"));
        assert_ne!(first, name(None, Some("app-"), "other"));
        assert_eq!(prefix_of(&first, &Object::new()).as_deref(), Some("app-"));
        assert_eq!(prefix_of(&first, &recorded("ap")).as_deref(), Some("ap"));
        assert_eq!(prefix_of(&first, &recorded("x-")).as_deref(), Some("app-"));
        assert!(may_be_generated(&first, Some("app-")));
        assert!(!may_be_generated(&first, None));
        assert_eq!(name(Some("given"), None, "token"), "given");
        assert_eq!(prefix_of("given", &Object::new()), None);
        assert_eq!(
            prefix_of("terraform-20260801101112131400000001", &Object::new()).as_deref(),
            Some("terraform-")
        );
    }

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
