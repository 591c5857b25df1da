//! A subscription: somebody who gets the messages of a topic.
//!
//! Those who are asked first, by e-mail or HTTP, have not subscribed before they say so. That may take
//! as long as it likes; only a server that answers by itself is waited for. What nobody confirmed
//! cannot be deleted: SNS drops it after two days.
//!
//! API: Subscribe, GetSubscriptionAttributes, SetSubscriptionAttributes, ListSubscriptionsByTopic,
//! Unsubscribe.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Choice, Json, Object, Outputs, Resource};

use super::{DeliveryPolicyJson, Endpoint, Topic};
use crate::AnyArn;
use crate::iam::Role;
use crate::rules::Rules;

/// Somebody who gets the messages of a topic.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_sns_topic_subscription",
    outputs = TopicSubscriptionOutputs,
    validate = validate
)]
pub struct TopicSubscription {
    /// The topic.
    #[field(force_new)]
    pub topic_arn: Arn<Topic>,
    /// How messages get there.
    #[field(force_new)]
    pub protocol: SubscriptionProtocol,
    /// Where they go: an ARN, a URL, an e-mail address, or a telephone number.
    #[field(force_new, any_region)]
    pub endpoint: Endpoint,
    /// Role that SNS writes to Firehose with.
    pub subscription_role_arn: Option<Arn<Role>>,
    /// Messages that are sent: `{"severity": ["critical"]}`. Left out, all.
    pub filter_policy: Option<Json>,
    /// What the filter looks at: attributes by default.
    #[field(computed)]
    pub filter_policy_scope: Option<FilterPolicyScope>,
    /// Send messages as they are, without what SNS puts around them. For queues, Firehose and HTTP.
    #[field(default = false)]
    pub raw_message_delivery: bool,
    /// Where messages go that could not be delivered.
    pub redrive_policy: Option<SubscriptionRedrivePolicy>,
    /// Messages of an archive that are sent again.
    pub replay_policy: Option<Json>,
    /// How deliveries to HTTP and HTTPS are tried again.
    pub delivery_policy: Option<DeliveryPolicyJson>,
    /// Whether the server confirms by itself, so that this can be waited for. For HTTP and HTTPS.
    #[field(default = false, write_only)]
    pub endpoint_auto_confirms: bool,
}

/// Where messages go that could not be delivered.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SubscriptionRedrivePolicy {
    /// A queue that SNS may send to, in the same account and region.
    pub dead_letter_target_arn: AnyArn,
}

/// How messages get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SubscriptionProtocol {
    /// To an application on a mobile device.
    #[choice("application")]
    Application,
    /// By e-mail, as text.
    #[choice("email")]
    Email,
    /// By e-mail, as JSON.
    #[choice("email-json")]
    EmailJson,
    /// To a stream of Firehose.
    #[choice("firehose")]
    Firehose,
    /// To a server by HTTP.
    #[choice("http")]
    Http,
    /// To a server by HTTPS.
    #[choice("https")]
    Https,
    /// To a function.
    #[choice("lambda")]
    Lambda,
    /// To a telephone.
    #[choice("sms")]
    Sms,
    /// To a queue.
    #[choice("sqs")]
    Sqs,
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FilterPolicyScope {
    /// The attributes of a message.
    #[choice("MessageAttributes")]
    MessageAttributes,
    /// The message, which is JSON.
    #[choice("MessageBody")]
    MessageBody,
}

/// What AWS assigns to a [`TopicSubscription`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TopicSubscriptionOutputs {
    /// The subscription's ARN.
    pub id: Arn<TopicSubscription>,
    /// The subscription's ARN.
    pub arn: Arn<TopicSubscription>,
    /// The account that the subscription is of.
    pub owner_id: String,
    /// Whether the endpoint has still to confirm.
    pub pending_confirmation: bool,
    /// Whether it was confirmed by somebody who signed in.
    pub confirmation_was_authenticated: bool,
}

