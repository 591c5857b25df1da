//! The firewall before the load balancer: AWS's managed rules, and a limit for each address.

use infra_aws::logs::LogGroup;
use infra_aws::wafv2::{
    Action, DefaultAction, Named, OverrideAction, RedactedField, Rule, Statement, VisibilityConfig,
    WafScope, WebAcl, WebAclAssociation, WebAclLoggingConfiguration,
};
use infra_sdk::prelude::*;

use crate::edge::Edge;
use crate::stack::Settings;

/// Groups of rules that AWS keeps, in the order in which they are asked. Source: WAF developer guide,
/// AWS Managed Rules rule groups list.
const MANAGED: &[(&str, &str)] = &[
    ("reputation", "AWSManagedRulesAmazonIpReputationList"),
    ("common", "AWSManagedRulesCommonRuleSet"),
    ("known-bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet"),
];

/// Declares the firewall and puts it before the load balancer.
pub fn declare(stack: &mut Stack, name: &str, settings: &Settings, edge: &Edge) {
    let metric = |rule: &str| VisibilityConfig::metric(format!("{name}-{rule}"));
    let rate = Rule::new("rate", 0, Statement::rate(settings.rate_limit), metric("rate"));
    let mut rules = vec![rate.action(Action::block())];
    for (priority, (rule, group)) in (1..).zip(MANAGED) {
        let statement = Statement::managed("AWS", *group);
        let rule = Rule::new(*rule, priority, statement, metric(rule));
        rules.push(rule.override_action(OverrideAction::None));
    }
    let acl = WebAcl::new(WafScope::Regional, DefaultAction::allow(), metric("all"));
    let acl = stack.add("acl", acl.name(name).rule(rules));
    stack.add("attached", WebAclAssociation::new(edge.balancer.arn(), acl.arn()));

    // Log groups of firewalls must be called so. Source: WAF developer guide, logging destinations.
    let log = LogGroup::new()
        .name(format!("aws-waf-logs-{name}"))
        .retention_in_days(settings.log_retention);
    let log = stack.add("log", log);
    // What opens sessions is not written down.
    let secret = ["authorization", "cookie"]
        .map(|header| RedactedField::new().single_header(Named::new(header)));
    let logging = WebAclLoggingConfiguration::new([log.arn()], acl.arn()).redacted_fields(secret);
    stack.add("logging", logging);
}
