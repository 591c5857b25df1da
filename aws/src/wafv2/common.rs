//! What all types of the service share: ids, scopes, tags, finding by name.

use std::collections::BTreeMap;

use aws_sdk_wafv2::types::{Scope, Tag};
use infra_sdk::provider::{Declared, Failure, FailureClass};
use infra_sdk::{Diagnostic, Options, Tags};

use super::WafScope;
use super::field_wire::each;
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::prelude::*;

/// Source: WAFV2 API Reference, the errors of GetWebACL.
pub(super) const GONE: &[&str] = &["WAFNonexistentItemException"];
/// What was just made is not everywhere yet. Source: WAFV2 API Reference, the errors of
/// CreateWebACL: `WAFUnavailableEntityException`.
pub(super) const NOT_YET: &[(&str, &str)] = &[("WAFUnavailableEntityException", "")];
/// What uses it goes first. Source: WAFV2 API Reference, the errors of DeleteIPSet.
pub(super) const LINGERING: &[(&str, &str)] =
    &[("WAFAssociatedItemException", ""), ("WAFUnavailableEntityException", "")];
/// How names are made.
pub(super) const NAMING: Naming = Naming { name: "name", prefix: "name_prefix", start: "infra-" };

/// The region of what is for CloudFront.
const CLOUDFRONT_REGION: &str = "us-east-1";
/// How something gets there.
const ELSEWHERE: &str = "declare it on what `stack.in_region` gives for us-east-1";

/// The parts of an id. Names have no `/`.
pub(super) struct Key<'a> {
    /// What AWS numbers it by.
    pub(super) id: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// Its scope.
    pub(super) scope: WafScope,
}

impl<'a> Key<'a> {
    /// # Errors
    /// When the text is not `id/name/scope`.
    pub(super) fn parse(text: &'a str) -> Result<Self> {
        let mut parts = text.split('/');
        let all = (parts.next(), parts.next(), parts.next(), parts.next());
        if let (Some(id), Some(name), Some(scope), None) = all
            && let Ok(scope) = scope.parse()
            && !id.is_empty()
            && !name.is_empty()
        {
            return Ok(Self { id, name, scope });
        }
        let message =
            format!("`{text}` is not an id of WAF: `id/name/scope`, as in `…/web/REGIONAL`");
        Err(Failure::new(FailureClass::Invalid, message))
    }

    /// The scope as the service takes it.
    pub(super) fn wire_scope(&self) -> Scope {
        wire_scope(self.scope)
    }
}

/// The id of what has that number, name and scope.
pub(super) fn id_of(id: &str, name: &str, scope: WafScope) -> String {
    format!("{id}/{name}/{scope}")
}

/// A scope as the service takes it.
pub(super) fn wire_scope(scope: WafScope) -> Scope {
    Scope::from(scope.as_str())
}

/// Refuses what is for CloudFront outside of us-east-1, before AWS does in other words.
///
/// # Errors
/// When the region is another one.
pub(super) fn in_region(aws: &Aws, scope: WafScope) -> Result<()> {
    misplaced(scope, aws.region()).map_or(Ok(()), |message| {
        let hints = vec![ELSEWHERE.to_owned()];
        Err(Failure { hints, ..Failure::new(FailureClass::Invalid, message) })
    })
}

/// What is wrong with a scope in a region. Source: WAFV2 API Reference, `Scope`.
fn misplaced(scope: WafScope, region: &str) -> Option<String> {
    (scope == WafScope::Cloudfront && region != CLOUDFRONT_REGION)
        .then(|| format!("the scope `{scope}` is in {CLOUDFRONT_REGION}, not in {region}"))
}

/// What is wrong with where objects are declared. `region` says where options lead to.
pub(crate) fn check_scopes(
    declared: &[Declared<'_>],
    region: impl Fn(&Options) -> Option<String>,
) -> Vec<Diagnostic> {
    let wrong = |one: &Declared<'_>| {
        let declaration = one.declaration;
        if !declaration.type_name.starts_with("aws_wafv2_") {
            return None;
        }
        let scope = one.inputs.get("scope")?.as_str()?.parse().ok()?;
        let message = misplaced(scope, &region(&declaration.arguments.options)?)?;
        Some(
            Diagnostic::error("plan::argument", "an argument is wrong")
                .detail(message)
                .address(&declaration.address)
                .location(declaration.location.clone())
                .hint(ELSEWHERE),
        )
    };
    declared.iter().filter_map(wrong).collect()
}

