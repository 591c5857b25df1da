//! EC2: what moto does against AWS's documentation.
//!
//! Written against the EC2 API Reference: `DryRun` of every operation ("Error codes":
//! `DryRunOperation`), `DeleteSecurityGroup` (`CannotDelete`), `NatGatewayNotFound`,
//! `InvalidNetworkAclID.NotFound`; and the VPC User Guide: "Default security groups" (the rule that
//! lets members talk), "Network ACL basics" (the last rule, an asterisk, that denies), "NAT gateway
//! basics" and "Delete an interface endpoint" (their network interfaces go with them); and the EC2 User
//! Guide: "Preserve data when an instance is terminated" (the same for an instance's own). User data is
//! in Base64 once (`ModifyInstanceAttribute`, `UserData`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;
use crate::gate::upstream::{Upstream, UpstreamError};
use crate::gate::xml::Element;

/// The number that EC2 gives the last rule of a network ACL.
const LAST_RULE: &str = "32767";

/// What goes with an object on AWS and stays in moto.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    /// Ids of network interfaces.
    interfaces: Vec<String>,
    /// Ids of associations of addresses.
    associations: Vec<String>,
    /// The only objects to list, by ids that moto cannot filter by.
    only: Option<Only>,
}

/// Objects of a listing by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Only {
    /// Element of the listing.
    set: &'static str,
    /// Element of an object's id.
    id: &'static str,
    /// The ids.
    ids: Vec<String>,
}

/// Filters by id that moto does not know, or knows otherwise: operation, filter, element of the
/// listing, element of the id, which may be that of a list inside.
const UNKNOWN_FILTERS: &[(&str, &str, &str, &str)] = &[
    ("DescribeNetworkAcls", "network-acl-id", "networkAclSet", "networkAclId"),
    // moto wants that all associations of a table are among the values; AWS, that one is.
    ("DescribeRouteTables", "association.subnet-id", "routeTableSet", "associationSet/subnetId"),
    ("DescribeVpcEndpoints", "vpc-endpoint-id", "vpcEndpointSet", "vpcEndpointId"),
];

/// What AWS would refuse and moto does not, and what is to be cleared away after the call.
///
/// # Errors
///
/// moto does not answer the gate's questions.
pub(crate) async fn before(
    upstream: &Upstream,
    call: &mut Call,
) -> Result<Result<Leftovers, ServiceError>, UpstreamError> {
    if call.service != "ec2" {
        return Ok(Ok(Leftovers::default()));
    }
    if call.form.get("DryRun").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Ok(Err(ServiceError::new(412, "DryRunOperation", message)));
    }
    match call.operation.as_str() {
        "DeleteNatGateway" => nat_gateway_leftovers(upstream, call).await,
        "DeleteVpcEndpoints" => endpoint_leftovers(upstream, call).await.map(Ok),
        "TerminateInstances" => instance_leftovers(upstream, call).await.map(Ok),
        "DeleteSecurityGroup" => default_group(upstream, call).await,
        "DeleteNetworkAclEntry" => network_acl_entry(upstream, call).await,
        "ModifyInstanceAttribute" => {
            encode_user_data(call);
            Ok(Ok(Leftovers::default()))
        }
        _ => Ok(Ok(Leftovers { only: take_filter(call), ..Leftovers::default() })),
    }
}

/// moto breaks when a rule of a network ACL is deleted that is not there.
async fn network_acl_entry(
    upstream: &Upstream,
    call: &Call,
) -> Result<Result<Leftovers, ServiceError>, UpstreamError> {
    let asked = |name: &str| call.form.get(name).unwrap_or_default();
    let acls = upstream.ask_ec2(call, "DescribeNetworkAcls", &[]).await?;
    let acls = acls.items("networkAclSet");
    let acl = acls.iter().find(|acl| acl.child_text("networkAclId") == asked("NetworkAclId"));
    let is_there = |acl: &&Element| {
        acl.items("entrySet").iter().any(|entry| {
            entry.child_text("ruleNumber") == asked("RuleNumber")
                && entry.child_text("egress") == asked("Egress")
        })
    };
    // What is wrong with the ACL itself is moto's to say.
    if acl.is_none_or(is_there) {
        return Ok(Ok(Leftovers::default()));
    }
    let message = "The network ACL entry does not exist";
    Ok(Err(ServiceError::invalid("InvalidNetworkAclEntry.NotFound", message)))
}

