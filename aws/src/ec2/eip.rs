//! An Elastic IP address. It is allocated alone and associated afterwards; another instance or
//! interface is taken in place, and it is disassociated before it is released.
//!
//! API: AllocateAddress, AssociateAddress, DisassociateAddress, DescribeAddresses,
//! DescribeAddressesAttribute, ReleaseAddress.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};

use super::{AllocationId, AssociationId, InstanceId, IpamPoolId, NetworkInterfaceId};
use crate::rules::Rules;

/// A public IPv4 address that stays the same.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eip", outputs = EipOutputs, validate = validate)]
pub struct Eip {
    /// Where the address is used.
    #[field(force_new, default = Domain::Vpc)]
    pub domain: Domain,
    /// A certain address: one of an own pool, or one released before that is still free.
    #[field(force_new, computed)]
    pub address: Option<String>,
    /// Pool that the address is taken from: AWS's own, `amazon`, or one of addresses brought along.
    #[field(force_new, computed)]
    pub public_ipv4_pool: Option<String>,
    /// Pool of IPAM that the address is taken from.
    #[field(force_new, computed)]
    pub ipam_pool_id: Option<IpamPoolId>,
    /// Zones that the address is announced from, such as `us-west-2-lax-1`. The region by default.
    #[field(force_new, computed)]
    pub network_border_group: Option<String>,
    /// Pool of an Outpost that the address is taken from.
    #[field(force_new)]
    pub customer_owned_ipv4_pool: Option<String>,
    /// The instance that has the address, at its primary interface. Left out, what is stays.
    #[field(computed)]
    pub instance: Option<InstanceId>,
    /// The interface that has the address. Left out, what is stays.
    #[field(computed)]
    pub network_interface: Option<NetworkInterfaceId>,
    /// Private IPv4 address that the address stands for. The primary one by default.
    #[field(computed)]
    pub associate_with_private_ip: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// Where an address is used. EC2-Classic, the other domain, is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Domain {
    /// In VPCs.
    Vpc,
}

