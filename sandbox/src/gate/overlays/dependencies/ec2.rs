//! Deletes that EC2 refuses while something depends on the object.
//!
//! Written against the EC2 API Reference: "Error codes for the Amazon EC2 API"
//! (`DependencyViolation`, `InvalidIPAddress.InUse`) and the pages of `DeleteVpc`, `DeleteSubnet`,
//! `DeleteSecurityGroup`, `DetachInternetGateway`, `ReleaseAddress`; and "Delete your VPC" of the VPC
//! User Guide. The gate asks the emulator before it lets a delete through. What the emulator refuses
//! by itself (an attached internet gateway, an associated route table, an IAM role with policies) is
//! left to it.

use serde_json::{Value, json};

use super::{Asker, Check};
use crate::gate::answer::ServiceError;
use crate::gate::document::Document;
use crate::gate::upstream::UpstreamError;
use crate::gate::xml::Element;

impl Asker<'_> {
    /// The objects that a describe operation lists.
    async fn list(
        &self,
        operation: &'static str,
        filters: &[(&str, &str)],
        set: &str,
    ) -> Result<Vec<Element>, UpstreamError> {
        let filters: Vec<Value> =
            filters.iter().map(|(name, value)| json!({ "Name": name, "Value": [value] })).collect();
        let parameters = json!({ "Filter": filters });
        let document = self.ask("ec2", operation, parameters).await?;
        let Document::Xml(document) = document else { return Ok(Vec::new()) };
        Ok(document.items(set).into_iter().cloned().collect())
    }

    /// NAT gateways that are not deleted.
    async fn nat_gateways(&self, filters: &[(&str, &str)]) -> Result<Vec<Element>, UpstreamError> {
        let mut found = self.list("DescribeNatGateways", filters, "natGatewaySet").await?;
        found.retain(is_there);
        Ok(found)
    }

    /// VPC endpoints that are not deleted.
    async fn endpoints(&self, filters: &[(&str, &str)]) -> Result<Vec<Element>, UpstreamError> {
        let mut found = self.list("DescribeVpcEndpoints", filters, "vpcEndpointSet").await?;
        found.retain(is_there);
        Ok(found)
    }

    /// Instances that are not terminated.
    async fn instances(&self, filters: &[(&str, &str)]) -> Result<Vec<Element>, UpstreamError> {
        let reservations = self.list("DescribeInstances", filters, "reservationSet").await?;
        Ok(reservations
            .iter()
            .flat_map(|reservation| reservation.items("instancesSet"))
            .filter(|instance| {
                let state = instance.child("instanceState").map(|state| state.child_text("name"));
                state.as_deref() != Some("terminated")
            })
            .cloned()
            .collect())
    }
}

/// Whether a NAT gateway or an endpoint is neither deleted nor failed.
fn is_there(object: &Element) -> bool {
    !matches!(object.child_text("state").to_ascii_lowercase().as_str(), "deleted" | "failed")
}