/// moto takes what the Base64 of a call stands for for Base64 itself.
fn encode_user_data(call: &mut Call) {
    let mut form = call.form.clone();
    form.change(|name, value| {
        if name == "UserData.Value" {
            *value = STANDARD.encode(value.as_bytes());
        }
    });
    call.set_form(form);
}

/// Takes a filter that moto does not know out of a call.
fn take_filter(call: &mut Call) -> Option<Only> {
    let (_, filter, set, id) =
        UNKNOWN_FILTERS.iter().find(|(operation, ..)| *operation == call.operation)?;
    let mut form = call.form.clone();
    let ids = form.take_filter(filter)?;
    call.set_form(form);
    Some(Only { set, id, ids })
}

/// Leaves of a listing what was asked for.
fn apply_filter(answer: &mut Answer, only: &Only) {
    let Some(mut document) = answer.document() else { return };
    document.visit_mut(&mut |element| {
        if element.name == only.set {
            element.retain(|object| match only.id.split_once('/') {
                Some((set, id)) => {
                    object.items(set).iter().any(|item| only.ids.contains(&item.child_text(id)))
                }
                None => only.ids.contains(&object.child_text(only.id)),
            });
        }
    });
    answer.set_document(&document);
}

async fn nat_gateway_leftovers(
    upstream: &Upstream,
    call: &Call,
) -> Result<Result<Leftovers, ServiceError>, UpstreamError> {
    let Some(id) = call.form.get("NatGatewayId") else { return Ok(Ok(Leftovers::default())) };
    let document = upstream.ask_ec2(call, "DescribeNatGateways", &[("NatGatewayId.1", id)]).await?;
    let gateways = document.items("natGatewaySet");
    let Some(gateway) = gateways.first() else { return Ok(Err(nat_gateway_not_found(id))) };
    let addresses = gateway.items("natGatewayAddressSet");
    let texts = |name: &str| addresses.iter().map(|address| address.child_text(name)).collect();
    Ok(Ok(Leftovers {
        interfaces: texts("networkInterfaceId"),
        associations: texts("associationId"),
        ..Leftovers::default()
    }))
}

async fn endpoint_leftovers(upstream: &Upstream, call: &Call) -> Result<Leftovers, UpstreamError> {
    let ids = call.form.list("VpcEndpointId");
    let document = upstream.ask_ec2(call, "DescribeVpcEndpoints", &[]).await?;
    let interfaces = document
        .items("vpcEndpointSet")
        .iter()
        .filter(|endpoint| ids.contains(&endpoint.child_text("vpcEndpointId").as_str()))
        .flat_map(|endpoint| endpoint.items("networkInterfaceIdSet"))
        .map(Element::text)
        .collect();
    Ok(Leftovers { interfaces, ..Leftovers::default() })
}

/// The interfaces that were made with the instances.
async fn instance_leftovers(upstream: &Upstream, call: &Call) -> Result<Leftovers, UpstreamError> {
    let ids = call.form.list("InstanceId");
    let document = upstream.ask_ec2(call, "DescribeNetworkInterfaces", &[]).await?;
    let interfaces = document
        .items("networkInterfaceSet")
        .iter()
        .filter(|interface| {
            let instance =
                interface.child("attachment").map(|found| found.child_text("instanceId"));
            // moto's word for one that was not there before the instance.
            interface.child_text("description") == "Primary network interface"
                && instance.is_some_and(|id| ids.contains(&id.as_str()))
        })
        .map(|interface| interface.child_text("networkInterfaceId"))
        .collect();
    Ok(Leftovers { interfaces, ..Leftovers::default() })
}

async fn default_group(
    upstream: &Upstream,
    call: &Call,
) -> Result<Result<Leftovers, ServiceError>, UpstreamError> {
    let Some(id) = call.form.get("GroupId") else { return Ok(Ok(Leftovers::default())) };
    let by_id = [("Filter.1.Name", "group-id"), ("Filter.1.Value.1", id)];
    let document = upstream.ask_ec2(call, "DescribeSecurityGroups", &by_id).await?;
    let groups = document.items("securityGroupInfo");
    if groups.iter().any(|group| group.child_text("groupName") == "default") {
        let message =
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Ok(Err(ServiceError::invalid("CannotDelete", message)));
    }
    Ok(Ok(Leftovers::default()))
}

