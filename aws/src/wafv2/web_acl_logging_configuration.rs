//! Where a web ACL writes what it did, and what it leaves out. One a web ACL: setting it may be
//! repeated.
//!
//! API: PutLoggingConfiguration, GetLoggingConfiguration, ListLoggingConfigurations,
//! DeleteLoggingConfiguration.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource};

use super::{Chosen, Named, WebAcl};
use crate::any_arn::AnyArn;
use crate::rules::Rules;

/// Where a web ACL writes what it did, and what it leaves out.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_wafv2_web_acl_logging_configuration",
    outputs = WebAclLoggingConfigurationOutputs,
    validate = validate
)]
pub struct WebAclLoggingConfiguration {
    /// Where it is written: a log group, a bucket or a delivery stream of Firehose, whose name
    /// begins with `aws-waf-logs-`. Just one, which has to let AWS write.
    #[field(required)]
    pub log_destination_configs: BTreeSet<AnyArn>,
    /// The web ACL.
    #[field(force_new)]
    pub resource_arn: Arn<WebAcl>,
    /// Parts of requests that are not written, at most 100.
    pub redacted_fields: BlockSet<RedactedField>,
    /// Which requests are written; left out, all.
    pub logging_filter: Option<LoggingFilter>,
}

/// A part of requests that is not written: just one.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RedactedField {
    /// The method.
    pub method: Option<Chosen>,
    /// The query.
    pub query_string: Option<Chosen>,
    /// A header.
    pub single_header: Option<Named>,
    /// The path.
    pub uri_path: Option<Chosen>,
}

/// Which requests are written.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LoggingFilter {
    /// What becomes of requests that no filter is for.
    pub default_behavior: FilterBehavior,
    /// The filters.
    #[field(required)]
    pub filter: BlockSet<LogFilter>,
}

/// Whether requests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FilterBehavior {
    /// They are.
    #[choice("KEEP")]
    Keep,
    /// They are not.
    #[choice("DROP")]
    Drop,
}

/// What becomes of some requests.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LogFilter {
    /// Whether they are written.
    pub behavior: FilterBehavior,
    /// Which requests are meant.
    #[field(required)]
    pub condition: BlockSet<LogCondition>,
    /// Whether they must meet all of the conditions.
    pub requirement: FilterRequirement,
}

/// Whether requests must meet all conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FilterRequirement {
    /// All.
    #[choice("MEETS_ALL")]
    MeetsAll,
    /// Any.
    #[choice("MEETS_ANY")]
    MeetsAny,
}

/// What requests have met: just one.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LogCondition {
    /// What was done with them.
    pub action_condition: Option<ActionCondition>,
    /// A label that they got.
    pub label_name_condition: Option<LabelNameCondition>,
}

/// What was done with a request.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ActionCondition {
    /// What was done.
    pub action: LoggedAction,
}

/// What was done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LoggedAction {
    /// It went on.
    #[choice("ALLOW")]
    Allow,
    /// It was refused.
    #[choice("BLOCK")]
    Block,
    /// It was counted.
    #[choice("COUNT")]
    Count,
    /// A puzzle was asked for.
    #[choice("CAPTCHA")]
    Captcha,
    /// A challenge was asked for.
    #[choice("CHALLENGE")]
    Challenge,
    /// A rule that does not count matched.
    #[choice("EXCLUDED_AS_COUNT")]
    ExcludedAsCount,
}

/// A label that a request got.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LabelNameCondition {
    /// The label, with its namespace: `awswaf:managed:aws:…`.
    pub label_name: String,
}

/// What AWS assigns to a [`WebAclLoggingConfiguration`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct WebAclLoggingConfigurationOutputs {
    /// The web ACL's ARN.
    pub id: Arn<WebAcl>,
}

/// Source: WAFV2 API Reference, LoggingConfiguration; WAF developer guide, logging destinations.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let count = rules.count("log_destination_configs");
    if count > 1 {
        rules.refuse("log_destination_configs", format!("must be one, not {count}"));
    }
    for arn in rules.texts("log_destination_configs") {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let name = resource.strip_prefix("log-group:").or(resource.strip_prefix("deliverystream/"));
        let name = name.unwrap_or(resource);
        if !name.starts_with("aws-waf-logs-") {
            let message = format!("`{name}` must begin with `aws-waf-logs-`, or AWS refuses it");
            rules.refuse("log_destination_configs", message);
        }
    }
    let count = rules.count("redacted_fields");
    if count > 100 {
        rules.refuse("redacted_fields", format!("must be at most 100, not {count}"));
    }
    rules.blocks("redacted_fields", |rules| {
        rules.exactly_one(&["method", "query_string", "single_header", "uri_path"]);
    });
    rules.blocks("logging_filter", |rules| {
        rules.required(&["filter"], "to say which requests are written");
        rules.blocks("filter", |rules| {
            rules.required(&["condition"], "to say which requests are meant");
            rules.blocks("condition", |rules| {
                rules.exactly_one(&["action_condition", "label_name_condition"]);
            });
        });
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn destinations_have_the_name_that_aws_asks_for() {
        let check = |arns: Vec<&str>| {
            let inputs = Object::from([("log_destination_configs".to_owned(), Value::from(arns))]);
            validate(&inputs).into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        for right in [
            "arn:aws:logs:us-west-2:123456789012:log-group:aws-waf-logs-web",
            "arn:aws:s3:::aws-waf-logs-web",
            "arn:aws:firehose:us-west-2:123456789012:deliverystream/aws-waf-logs-web",
        ] {
            assert_eq!(check(vec![right]), [""; 0]);
        }
        assert_eq!(
            check(vec!["arn:aws:logs:us-west-2:123456789012:log-group:web"]),
            ["`web` must begin with `aws-waf-logs-`, or AWS refuses it"]
        );
        let two = vec!["arn:aws:s3:::aws-waf-logs-a", "arn:aws:s3:::aws-waf-logs-b"];
        assert_eq!(check(two), ["must be one, not 2"]);
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::logs::LogGroup;
    use crate::wafv2::{DefaultAction, VisibilityConfig, WafScope};

    /// A web ACL and a log group for it, as the arguments of the configuration.
    fn parts(stack: &mut Stack, name: &str) -> WebAclLoggingConfigurationArguments {
        let watched = VisibilityConfig::metric("logged");
        let acl = WebAcl::new(WafScope::Regional, DefaultAction::allow(), watched);
        let acl = stack.add("acl", acl.name(format!("{name}-logged")));
        let logs = LogGroup::new().name(format!("aws-waf-logs-{name}"));
        let logs = stack.add("logs", logs);
        WebAclLoggingConfiguration::new([logs.arn()], acl.arn())
    }

    conforms!(
        aws_wafv2_web_acl_logging_configuration,
        Fixture {
            base: |stack, name| {
                let it = parts(stack, name);
                let secret = RedactedField::new().single_header(Named::new("authorization"));
                stack.add("it", it.redacted_fields([secret]));
            },
            update: Some(|stack, name| {
                let it = parts(stack, name);
                let blocked =
                    LogCondition::new().action_condition(ActionCondition::new(LoggedAction::Block));
                let kept =
                    LogFilter::new(FilterBehavior::Keep, [blocked], FilterRequirement::MeetsAny);
                let it = it
                    .redacted_fields([
                        RedactedField::new().single_header(Named::new("cookie")),
                        RedactedField::new().query_string(Chosen),
                    ])
                    .logging_filter(LoggingFilter::new(FilterBehavior::Drop, [kept]));
                stack.add("it", it);
            }),
            replace: None,
            gaps: &[],
        }
    );
}
