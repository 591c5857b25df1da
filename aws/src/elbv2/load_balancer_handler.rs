//! The AWS calls of [`LoadBalancer`].

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum as WireEnforce,
    IpAddressType as WireIpAddressType, LoadBalancer as Wire, LoadBalancerAttribute,
    LoadBalancerSchemeEnum as Scheme, LoadBalancerTypeEnum, SubnetMapping as WireMapping,
};
use infra_sdk::provider::Readiness;
use infra_sdk::{Arn, BlockSet, Object, ResourceType, Tags};

use super::common::{all, ours, read_by_arn, retag, wire_tags};
use super::load_balancer::{
    BalancerLogs, ClientRoutingPolicy, DesyncMitigationMode, LoadBalancer, LoadBalancerOutputs,
    LoadBalancerType, SubnetMapping, XffHeaderProcessingMode,
};
use crate::ec2::{AllocationId, SecurityGroupId, SubnetId, VpcId};
use crate::frame::attributes::{Attribute, from_wire, to_wire};
use crate::frame::calls::Patience;
use crate::frame::handler::inputs;
use crate::frame::names::prefix_of;
use crate::prelude::*;
use crate::route53::HostedZoneId;
use crate::s3::BucketName;

const OPERATIONS: &[&str] = &[
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:RemoveTags",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
];

const GONE: &[&str] = &["LoadBalancerNotFound"];

const APPLICATION: &[&str] = &["application"];
const BOTH: &[&str] = &["application", "network"];
const NETWORK: &[&str] = &["network"];

const fn attribute(
    input: &'static str,
    key: &'static str,
    of: &'static [&'static str],
) -> Attribute {
    Attribute { input, key, of }
}

/// Source: Elastic Load Balancing API Reference, LoadBalancerAttribute.
const ATTRIBUTES: &[Attribute] = &[
    attribute("client_keep_alive", "client_keep_alive.seconds", APPLICATION),
    attribute("desync_mitigation_mode", "routing.http.desync_mitigation_mode", APPLICATION),
    attribute("dns_record_client_routing_policy", "dns_record.client_routing_policy", NETWORK),
    attribute(
        "drop_invalid_header_fields",
        "routing.http.drop_invalid_header_fields.enabled",
        APPLICATION,
    ),
    attribute("enable_cross_zone_load_balancing", "load_balancing.cross_zone.enabled", NETWORK),
    attribute("enable_deletion_protection", "deletion_protection.enabled", BOTH),
    attribute("enable_http2", "routing.http2.enabled", APPLICATION),
    attribute(
        "enable_tls_version_and_cipher_suite_headers",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        APPLICATION,
    ),
    attribute("enable_waf_fail_open", "waf.fail_open.enabled", APPLICATION),
    attribute("enable_xff_client_port", "routing.http.xff_client_port.enabled", APPLICATION),
    attribute("enable_zonal_shift", "zonal_shift.config.enabled", BOTH),
    attribute("idle_timeout", "idle_timeout.timeout_seconds", APPLICATION),
    attribute("preserve_host_header", "routing.http.preserve_host_header.enabled", APPLICATION),
    attribute("xff_header_processing_mode", "routing.http.xff_header_processing.mode", APPLICATION),
];

