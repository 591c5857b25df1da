//! Gives an Elastic IP address to an instance or a network interface.
//!
//! API: AssociateAddress, DescribeAddresses, DisassociateAddress.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Outputs, Resource};

use super::{AllocationId, AssociationId, InstanceId, NetworkInterfaceId};
use crate::rules::Rules;

/// Gives an Elastic IP address to an instance or a network interface.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eip_association", outputs = EipAssociationOutputs, validate = validate)]
pub struct EipAssociation {
    /// The address.
    #[field(force_new)]
    pub allocation_id: AllocationId,
    /// Whether an address that something else has is taken from it; so it is by default.
    #[field(force_new, write_only)]
    pub allow_reassociation: Option<bool>,
    /// The instance, at its primary interface. Just one of this and `network_interface_id`.
    #[field(force_new, computed)]
    pub instance_id: Option<InstanceId>,
    /// The interface.
    #[field(force_new, computed)]
    pub network_interface_id: Option<NetworkInterfaceId>,
    /// Private IPv4 address that the address stands for; the primary one by default.
    #[field(force_new, computed)]
    pub private_ip_address: Option<String>,
}

/// What AWS assigns to an [`EipAssociation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EipAssociationOutputs {
    /// The association's id.
    pub id: AssociationId,
    /// The address.
    pub public_ip: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&["instance_id", "network_interface_id"]);
    rules.ipv4("private_ip_address");
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{Address, Filter};

    use super::*;
    use crate::ec2::common::{by_ids, filter};
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["ec2:AssociateAddress", "ec2:DescribeAddresses", "ec2:DisassociateAddress"];

    impl Handler for EipAssociation {
        const CALLS: Calls = Calls {
            // Source: EC2 API Reference, AssociateAddress: "This is an idempotent operation."
            class: CreateClass::Relation,
            create: "ec2:AssociateAddress",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &["InvalidAssociationID.NotFound"],
            not_yet: &[
                ("InvalidAllocationID.NotFound", ""),
                ("InvalidInstanceID", "The pending instance"),
                ("InvalidInstanceID.NotFound", ""),
                ("InvalidNetworkInterfaceID.NotFound", ""),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .associate_address()
                        .allocation_id(want.allocation_id.as_str())
                        .set_allow_reassociation(want.allow_reassociation)
                        .set_instance_id(text(&want.instance_id))
                        .set_network_interface_id(text(&want.network_interface_id))
                        .set_private_ip_address(want.private_ip_address.clone())
                        .send()
                })
                .await?;
            answer.association_id.ok_or_else(|| missing("AssociationId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let found = list(aws, by_ids("association-id", &chunk)).await?;
                let mut seen = HashMap::new();
                for address in found {
                    let Some(id) = address.association_id.clone() else { continue };
                    let item = chunk.iter().find(|item| item.id == id);
                    let recorded = item.and_then(|item| item.recorded.get("allow_reassociation"));
                    let allowed = recorded.and_then(infra_sdk::Value::as_bool);
                    seen.insert(id, see(address, allowed)?);
                }
                Ok(seen)
            })
            .await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ec2().disassociate_address().association_id(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let allocation = filter("allocation-id", [want.allocation_id.as_str()]);
            let found = list(aws, allocation).await?.into_iter().filter(|address| {
                let instance = want.instance_id.as_ref().map(InstanceId::as_str);
                let interface = want.network_interface_id.as_ref().map(NetworkInterfaceId::as_str);
                (instance.is_some() && instance == address.instance_id())
                    || (interface.is_some() && interface == address.network_interface_id())
            });
            Ok(found.filter_map(|address| address.association_id).collect())
        }
    }

    async fn list(aws: &Aws, filter: Filter) -> Result<Vec<Address>> {
        let call = || aws.ec2().describe_addresses().filters(filter.clone()).send();
        Ok(aws.call(call).await?.addresses.unwrap_or_default())
    }

    fn see(address: Address, allowed: Option<bool>) -> Result<Seen<EipAssociation>> {
        let id = address.association_id.ok_or_else(|| missing("AssociationId"))?;
        let allocation = address.allocation_id.ok_or_else(|| missing("AllocationId"))?;
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let inputs = EipAssociation {
            allocation_id: AllocationId::new(allocation),
            allow_reassociation: allowed,
            instance_id: filled(address.instance_id).map(InstanceId::new),
            network_interface_id: filled(address.network_interface_id).map(NetworkInterfaceId::new),
            private_ip_address: filled(address.private_ip_address),
        };
        let outputs = EipAssociationOutputs {
            id: AssociationId::new(id),
            public_ip: address.public_ip.ok_or_else(|| missing("PublicIp"))?,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{Eip, InternetGateway, NetworkInterface, Subnet, Vpc};

    fn association(stack: &mut Stack, of: &str) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        stack.add("igw", InternetGateway::new().vpc_id(vpc.id()));
        let subnet = stack.add("subnet", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
        let one = stack.add("one", NetworkInterface::new(subnet.id()));
        let other = stack.add("other", NetworkInterface::new(subnet.id()));
        let eip = stack.add("eip", Eip::new());
        let interface = if of == "one" { one } else { other };
        let it = EipAssociation::new(eip.allocation_id()).network_interface_id(interface.id());
        stack.add("it", it.allow_reassociation(false));
    }

    conforms!(
        aws_eip_association,
        Fixture {
            base: |stack, _| association(stack, "one"),
            update: None,
            replace: Some(|stack, _| association(stack, "other")),
            gaps: &[],
        }
    );
}
