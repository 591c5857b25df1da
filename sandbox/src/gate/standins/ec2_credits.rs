//! Credits of burstable instances: moto shows `standard` for every one, and cannot change it.
//!
//! From the pages of `ModifyInstanceCreditSpecification` and `RunInstances` (`CreditSpecification`) of
//! the EC2 API Reference. Nobody asks what an instance has that no call said anything of.

use serde_json::Value;

use super::Desk;
use crate::gate::answer::Answer;
use crate::gate::document::Document;
use crate::gate::xml::Element;

/// Credits by the id of the instance.
const TABLE: &str = "ec2 credits";

/// Plays the change.
pub(super) fn serve(desk: &Desk<'_>) -> Option<Document> {
    if desk.call.operation != "ModifyInstanceCreditSpecification" {
        return None;
    }
    let mut done = Element::new("successfulInstanceCreditSpecificationSet");
    let asked = |number: usize, name: &str| {
        desk.call.form.get(&format!("InstanceCreditSpecification.{number}.{name}"))
    };
    for number in 1.. {
        let Some(id) = asked(number, "InstanceId") else { break };
        let credits = asked(number, "CpuCredits").unwrap_or_default();
        desk.put(TABLE, id, Value::from(credits));
        done.push(Element::new("item").with(Element::with_text("instanceId", id)));
    }
    let response = Element::new("ModifyInstanceCreditSpecificationResponse").with(done);
    Some(Document::Xml(response.with(Element::new("unsuccessfulInstanceCreditSpecificationSet"))))
}

/// Keeps what instances are made with, and shows what they have.
pub(super) fn fill(desk: &Desk<'_>, answer: &mut Answer) {
    let operation = desk.call.operation.as_str();
    if desk.call.service != "ec2" || !answer.status.is_success() {
        return;
    }
    match operation {
        "RunInstances" => {
            let Some(credits) = desk.call.form.get("CreditSpecification.CpuCredits") else {
                return;
            };
            let Some(document) = answer.document() else { return };
            for instance in document.items("instancesSet") {
                desk.put(TABLE, &instance.child_text("instanceId"), Value::from(credits));
            }
        }
        "DescribeInstanceCreditSpecifications" => {
            let Some(mut document) = answer.document() else { return };
            document.visit_mut(&mut |item| {
                let kept = desk.get(TABLE, &item.child_text("instanceId"));
                if let Some(credits) = kept.as_ref().and_then(Value::as_str) {
                    item.retain(|child| child.name != "cpuCredits");
                    item.push(Element::with_text("cpuCredits", credits));
                }
            });
            answer.set_document(&document);
        }
        _ => {}
    }
}
