//! The AWS calls of [`VpcEndpoint`].

use std::time::Duration;

use aws_sdk_ec2::types::{
    DnsOptionsSpecification, DnsRecordIpType as WireDnsRecordIpType,
    IpAddressType as WireIpAddressType, ResourceType as Tagged,
    SubnetConfiguration as WireSubnetConfiguration, VpcEndpointType as WireType,
};
use infra_sdk::provider::Readiness;

use super::common::{
    all, by_owner, filter, is_owned, missing_from, refused, retag, tag_specification,
};
use super::vpc_endpoint::{DnsOptions, IpAddressType, VpcEndpoint};
use super::vpc_endpoint_read::{list, read_chunk, state_of};
use crate::frame::calls::Patience;
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
