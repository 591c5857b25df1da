//! The AWS calls of [`TopicSubscription`].

use std::collections::HashMap;

use infra_sdk::provider::Readiness;
use infra_sdk::{Arn, FieldType as _, Object, ResourceType, Value};
use serde_json::json;

use super::common::GONE;
use super::topic_subscription::{
    FilterPolicyScope, SubscriptionProtocol, SubscriptionRedrivePolicy, TopicSubscription,
    TopicSubscriptionOutputs,
};
use crate::AnyArn;
use crate::frame::attributes::{Attribute, from_wire, to_wire};
use crate::frame::handler::inputs;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "sns:GetSubscriptionAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:SetSubscriptionAttributes",
    "sns:Subscribe",
    "sns:Unsubscribe",
];
/// The operations, and the right to hand a role over. Source: SNS developer guide, Firehose.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);

const ALL: &[&str] = &[""];
const FILTER: &str = "FilterPolicy";
const REDRIVE: &str = "RedrivePolicy";
const SCOPE: &str = "FilterPolicyScope";

const fn attribute(input: &'static str, key: &'static str) -> Attribute {
    Attribute { input, key, of: ALL }
}

/// Source: SNS API Reference, SetSubscriptionAttributes.
const ATTRIBUTES: &[Attribute] = &[
    attribute("subscription_role_arn", "SubscriptionRoleArn"),
    attribute("filter_policy", FILTER),
    attribute("filter_policy_scope", SCOPE),
    attribute("raw_message_delivery", "RawMessageDelivery"),
    attribute("replay_policy", "ReplayPolicy"),
    attribute("delivery_policy", "DeliveryPolicy"),
];

/// What a filter is set to that lets everything through. Source: SNS developer guide, removing a
/// subscription filter policy.
const NO_FILTER: &str = "{}";