/// Puts right what moto answered, and what it left undone.
///
/// # Errors
///
/// moto refuses what the gate does in AWS's stead.
pub(crate) async fn after(
    upstream: &Upstream,
    call: &Call,
    answer: &mut Answer,
    leftovers: &Leftovers,
) -> Result<Option<ServiceError>, UpstreamError> {
    if call.service != "ec2" {
        return Ok(None);
    }
    if let Some(only) = &leftovers.only {
        apply_filter(answer, only);
    }
    match call.operation.as_str() {
        "CreateVpc" => allow_members(upstream, call, answer).await?,
        "DeleteNatGateway" | "DeleteVpcEndpoints" | "TerminateInstances"
            if answer.status.is_success() =>
        {
            clear(upstream, call, leftovers).await?;
        }
        "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress"
            if answer.status.is_success() =>
        {
            describe_rules(upstream, call, answer).await?;
        }
        "DescribeLaunchTemplateVersions" => template_tags(answer),
        "DescribeLaunchTemplates" => current_template_tags(upstream, call, answer).await?,
        "DescribeNatGateways" => return Ok(missing_nat_gateway(call, answer)),
        "CreateNetworkAcl" | "DescribeNetworkAcls" => {
            return Ok(network_acl(call, answer));
        }
        _ => {}
    }
    Ok(None)
}

/// The default security group of a new VPC lets its members talk.
async fn allow_members(
    upstream: &Upstream,
    call: &Call,
    answer: &Answer,
) -> Result<(), UpstreamError> {
    let Some(vpc) = answer.document().and_then(|found| Some(found.find("vpcId")?.text())) else {
        return Ok(());
    };
    let by_vpc = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc.as_str())];
    let document = upstream.ask_ec2(call, "DescribeSecurityGroups", &by_vpc).await?;
    for group in document.items("securityGroupInfo") {
        if group.items("ipPermissions").is_empty() {
            let id = group.child_text("groupId");
            let rule = [
                ("GroupId", id.as_str()),
                ("IpPermissions.1.IpProtocol", "-1"),
                ("IpPermissions.1.Groups.1.GroupId", id.as_str()),
            ];
            upstream.ask_ec2(call, "AuthorizeSecurityGroupIngress", &rule).await?;
        }
    }
    Ok(())
}

/// moto keeps the description of a rule only where its other side is a range of addresses.
async fn describe_rules(
    upstream: &Upstream,
    call: &Call,
    answer: &Answer,
) -> Result<(), UpstreamError> {
    let asked = |name: &str| call.form.get(&format!("IpPermissions.1.{name}"));
    let Some((kind, other, description)) = [
        ("ReferencedGroupId", "Groups.1.GroupId"),
        ("PrefixListId", "PrefixListIds.1.PrefixListId"),
    ]
    .into_iter()
    .find_map(|(kind, name)| {
        let list = name.split('.').next()?;
        Some((kind, asked(name)?, asked(&format!("{list}.1.Description"))?))
    }) else {
        return Ok(());
    };
    let Some(document) = answer.document() else { return Ok(()) };
    for rule in document.items("securityGroupRuleSet") {
        let id = rule.child_text("securityGroupRuleId");
        let named = |name: &str| format!("SecurityGroupRule.1.SecurityGroupRule.{name}");
        let parameters = [
            ("GroupId".to_owned(), call.form.get("GroupId").unwrap_or_default()),
            ("SecurityGroupRule.1.SecurityGroupRuleId".to_owned(), id.as_str()),
            (named("IpProtocol"), asked("IpProtocol").unwrap_or("-1")),
            (named("FromPort"), asked("FromPort").unwrap_or("-1")),
            (named("ToPort"), asked("ToPort").unwrap_or("-1")),
            (named(kind), other),
            (named("Description"), description),
        ];
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        upstream.ask_ec2(call, "ModifySecurityGroupRules", &parameters).await?;
    }
    Ok(())
}

