//! Tags of what stand-ins keep, in the query protocols: AddTagsToResource, RemoveTagsFromResource,
//! ListTagsForResource of RDS and ElastiCache. The tags are the field `Tags` of the object.

use serde_json::{Value, json};

use super::Desk;
use crate::gate::answer::ServiceError;
use crate::gate::document::{Document, Fields};
use crate::gate::xml::Element;

/// Plays a call about the tags of an object of the table, where the ARN is of that type.
pub(super) fn serve(
    desk: &Desk<'_>,
    table: &'static str,
    arn_type: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Option<Result<Document, ServiceError>> {
    let arn = desk.text("ResourceName");
    let operation = desk.call.operation.as_str();
    let ours = ["AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"];
    if !ours.contains(&operation) || !arn.contains(arn_type) {
        return None;
    }
    let Some((key, mut object)) = desk.list(table, "").into_iter().find(|(_, found)| is_it(found))
    else {
        let message = format!("The resource {arn} was not found");
        return Some(Err(ServiceError::new(404, "InvalidARN", message)));
    };
    let mut tags = object["Tags"].as_array().cloned().unwrap_or_default();
    let without = |tags: &mut Vec<Value>, keys: &[&Value]| {
        tags.retain(|tag| !keys.contains(&&tag["Key"]));
    };
    match operation {
        "AddTagsToResource" => {
            let added = desk.value("Tags").and_then(Value::as_array).cloned().unwrap_or_default();
            without(&mut tags, &added.iter().map(|tag| &tag["Key"]).collect::<Vec<_>>());
            tags.extend(added);
        }
        "RemoveTagsFromResource" => {
            let keys = desk.value("TagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
            without(&mut tags, &keys.iter().collect::<Vec<_>>());
        }
        _ => {}
    }
    object["Tags"] = json!(tags);
    desk.put(table, &key, object);
    let mut list = Element::new("TagList");
    list.put("", &json!(tags), "Tag");
    Some(Ok(desk.result(list)))
}
