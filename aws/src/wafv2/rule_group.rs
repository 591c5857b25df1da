//! A group of rules, to be named in web ACLs. How much its rules may take is settled when it is
//! made.
//!
//! API: CreateRuleGroup, GetRuleGroup, ListRuleGroups, UpdateRuleGroup, DeleteRuleGroup,
//! ListTagsForResource, TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, BlockSet, Object, Outputs, Resource, Tags};

use super::action::bodies;
use super::rule::{rules_of, visibility};
use super::scope::named;
use super::{CustomResponseBody, Rule, VisibilityConfig, WafScope};
use crate::rules::Rules;

/// A group of rules, to be named in web ACLs.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_wafv2_rule_group", outputs = RuleGroupOutputs, validate = validate)]
pub struct RuleGroup {
    /// What it is for. One for CloudFront has to be in us-east-1.
    #[field(force_new)]
    pub scope: WafScope,
    /// Capacity units (WCU) that its rules may take.
    #[field(force_new, range = 1..=5000)]
    pub capacity: i64,
    /// What its metric is called, and whether requests are kept to look at.
    pub visibility_config: VisibilityConfig,
    /// Name, unique in its scope, at most 128 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, 3 to 256 characters.
    pub description: Option<String>,
    /// The rules. None of them is a group.
    pub rule: BlockSet<Rule>,
    /// Texts that its actions answer with.
    pub custom_response_body: BlockSet<CustomResponseBody>,
    /// Tags.
    pub tags: Tags,
}

infra_sdk::id_types! {
    /// Identifies a group of rules, as Terraform imports it: `id/name/scope`.
    RuleGroupId("rule group id", "");
}

/// What AWS assigns to a [`RuleGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RuleGroupOutputs {
    /// Id, name and scope: `id/name/scope`, which is also what Terraform imports by.
    pub id: RuleGroupId,
    /// The group's ARN.
    pub arn: Arn<RuleGroup>,
    /// What stands before the labels of its rules.
    pub label_namespace: Option<String>,
}