/// moto shows the tags that a launch template was made with.
async fn current_template_tags(
    upstream: &Upstream,
    call: &Call,
    answer: &mut Answer,
) -> Result<(), UpstreamError> {
    let Some(mut document) = answer.document() else { return Ok(()) };
    let kind = [("Filter.1.Name", "resource-type"), ("Filter.1.Value.1", "launch-template")];
    let tags = upstream.ask_ec2(call, "DescribeTags", &kind).await?;
    let tags = tags.items("tagSet");
    document.visit_mut(&mut |element| {
        let id = element.child_text("launchTemplateId");
        if element.name != "item" || id.is_empty() {
            return;
        }
        let set = element.child_or_new("tagSet");
        set.retain(|_| false);
        for tag in tags.iter().filter(|tag| tag.child_text("resourceId") == id) {
            let part = |name: &str| Element::with_text(name, &tag.child_text(name));
            set.push(Element::new("item").with(part("key")).with(part("value")));
        }
    });
    answer.set_document(&document);
    Ok(())
}

/// The tags of a launch template itself are not in its versions.
fn template_tags(answer: &mut Answer) {
    let Some(mut document) = answer.document() else { return };
    document.visit_mut(&mut |element| {
        if element.name == "tagSpecificationSet" {
            element.retain(|item| item.child_text("resourceType") != "launch-template");
        }
    });
    answer.set_document(&document);
}

async fn clear(
    upstream: &Upstream,
    call: &Call,
    leftovers: &Leftovers,
) -> Result<(), UpstreamError> {
    let document = upstream.ask_ec2(call, "DescribeAddresses", &[]).await?;
    for address in document.items("addressesSet") {
        let id = address.child_text("associationId");
        if leftovers.associations.contains(&id) && !id.is_empty() {
            let parameters = [("AssociationId", id.as_str())];
            upstream.ask_ec2(call, "DisassociateAddress", &parameters).await?;
        }
    }
    let document = upstream.ask_ec2(call, "DescribeNetworkInterfaces", &[]).await?;
    for interface in document.items("networkInterfaceSet") {
        let id = interface.child_text("networkInterfaceId");
        if leftovers.interfaces.contains(&id) {
            let parameters = [("NetworkInterfaceId", id.as_str())];
            upstream.ask_ec2(call, "DeleteNetworkInterface", &parameters).await?;
        }
    }
    Ok(())
}

/// A listing by id that misses one is an error, not a shorter list.
fn missing_nat_gateway(call: &Call, answer: &Answer) -> Option<ServiceError> {
    let document = answer.document()?;
    let found: Vec<String> = document
        .items("natGatewaySet")
        .iter()
        .map(|gateway| gateway.child_text("natGatewayId"))
        .collect();
    // A filter may leave an object out that is there.
    if !call.form.filters().is_empty() {
        return None;
    }
    let asked = call.form.list("NatGatewayId");
    asked.into_iter().find(|id| !found.iter().any(|got| got == id)).map(nat_gateway_not_found)
}

fn nat_gateway_not_found(id: &str) -> ServiceError {
    ServiceError::invalid("NatGatewayNotFound", format!("The Nat Gateway {id} was not found"))
}

/// The last rules, which deny, and the right code for one that is not there.
fn network_acl(call: &Call, answer: &mut Answer) -> Option<ServiceError> {
    if answer.error_code().as_deref() == Some("InvalidRouteTableID.NotFound") {
        let ids = call.form.list("NetworkAclId").join(", ");
        let message = format!("The networkAcl ID '{ids}' does not exist");
        return Some(ServiceError::invalid("InvalidNetworkAclID.NotFound", message));
    }
    let mut document = answer.document()?;
    document.visit_mut(&mut |element| {
        if element.name == "entrySet" {
            for egress in ["true", "false"] {
                let denies = element.elements().any(|entry| {
                    entry.child_text("ruleNumber") == LAST_RULE
                        && entry.child_text("egress") == egress
                });
                if !denies {
                    element.push(last_rule(egress));
                }
            }
        }
    });
    answer.set_document(&document);
    None
}

fn last_rule(egress: &str) -> Element {
    [
        ("cidrBlock", "0.0.0.0/0"),
        ("egress", egress),
        ("protocol", "-1"),
        ("ruleAction", "deny"),
        ("ruleNumber", LAST_RULE),
    ]
    .iter()
    .fold(Element::new("item"), |item, (name, text)| item.with(Element::with_text(name, text)))
}

#[cfg(test)]
mod tests {
    use super::{
        apply_filter, encode_user_data, missing_nat_gateway, network_acl, take_filter,
        template_tags,
    };
    use crate::gate::answer::Answer;
    use crate::gate::call::tests::query_call;
    use hyper::{HeaderMap, StatusCode};