/// What AWS assigns to an [`Eip`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EipOutputs {
    /// The allocation's id.
    pub id: AllocationId,
    /// The allocation's id, by the name that other types use.
    pub allocation_id: AllocationId,
    /// The address's ARN.
    pub arn: Arn<Eip>,
    /// The association, where there is one.
    pub association_id: Option<AssociationId>,
    /// Address towards the carrier's network, in a Wavelength zone.
    pub carrier_ip: Option<String>,
    /// Address of the Outpost's own pool.
    pub customer_owned_ip: Option<String>,
    /// Private IPv4 address that the address stands for.
    pub private_ip: Option<String>,
    /// Private DNS name of that address.
    pub private_dns: Option<String>,
    /// The address.
    pub public_ip: String,
    /// DNS name of the address.
    pub public_dns: String,
    /// Name that reverse lookups of the address give.
    pub ptr_record: Option<String>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    // Source: EC2 API Reference, AssociateAddress: either the one or the other.
    rules.at_most_one(&["instance", "network_interface"]);
    rules.ipv4("address");
    rules.ipv4("associate_with_private_ip");
    if !rules.has("instance") && !rules.has("network_interface") {
        rules.without(&["associate_with_private_ip"], "without an instance or an interface");
    }
    rules.at_most_one(&["public_ipv4_pool", "ipam_pool_id", "customer_owned_ipv4_pool"]);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{
        Address, AddressAttributeName, DomainType, Filter, ResourceType as Tagged,
    };

    use super::*;
    use crate::ec2::common::{
        by_ids, by_owner, filter, is_owned, retag, tag_specification, tags_of, unless,
    };
    use crate::frame::clients::Account;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:AllocateAddress",
        "ec2:AssociateAddress",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DescribeAddresses",
        "ec2:DescribeAddressesAttribute",
        "ec2:DisassociateAddress",
        "ec2:ReleaseAddress",
    ];

    impl Handler for Eip {
        const CALLS: Calls = Calls {
            class: CreateClass::Tags,
            create: "ec2:AllocateAddress",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["associate_with_private_ip", "instance", "network_interface"],
            gone: &["InvalidAllocationID.NotFound"],
            not_yet: &[
                ("InvalidInstanceID", "pending instance"),
                ("InvalidInstanceID.NotFound", ""),
                ("InvalidNetworkInterfaceID.NotFound", ""),
            ],
            // What had the address gives it back some time after it went.
            lingering: &[("InvalidIPAddress.InUse", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .allocate_address()
                        .domain(DomainType::from(want.domain.as_str()))
                        .set_address(want.address.clone())
                        .set_public_ipv4_pool(want.public_ipv4_pool.clone())
                        .set_ipam_pool_id(text(&want.ipam_pool_id))
                        .set_network_border_group(want.network_border_group.clone())
                        .set_customer_owned_ipv4_pool(want.customer_owned_ipv4_pool.clone())
                        .set_tag_specifications(tag_specification(Tagged::ElasticIp, &want.tags))
                        .send()
                })
                .await?;
            answer.allocation_id.ok_or_else(|| missing("AllocationId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let found = list(aws, vec![by_ids("allocation-id", &chunk)]).await?;
                let mut names = reverse_names(aws, &found).await?;
                let account = aws.account().await?;
                let seen = found.into_iter().map(|address| see(aws, account, address, &mut names));
                seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                    .collect::<Result<HashMap<_, _>>>()
            })
            .await
        }

        /// Another instance or interface takes the address over without a gap in between. What is
        /// not changed may be the last place's, so only what is changed says where to.
        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let moved = changed.any(&["instance", "network_interface"]);
            let to = |name| !moved || changed.has(name);
            let interface = text(&want.network_interface).filter(|_| to("network_interface"));
            let instance = text(&want.instance).filter(|_| to("instance") && interface.is_none());
            let private_ip = want
                .associate_with_private_ip
                .clone()
                .filter(|_| changed.has("associate_with_private_ip"));
            aws.call(|| {
                aws.ec2()
                    .associate_address()
                    .allocation_id(id)
                    .allow_reassociation(true)
                    .set_instance_id(instance.clone())
                    .set_network_interface_id(interface.clone())
                    .set_private_ip_address(private_ip.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            disassociate(aws, id).await?;
            aws.call(|| {
                let call = aws.ec2().release_address().allocation_id(id);
                call.set_network_border_group(was.network_border_group.clone()).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = list(aws, by_owner(&want.tags)).await?;
            let ours = found.into_iter().filter(|address| is_owned(&address.tags, &want.tags));
            Ok(ours.filter_map(|address| address.allocation_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    /// DescribeAddresses has no pages.
    async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Address>> {
        let answer = aws
            .call(|| aws.ec2().describe_addresses().set_filters(Some(filters.clone())).send())
            .await?;
        Ok(answer.addresses.unwrap_or_default())
    }

    async fn disassociate(aws: &Aws, id: &str) -> Result<()> {
        let found = list(aws, vec![filter("allocation-id", [id])]).await?;
        let Some(association) = found.into_iter().find_map(|address| some(address.association_id))
        else {
            return Ok(());
        };
        let done =
            aws.call(|| aws.ec2().disassociate_address().association_id(&association).send()).await;
        unless(done, "InvalidAssociationID.NotFound")
    }

    /// EC2 writes nothing as an empty text here and there.
    fn some(text: Option<String>) -> Option<String> {
        text.filter(|text| !text.is_empty())
    }

    /// The names of reverse lookups, by allocation.
    async fn reverse_names(aws: &Aws, found: &[Address]) -> Result<HashMap<String, String>> {
        let ids: Vec<_> =
            found.iter().filter_map(|address| address.allocation_id.clone()).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_addresses_attribute().set_next_token(token);
                    call.attribute(AddressAttributeName::DomainName)
                        .set_allocation_ids(Some(ids.clone()))
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let names = pages.into_iter().flat_map(|page| page.addresses.unwrap_or_default());
        Ok(names.filter_map(|name| Some((name.allocation_id?, some(name.ptr_record)?))).collect())
    }

    fn see(
        aws: &Aws,
        account: &Account,
        address: Address,
        names: &mut HashMap<String, String>,
    ) -> Result<Seen<Eip>> {
        let id = address.allocation_id.ok_or_else(|| missing("AllocationId"))?;
        let public_ip = address.public_ip.ok_or_else(|| missing("PublicIp"))?;
        let private_ip = some(address.private_ip_address);
        let pool = some(address.public_ipv4_pool);
        let inputs = Eip {
            domain: parsed(address.domain.as_ref().map(DomainType::as_str), "Domain")?,
            address: Some(public_ip.clone()),
            ipam_pool_id: pool
                .clone()
                .filter(|pool| pool.starts_with("ipam-pool-"))
                .map(IpamPoolId::new),
            public_ipv4_pool: pool,
            network_border_group: some(address.network_border_group),
            customer_owned_ipv4_pool: some(address.customer_owned_ipv4_pool),
            instance: some(address.instance_id).map(InstanceId::new),
            network_interface: some(address.network_interface_id).map(NetworkInterfaceId::new),
            associate_with_private_ip: private_ip.clone(),
            tags: tags_of(address.tags),
        };
        let outputs = EipOutputs {
            allocation_id: AllocationId::new(id.clone()),
            arn: aws.arn("ec2", &account.id, &format!("elastic-ip/{id}")),
            association_id: some(address.association_id).map(AssociationId::new),
            carrier_ip: some(address.carrier_ip),
            customer_owned_ip: some(address.customer_owned_ip),
            private_dns: private_ip.as_ref().map(|ip| private_name(ip, aws.region())),
            private_ip,
            public_dns: public_name(&public_ip, aws.region()),
            public_ip,
            ptr_record: names.remove(&id).map(|name| name.trim_end_matches('.').to_owned()),
            id: AllocationId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }

    /// Source: VPC user guide, DNS host names.
    pub(super) fn public_name(ip: &str, region: &str) -> String {
        let zone = match region {
            "us-east-1" => "compute-1".to_owned(),
            other => format!("{other}.compute"),
        };
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("ec2-{}.{zone}.amazonaws.com{china}", ip.replace('.', "-"))
    }

    /// Source: VPC user guide, DNS host names.
    pub(super) fn private_name(ip: &str, region: &str) -> String {
        let zone = match region {
            "us-east-1" => "ec2".to_owned(),
            other => format!("{other}.compute"),
        };
        format!("ip-{}.{zone}.internal", ip.replace('.', "-"))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::handler::{private_name, public_name};
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_eip,
        Fixture {
            base: |stack, name| {
                stack.add("it", Eip::new().tag("Name", name));
            },
            update: Some(|stack, _| {
                stack.add("it", Eip::new().tag("Name", "other").tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                stack.add("it", Eip::new().address("198.51.100.7"));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn names_follow_the_region() {
        assert_eq!(
            public_name("198.51.100.7", "us-west-2"),
            "ec2-198-51-100-7.us-west-2.compute.amazonaws.com"
        );
        assert_eq!(
            public_name("198.51.100.7", "us-east-1"),
            "ec2-198-51-100-7.compute-1.amazonaws.com"
        );
        assert_eq!(private_name("10.0.0.4", "us-east-1"), "ip-10-0-0-4.ec2.internal");
        assert_eq!(private_name("10.0.0.4", "eu-west-1"), "ip-10-0-0-4.eu-west-1.compute.internal");
    }
}
