//! A set of regular expressions, to be named in rules.
//!
//! API: CreateRegexPatternSet, GetRegexPatternSet, ListRegexPatternSets, UpdateRegexPatternSet,
//! DeleteRegexPatternSet, ListTagsForResource, TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, BlockSet, Object, Outputs, Resource, Tags};

use super::scope::named;
use super::{RegularExpression, WafScope};
use crate::rules::{Rules, wrong_length};

/// A set of regular expressions, to be named in rules.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_wafv2_regex_pattern_set",
    outputs = RegexPatternSetOutputs,
    validate = validate
)]
pub struct RegexPatternSet {
    /// What it is for. One for CloudFront has to be in us-east-1.
    #[field(force_new)]
    pub scope: WafScope,
    /// The expressions, ten at most by AWS's quota.
    pub regular_expression: BlockSet<RegularExpression>,
    /// Name, unique in its scope, at most 128 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, 3 to 256 characters.
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

infra_sdk::id_types! {
    /// Identifies a set of regular expressions, as Terraform imports it: `id/name/scope`.
    RegexPatternSetId("regex pattern set id", "");
}

/// What AWS assigns to a [`RegexPatternSet`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RegexPatternSetOutputs {
    /// Id, name and scope: `id/name/scope`, which is also what Terraform imports by.
    pub id: RegexPatternSetId,
    /// The set's ARN.
    pub arn: Arn<RegexPatternSet>,
}

/// Source: WAFV2 API Reference, CreateRegexPatternSet, Regex.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    named(&mut rules);
    rules.blocks("regular_expression", |rules| {
        if let Some(wrong) = rules.text("regex_string").and_then(|text| wrong_length(text, 1, 512))
        {
            rules.refuse("regex_string", wrong);
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_wafv2::operation::get_regex_pattern_set::GetRegexPatternSetOutput;
    use aws_sdk_wafv2::types::Regex;

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::prelude::*;
    use crate::wafv2::common::{
        GONE, Key, LINGERING, NAMING, NOT_YET, Summary, described, id_of, in_region, lock, ours,
        retag, summaries, tags, wire_scope, wire_tags,
    };

    const OPERATIONS: &[&str] = &[
        "wafv2:CreateRegexPatternSet",
        "wafv2:DeleteRegexPatternSet",
        "wafv2:GetRegexPatternSet",
        "wafv2:ListRegexPatternSets",
        "wafv2:ListTagsForResource",
        "wafv2:TagResource",
        "wafv2:UntagResource",
        "wafv2:UpdateRegexPatternSet",
    ];

    impl Handler for RegexPatternSet {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "wafv2:CreateRegexPatternSet",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(NAMING),
            gone: GONE,
            not_yet: NOT_YET,
            lingering: LINGERING,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            in_region(aws, want.scope)?;
            let name = want.name.as_deref().ok_or_else(|| missing("name"))?;
            let call = aws
                .wafv2()
                .create_regex_pattern_set()
                .name(name)
                .scope(wire_scope(want.scope))
                .set_description(want.description.clone())
                .set_regular_expression_list(Some(expressions(want)))
                .set_tags(wire_tags(&want.tags.0)?);
            let answer = aws.call(|| call.clone().send()).await?;
            let id = answer.summary.and_then(|summary| summary.id).ok_or_else(|| missing("Id"))?;
            Ok(id_of(&id, name, want.scope))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            // The list has but names.
            read_each(known, GONE, |item| async move {
                see(aws, &Key::parse(&item.id)?).await.map(Some)
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let key = Key::parse(id)?;
            let answer = get(aws, &key).await?;
            let lock = lock(answer.lock_token)?;
            let now = answer.regex_pattern_set.ok_or_else(|| missing("RegexPatternSet"))?;
            // The call sets both anew: what is not changed is given as it is.
            let expressions = if changed.has("regular_expression") {
                expressions(want)
            } else {
                now.regular_expression_list.unwrap_or_default()
            };
            let text = if changed.has("description") {
                want.description.clone()
            } else {
                described(now.description)
            };
            aws.call(|| {
                aws.wafv2()
                    .update_regex_pattern_set()
                    .name(key.name)
                    .scope(key.wire_scope())
                    .id(key.id)
                    .lock_token(&lock)
                    .set_regular_expression_list(Some(expressions.clone()))
                    .set_description(text.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let key = Key::parse(id)?;
            let lock = lock(get(aws, &key).await?.lock_token)?;
            aws.call(|| {
                let call = aws.wafv2().delete_regex_pattern_set().name(key.name);
                call.scope(key.wire_scope()).id(key.id).lock_token(&lock).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let all = summaries!(aws, want.scope, list_regex_pattern_sets, regex_pattern_sets);
            ours(aws, want.name.as_deref(), want.scope, &want.tags, all).await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let set = get(aws, &Key::parse(id)?).await?.regex_pattern_set;
            let arn = set.and_then(|set| set.arn).ok_or_else(|| missing("ARN"))?;
            retag(aws, &arn, change).await
        }
    }

    fn expressions(want: &RegexPatternSet) -> Vec<Regex> {
        let one = |expression: &RegularExpression| {
            Regex::builder().regex_string(&expression.regex_string).build()
        };
        want.regular_expression.0.iter().map(one).collect()
    }

    async fn get(aws: &Aws, key: &Key<'_>) -> Result<GetRegexPatternSetOutput> {
        aws.call(|| {
            let call = aws.wafv2().get_regex_pattern_set().name(key.name);
            call.scope(key.wire_scope()).id(key.id).send()
        })
        .await
    }

    async fn see(aws: &Aws, key: &Key<'_>) -> Result<Seen<RegexPatternSet>> {
        let set = get(aws, key).await?.regex_pattern_set;
        let set = set.ok_or_else(|| missing("RegexPatternSet"))?;
        let (id, name) = (set.id.unwrap_or_default(), set.name.unwrap_or_default());
        let arn = set.arn.ok_or_else(|| missing("ARN"))?;
        let expressions = set.regular_expression_list.unwrap_or_default().into_iter();
        let expressions = expressions.filter_map(|expression| expression.regex_string);
        let inputs = RegexPatternSet {
            scope: key.scope,
            regular_expression: BlockSet(
                expressions.map(|regex_string| RegularExpression { regex_string }).collect(),
            ),
            name_prefix: prefix_of(&name),
            description: described(set.description),
            tags: tags(aws, &arn).await?,
            name: Some(name.clone()),
        };
        let id = RegexPatternSetId::new(id_of(&id, &name, key.scope));
        Ok(Seen::new(inputs, RegexPatternSetOutputs { id, arn: Arn::new(arn) }))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_wafv2_regex_pattern_set,
        Fixture {
            base: |stack, name| {
                let it = RegexPatternSet::new(WafScope::Regional)
                    .name(format!("{name}-patterns"))
                    .regular_expression([
                        RegularExpression::new("^/admin"),
                        RegularExpression::new("^/internal"),
                    ])
                    .description("what is not for everybody")
                    .tag("use", "test");
                stack.add("it", it);
            },
            update: Some(|stack, name| {
                let it = RegexPatternSet::new(WafScope::Regional)
                    .name(format!("{name}-patterns"))
                    .regular_expression([RegularExpression::new("^/(admin|internal)")])
                    .description("what is not for all")
                    .tag("use", "other");
                stack.add("it", it);
            }),
            replace: Some(|stack, name| {
                let it = RegexPatternSet::new(WafScope::Regional)
                    .name_prefix(format!("{name}-"))
                    .regular_expression([RegularExpression::new("^/admin")]);
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
