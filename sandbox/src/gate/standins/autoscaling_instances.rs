//! The interfaces of instances that an Auto Scaling group ended: moto leaves them, and they would hold
//! their subnet for ever.
//!
//! From "Preserve data when an instance is terminated" of the EC2 User Guide: an instance's own
//! interface goes with it.

use serde_json::json;

use super::Desk;
use crate::gate::answer::Answer;
use crate::gate::document::Document;
use crate::gate::upstream::UpstreamError;
use crate::gate::xml::Element;

/// Clears away after a group that was deleted or made smaller.
pub(super) async fn fill(desk: &Desk<'_>, answer: &Answer) -> Result<(), UpstreamError> {
    let ends = [
        "DeleteAutoScalingGroup",
        "SetDesiredCapacity",
        "TerminateInstanceInAutoScalingGroup",
        "UpdateAutoScalingGroup",
    ];
    if desk.call.service != "autoscaling"
        || !ends.contains(&desk.call.operation.as_str())
        || !answer.status.is_success()
    {
        return Ok(());
    }
    let ended = json!({ "Filter": [{ "Name": "instance-state-name", "Value": ["terminated"] }] });
    let Ok(Document::Xml(reservations)) = desk.ask("ec2", "DescribeInstances", ended).await? else {
        return Ok(());
    };
    let instances: Vec<String> = reservations
        .items("reservationSet")
        .iter()
        .flat_map(|reservation| reservation.items("instancesSet"))
        .map(|instance| instance.child_text("instanceId"))
        .collect();
    let found = desk.ask("ec2", "DescribeNetworkInterfaces", json!({})).await?;
    let Ok(Document::Xml(interfaces)) = found else { return Ok(()) };
    for interface in interfaces.items("networkInterfaceSet") {
        let instance = interface.child("attachment").map(|found| found.child_text("instanceId"));
        // moto's word for one that was not there before the instance.
        let own = interface.child("description").map(Element::text).as_deref()
            == Some("Primary network interface");
        if own && instance.is_some_and(|id| instances.contains(&id)) {
            let which = json!({ "NetworkInterfaceId": interface.child_text("networkInterfaceId") });
            // What cannot be deleted goes on holding its subnet, which is seen there.
            let _stays = desk.ask("ec2", "DeleteNetworkInterface", which).await?;
        }
    }
    Ok(())
}
