//! RDS's event subscriptions: ministack has none, moto cannot change them.
//!
//! API: CreateEventSubscription, ModifyEventSubscription, DescribeEventSubscriptions,
//! DeleteEventSubscription, AddSourceIdentifierToSubscription,
//! RemoveSourceIdentifierFromSubscription, and the tag calls for their ARNs; `EventSubscription`.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use super::tags;
use crate::gate::answer::ServiceError;
use crate::gate::document::{Document, Fields};
use crate::gate::xml::Element;

const SUBSCRIPTIONS: &str = "rds event subscriptions";

/// Plays a call.
pub(super) fn serve(desk: &Desk<'_>) -> Reply {
    let name = desk.text("SubscriptionName");
    let found = desk.get(SUBSCRIPTIONS, name);
    let reply = match desk.call.operation.as_str() {
        "CreateEventSubscription" if found.is_some() => {
            let message = format!("Subscription {name} already exists.");
            Err(ServiceError::invalid("SubscriptionAlreadyExist", message))
        }
        "CreateEventSubscription" => Ok(put(desk, created(desk, name))),
        "ModifyEventSubscription" => {
            found.map(|found| put(desk, found)).ok_or_else(|| missing(name))
        }
        "AddSourceIdentifierToSubscription" | "RemoveSourceIdentifierFromSubscription" => {
            found.map(|found| put(desk, with_sources(desk, found))).ok_or_else(|| missing(name))
        }
        "DeleteEventSubscription" => desk
            .take(SUBSCRIPTIONS, name)
            .map(|found| desk.result(element(&found)))
            .ok_or_else(|| missing(name)),
        "DescribeEventSubscriptions" => describe(desk, name),
        _ => {
            let shown = |found: &Value| found["EventSubscriptionArn"] == desk.text("ResourceName");
            return Ok(tags::serve(desk, SUBSCRIPTIONS, ":es:", shown));
        }
    };
    Ok(Some(reply))
}

fn missing(name: &str) -> ServiceError {
    ServiceError::new(404, "SubscriptionNotFound", format!("Subscription {name} not found."))
}

fn element(subscription: &Value) -> Element {
    let mut element = Element::new("EventSubscription");
    for (field, value) in subscription.as_object().into_iter().flatten() {
        let item = match field.as_str() {
            "Tags" => continue,
            "EventCategoriesList" => "EventCategory",
            _ => "SourceId",
        };
        element.put(field, value, item);
    }
    element
}

fn created(desk: &Desk<'_>, name: &str) -> Value {
    json!({
        "CustSubscriptionId": name,
        "CustomerAwsId": desk.account(),
        "EventSubscriptionArn": desk.arn("rds", &format!("es:{name}")),
        "Status": "active",
        "Enabled": "true",
        "SourceIdsList": desk.value("SourceIds").cloned().unwrap_or_else(|| json!([])),
        "EventCategoriesList": [],
        "Tags": desk.value("Tags").cloned().unwrap_or_else(|| json!([])),
    })
}

/// Keeps the subscription as the call wants it.
fn put(desk: &Desk<'_>, mut subscription: Value) -> Document {
    for (parameter, field) in [
        ("Enabled", "Enabled"),
        ("EventCategories", "EventCategoriesList"),
        ("SnsTopicArn", "SnsTopicArn"),
        ("SourceType", "SourceType"),
    ] {
        if let Some(value) = desk.value(parameter) {
            subscription[field] = value.clone();
        }
    }
    desk.put(SUBSCRIPTIONS, desk.text("SubscriptionName"), subscription.clone());
    desk.result(element(&subscription))
}

fn with_sources(desk: &Desk<'_>, mut subscription: Value) -> Value {
    let id = desk.value("SourceIdentifier").cloned().unwrap_or_default();
    if let Some(ids) = subscription["SourceIdsList"].as_array_mut() {
        ids.retain(|known| *known != id);
        if desk.call.operation.starts_with("Add") {
            ids.push(id);
        }
    }
    subscription
}

fn describe(desk: &Desk<'_>, name: &str) -> Result<Document, ServiceError> {
    let found = desk.list(SUBSCRIPTIONS, name);
    let mut list = Element::new("EventSubscriptionsList");
    for (_, subscription) in found.iter().filter(|(of, _)| name.is_empty() || of == name) {
        list.push(element(subscription));
    }
    if list.elements().next().is_none() && !name.is_empty() {
        return Err(missing(name));
    }
    Ok(desk.result(list))
}