/// Says whether EC2 would refuse this call because of what EC2 itself has.
pub(super) async fn check(ask: &Asker<'_>) -> Check {
    let call = ask.call;
    let id = |name: &str| call.form.get(name).filter(|id| !id.is_empty());
    match call.operation.as_str() {
        "DeleteVpc" => match id("VpcId") {
            Some(id) => vpc(ask, id).await,
            None => Ok(None),
        },
        "DeleteSubnet" => match id("SubnetId") {
            Some(id) => subnet(ask, id).await,
            None => Ok(None),
        },
        "DeleteSecurityGroup" => match id("GroupId") {
            Some(id) => security_group(ask, id).await,
            None => Ok(None),
        },
        "DetachInternetGateway" => match id("VpcId") {
            Some(id) => internet_gateway(ask, id).await,
            None => Ok(None),
        },
        "ReleaseAddress" => match id("AllocationId") {
            Some(id) => address(ask, id).await,
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

async fn vpc(ask: &Asker<'_>, id: &str) -> Check {
    let by_vpc = [("vpc-id", id)];
    let subnets = ask.list("DescribeSubnets", &by_vpc, "subnetSet").await?;
    let attached = [("attachment.vpc-id", id)];
    let gateways = ask.list("DescribeInternetGateways", &attached, "internetGatewaySet").await?;
    let mut used = !subnets.is_empty() || !gateways.is_empty();
    used |= ask.list("DescribeRouteTables", &by_vpc, "routeTableSet").await?.iter().any(|table| {
        let associations = table.items("associationSet");
        !associations.iter().any(|association| association.child_text("main") == "true")
    });
    let groups = ask.list("DescribeSecurityGroups", &by_vpc, "securityGroupInfo").await?;
    used |= groups.iter().any(|group| group.child_text("groupName") != "default");
    let acls = ask.list("DescribeNetworkAcls", &by_vpc, "networkAclSet").await?;
    used |= acls.iter().any(|acl| acl.child_text("default") != "true");
    used |= !ask.endpoints(&by_vpc).await?.is_empty();
    // The operation has no filter on the VPC.
    let egress = "egressOnlyInternetGatewaySet";
    used |=
        ask.list("DescribeEgressOnlyInternetGateways", &[], egress).await?.iter().any(|gateway| {
            gateway
                .items("attachmentSet")
                .iter()
                .any(|attachment| attachment.child_text("vpcId") == id)
        });
    Ok(used.then(|| violation(format!("The vpc '{id}' has dependencies and cannot be deleted."))))
}

async fn subnet(ask: &Asker<'_>, id: &str) -> Check {
    let by_subnet = [("subnet-id", id)];
    let mut used = !ask.nat_gateways(&by_subnet).await?.is_empty();
    used |= !ask.instances(&by_subnet).await?.is_empty();
    used |= ask
        .endpoints(&[])
        .await?
        .iter()
        .any(|endpoint| endpoint.items("subnetIdSet").iter().any(|subnet| subnet.text() == id));
    let interfaces = "networkInterfaceSet";
    used |= !ask.list("DescribeNetworkInterfaces", &by_subnet, interfaces).await?.is_empty();
    Ok(used
        .then(|| violation(format!("The subnet '{id}' has dependencies and cannot be deleted."))))
}

async fn security_group(ask: &Asker<'_>, id: &str) -> Check {
    let by_group = [("group-id", id)];
    let interfaces = "networkInterfaceSet";
    let mut used = !ask.list("DescribeNetworkInterfaces", &by_group, interfaces).await?.is_empty();
    used |= !ask.instances(&[("instance.group-id", id)]).await?.is_empty();
    used |= ask.endpoints(&[]).await?.iter().any(|endpoint| {
        endpoint.items("groupSet").iter().any(|group| group.child_text("groupId") == id)
    });
    // Asked without a filter: moto does not find rules of both directions by filter.
    let groups = ask.list("DescribeSecurityGroups", &[], "securityGroupInfo").await?;
    used |= groups.iter().any(|group| group.child_text("groupId") != id && names(group, id));
    Ok(used.then(|| violation(format!("resource {id} has a dependent object"))))
}

/// Whether a rule of the group names the other group.
fn names(group: &Element, other: &str) -> bool {
    ["ipPermissions", "ipPermissionsEgress"].iter().any(|direction| {
        group
            .items(direction)
            .iter()
            .any(|rule| rule.items("groups").iter().any(|pair| pair.child_text("groupId") == other))
    })
}

async fn internet_gateway(ask: &Asker<'_>, vpc: &str) -> Check {
    let by_vpc = [("vpc-id", vpc)];
    let gateways = ask.nat_gateways(&by_vpc).await?;
    let mut mapped = gateways.iter().any(|gateway| {
        let addresses = gateway.items("natGatewayAddressSet");
        addresses.iter().any(|address| !address.child_text("allocationId").is_empty())
    });
    let interfaces = ask.list("DescribeNetworkInterfaces", &by_vpc, "networkInterfaceSet").await?;
    let ids: Vec<String> =
        interfaces.iter().map(|interface| interface.child_text("networkInterfaceId")).collect();
    let instances = ask.instances(&by_vpc).await?;
    let addresses = ask.list("DescribeAddresses", &[], "addressesSet").await?;
    mapped |= addresses.iter().any(|address| {
        let (interface, instance) =
            (address.child_text("networkInterfaceId"), address.child_text("instanceId"));
        ids.contains(&interface)
            || instances.iter().any(|found| found.child_text("instanceId") == instance)
    });
    Ok(mapped.then(|| {
        violation(format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        ))
    }))
}

async fn address(ask: &Asker<'_>, id: &str) -> Check {
    let gateways = ask.nat_gateways(&[]).await?;
    let mut held = gateways.iter().any(|gateway| {
        let addresses = gateway.items("natGatewayAddressSet");
        addresses.iter().any(|address| address.child_text("allocationId") == id)
    });
    let by_id = [("allocation-id", id)];
    let addresses = ask.list("DescribeAddresses", &by_id, "addressesSet").await?;
    held |= addresses.iter().any(|address| !address.child_text("associationId").is_empty());
    Ok(held.then(|| {
        ServiceError::invalid(
            "InvalidIPAddress.InUse",
            format!("The address with allocation id {id} is in use"),
        )
    }))
}

fn violation(message: String) -> ServiceError {
    ServiceError::invalid("DependencyViolation", message)
}

#[cfg(test)]
mod tests {
    use super::{is_there, names};
    use crate::gate::xml::Element;

    #[test]
    fn a_rule_in_either_direction_names_a_group() {
        for direction in ["ipPermissions", "ipPermissionsEgress"] {
            let text = format!(
                "<item><{direction}><item><groups><item><groupId>sg-1</groupId></item></groups></item></{direction}></item>"
            );
            let group = Element::parse(&text).unwrap();
            assert!(names(&group, "sg-1"), "{direction}");
            assert!(!names(&group, "sg-2"), "{direction}");
        }
    }

    #[test]
    fn what_is_being_deleted_is_still_there() {
        let object = |state: &str| Element::new("item").with(Element::with_text("state", state));
        assert!(is_there(&object("deleting")) && is_there(&object("available")));
        assert!(!is_there(&object("deleted")) && !is_there(&object("failed")));
    }
}