impl Handler for LoadBalancer {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        protection: Some("enable_deletion_protection"),
        create: "elasticloadbalancing:CreateLoadBalancer",
        operations: OPERATIONS,
        actions: OPERATIONS,
        after_create: &[
            "access_logs",
            "client_keep_alive",
            "connection_logs",
            "desync_mitigation_mode",
            "dns_record_client_routing_policy",
            "drop_invalid_header_fields",
            "enable_cross_zone_load_balancing",
            "enable_deletion_protection",
            "enable_http2",
            "enable_tls_version_and_cipher_suite_headers",
            "enable_waf_fail_open",
            "enable_xff_client_port",
            "enable_zonal_shift",
            "enforce_security_group_inbound_rules_on_private_link_traffic",
            "idle_timeout",
            "preserve_host_header",
            "xff_header_processing_mode",
        ],
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        gone: GONE,
        not_yet: &[
            ("SubnetNotFound", ""),
            ("InvalidSecurityGroup", ""),
            // A subnet is refused until the VPC's internet gateway is seen.
            ("InvalidSubnet", "has no internet gateway"),
            // The bucket's policy is not seen everywhere at once.
            ("InvalidConfigurationRequest", "Access Denied for bucket"),
        ],
        patience: Patience {
            create: Duration::from_secs(600),
            update: Duration::from_secs(600),
            delete: Duration::from_secs(600),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let scheme = if want.internal { Scheme::Internal } else { Scheme::InternetFacing };
        let kind = LoadBalancerTypeEnum::from(want.load_balancer_type.as_str());
        let addresses = want.ip_address_type.map(|kind| WireIpAddressType::from(kind.as_str()));
        let answer = aws
            .call(|| {
                aws.elbv2()
                    .create_load_balancer()
                    .set_name(want.name.clone())
                    .scheme(scheme.clone())
                    .r#type(kind.clone())
                    .set_subnets(all(&want.subnets))
                    .set_subnet_mappings(mappings(want))
                    .set_security_groups(all(&want.security_groups))
                    .set_ip_address_type(addresses.clone())
                    .set_customer_owned_ipv4_pool(want.customer_owned_ipv4_pool.clone())
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let balancer = answer.load_balancers.and_then(|mut balancers| balancers.pop());
        let arn = balancer.and_then(|balancer| balancer.load_balancer_arn);
        arn.ok_or_else(|| missing("LoadBalancerArn"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let list = |arns: Vec<String>| async move {
            let call = || {
                let call = aws.elbv2().describe_load_balancers();
                call.set_load_balancer_arns(Some(arns.clone())).send()
            };
            Ok(aws.call(call).await?.load_balancers.unwrap_or_default())
        };
        let see = |wire, tags, known: Known| see(aws, wire, tags, known.recorded);
        read_by_arn(aws, known, GONE, Wire::load_balancer_arn, list, see).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        set_network(aws, id, want, changed).await?;
        let kind = want.load_balancer_type.as_str();
        let mut pairs = to_wire(ATTRIBUTES, kind, &want.to_object(), |name| changed.has(name));
        for (name, key, logs) in [
            ("access_logs", "access_logs", &want.access_logs),
            ("connection_logs", "connection_logs", &want.connection_logs),
        ] {
            if changed.has(name) {
                pairs.extend(logs_to_wire(key, logs.as_ref()));
            }
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let one = |(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build();
        let attributes: Vec<_> = pairs.into_iter().map(one).collect();
        aws.call(|| {
            let call = aws.elbv2().modify_load_balancer_attributes().load_balancer_arn(id);
            call.set_attributes(Some(attributes.clone())).send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.elbv2().delete_load_balancer().load_balancer_arn(id).send()).await.map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match seen.outputs.state.as_str() {
            "active" | "active_impaired" => Readiness::Ready,
            "failed" => {
                let reason = seen.outputs.state_reason.clone();
                Readiness::Failed(reason.unwrap_or_else(|| "AWS gives no reason".to_owned()))
            }
            state => Readiness::Waiting(state.to_owned()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let name = want.name.clone().ok_or_else(|| missing("name"))?;
        let answer = aws.call(|| aws.elbv2().describe_load_balancers().names(&name).send()).await;
        let found = absent(answer.map(Some), GONE)?.and_then(|answer| answer.load_balancers);
        let found = found.unwrap_or_default().into_iter();
        ours(aws, &want.tags, found.filter_map(|b| b.load_balancer_arn).collect()).await
    }

    async fn candidate(aws: &Aws, name: &str, _: &Object) -> Result<Option<String>> {
        let answer = aws.call(|| aws.elbv2().describe_load_balancers().names(name).send()).await;
        let found = absent(answer.map(Some), GONE)?.and_then(|answer| answer.load_balancers);
        Ok(found.unwrap_or_default().into_iter().find_map(|found| found.load_balancer_arn))
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

fn mappings(want: &LoadBalancer) -> Option<Vec<WireMapping>> {
    let mappings = want.subnet_mapping.0.iter().map(|mapping| {
        WireMapping::builder()
            .subnet_id(mapping.subnet_id.as_str())
            .set_allocation_id(mapping.allocation_id.as_ref().map(ToString::to_string))
            .set_private_ipv4_address(mapping.private_ipv4_address.clone())
            .set_ipv6_address(mapping.ipv6_address.clone())
            .build()
    });
    let mappings: Vec<_> = mappings.collect();
    (!mappings.is_empty()).then_some(mappings)
}

/// Subnets, security groups and IP versions, each of which has a call of its own.
async fn set_network(aws: &Aws, id: &str, want: &LoadBalancer, changed: &Changed) -> Result<()> {
    if changed.any(&["subnets", "subnet_mapping"]) {
        let mappings = mappings(want).filter(|_| changed.has("subnet_mapping"));
        let subnets = all(&want.subnets).filter(|_| mappings.is_none());
        aws.call(|| {
            let call = aws.elbv2().set_subnets().load_balancer_arn(id);
            call.set_subnets(subnets.clone()).set_subnet_mappings(mappings.clone()).send()
        })
        .await?;
    }
    if let Some(kind) = want.ip_address_type.filter(|_| changed.has("ip_address_type")) {
        aws.call(|| {
            let call = aws.elbv2().set_ip_address_type().load_balancer_arn(id);
            call.ip_address_type(WireIpAddressType::from(kind.as_str())).send()
        })
        .await?;
    }
    let enforce = "enforce_security_group_inbound_rules_on_private_link_traffic";
    if changed.any(&["security_groups", enforce]) {
        let enforced = want.enforce_security_group_inbound_rules_on_private_link_traffic;
        let enforced = enforced.map(|word| WireEnforce::from(word.as_str()));
        let groups: Vec<_> = want.security_groups.iter().map(ToString::to_string).collect();
        aws.call(|| {
            aws.elbv2()
                .set_security_groups()
                .load_balancer_arn(id)
                .set_security_groups(Some(groups.clone()))
                .set_enforce_security_group_inbound_rules_on_private_link_traffic(enforced.clone())
                .send()
        })
        .await?;
    }
    Ok(())
}

/// The attributes of logs. Without a bucket AWS only takes that there are none.
fn logs_to_wire(key: &str, logs: Option<&BalancerLogs>) -> Vec<(String, String)> {
    let pair = |name: &str, value: String| (format!("{key}.s3.{name}"), value);
    let Some(logs) = logs else { return vec![pair("enabled", false.to_string())] };
    vec![
        pair("enabled", logs.enabled.to_string()),
        pair("bucket", logs.bucket.to_string()),
        pair("prefix", logs.prefix.clone().unwrap_or_default()),
    ]
}

/// What AWS has of logs. A bucket that stays behind when logs are turned off only counts where it
/// was asked for.
fn logs_from_wire(
    key: &str,
    attributes: &HashMap<String, String>,
    recorded: &Object,
) -> Option<BalancerLogs> {
    let get = |name: &str| attributes.get(&format!("{key}.s3.{name}")).filter(|t| !t.is_empty());
    let logs = BalancerLogs {
        bucket: BucketName::new(get("bucket")?),
        prefix: get("prefix").cloned(),
        enabled: get("enabled").is_some_and(|text| text == "true"),
    };
    (logs.enabled || recorded.contains_key(key)).then_some(logs)
}

async fn attributes(aws: &Aws, arn: &str) -> Result<HashMap<String, String>> {
    let answer = aws
        .call(|| aws.elbv2().describe_load_balancer_attributes().load_balancer_arn(arn).send())
        .await?;
    let attributes = answer.attributes.unwrap_or_default().into_iter();
    Ok(attributes.filter_map(|pair| Some((pair.key?, pair.value.unwrap_or_default()))).collect())
}

async fn see(
    aws: &Aws,
    balancer: Wire,
    tags: Tags,
    recorded: Object,
) -> Result<Seen<LoadBalancer>> {
    let arn = balancer.load_balancer_arn.ok_or_else(|| missing("LoadBalancerArn"))?;
    let attributes = attributes(aws, &arn).await?;
    let kind = balancer.r#type.as_ref().map(LoadBalancerTypeEnum::as_str);
    let zones = balancer.availability_zones.unwrap_or_default();
    let name = balancer.load_balancer_name.ok_or_else(|| missing("LoadBalancerName"))?;
    let enforced = balancer.enforce_security_group_inbound_rules_on_private_link_traffic;
    let seen = LoadBalancer {
        name_prefix: prefix_of(&name),
        name: Some(name),
        internal: balancer.scheme == Some(Scheme::Internal),
        load_balancer_type: parsed(kind, "Type")?,
        security_groups: balancer
            .security_groups
            .unwrap_or_default()
            .into_iter()
            .map(SecurityGroupId::new)
            .collect(),
        subnets: zones.iter().filter_map(|z| z.subnet_id().map(SubnetId::new)).collect(),
        subnet_mapping: BlockSet(zones.iter().filter_map(mapping).collect()),
        ip_address_type: balancer
            .ip_address_type
            .map(|kind| parsed(Some(kind.as_str()), "IpAddressType"))
            .transpose()?,
        customer_owned_ipv4_pool: balancer.customer_owned_ipv4_pool,
        enforce_security_group_inbound_rules_on_private_link_traffic: enforced
            .filter(|word| !word.is_empty())
            .map(|word| parsed(Some(word.as_str()), "EnforceSecurityGroupInboundRules"))
            .transpose()?,
        access_logs: logs_from_wire("access_logs", &attributes, &recorded),
        connection_logs: logs_from_wire("connection_logs", &attributes, &recorded),
        tags,
        ..defaults()
    };
    let mut object = seen.to_object();
    from_wire(ATTRIBUTES, &<LoadBalancer as ResourceType>::SCHEMA, &attributes, &mut object);
    let state = balancer.state;
    let outputs = LoadBalancerOutputs {
        id: Arn::new(&arn),
        arn_suffix: arn.split_once(":loadbalancer/").map_or("", |(_, end)| end).to_owned(),
        arn: Arn::new(&arn),
        dns_name: balancer.dns_name.unwrap_or_default(),
        zone_id: balancer.canonical_hosted_zone_id.map(HostedZoneId::new),
        vpc_id: balancer.vpc_id.map(VpcId::new),
        state: state
            .as_ref()
            .and_then(|state| state.code())
            .map_or_else(|| "unknown".to_owned(), |code| code.as_str().to_owned()),
        state_reason: state.and_then(|state| state.reason),
    };
    Ok(Seen::new(inputs(&object)?, outputs))
}

fn mapping(
    zone: &aws_sdk_elasticloadbalancingv2::types::AvailabilityZone,
) -> Option<SubnetMapping> {
    let address = zone.load_balancer_addresses().first();
    Some(SubnetMapping {
        subnet_id: SubnetId::new(zone.subnet_id()?),
        allocation_id: address.and_then(|a| a.allocation_id()).map(AllocationId::new),
        private_ipv4_address: address.and_then(|a| a.private_ipv4_address()).map(str::to_owned),
        ipv6_address: address.and_then(|a| a.ipv6_address()).map(str::to_owned),
    })
}

/// A load balancer before its attributes are known.
fn defaults() -> LoadBalancer {
    LoadBalancer {
        name: None,
        name_prefix: None,
        internal: false,
        load_balancer_type: LoadBalancerType::Application,
        security_groups: Default::default(),
        subnets: Default::default(),
        subnet_mapping: BlockSet::default(),
        ip_address_type: None,
        customer_owned_ipv4_pool: None,
        enforce_security_group_inbound_rules_on_private_link_traffic: None,
        access_logs: None,
        connection_logs: None,
        enable_deletion_protection: false,
        enable_zonal_shift: false,
        idle_timeout: 60,
        client_keep_alive: 3600,
        enable_http2: true,
        drop_invalid_header_fields: false,
        preserve_host_header: false,
        enable_tls_version_and_cipher_suite_headers: false,
        enable_xff_client_port: false,
        xff_header_processing_mode: XffHeaderProcessingMode::Append,
        desync_mitigation_mode: DesyncMitigationMode::Defensive,
        enable_waf_fail_open: false,
        enable_cross_zone_load_balancing: false,
        dns_record_client_routing_policy: ClientRoutingPolicy::AnyAvailabilityZone,
        tags: Tags::default(),
    }
}
