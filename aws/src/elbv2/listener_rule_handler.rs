//! The AWS calls of [`ListenerRule`].

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HostHeaderRewriteConfig, HttpHeaderConditionConfig,
    HttpRequestMethodConditionConfig, PathPatternConditionConfig, QueryStringConditionConfig,
    QueryStringKeyValuePair, RewriteConfig as WireRewrite, Rule as Wire, RuleCondition,
    RulePriorityPair, RuleTransform, SourceIpConditionConfig, TransformTypeEnum, UrlRewriteConfig,
};
use infra_sdk::{Arn, BlockSet, FieldType as _, Object, Tags};

use super::action::Action;
use super::action_wire;
use super::common::{ours, read_by_arn, retag, wire_tags};
use super::listener_rule::{
    Condition, HeaderPatterns, ListenerRule, ListenerRuleOutputs, Parameter, Patterns, Rewrite,
    RewriteConfig, Transform, TransformType, Words,
};
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:DeleteRule",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:ModifyRule",
    "elasticloadbalancing:RemoveTags",
    "elasticloadbalancing:SetRulePriorities",
];

impl Handler for ListenerRule {
    const CALLS: Calls = Calls {
        class: CreateClass::Tags,
        create: "elasticloadbalancing:CreateRule",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: &["RuleNotFound"],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let actions = action_wire::to_wire(&want.action);
        let priority = match want.priority {
            Some(priority) => priority,
            None => behind(&rules(aws, want.listener_arn.as_str()).await?),
        };
        let answer = aws
            .call(|| {
                aws.elbv2()
                    .create_rule()
                    .listener_arn(want.listener_arn.as_str())
                    .priority(number(priority))
                    .set_actions(Some(actions.clone()))
                    .set_conditions(Some(conditions(want)))
                    .set_transforms(transforms(want))
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let rule = answer.rules.and_then(|mut rules| rules.pop());
        rule.and_then(|rule| rule.rule_arn).ok_or_else(|| missing("RuleArn"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let list = |arns: Vec<String>| async move {
            let call = || aws.elbv2().describe_rules().set_rule_arns(Some(arns.clone())).send();
            Ok(aws.call(call).await?.rules.unwrap_or_default())
        };
        let see = |wire, tags, known: Known| std::future::ready(see(wire, tags, &known.recorded));
        read_by_arn(aws, known, Self::CALLS.gone, Wire::rule_arn, list, see).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        if let Some(priority) = want.priority.filter(|_| changed.has("priority")) {
            let pair = RulePriorityPair::builder().rule_arn(id);
            let pair = pair.priority(number(priority)).build();
            aws.call(|| aws.elbv2().set_rule_priorities().rule_priorities(pair.clone()).send())
                .await?;
        }
        if !changed.any(&["action", "condition", "transform"]) {
            return Ok(());
        }
        let transforms = transforms(want);
        let actions = action_wire::to_wire(&want.action);
        aws.call(|| {
            aws.elbv2()
                .modify_rule()
                .rule_arn(id)
                .set_actions(Some(actions.clone()))
                .set_conditions(Some(conditions(want)))
                .set_reset_transforms(transforms.is_none().then_some(true))
                .set_transforms(transforms.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.elbv2().delete_rule().rule_arn(id).send()).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let rules = rules(aws, want.listener_arn.as_str()).await;
        let rules = absent(rules.map(Some), &["ListenerNotFound"])?.unwrap_or_default();
        let rules = rules.into_iter().filter(|rule| rule.is_default != Some(true));
        ours(aws, &want.tags, rules.filter_map(|rule| rule.rule_arn).collect()).await
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

/// All rules of a listener.
async fn rules(aws: &Aws, listener: &str) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |marker| aws.elbv2().describe_rules().set_marker(marker).listener_arn(listener).send(),
            |page| page.next_marker(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.rules.unwrap_or_default()).collect())
}

/// The first place behind all rules. The default rule has no number.
fn behind(rules: &[Wire]) -> u32 {
    let places = rules.iter().filter_map(|rule| rule.priority()?.parse::<u32>().ok());
    places.max().unwrap_or(0) + 1
}

/// What is changed in requests; `None` where nothing is.
fn transforms(want: &ListenerRule) -> Option<Vec<RuleTransform>> {
    let rewrite = |config: &RewriteConfig| {
        let Rewrite { regex, replace } = &config.rewrite;
        WireRewrite::builder().regex(regex).replace(replace).build()
    };
    let one = |transform: &Transform| {
        let kind = TransformTypeEnum::from(transform.r#type.as_str());
        let host = transform.host_header_rewrite_config.as_ref().map(rewrite);
        let host = host.map(|one| HostHeaderRewriteConfig::builder().rewrites(one).build());
        let url = transform.url_rewrite_config.as_ref().map(rewrite);
        let url = url.map(|one| UrlRewriteConfig::builder().rewrites(one).build());
        RuleTransform::builder()
            .r#type(kind)
            .set_host_header_rewrite_config(host)
            .set_url_rewrite_config(url)
            .build()
    };
    let all: Vec<_> = want.transform.0.iter().map(one).collect();
    (!all.is_empty()).then_some(all)
}

fn transform_seen(seen: RuleTransform) -> Result<Transform> {
    let rewrite = |rewrites: Option<Vec<WireRewrite>>| -> Result<RewriteConfig> {
        let one = rewrites.unwrap_or_default().into_iter().next();
        let one = one.ok_or_else(|| missing("Rewrites"))?;
        let regex = one.regex.ok_or_else(|| missing("Regex"))?;
        Ok(RewriteConfig { rewrite: Rewrite { regex, replace: one.replace.unwrap_or_default() } })
    };
    let kind = seen.r#type.as_ref().map(TransformTypeEnum::as_str);
    let kind: TransformType = parsed(kind, "Type")?;
    let host = seen.host_header_rewrite_config.map(|config| rewrite(config.rewrites));
    let url = seen.url_rewrite_config.map(|config| rewrite(config.rewrites));
    Ok(Transform {
        r#type: kind,
        host_header_rewrite_config: host.transpose()?,
        url_rewrite_config: url.transpose()?,
    })
}

fn conditions(want: &ListenerRule) -> Vec<RuleCondition> {
    want.condition.0.iter().map(condition).collect()
}

fn condition(condition: &Condition) -> RuleCondition {
    let list = |values: &BTreeSet<String>| -> Option<Vec<String>> {
        (!values.is_empty()).then(|| values.iter().cloned().collect())
    };
    let wire = RuleCondition::builder();
    if let Some(hosts) = &condition.host_header {
        let config = HostHeaderConditionConfig::builder()
            .set_values(list(&hosts.values))
            .set_regex_values(list(&hosts.regex_values));
        return wire.field("host-header").host_header_config(config.build()).build();
    }
    if let Some(paths) = &condition.path_pattern {
        let config = PathPatternConditionConfig::builder()
            .set_values(list(&paths.values))
            .set_regex_values(list(&paths.regex_values));
        return wire.field("path-pattern").path_pattern_config(config.build()).build();
    }
    if let Some(methods) = &condition.http_request_method {
        let config = HttpRequestMethodConditionConfig::builder();
        let config = config.set_values(list(&methods.values)).build();
        return wire.field("http-request-method").http_request_method_config(config).build();
    }
    if let Some(ranges) = &condition.source_ip {
        let config = SourceIpConditionConfig::builder().set_values(list(&ranges.values));
        return wire.field("source-ip").source_ip_config(config.build()).build();
    }
    if let Some(header) = &condition.http_header {
        let config = HttpHeaderConditionConfig::builder()
            .set_values(list(&header.values))
            .set_regex_values(list(&header.regex_values));
        let config = config.http_header_name(&header.http_header_name).build();
        return wire.field("http-header").http_header_config(config).build();
    }
    let parameters = condition.query_string.0.iter().map(|parameter| {
        let pair = QueryStringKeyValuePair::builder().value(&parameter.value);
        pair.set_key(parameter.key.clone()).build()
    });
    let config = QueryStringConditionConfig::builder();
    let config = config.set_values(Some(parameters.collect())).build();
    wire.field("query-string").query_string_config(config).build()
}

fn condition_seen(seen: RuleCondition) -> Condition {
    let set = |values: Option<Vec<String>>| -> BTreeSet<String> {
        values.unwrap_or_default().into_iter().collect()
    };
    let pairs = seen.query_string_config.and_then(|config| config.values).unwrap_or_default();
    let pair = |pair: QueryStringKeyValuePair| Parameter {
        value: pair.value.unwrap_or_default(),
        key: pair.key,
    };
    Condition {
        host_header: seen.host_header_config.map(|config| Patterns {
            values: set(config.values),
            regex_values: set(config.regex_values),
        }),
        path_pattern: seen.path_pattern_config.map(|config| Patterns {
            values: set(config.values),
            regex_values: set(config.regex_values),
        }),
        http_request_method: seen
            .http_request_method_config
            .map(|config| Words { values: set(config.values) }),
        source_ip: seen.source_ip_config.map(|config| Words { values: set(config.values) }),
        http_header: seen.http_header_config.map(|config| HeaderPatterns {
            http_header_name: config.http_header_name.unwrap_or_default(),
            values: set(config.values),
            regex_values: set(config.regex_values),
        }),
        query_string: BlockSet(pairs.into_iter().map(pair).collect()),
    }
}

/// The ARN of the listener of a rule.
fn listener_of(rule: &str) -> Option<String> {
    let (start, _) = rule.rsplit_once('/')?;
    Some(start.replacen(":listener-rule/", ":listener/", 1))
}

fn see(rule: Wire, tags: Tags, recorded: &Object) -> Result<Seen<ListenerRule>> {
    let arn = rule.rule_arn.ok_or_else(|| missing("RuleArn"))?;
    let listener = listener_of(&arn).ok_or_else(|| missing("RuleArn"))?;
    // Actions that were recorded in another shape have no secret to take over.
    let recorded = recorded.get("action").map(Vec::<Action>::from_value);
    let recorded = recorded.and_then(std::result::Result::ok).unwrap_or_default();
    let conditions = rule.conditions.unwrap_or_default().into_iter();
    let transforms = rule.transforms.unwrap_or_default().into_iter();
    let priority = rule.priority.and_then(|text| text.parse().ok());
    let inputs = ListenerRule {
        listener_arn: Arn::new(listener),
        // The default rule has none; it is the listener's and not one of these.
        priority: Some(priority.ok_or_else(|| missing("Priority"))?),
        action: action_wire::from_wire(rule.actions.unwrap_or_default(), &recorded)?,
        condition: BlockSet(conditions.map(condition_seen).collect()),
        transform: BlockSet(transforms.map(transform_seen).collect::<Result<_>>()?),
        tags,
    };
    Ok(Seen::new(inputs, ListenerRuleOutputs { id: Arn::new(&arn), arn: Arn::new(arn) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_a_place_comes_behind_all_others() {
        let rule = |priority: &str| Wire::builder().priority(priority).build();
        assert_eq!(behind(&[rule("default")]), 1);
        assert_eq!(behind(&[rule("7"), rule("50"), rule("default")]), 51);
    }

    /// As in the API Reference: moto has neither.
    #[test]
    fn expressions_and_transforms_lead_back() {
        let header = HeaderPatterns {
            http_header_name: "User-Agent".to_owned(),
            values: BTreeSet::new(),
            regex_values: ["^curl".to_owned()].into(),
        };
        let one = Condition {
            host_header: None,
            path_pattern: None,
            http_request_method: None,
            source_ip: None,
            http_header: Some(header),
            query_string: BlockSet::default(),
        };
        assert_eq!(condition_seen(condition(&one)), one);
        let rewrite = Rewrite { regex: "^/old/(.*)".to_owned(), replace: "/new/$1".to_owned() };
        let url = Transform {
            r#type: TransformType::UrlRewrite,
            host_header_rewrite_config: None,
            url_rewrite_config: Some(RewriteConfig { rewrite }),
        };
        let mut want = ListenerRule {
            listener_arn: Arn::new("arn:listener"),
            priority: None,
            action: Vec::new(),
            condition: BlockSet(vec![one]),
            transform: BlockSet(vec![url.clone()]),
            tags: Tags::default(),
        };
        let wire = transforms(&want).expect("one").pop().expect("one");
        assert_eq!(transform_seen(wire).ok(), Some(url));
        want.transform = BlockSet::default();
        assert!(transforms(&want).is_none());
    }

    #[test]
    fn a_rule_names_its_listener() {
        let start = "arn:aws:elasticloadbalancing:us-west-2:123456789012";
        let rule = format!("{start}:listener-rule/app/lb/1/2/3");
        assert_eq!(listener_of(&rule), Some(format!("{start}:listener/app/lb/1/2")));
    }
}
