//! What a web ACL protects: moto does not list it, and lets an ACL go that is in use.
//!
//! API: AssociateWebACL, DisassociateWebACL, ListResourcesForWebACL, DeleteWebACL
//! (`WAFAssociatedItemException`). With a load balancer its association goes.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::{Answer, ServiceError};
use crate::gate::document::Document;

/// The ACL's ARN by the resource's.
const PROTECTED: &str = "wafv2 associations";

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let resource = desk.text("ResourceArn");
    match desk.call.operation.as_str() {
        "AssociateWebACL" => {
            let answer = desk.ask("wafv2", "AssociateWebACL", desk.tree.clone()).await?;
            if answer.is_ok() {
                desk.put(PROTECTED, resource, desk.text("WebACLArn").into());
            }
            Ok(Some(answer))
        }
        "DisassociateWebACL" => {
            let answer = desk.ask("wafv2", "DisassociateWebACL", desk.tree.clone()).await?;
            if answer.is_ok() {
                desk.take(PROTECTED, resource);
            }
            Ok(Some(answer))
        }
        "ListResourcesForWebACL" => {
            let acl = desk.text("WebACLArn");
            let which = json!({ "ResourceArns": protected(desk, |arn| arn == acl) });
            Ok(Some(Ok(Document::Json(which))))
        }
        "DeleteWebACL" => {
            let id = format!("/{}", desk.text("Id"));
            let used = !protected(desk, |arn| arn.ends_with(&id)).is_empty();
            Ok(used.then(|| {
                let message = "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's associated with another resource.";
                Err(ServiceError::invalid("WAFAssociatedItemException", message))
            }))
        }
        _ => Ok(None),
    }
}

fn protected(desk: &Desk<'_>, is_it: impl Fn(&str) -> bool) -> Vec<String> {
    desk.list(PROTECTED, "")
        .into_iter()
        .filter(|(_, acl)| acl.as_str().is_some_and(&is_it))
        .map(|(resource, _)| resource)
        .collect()
}

/// Forgets a load balancer that was deleted.
pub(super) fn forget(desk: &Desk<'_>, answer: &Answer) {
    if desk.call.operation == "DeleteLoadBalancer" && answer.status.is_success() {
        let arn = desk.value("LoadBalancerArn").and_then(Value::as_str).unwrap_or_default();
        desk.take(PROTECTED, arn);
    }
}
