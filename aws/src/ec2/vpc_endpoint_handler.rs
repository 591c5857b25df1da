//! The AWS calls of [`VpcEndpoint`].

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_ec2::types::{
    DnsOptionsSpecification, DnsRecordIpType as WireDnsRecordIpType, Filter,
    IpAddressType as WireIpAddressType, NetworkInterface, PrefixList, ResourceType as Tagged,
    SubnetConfiguration as WireSubnetConfiguration, VpcEndpoint as Wire,
    VpcEndpointType as WireType,
};
use infra_sdk::provider::Readiness;
use infra_sdk::{BlockSet, Value};

use super::common::{
    by_ids, by_owner, filter, is_owned, missing_from, refused, retag, tag_specification, tags_of,
};
use super::vpc_endpoint::{
    DnsEntry, DnsOptions, IpAddressType, SubnetConfiguration, VpcEndpoint, VpcEndpointOutputs,
    VpcEndpointType,
};
use super::{
    NetworkInterfaceId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::frame::calls::Patience;
use crate::iam::PolicyJson;
use crate::prelude::*;

const TEN_MINUTES: Duration = Duration::from_secs(600);

impl Handler for VpcEndpoint {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "ec2:CreateVpcEndpoint",
        operations: &[
            "ec2:AcceptVpcEndpointConnections",
            "ec2:CreateTags",
            "ec2:CreateVpcEndpoint",
            "ec2:DeleteTags",
            "ec2:DeleteVpcEndpoints",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribePrefixLists",
            "ec2:DescribeVpcEndpointServices",
            "ec2:DescribeVpcEndpoints",
            "ec2:ModifyVpcEndpoint",
        ],
        // Source: PrivateLink user guide, access to services with private DNS names.
        actions: &[
            "ec2:AcceptVpcEndpointConnections",
            "ec2:CreateTags",
            "ec2:CreateVpcEndpoint",
            "ec2:DeleteTags",
            "ec2:DeleteVpcEndpoints",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribePrefixLists",
            "ec2:DescribeVpcEndpointServices",
            "ec2:DescribeVpcEndpoints",
            "ec2:ModifyVpcEndpoint",
            "route53:AssociateVPCWithHostedZone",
        ],
        after_create: &["auto_accept"],
        gone: &["InvalidVpcEndpoint.NotFound", "InvalidVpcEndpointId.NotFound"],
        not_yet: &[
            ("InvalidRouteTableId.NotFound", ""),
            ("InvalidSecurityGroupId.NotFound", ""),
            ("InvalidSubnetId.NotFound", ""),
            ("InvalidVpcId.NotFound", ""),
        ],
        patience: Patience { create: TEN_MINUTES, update: TEN_MINUTES, delete: TEN_MINUTES },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let policy = want.policy.as_ref().map(|policy| policy.as_str().to_owned());
        let answer = aws
            .call(|| {
                aws.ec2()
                    .create_vpc_endpoint()
                    .client_token(creating.token)
                    .vpc_id(want.vpc_id.as_str())
                    .service_name(&want.service_name)
                    .set_service_region(want.service_region.clone())
                    .vpc_endpoint_type(WireType::from(want.vpc_endpoint_type.as_str()))
                    .set_policy_document(policy.clone())
                    .set_route_table_ids(all(&want.route_table_ids))
                    .set_subnet_ids(all(&want.subnet_ids))
                    .set_subnet_configurations(subnet_configurations(want))
                    .set_security_group_ids(all(&want.security_group_ids))
                    .private_dns_enabled(want.private_dns_enabled)
                    .set_ip_address_type(want.ip_address_type.map(wire_address_type))
                    .set_dns_options(want.dns_options.as_ref().map(wire_dns_options))
                    .set_tag_specifications(tag_specification(Tagged::VpcEndpoint, &want.tags))
                    .send()
            })
            .await?;
        let id = answer.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id);
        id.ok_or_else(|| missing("VpcEndpointId"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, EC2_FILTER_VALUES, |chunk| read_chunk(aws, chunk)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        if changed.has("auto_accept") && want.auto_accept {
            accept(aws, id).await?;
        }
        if changed.any(MODIFIED) {
            modify(aws, id, want, was, changed).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let answer =
            aws.call(|| aws.ec2().delete_vpc_endpoints().vpc_endpoint_ids(id).send()).await?;
        refused("ec2:DeleteVpcEndpoints", answer.unsuccessful)
    }

    /// An endpoint that waits for its service's owner is as ready as it gets: accepting it is
    /// another's work, or ours by `auto_accept`, which comes next.
    fn readiness(seen: &Seen<Self>) -> Readiness {
        let state = &seen.outputs.state;
        match state.to_ascii_lowercase().as_str() {
            "available" | "pendingacceptance" => Readiness::Ready,
            "failed" | "rejected" | "expired" => {
                let why = seen.outputs.failure_message.as_ref();
                Readiness::Failed(
                    why.map_or_else(|| state.clone(), |why| format!("{state}: {why}")),
                )
            }
            _ => Readiness::Waiting(state.clone()),
        }
    }

    fn is_deleted(seen: &Seen<Self>) -> bool {
        seen.outputs.state.eq_ignore_ascii_case("deleted")
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = list(aws, by_owner(&want.tags)).await?;
        let ours = found.into_iter().filter(|endpoint| {
            let state = state_of(endpoint).to_ascii_lowercase();
            !matches!(state.as_str(), "deleting" | "deleted")
                && is_owned(&endpoint.tags, &want.tags)
        });
        Ok(ours.filter_map(|endpoint| endpoint.vpc_endpoint_id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

/// What ModifyVpcEndpoint takes.
const MODIFIED: &[&str] = &[
    "dns_options",
    "ip_address_type",
    "policy",
    "private_dns_enabled",
    "route_table_ids",
    "security_group_ids",
    "subnet_configuration",
    "subnet_ids",
];

/// An endpoint takes one modification at a time, so everything goes into one call.
async fn modify(
    aws: &Aws,
    id: &str,
    want: &VpcEndpoint,
    was: &VpcEndpoint,
    changed: &Changed,
) -> Result<()> {
    let policy = want.policy.as_ref().map(|policy| policy.as_str().to_owned());
    let policy = policy.filter(|_| changed.has("policy"));
    let configurations = subnet_configurations(want);
    let configurations = configurations.filter(|_| changed.has("subnet_configuration"));
    let address_type = want.ip_address_type.filter(|_| changed.has("ip_address_type"));
    let dns = want.dns_options.as_ref().filter(|_| changed.has("dns_options"));
    let private_dns = changed.has("private_dns_enabled").then_some(want.private_dns_enabled);
    aws.call(|| {
        let mut call = aws
            .ec2()
            .modify_vpc_endpoint()
            .vpc_endpoint_id(id)
            .set_policy_document(policy.clone())
            .set_subnet_configurations(configurations.clone())
            .set_ip_address_type(address_type.map(wire_address_type))
            .set_dns_options(dns.map(wire_dns_options))
            .set_private_dns_enabled(private_dns);
        if changed.has("route_table_ids") {
            let (old, new) = (&was.route_table_ids, &want.route_table_ids);
            call = call.set_add_route_table_ids(missing_from(old, new));
            call = call.set_remove_route_table_ids(missing_from(new, old));
        }
        if changed.has("subnet_ids") {
            let (old, new) = (&was.subnet_ids, &want.subnet_ids);
            call = call.set_add_subnet_ids(missing_from(old, new));
            call = call.set_remove_subnet_ids(missing_from(new, old));
        }
        if changed.has("security_group_ids") {
            let (old, new) = (&was.security_group_ids, &want.security_group_ids);
            call = call.set_add_security_group_ids(missing_from(old, new));
            call = call.set_remove_security_group_ids(missing_from(new, old));
        }
        call.send()
    })
    .await
    .map(drop)
}

/// Accepts an endpoint on its service's side, if it waits for that.
async fn accept(aws: &Aws, id: &str) -> Result<()> {
    let found = list(aws, vec![filter("vpc-endpoint-id", [id])]).await?;
    let waiting = found
        .into_iter()
        .find(|endpoint| state_of(endpoint).eq_ignore_ascii_case("pendingAcceptance"));
    let Some(name) = waiting.and_then(|endpoint| endpoint.service_name) else { return Ok(()) };
    let services =
        aws.call(|| aws.ec2().describe_vpc_endpoint_services().service_names(&name).send()).await?;
    let service = services.service_details.unwrap_or_default().into_iter();
    let service = service.filter_map(|service| service.service_id).next();
    let service = service.ok_or_else(|| missing("ServiceId"))?;
    let answer = aws
        .call(|| {
            let call = aws.ec2().accept_vpc_endpoint_connections();
            call.service_id(&service).vpc_endpoint_ids(id).send()
        })
        .await?;
    refused("ec2:AcceptVpcEndpointConnections", answer.unsuccessful)
}

async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_vpc_endpoints().set_next_token(token);
                call.set_filters(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.vpc_endpoints.unwrap_or_default()).collect())
}

async fn read_chunk(aws: &Aws, chunk: Vec<Known>) -> Result<HashMap<String, Seen<VpcEndpoint>>> {
    let found = list(aws, vec![by_ids("vpc-endpoint-id", &chunk)]).await?;
    let lists = prefix_lists(aws, &found).await?;
    let interfaces = interfaces(aws, &found).await?;
    found
        .into_iter()
        .map(|endpoint| {
            let known =
                chunk.iter().find(|item| Some(item.id.as_str()) == endpoint.vpc_endpoint_id());
            let accepts = known.and_then(|item| item.recorded.get("auto_accept"));
            let accepts = accepts.and_then(Value::as_bool).unwrap_or(false);
            let seen = see(aws, endpoint, accepts, &lists, &interfaces)?;
            Ok((seen.outputs.id.to_string(), seen))
        })
        .collect()
}

/// The prefix lists of the services of gateway endpoints, by service.
async fn prefix_lists(aws: &Aws, found: &[Wire]) -> Result<HashMap<String, PrefixList>> {
    let gateways = found.iter().filter(|endpoint| kind_of(endpoint) == WireType::Gateway);
    let names: BTreeSet<_> = gateways.filter_map(Wire::service_name).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let named = filter("prefix-list-name", names);
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_prefix_lists().set_next_token(token);
                call.filters(named.clone()).send()
            },
            |page| page.next_token(),
        )
        .await?;
    let lists = pages.into_iter().flat_map(|page| page.prefix_lists.unwrap_or_default());
    Ok(lists.filter_map(|list| Some((list.prefix_list_name.clone()?, list))).collect())
}

/// The interfaces of endpoints, by id.
async fn interfaces(aws: &Aws, found: &[Wire]) -> Result<HashMap<String, NetworkInterface>> {
    let ids: Vec<_> = found.iter().flat_map(Wire::network_interface_ids).cloned().collect();
    let mut interfaces = HashMap::new();
    for chunk in ids.chunks(EC2_FILTER_VALUES) {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_network_interfaces().set_next_token(token);
                    call.filters(filter("network-interface-id", chunk)).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let found = pages.into_iter().flat_map(|page| page.network_interfaces.unwrap_or_default());
        interfaces.extend(found.filter_map(|i| Some((i.network_interface_id.clone()?, i))));
    }
    Ok(interfaces)
}

/// The type of an endpoint; without one it is a gateway, as the first endpoints were.
fn kind_of(endpoint: &Wire) -> WireType {
    endpoint.vpc_endpoint_type().cloned().unwrap_or(WireType::Gateway)
}

fn state_of(endpoint: &Wire) -> &str {
    endpoint.state().map_or("", |state| state.as_str())
}

fn all<T: Ord + ToString>(members: &BTreeSet<T>) -> Option<Vec<String>> {
    missing_from(&BTreeSet::new(), members)
}

fn wire_address_type(kind: IpAddressType) -> WireIpAddressType {
    WireIpAddressType::from(kind.as_str())
}

fn wire_dns_options(options: &DnsOptions) -> DnsOptionsSpecification {
    let records = options.dns_record_ip_type;
    let only_inbound = options.private_dns_only_for_inbound_resolver_endpoint;
    DnsOptionsSpecification::builder()
        .set_dns_record_ip_type(records.map(|kind| WireDnsRecordIpType::from(kind.as_str())))
        .set_private_dns_only_for_inbound_resolver_endpoint(only_inbound)
        .build()
}

fn subnet_configurations(want: &VpcEndpoint) -> Option<Vec<WireSubnetConfiguration>> {
    let wanted = want.subnet_configuration.0.iter();
    let all: Vec<_> = wanted
        .map(|configuration| {
            WireSubnetConfiguration::builder()
                .subnet_id(configuration.subnet_id.as_str())
                .set_ipv4(configuration.ipv4.clone())
                .set_ipv6(configuration.ipv6.clone())
                .build()
        })
        .collect();
    (!all.is_empty()).then_some(all)
}

/// Whether an endpoint is to be accepted is nothing that AWS keeps: it is as recorded, unless it
/// plainly has not happened.
fn see(
    aws: &Aws,
    endpoint: Wire,
    accepts: bool,
    lists: &HashMap<String, PrefixList>,
    interfaces: &HashMap<String, NetworkInterface>,
) -> Result<Seen<VpcEndpoint>> {
    let state = state_of(&endpoint).to_owned();
    let kind: VpcEndpointType = parsed(Some(kind_of(&endpoint).as_str()), "VpcEndpointType")?;
    let interface_ids = endpoint.network_interface_ids.unwrap_or_default();
    let configurations = interface_ids.iter().filter_map(|id| interfaces.get(id));
    let configurations = configurations.filter_map(|interface| {
        let ipv6 = interface.ipv6_addresses().first();
        Some(SubnetConfiguration {
            subnet_id: SubnetId::new(interface.subnet_id()?),
            ipv4: interface.private_ip_address().map(str::to_owned),
            ipv6: ipv6.and_then(|address| address.ipv6_address.clone()),
        })
    });
    let groups = endpoint.groups.unwrap_or_default().into_iter();
    let service_name = endpoint.service_name.ok_or_else(|| missing("ServiceName"))?;
    let list = lists.get(&service_name).filter(|_| kind == VpcEndpointType::Gateway);
    let inputs = VpcEndpoint {
        vpc_id: VpcId::new(endpoint.vpc_id.ok_or_else(|| missing("VpcId"))?),
        service_region: endpoint.service_region,
        vpc_endpoint_type: kind,
        policy: endpoint.policy_document.filter(|text| !text.is_empty()).map(PolicyJson::new),
        route_table_ids: ids(endpoint.route_table_ids, RouteTableId::new),
        subnet_ids: ids(endpoint.subnet_ids, SubnetId::new),
        subnet_configuration: BlockSet(configurations.collect()),
        security_group_ids: groups.filter_map(|g| g.group_id).map(SecurityGroupId::new).collect(),
        private_dns_enabled: endpoint.private_dns_enabled.unwrap_or(false),
        ip_address_type: endpoint
            .ip_address_type
            .map(|kind| parsed(Some(kind.as_str()), "IpAddressType"))
            .transpose()?,
        dns_options: endpoint.dns_options.map(dns_options).transpose()?,
        auto_accept: accepts && !state.eq_ignore_ascii_case("pendingAcceptance"),
        tags: tags_of(endpoint.tags),
        service_name,
    };
    let id = endpoint.vpc_endpoint_id.ok_or_else(|| missing("VpcEndpointId"))?;
    let owner_id = endpoint.owner_id.unwrap_or_default();
    let entries = endpoint.dns_entries.unwrap_or_default().into_iter();
    let outputs = VpcEndpointOutputs {
        arn: aws.arn("ec2", &owner_id, &format!("vpc-endpoint/{id}")),
        owner_id,
        state,
        failure_message: endpoint
            .failure_reason
            .or_else(|| endpoint.last_error.and_then(|error| error.message)),
        dns_entry: entries
            .map(|entry| DnsEntry {
                dns_name: entry.dns_name,
                hosted_zone_id: entry.hosted_zone_id,
            })
            .collect(),
        network_interface_ids: interface_ids.into_iter().map(NetworkInterfaceId::new).collect(),
        prefix_list_id: list.and_then(|l| l.prefix_list_id.clone()).map(PrefixListId::new),
        cidr_blocks: list.map(|list| list.cidrs().to_vec()).unwrap_or_default(),
        requester_managed: endpoint.requester_managed.unwrap_or(false),
        id: VpcEndpointId::new(id),
    };
    Ok(Seen::new(inputs, outputs))
}

fn ids<T: Ord>(ids: Option<Vec<String>>, id: fn(String) -> T) -> BTreeSet<T> {
    ids.unwrap_or_default().into_iter().map(id).collect()
}

fn dns_options(options: aws_sdk_ec2::types::DnsOptions) -> Result<DnsOptions> {
    Ok(DnsOptions {
        dns_record_ip_type: options
            .dns_record_ip_type
            .map(|kind| parsed(Some(kind.as_str()), "DnsRecordIpType"))
            .transpose()?,
        private_dns_only_for_inbound_resolver_endpoint: options
            .private_dns_only_for_inbound_resolver_endpoint,
    })
}
