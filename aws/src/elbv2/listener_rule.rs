//! A rule of a listener: what is done with requests that its conditions hold for.
//!
//! API: CreateRule, DescribeRules, ModifyRule, SetRulePriorities, DescribeTags, AddTags, RemoveTags,
//! DeleteRule.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags};

use super::action::actions;
use super::{Action, Listener};
use crate::rules::Rules;

/// What is done with some of the requests of a listener.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lb_listener_rule", outputs = ListenerRuleOutputs, validate = validate)]
pub struct ListenerRule {
    /// The listener.
    #[field(force_new)]
    pub listener_arn: Arn<Listener>,
    /// Place among the rules of the listener, of which the lowest that holds counts. Behind all
    /// others by default.
    #[field(computed, range = 1..=50_000)]
    pub priority: Option<u32>,
    /// What is done.
    #[field(required)]
    pub action: Vec<Action>,
    /// When; all must hold. With at most five values together.
    #[field(required)]
    pub condition: BlockSet<Condition>,
    /// What is changed in requests before targets get them: at most one of each type.
    pub transform: BlockSet<Transform>,
    /// Tags.
    pub tags: Tags,
}

/// A condition: exactly one of these.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Condition {
    /// The host is one of these.
    pub host_header: Option<Patterns>,
    /// The path is one of these.
    pub path_pattern: Option<Patterns>,
    /// The method is one of these.
    pub http_request_method: Option<Words>,
    /// The client's address is in one of these ranges.
    pub source_ip: Option<Words>,
    /// A header has one of these values.
    pub http_header: Option<HeaderPatterns>,
    /// The query has one of these parameters.
    pub query_string: BlockSet<Parameter>,
}

/// Patterns or regular expressions.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Patterns {
    /// Patterns of at most 128 characters each, with `*` for any characters and `?` for one.
    pub values: BTreeSet<String>,
    /// Regular expressions of at most 128 characters each, in place of patterns.
    pub regex_values: BTreeSet<String>,
}

/// Words.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Words {
    /// The words.
    #[field(required)]
    pub values: BTreeSet<String>,
}

/// Patterns of a header.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HeaderPatterns {
    /// The header, at most 40 characters.
    pub http_header_name: String,
    /// Patterns of at most 128 characters each, with `*` for any characters and `?` for one.
    pub values: BTreeSet<String>,
    /// Regular expressions of at most 128 characters each, in place of patterns.
    pub regex_values: BTreeSet<String>,
}

/// A parameter of the query.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Parameter {
    /// Pattern of the value.
    pub value: String,
    /// Pattern of the name; any name by default.
    pub key: Option<String>,
}

/// What is changed in a request.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Transform {
    /// The host or the URL.
    pub r#type: TransformType,
    /// How the host is changed.
    pub host_header_rewrite_config: Option<RewriteConfig>,
    /// How path and query are changed.
    pub url_rewrite_config: Option<RewriteConfig>,
}

/// What is changed in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TransformType {
    /// The header `Host`.
    #[choice("host-header-rewrite")]
    HostHeaderRewrite,
    /// Path and query.
    #[choice("url-rewrite")]
    UrlRewrite,
}

/// How something is changed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RewriteConfig {
    /// What is looked for, and what is put there.
    pub rewrite: Rewrite,
}

/// What is looked for, and what is put there.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Rewrite {
    /// Regular expression of what is looked for.
    pub regex: String,
    /// What is put there; `$1` is what the first group found.
    pub replace: String,
}

/// What AWS assigns to a [`ListenerRule`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ListenerRuleOutputs {
    /// The rule's ARN.
    pub id: Arn<ListenerRule>,
    /// The rule's ARN.
    pub arn: Arn<ListenerRule>,
}

const CONDITIONS: &[&str] = &[
    "host_header",
    "http_header",
    "http_request_method",
    "path_pattern",
    "query_string",
    "source_ip",
];

const TRANSFORMS: &[(TransformType, &str)] = &[
    (TransformType::HostHeaderRewrite, "host_header_rewrite_config"),
    (TransformType::UrlRewrite, "url_rewrite_config"),
];