impl Handler for TopicSubscription {
    const CALLS: Calls = Calls {
        // Topic, protocol and endpoint: to subscribe again gives the subscription that is there.
        class: CreateClass::Relation,
        create: "sns:Subscribe",
        operations: OPERATIONS,
        actions: ACTIONS,
        // What nobody confirmed stays until SNS drops it.
        vanishes: false,
        gone: GONE,
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let pairs = pairs(want, |_| true).into_iter();
        // Not every protocol takes `RawMessageDelivery`, not even to say no.
        let pairs = pairs.filter(|(_, value)| !value.is_empty() && value != "false");
        let pairs: HashMap<_, _> = pairs.collect();
        let answer = aws
            .call(|| {
                aws.sns()
                    .subscribe()
                    .topic_arn(want.topic_arn.as_str())
                    .protocol(want.protocol.as_str())
                    .endpoint(want.endpoint.as_str())
                    .set_attributes(Some(pairs.clone()))
                    // Without this, one that is not confirmed has no ARN.
                    .return_subscription_arn(true)
                    .send()
            })
            .await?;
        answer.subscription_arn.ok_or_else(|| missing("SubscriptionArn"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |item| async move {
            let id = item.id.as_str();
            let get = || aws.sns().get_subscription_attributes().subscription_arn(id).send();
            let answer = aws.call(get).await?;
            let attributes = answer.attributes.ok_or_else(|| missing("Attributes"))?;
            see(id, &attributes, &item.recorded).map(Some)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        for (key, value) in ordered(pairs(want, |name| changed.has(name)), want.filter_policy_scope)
        {
            set(aws, id, &key, &value).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        match aws.call(|| aws.sns().unsubscribe().subscription_arn(id).send()).await {
            Err(failure)
                if failure.code.as_deref() == Some("InvalidParameter")
                    && failure.message.contains("pending confirmation") =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        if seen.inputs.endpoint_auto_confirms && seen.outputs.pending_confirmation {
            return Readiness::Waiting("pending confirmation".to_owned());
        }
        Readiness::Ready
    }

    /// What is not confirmed has no ARN in the list; to subscribe once more tells it.
    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.sns().list_subscriptions_by_topic().set_next_token(token);
                    call.topic_arn(want.topic_arn.as_str()).send()
                },
                |page| page.next_token(),
            )
            .await;
        let pages = absent(pages.map(Some), GONE)?.unwrap_or_default();
        let all = pages.into_iter().flat_map(|page| page.subscriptions.unwrap_or_default());
        let protocol = want.protocol.as_str();
        let same = all.filter(|one| {
            let endpoint = one.endpoint().unwrap_or_default();
            one.protocol() == Some(protocol) && is_shown_as(want.endpoint.as_str(), endpoint)
        });
        Ok(same.filter_map(|one| one.subscription_arn).filter(|arn| arn.contains(':')).collect())
    }
}

/// The attributes to set: those whose argument is chosen.
fn pairs(want: &TopicSubscription, chosen: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut pairs = to_wire(ATTRIBUTES, "", &want.to_object(), &chosen);
    if chosen("redrive_policy") {
        let json = |policy: &SubscriptionRedrivePolicy| {
            json!({ "deadLetterTargetArn": policy.dead_letter_target_arn.as_str() }).to_string()
        };
        let policy = want.redrive_policy.as_ref().map(json);
        pairs.push((REDRIVE.to_owned(), policy.unwrap_or_default()));
    }
    pairs
}

fn redrive(text: &str) -> Option<SubscriptionRedrivePolicy> {
    let policy: serde_json::Value = serde_json::from_str(text).ok()?;
    let dead_letter_target_arn = AnyArn::new(policy.get("deadLetterTargetArn")?.as_str()?);
    Some(SubscriptionRedrivePolicy { dead_letter_target_arn })
}

/// Attributes in the order that SNS takes them in: a filter must fit its scope at any time, and every
/// filter of attributes fits a body.
fn ordered(
    mut pairs: Vec<(String, String)>,
    scope: Option<FilterPolicyScope>,
) -> Vec<(String, String)> {
    let body = scope == Some(FilterPolicyScope::MessageBody);
    pairs.sort_by_key(|(key, _)| match key.as_str() {
        SCOPE if body => 0,
        FILTER => 1,
        _ => 2,
    });
    pairs
}

async fn set(aws: &Aws, id: &str, key: &str, value: &str) -> Result<()> {
    let value = if key == FILTER && value.is_empty() { NO_FILTER } else { value };
    // A redrive policy is taken away by no value, all others by an empty one.
    let value = (key != REDRIVE || !value.is_empty()).then(|| value.to_owned());
    aws.call(|| {
        let call = aws.sns().set_subscription_attributes().subscription_arn(id);
        call.attribute_name(key).set_attribute_value(value.clone()).send()
    })
    .await
    .map(drop)
}

/// Whether SNS shows an endpoint so: the password of a URL is hidden.
fn is_shown_as(endpoint: &str, shown: &str) -> bool {
    if endpoint == shown {
        return true;
    }
    let masked = || {
        let (scheme, rest) = endpoint.split_once("://")?;
        let (login, host) = rest.split_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:****@{host}"))
    };
    masked().is_some_and(|masked| masked == shown)
}

fn see(
    id: &str,
    seen: &HashMap<String, String>,
    recorded: &Object,
) -> Result<Seen<TopicSubscription>> {
    let text = |key: &str| seen.get(key).map(String::as_str).ok_or_else(|| missing(key));
    let is = |key: &str| seen.get(key).is_some_and(|text| text == "true");
    let recorded_text = |name: &str| recorded.get(name).and_then(|value| value.reveal().as_str());
    let shown = text("Endpoint")?;
    let endpoint = recorded_text("endpoint").filter(|endpoint| is_shown_as(endpoint, shown));
    let protocol: SubscriptionProtocol = parsed(Some(text("Protocol")?), "Protocol")?;
    let confirms = recorded.get("endpoint_auto_confirms").and_then(Value::as_bool);
    let mut object = Object::from([
        ("topic_arn".to_owned(), text("TopicArn")?.into()),
        ("protocol".to_owned(), protocol.as_str().into()),
        ("endpoint".to_owned(), endpoint.unwrap_or(shown).into()),
        ("endpoint_auto_confirms".to_owned(), Value::Bool(confirms.unwrap_or(false))),
    ]);
    let mut attributes = seen.clone();
    attributes.retain(|_, value| value != NO_FILTER);
    from_wire(ATTRIBUTES, &<TopicSubscription as ResourceType>::SCHEMA, &attributes, &mut object);
    let redrive = seen.get(REDRIVE).and_then(|text| redrive(text));
    object.insert("redrive_policy".to_owned(), redrive.to_value());
    let outputs = TopicSubscriptionOutputs {
        id: Arn::new(id),
        arn: Arn::new(id),
        owner_id: text("Owner")?.to_owned(),
        pending_confirmation: is("PendingConfirmation"),
        confirmation_was_authenticated: is("ConfirmationWasAuthenticated"),
    };
    Ok(Seen::new(inputs(&object)?, outputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in the SNS API Reference, GetSubscriptionAttributes.
    fn answer(endpoint: &str) -> HashMap<String, String> {
        let topic = "arn:aws:sns:us-west-2:123456789012:alarms";
        let pairs = [
            ("TopicArn", topic),
            ("SubscriptionArn", &format!("{topic}:80289ba6")),
            ("Protocol", "https"),
            ("Endpoint", endpoint),
            ("Owner", "123456789012"),
            ("PendingConfirmation", "true"),
            ("ConfirmationWasAuthenticated", "false"),
            ("RawMessageDelivery", "false"),
            ("FilterPolicy", "{}"),
        ];
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_a_server_that_confirms_by_itself_is_waited_for() {
        let url = "https://example.com";
        let confirms =
            |yes| Object::from([("endpoint_auto_confirms".to_owned(), Value::Bool(yes))]);
        let seen = see("arn:1", &answer(url), &confirms(false)).expect("it is read");
        assert!(seen.outputs.pending_confirmation);
        assert_eq!(seen.inputs.filter_policy, None);
        assert_eq!(TopicSubscription::readiness(&seen), Readiness::Ready);
        let mut seen = see("arn:1", &answer(url), &confirms(true)).expect("it is read");
        assert!(matches!(TopicSubscription::readiness(&seen), Readiness::Waiting(_)));
        seen.outputs.pending_confirmation = false;
        assert_eq!(TopicSubscription::readiness(&seen), Readiness::Ready);
    }

    #[test]
    fn a_password_that_sns_hides_is_no_difference() {
        let url = "https://user:secret@example.com/hook";
        let shown = "https://user:****@example.com/hook";
        let recorded = Object::from([("endpoint".to_owned(), Value::from(url).sensitive())]);
        let seen = see("arn:1", &answer(shown), &recorded).expect("it is read");
        assert_eq!(seen.inputs.endpoint.as_str(), url);
        let other = Object::from([("endpoint".to_owned(), "https://user:x@example.org".into())]);
        let seen = see("arn:1", &answer(shown), &other).expect("it is read");
        assert_eq!(seen.inputs.endpoint.as_str(), shown);
    }

    #[test]
    fn a_filter_fits_its_scope_at_any_time() {
        let pairs = || {
            let keys = ["RawMessageDelivery", FILTER, SCOPE];
            keys.iter().map(|key| ((*key).to_owned(), String::new())).collect()
        };
        let order = |scope| -> Vec<String> {
            ordered(pairs(), scope).into_iter().map(|(key, _)| key).collect()
        };
        let body = order(Some(FilterPolicyScope::MessageBody));
        assert_eq!(body, [SCOPE, FILTER, "RawMessageDelivery"]);
        let attributes = order(Some(FilterPolicyScope::MessageAttributes));
        assert_eq!(attributes, [FILTER, "RawMessageDelivery", SCOPE]);
    }
}