/// A lock token of an answer.
pub(super) fn lock(token: Option<String>) -> Result<String> {
    token.ok_or_else(|| missing("LockToken"))
}

/// A description, of which an empty one is none.
pub(super) fn described(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Tags as the service takes them; `None` when there are none.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Result<Option<Vec<Tag>>> {
    let all = each(tags, |(key, value)| {
        Tag::builder().key(key).value(value).build().map_err(incomplete)
    })?;
    Ok((!all.is_empty()).then_some(all))
}

/// The tags of an object.
pub(super) async fn tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.wafv2().list_tags_for_resource().resource_arn(arn);
                call.set_next_marker(marker).send()
            },
            |page| page.next_marker(),
        )
        .await?;
    let info = pages.into_iter().filter_map(|page| page.tag_info_for_resource);
    let tags = info.flat_map(|info| info.tag_list.unwrap_or_default());
    Ok(Tags(tags.map(|tag| (tag.key, tag.value)).collect()))
}

/// Changes the tags of an object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.wafv2().untag_resource().resource_arn(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set)? {
        aws.call(|| {
            aws.wafv2().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// An object as a list shows it.
pub(super) struct Summary {
    /// What AWS numbers it by.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// Its ARN.
    pub(super) arn: String,
    /// What it is for.
    pub(super) description: Option<String>,
}

impl Summary {
    /// What it is asked for by.
    pub(super) fn key(&self, scope: WafScope) -> Key<'_> {
        Key { id: &self.id, name: &self.name, scope }
    }
}

/// All objects of a scope, as the list operation of their type shows them.
macro_rules! summaries {
    ($aws:expr, $scope:expr, $list:ident, $items:ident) => {{
        let pages = $aws
            .pages(
                |marker| {
                    let call = $aws.wafv2().$list().scope(wire_scope($scope));
                    call.set_next_marker(marker).send()
                },
                |page| page.next_marker(),
            )
            .await?;
        let items = pages.into_iter().flat_map(|page| page.$items.unwrap_or_default());
        items
            .filter_map(|item| {
                Some(Summary {
                    id: item.id?,
                    name: item.name?,
                    arn: item.arn?,
                    description: item.description,
                })
            })
            .collect::<Vec<Summary>>()
    }};
}
pub(super) use summaries;

/// The ids of those that have that name and our tags.
pub(super) async fn ours(
    aws: &Aws,
    name: Option<&str>,
    scope: WafScope,
    want: &Tags,
    all: Vec<Summary>,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for item in all.into_iter().filter(|item| Some(item.name.as_str()) == name) {
        let seen = absent(tags(aws, &item.arn).await.map(Some), GONE)?;
        if seen.is_some_and(|seen| is_ours(&want.0, &seen.0)) {
            found.push(id_of(&item.id, &item.name, scope));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_cloudfront_is_in_one_region() {
        assert_eq!(misplaced(WafScope::Regional, "us-west-2"), None);
        assert_eq!(misplaced(WafScope::Cloudfront, "us-east-1"), None);
        let wrong = misplaced(WafScope::Cloudfront, "us-west-2").expect("it is misplaced");
        assert!(wrong.contains("in us-east-1, not in us-west-2"), "{wrong}");
    }

    #[test]
    fn ids_lead_back() {
        let id = id_of("a1b2", "web", WafScope::Cloudfront);
        assert_eq!(id, "a1b2/web/CLOUDFRONT");
        let key = Key::parse(&id).expect("an id");
        assert_eq!((key.id, key.name, key.scope), ("a1b2", "web", WafScope::Cloudfront));
        for wrong in [
            "a1b2",
            "a1b2/web",
            "a1b2/web/global",
            "/web/REGIONAL",
            "a//REGIONAL",
            "a/b/REGIONAL/c",
        ] {
            assert!(Key::parse(wrong).is_err(), "{wrong}");
        }
    }
}