/// Source: Elastic Load Balancing API Reference, RuleCondition and RuleTransform.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    actions(&mut rules, "action");
    rules.blocks("condition", |rules| {
        rules.exactly_one(CONDITIONS);
        for name in ["host_header", "path_pattern", "http_header"] {
            rules.blocks(name, |rules| {
                rules.exactly_one(&["values", "regex_values"]);
                for name in ["values", "regex_values"] {
                    if rules.texts(name).iter().any(|text| text.chars().count() > 128) {
                        rules.refuse(name, "must have at most 128 characters each");
                    }
                }
            });
        }
        rules.blocks("http_request_method", |rules| {
            let odd =
                |text: &&str| !text.chars().all(|c| c.is_ascii_uppercase() || "-_".contains(c));
            if rules.texts("values").iter().any(odd) {
                rules.refuse("values", "must be made of capital letters and `-_`");
            }
        });
    });
    rules.blocks("transform", |rules| {
        for (kind, block) in TRANSFORMS {
            if rules.text("type") == Some(kind.as_str()) {
                rules.required(&[block], &format!("with the type `{}`", kind.as_str()));
            } else if rules.has("type") {
                rules.without(&[block], &format!("without the type `{}`", kind.as_str()));
            }
        }
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn block(entries: &[(&str, Value)]) -> Value {
        let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Map(entries.collect())
    }

    fn check(name: &str, entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = Object::from([(name.to_owned(), Value::List(vec![block(entries)]))]);
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_condition_is_one_and_has_patterns_or_expressions() {
        let values = |name: &str, text: &str| block(&[(name, Value::List(vec![text.into()]))]);
        let host = ("host_header", values("values", "*.example.com"));
        let path = ("path_pattern", values("regex_values", "^/v[0-9]+/"));
        assert_eq!(check("condition", std::slice::from_ref(&host)), [""; 0]);
        assert_eq!(check("condition", std::slice::from_ref(&path)), [""; 0]);
        assert_eq!(check("condition", &[host, path]).len(), 1);
        assert_eq!(check("condition", &[]).len(), 1);
        let both = [("values", Value::Unknown), ("regex_values", Value::Unknown)];
        let both = ("host_header", block(&both));
        assert_eq!(check("condition", &[both]), ["condition[0].host_header.regex_values"]);
        let long = ("path_pattern", values("values", &"x".repeat(129)));
        assert_eq!(check("condition", &[long]), ["condition[0].path_pattern.values"]);
        let method = ("http_request_method", values("values", "get"));
        assert_eq!(check("condition", &[method]), ["condition[0].http_request_method.values"]);
    }

    #[test]
    fn a_transform_says_how() {
        let kind = ("type", Value::from("url-rewrite"));
        let how = |name| (name, block(&[("rewrite", Value::Unknown)]));
        assert_eq!(check("transform", &[kind.clone(), how("url_rewrite_config")]), [""; 0]);
        let url = "transform[0].url_rewrite_config";
        assert_eq!(check("transform", std::slice::from_ref(&kind)), [url]);
        let host = "transform[0].host_header_rewrite_config";
        assert_eq!(check("transform", &[kind, how("host_header_rewrite_config")]), [host, url]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::elbv2::listener::tests::balancer;
    use crate::elbv2::{ActionArguments, ActionType, FixedResponse, ListenerHandle, Protocol};

    fn listener(stack: &mut Stack, name: &str) -> (ListenerHandle, [ActionArguments; 1]) {
        let (balancer, _) = balancer(stack, name);
        let answer = FixedResponse::new("text/plain", "404");
        let action = Action::new(ActionType::FixedResponse).fixed_response(answer);
        let listener = Listener::new(balancer, 80_u16, Protocol::Http, [action]);
        let answer = FixedResponse::new("text/plain", "200").message_body("here");
        let action = Action::new(ActionType::FixedResponse).fixed_response(answer);
        (stack.add("listener", listener), [action])
    }

    conforms!(
        aws_lb_listener_rule,
        Fixture {
            base: |stack, name| {
                let (listener, action) = listener(stack, name);
                let host = Patterns::new().values(["api.example.com"]);
                let path = Patterns::new().values(["/v1/*", "/v2/*"]);
                let host = Condition::new().host_header(host);
                let path = Condition::new().path_pattern(path);
                let it = ListenerRule::new(listener.arn(), action, [host, path]);
                stack.add("it", it.priority(100_u32).tag("Name", name));
            },
            update: Some(|stack, name| {
                let (listener, action) = listener(stack, name);
                let query = Parameter::new("1").key("beta");
                let query = Condition::new().query_string([query]);
                let from = Condition::new().source_ip(Words::new(["10.0.0.0/8"]));
                let it = ListenerRule::new(listener.arn(), action, [query, from]);
                stack.add("it", it.priority(50_u32).tag("purpose", "changed"));
            }),
            replace: None,
            gaps: &[],
        }
    );
}
