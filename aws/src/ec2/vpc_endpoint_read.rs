//! Reading of [`VpcEndpoint`]s, with what other calls tell about them.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_ec2::types::{
    Filter, NetworkInterface, PrefixList, VpcEndpoint as Wire, VpcEndpointType as WireType,
};
use infra_sdk::{BlockSet, Value};

use super::common::{by_ids, filter, tags_of};
use super::vpc_endpoint::{
    DnsEntry, DnsOptions, SubnetConfiguration, VpcEndpoint, VpcEndpointOutputs, VpcEndpointType,
};
use super::{
    NetworkInterfaceId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::iam::PolicyJson;
use crate::prelude::*;

pub(super) async fn read_chunk(
    aws: &Aws,
    chunk: Vec<Known>,
) -> Result<HashMap<String, Seen<VpcEndpoint>>> {
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

/// The endpoints that filters let through.
pub(super) async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Wire>> {
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

/// The type of an endpoint; without one it is a gateway, as the first endpoints were.
fn kind_of(endpoint: &Wire) -> WireType {
    endpoint.vpc_endpoint_type().cloned().unwrap_or(WireType::Gateway)
}

/// AWS's word for the state of an endpoint.
pub(super) fn state_of(endpoint: &Wire) -> &str {
    endpoint.state().map_or("", |state| state.as_str())
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