/// Source: WAFV2 API Reference, CreateRuleGroup.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    named(&mut rules);
    bodies(&mut rules);
    visibility(&mut rules);
    rules_of(&mut rules, inputs, true);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_wafv2::operation::get_rule_group::GetRuleGroupOutput;

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::prelude::*;
    use crate::wafv2::common::{
        GONE, Key, LINGERING, NAMING, NOT_YET, Summary, described, id_of, in_region, lock, ours,
        retag, summaries, tags, wire_scope, wire_tags,
    };
    use crate::wafv2::rule_wire::{
        bodies, bodies_seen, rules, rules_seen, visibility, visibility_seen,
    };

    const OPERATIONS: &[&str] = &[
        "wafv2:CreateRuleGroup",
        "wafv2:DeleteRuleGroup",
        "wafv2:GetRuleGroup",
        "wafv2:ListRuleGroups",
        "wafv2:ListTagsForResource",
        "wafv2:TagResource",
        "wafv2:UntagResource",
        "wafv2:UpdateRuleGroup",
    ];

    impl Handler for RuleGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "wafv2:CreateRuleGroup",
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
                .create_rule_group()
                .name(name)
                .scope(wire_scope(want.scope))
                .capacity(want.capacity)
                .set_description(want.description.clone())
                .set_rules(Some(rules(&want.rule)?))
                .visibility_config(visibility(&want.visibility_config)?)
                .set_custom_response_bodies(bodies(&want.custom_response_body)?)
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
            let now = answer.rule_group.ok_or_else(|| missing("RuleGroup"))?;
            // The call sets everything anew: what is not changed is given as it is.
            let mut call = aws
                .wafv2()
                .update_rule_group()
                .name(key.name)
                .scope(key.wire_scope())
                .id(key.id)
                .lock_token(lock)
                .set_description(described(now.description))
                .set_rules(now.rules)
                .set_visibility_config(now.visibility_config)
                .set_custom_response_bodies(now.custom_response_bodies)
                .set_monetization_config(now.monetization_config);
            if changed.has("description") {
                call = call.set_description(want.description.clone());
            }
            if changed.has("rule") {
                call = call.set_rules(Some(rules(&want.rule)?));
            }
            if changed.has("visibility_config") {
                call = call.visibility_config(visibility(&want.visibility_config)?);
            }
            if changed.has("custom_response_body") {
                call = call.set_custom_response_bodies(bodies(&want.custom_response_body)?);
            }
            aws.call(|| call.clone().send()).await.map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let key = Key::parse(id)?;
            let lock = lock(get(aws, &key).await?.lock_token)?;
            aws.call(|| {
                let call = aws.wafv2().delete_rule_group().name(key.name).scope(key.wire_scope());
                call.id(key.id).lock_token(&lock).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let all = summaries!(aws, want.scope, list_rule_groups, rule_groups);
            ours(aws, want.name.as_deref(), want.scope, &want.tags, all).await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let group = get(aws, &Key::parse(id)?).await?.rule_group;
            retag(aws, &group.ok_or_else(|| missing("RuleGroup"))?.arn, change).await
        }
    }

    async fn get(aws: &Aws, key: &Key<'_>) -> Result<GetRuleGroupOutput> {
        aws.call(|| {
            aws.wafv2().get_rule_group().name(key.name).scope(key.wire_scope()).id(key.id).send()
        })
        .await
    }

    async fn see(aws: &Aws, key: &Key<'_>) -> Result<Seen<RuleGroup>> {
        let group = get(aws, key).await?.rule_group.ok_or_else(|| missing("RuleGroup"))?;
        let inputs = RuleGroup {
            scope: key.scope,
            capacity: group.capacity,
            visibility_config: visibility_seen(group.visibility_config)?,
            name_prefix: prefix_of(&group.name),
            description: described(group.description),
            rule: rules_seen(group.rules)?,
            custom_response_body: bodies_seen(group.custom_response_bodies)?,
            tags: tags(aws, &group.arn).await?,
            name: Some(group.name.clone()),
        };
        let outputs = RuleGroupOutputs {
            id: RuleGroupId::new(id_of(&group.id, &group.name, key.scope)),
            arn: Arn::new(group.arn),
            label_namespace: group.label_namespace,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Home;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::wafv2::{
        Action, Condition, FieldToMatch, ResponseContentType, RuleArguments, RuleLabel,
        VisibilityConfig,
    };

    fn rule(priority: i32, path: &str) -> RuleArguments<Home> {
        let watched = VisibilityConfig::metric("path");
        Rule::new("path", priority, Condition::path_starts_with(path), watched)
            .action(Action::block())
            .rule_label([RuleLabel::new("path:hidden")])
    }

    conforms!(
        aws_wafv2_rule_group,
        Fixture {
            base: |stack, name| {
                let watched = VisibilityConfig::metric("group");
                let it = RuleGroup::new(WafScope::Regional, 100_i64, watched)
                    .name(format!("{name}-group"))
                    .description("what is not for everybody")
                    .rule([rule(1, "/admin")])
                    .tag("use", "test");
                stack.add("it", it);
            },
            update: Some(|stack, name| {
                let sqli = crate::wafv2::SqliMatchStatement::new(
                    FieldToMatch::query_string::<Home>(),
                    [crate::wafv2::TextTransformation::none::<Home>()],
                );
                let sqli = Condition::new().sqli_match_statement(sqli);
                let it =
                    RuleGroup::new(WafScope::Regional, 100_i64, VisibilityConfig::metric("group"))
                        .name(format!("{name}-group"))
                        .description("what nobody may do")
                        .rule([
                            Rule::new("sql", 2, sqli, VisibilityConfig::metric("sql"))
                                .action(Action::count()),
                            rule(5, "/internal"),
                        ])
                        .custom_response_body([CustomResponseBody::new(
                            "no",
                            "No.",
                            ResponseContentType::TextPlain,
                        )])
                        .tag("use", "other");
                stack.add("it", it);
            }),
            replace: Some(|stack, name| {
                let watched = VisibilityConfig::metric("group");
                let it = RuleGroup::new(WafScope::Regional, 200_i64, watched)
                    .name(format!("{name}-group"))
                    .rule([rule(1, "/admin")]);
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