/// What endpoints look like, by protocol. Source: SNS API Reference, Subscribe.
const ENDPOINTS: &[(&str, &str)] = &[
    ("application", "arn:"),
    ("email", "@"),
    ("email-json", "@"),
    ("firehose", "arn:"),
    ("http", "http://"),
    ("https", "https://"),
    ("lambda", "arn:"),
    ("sqs", "arn:"),
];

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.has("filter_policy_scope") {
        rules.required(&["filter_policy"], "with `filter_policy_scope`");
    }
    for name in ["filter_policy", "replay_policy"] {
        let text = rules.text(name).map(|text| text.split_whitespace().collect::<String>());
        if text.is_some_and(|text| text == "{}") {
            rules.refuse(name, "says nothing: leave it out");
        }
    }
    let Some(protocol) = rules.text("protocol") else { return rules.finish() };
    let because = format!("with the protocol `{protocol}`");
    let form = ENDPOINTS.iter().find(|(name, _)| *name == protocol).map(|(_, form)| *form);
    if let (Some(form), Some(endpoint)) = (form, rules.text("endpoint")) {
        let fits = if form == "@" { endpoint.contains(form) } else { endpoint.starts_with(form) };
        if !fits {
            let how = if form == "@" {
                "be an e-mail address".to_owned()
            } else {
                format!("start with `{form}`")
            };
            rules.refuse("endpoint", format!("must {how} {because}"));
        }
    }
    let http = ["http", "https"].contains(&protocol);
    if protocol == "firehose" {
        rules.required(&["subscription_role_arn"], &because);
    } else {
        rules.without(&["subscription_role_arn"], &because);
    }
    if !http {
        rules.without(&["delivery_policy"], &because);
        if rules.is_true("endpoint_auto_confirms") {
            rules.refuse("endpoint_auto_confirms", format!("cannot be given {because}"));
        }
    }
    if !http && !["firehose", "sqs"].contains(&protocol) && rules.is_true("raw_message_delivery") {
        rules.refuse("raw_message_delivery", format!("cannot be given {because}"));
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn endpoints_and_arguments_fit_the_protocol() {
        let check = |protocol: &str, endpoint: &str, more: &[(&str, Value)]| -> Vec<String> {
            let all = [("protocol", protocol.into()), ("endpoint", endpoint.into())];
            let inputs = all.iter().chain(more).map(|(name, v)| ((*name).to_owned(), v.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let (yes, text) = (Value::Bool(true), Value::from(r#"{"a": ["b"]}"#));
        assert_eq!(check("email", "ops@example.com", &[]), [""; 0]);
        assert_eq!(check("email", "ops", &[]), ["endpoint"]);
        assert_eq!(check("sms", "+15005550006", &[]), [""; 0]);
        assert_eq!(check("https", "http://example.com", &[]), ["endpoint"]);
        assert_eq!(check("firehose", "arn:aws:firehose:x", &[]), ["subscription_role_arn"]);
        let raw = ("raw_message_delivery", yes.clone());
        assert_eq!(check("sqs", "arn:aws:sqs:x", std::slice::from_ref(&raw)), [""; 0]);
        assert_eq!(check("lambda", "arn:aws:lambda:x", &[raw]), ["raw_message_delivery"]);
        let confirms = ("endpoint_auto_confirms", yes);
        assert_eq!(check("https", "https://example.com", std::slice::from_ref(&confirms)), [""; 0]);
        assert_eq!(check("email", "a@b", &[confirms]), ["endpoint_auto_confirms"]);
        let scope = ("filter_policy_scope", Value::from("MessageBody"));
        assert_eq!(check("email", "a@b", std::slice::from_ref(&scope)), ["filter_policy"]);
        assert_eq!(check("email", "a@b", &[scope, ("filter_policy", text)]), [""; 0]);
        assert_eq!(check("email", "a@b", &[("filter_policy", "{ }".into())]), ["filter_policy"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn queue(name: &str) -> AnyArn {
        AnyArn::new(format!("arn:aws:sqs:us-west-2:123456789012:{name}-listener"))
    }

    fn subscription(stack: &mut Stack, name: &str) -> TopicSubscriptionArguments {
        let topic = stack.add("topic", Topic::new().name(format!("{name}-heard")));
        TopicSubscription::new(topic.arn(), SubscriptionProtocol::Sqs, queue(name))
    }

    conforms!(
        aws_sns_topic_subscription,
        Fixture {
            base: |stack, name| {
                let filter = Json(r#"{"severity": ["critical"]}"#.to_owned());
                let it = subscription(stack, name).raw_message_delivery(true);
                stack.add("it", it.filter_policy(filter));
            },
            update: Some(|stack, name| {
                let filter = Json(r#"{"alarm": {"severity": ["critical"]}}"#.to_owned());
                let redrive = SubscriptionRedrivePolicy::new(queue(name));
                let it = subscription(stack, name).redrive_policy(redrive);
                let it = it.filter_policy_scope(FilterPolicyScope::MessageBody);
                stack.add("it", it.filter_policy(filter));
            }),
            replace: Some(|stack, name| {
                let topic = stack.add("topic", Topic::new().name(format!("{name}-heard")));
                let protocol = SubscriptionProtocol::Email;
                stack.add("it", TopicSubscription::new(topic.arn(), protocol, "ops@example.com"));
            }),
            gaps: &[],
        }
    );
}
