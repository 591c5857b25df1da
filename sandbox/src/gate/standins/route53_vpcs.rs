//! VPCs of private zones: moto is content with a VPC that a zone is not for, or takes it for the last
//! one.
//!
//! API: DisassociateVPCFromHostedZone.

use serde_json::json;

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::ServiceError;

/// Refuses a VPC that the zone is not for.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    if desk.call.operation != "DisassociateVPCFromHostedZone" {
        return Ok(None);
    }
    let which = json!({ "Id": desk.text("Id") });
    let Ok(zone) = desk.ask("route53", "GetHostedZone", which).await? else { return Ok(None) };
    let vpc = desk.text("VPC/VPCId");
    if zone.list("VPCs").iter().any(|one| one.text("VPCId").as_deref() == Some(vpc)) {
        return Ok(None);
    }
    let message = format!("The VPC {vpc} and the hosted zone are not currently associated.");
    Ok(Some(Err(ServiceError::new(404, "VPCAssociationNotFound", message))))
}