    fn answer(body: &str) -> Answer {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.to_owned().into() }
    }

    #[test]
    fn a_nat_gateway_that_is_missed_is_an_error() {
        let none = answer("<R><natGatewaySet/></R>");
        let code = |body: &str| {
            missing_nat_gateway(&query_call("ec2", body), &none).map(|error| error.code)
        };
        let by_id = "Action=DescribeNatGateways&NatGatewayId.1=nat-1";
        assert_eq!(code(by_id).as_deref(), Some("NatGatewayNotFound"));
        assert_eq!(code("Action=DescribeNatGateways"), None);
        let filtered = format!("{by_id}&Filter.1.Name=state&Filter.1.Value.1=pending");
        assert_eq!(code(&filtered), None);
    }

    #[test]
    fn the_tags_of_a_launch_template_are_not_in_its_versions() {
        let item = |kind| format!("<item><resourceType>{kind}</resourceType></item>");
        let set = format!("{}{}", item("instance"), item("launch-template"));
        let mut list = answer(&format!("<R><tagSpecificationSet>{set}</tagSpecificationSet></R>"));
        template_tags(&mut list);
        let document = list.document().unwrap();
        let left = document.items("tagSpecificationSet");
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].child_text("resourceType"), "instance");
    }

    #[test]
    fn user_data_reaches_moto_in_the_base64_of_its_base64() {
        let body = "Action=ModifyInstanceAttribute&InstanceId=i-1&UserData.Value=aGk%3D";
        let mut call = query_call("ec2", body);
        encode_user_data(&mut call);
        assert_eq!(call.form.get("UserData.Value"), Some("YUdrPQ=="));
        assert_eq!(call.form.get("InstanceId"), Some("i-1"));
    }

    #[test]
    fn network_acls_are_filtered_by_id() {
        let filter = "Filter.1.Name=network-acl-id&Filter.1.Value.1=acl-2";
        let mut call = query_call("ec2", &format!("Action=DescribeNetworkAcls&{filter}"));
        let only = take_filter(&mut call).unwrap();
        assert!(call.form.filters().is_empty());
        let acl = |id| format!("<item><networkAclId>{id}</networkAclId><entrySet/></item>");
        let set = format!("<networkAclSet>{}{}</networkAclSet>", acl("acl-1"), acl("acl-2"));
        let mut list = answer(&format!("<R>{set}</R>"));
        apply_filter(&mut list, &only);
        let document = list.document().unwrap();
        let left = document.items("networkAclSet");
        let ids: Vec<String> = left.iter().map(|acl| acl.child_text("networkAclId")).collect();
        assert_eq!(ids, ["acl-2"]);
    }

    #[test]
    fn a_route_table_is_found_by_one_of_its_subnets() {
        let filter =
            "Filter.1.Name=association.subnet-id&Filter.1.Value.1=s-1&Filter.1.Value.2=s-9";
        let mut call = query_call("ec2", &format!("Action=DescribeRouteTables&{filter}"));
        let only = take_filter(&mut call).unwrap();
        let table = |id, subnets: &[&str]| {
            let item = |subnet: &&str| format!("<item><subnetId>{subnet}</subnetId></item>");
            let items: String = subnets.iter().map(item).collect();
            format!(
                "<item><routeTableId>{id}</routeTableId><associationSet>{items}</associationSet></item>"
            )
        };
        let set = [table("t-1", &["s-1", "s-2"]), table("t-2", &["s-3"]), table("t-3", &[])];
        let mut list = answer(&format!("<R><routeTableSet>{}</routeTableSet></R>", set.concat()));
        apply_filter(&mut list, &only);
        let document = list.document().unwrap();
        let left = document.items("routeTableSet");
        let ids: Vec<String> = left.iter().map(|table| table.child_text("routeTableId")).collect();
        assert_eq!(ids, ["t-1"]);
    }

    #[test]
    fn a_network_acl_denies_at_the_end_and_only_once() {
        let call = query_call("ec2", "Action=DescribeNetworkAcls");
        let mut list = answer("<R><networkAclSet><item><entrySet/></item></networkAclSet></R>");
        for _ in 0..2 {
            assert_eq!(network_acl(&call, &mut list), None);
            let document = list.document().unwrap();
            assert_eq!(document.find("entrySet").unwrap().elements().count(), 2);
        }
    }
}
