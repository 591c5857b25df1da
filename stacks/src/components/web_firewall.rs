//! The firewall before an edge: AWS's managed rules, and a limit of requests for each address.

use infra_aws::wafv2::{
    Action, DefaultAction, Named, OverrideAction, RedactedField, Rule, RuleArguments, Statement,
    VisibilityConfig, WafScope, WebAcl, WebAclAssociation, WebAclHandle,
    WebAclLoggingConfiguration,
};
use infra_sdk::prelude::*;

use super::log_group::{self, Keeping};
use super::web_edge::Edge;

/// Groups of rules that AWS keeps, in the order in which they are asked. Source: WAF developer guide,
/// AWS Managed Rules rule groups list.
const MANAGED: &[(&str, &str)] = &[
    ("reputation", "AWSManagedRulesAmazonIpReputationList"),
    ("common", "AWSManagedRulesCommonRuleSet"),
    ("known-bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet"),
    ("sql-injection", "AWSManagedRulesSQLiRuleSet"),
];

/// Log groups of firewalls must be called so. Source: WAF developer guide, logging destinations.
const LOG_PREFIX: &str = "aws-waf-logs-";

/// Headers that open sessions.
const SECRET_HEADERS: &[&str] = &["authorization", "cookie"];

/// Declares a firewall and puts it before the edge. An address with more requests than `rate_limit`
/// within five minutes is blocked.
pub(crate) fn declare(
    stack: &mut Stack,
    name: &str,
    rate_limit: u32,
    edge: &Edge,
    logs: Keeping<'_>,
) -> WebAclHandle {
    let metric = |rule: &str| VisibilityConfig::metric(format!("{name}-{rule}"));
    let rate = Rule::new("rate", 0, Statement::rate(rate_limit), metric("rate"));
    let mut rules = vec![rate.action(Action::block())];
    for (index, (rule, group)) in (1..).zip(MANAGED) {
        rules.push(managed(rule, index, group, metric(rule)));
    }
    let acl = WebAcl::new(WafScope::Regional, DefaultAction::allow(), metric("web"))
        .name(name)
        .description(format!("Before the load balancer of {name}"))
        .rule(rules);
    let acl = stack.add("firewall", acl);
    let attached = WebAclAssociation::new(edge.balancer.arn(), acl.arn());
    stack.add("firewall-attached", attached);
    log(stack, name, &acl, logs);
    acl
}

/// Writes what the firewall saw to a log group, but for what opens sessions.
fn log(stack: &mut Stack, name: &str, acl: &WebAclHandle, logs: Keeping<'_>) {
    let group = log_group::declare(stack, "firewall-log", format!("{LOG_PREFIX}{name}"), logs);
    let secret = SECRET_HEADERS
        .iter()
        .map(|header| RedactedField::new().single_header(Named::new(*header)))
        .collect::<Vec<_>>();
    let logging = WebAclLoggingConfiguration::new([group.arn()], acl.arn()).redacted_fields(secret);
    stack.add("firewall-logging", logging);
}

fn managed(
    name: &str,
    priority: i32,
    group: &str,
    metric: infra_aws::wafv2::VisibilityConfigArguments,
) -> RuleArguments {
    Rule::new(name, priority, Statement::managed("AWS", group), metric)
        .override_action(OverrideAction::None)
}
