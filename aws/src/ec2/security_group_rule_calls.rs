//! The calls of security group rules, which differ between the two directions in little.
//!
//! The main type is [`Rule`], a rule without its direction.

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId as WirePrefixList, ResourceType as Tagged,
    SecurityGroupRule, SecurityGroupRuleRequest, SecurityGroupRuleUpdate, UserIdGroupPair,
};
use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::provider::Target;
use infra_sdk::{Object, Tags, Value};

use super::common::{by_owner, tag_specification, tags_of};
use super::protocol::recorded_number;
use super::questions::{SecurityGroupRules, rule_key};
use super::{GroupRef, IpProtocol, PrefixListId, SecurityGroupId};
use crate::prelude::*;

/// What both types have, without the direction.
pub(super) struct Rule {
    pub(super) group: SecurityGroupId,
    pub(super) protocol: IpProtocol,
    pub(super) ports: (Option<i32>, Option<i32>),
    pub(super) ipv4: Option<Ipv4Net>,
    pub(super) ipv6: Option<Ipv6Net>,
    pub(super) prefix_list: Option<PrefixListId>,
    pub(super) reference: Option<GroupRef>,
    pub(super) description: Option<String>,
    pub(super) tags: Tags,
}

impl Rule {
    /// The rule as create calls take it.
    fn permission(&self) -> IpPermission {
        let description = self.description.clone();
        IpPermission::builder()
            .ip_protocol(self.protocol.as_word())
            .set_from_port(self.ports.0)
            .set_to_port(self.ports.1)
            .set_ip_ranges(self.ipv4.map(|cidr| {
                let range = IpRange::builder().cidr_ip(cidr.to_string());
                vec![range.set_description(description.clone()).build()]
            }))
            .set_ipv6_ranges(self.ipv6.map(|cidr| {
                let range = Ipv6Range::builder().cidr_ipv6(cidr.to_string());
                vec![range.set_description(description.clone()).build()]
            }))
            .set_prefix_list_ids(self.prefix_list.as_ref().map(|list| {
                let list = WirePrefixList::builder().prefix_list_id(list.as_str());
                vec![list.set_description(description.clone()).build()]
            }))
            .set_user_id_group_pairs(self.reference.as_ref().map(|group| {
                let pair = UserIdGroupPair::builder().group_id(group.group());
                let pair = pair.set_user_id(group.account().map(str::to_owned));
                vec![pair.set_description(description.clone()).build()]
            }))
            .build()
    }

    /// The rule as ModifySecurityGroupRules takes it: whole.
    fn request(&self) -> SecurityGroupRuleRequest {
        SecurityGroupRuleRequest::builder()
            .ip_protocol(self.protocol.as_word())
            // Left out they would not be changed to "all".
            .from_port(self.ports.0.unwrap_or(-1))
            .to_port(self.ports.1.unwrap_or(-1))
            .set_cidr_ipv4(self.ipv4.map(|cidr| cidr.to_string()))
            .set_cidr_ipv6(self.ipv6.map(|cidr| cidr.to_string()))
            .set_prefix_list_id(self.prefix_list.as_ref().map(ToString::to_string))
            .set_referenced_group_id(self.reference.as_ref().map(|r| r.group().to_owned()))
            .set_description(Some(self.description.clone().unwrap_or_default()))
            .build()
    }
}

fn only(answer: Option<Vec<SecurityGroupRule>>) -> Result<String> {
    let rule = answer.unwrap_or_default().pop();
    rule.and_then(|rule| rule.security_group_rule_id).ok_or_else(|| missing("SecurityGroupRuleId"))
}

pub(super) async fn authorize_ingress(aws: &Aws, rule: &Rule) -> Result<String> {
    let answer = aws
        .call(|| {
            aws.ec2()
                .authorize_security_group_ingress()
                .group_id(rule.group.as_str())
                .ip_permissions(rule.permission())
                .set_tag_specifications(tag_specification(Tagged::SecurityGroupRule, &rule.tags))
                .send()
        })
        .await?;
    only(answer.security_group_rules)
}

pub(super) async fn authorize_egress(aws: &Aws, rule: &Rule) -> Result<String> {
    let answer = aws
        .call(|| {
            aws.ec2()
                .authorize_security_group_egress()
                .group_id(rule.group.as_str())
                .ip_permissions(rule.permission())
                .set_tag_specifications(tag_specification(Tagged::SecurityGroupRule, &rule.tags))
                .send()
        })
        .await?;
    only(answer.security_group_rules)
}

pub(super) async fn revoke_ingress(aws: &Aws, id: &str, group: &SecurityGroupId) -> Result<()> {
    aws.call(|| {
        let call = aws.ec2().revoke_security_group_ingress().group_id(group.as_str());
        call.security_group_rule_ids(id).send()
    })
    .await
    .map(drop)
}

pub(super) async fn revoke_egress(aws: &Aws, id: &str, group: &SecurityGroupId) -> Result<()> {
    aws.call(|| {
        let call = aws.ec2().revoke_security_group_egress().group_id(group.as_str());
        call.security_group_rule_ids(id).send()
    })
    .await
    .map(drop)
}

pub(super) async fn modify(aws: &Aws, id: &str, rule: &Rule) -> Result<()> {
    let update = SecurityGroupRuleUpdate::builder()
        .security_group_rule_id(id)
        .security_group_rule(rule.request())
        .build();
    aws.call(|| {
        let call = aws.ec2().modify_security_group_rules().group_id(rule.group.as_str());
        call.security_group_rules(update.clone()).send()
    })
    .await
    .map(drop)
}

/// What a read of these rules asks.
pub(super) fn announce(readings: &Readings, targets: &[&Target]) {
    let keys = targets.iter().map(|target| key_of(&target.id, &target.recorded));
    readings.want::<SecurityGroupRules>(keys);
}

fn key_of(id: &str, recorded: &Object) -> String {
    rule_key(id, recorded.get("security_group_id").and_then(Value::as_str))
}

/// The rules of one direction among those asked for, in their order, with their ARNs.
pub(super) async fn read_rules(
    aws: &Aws,
    known: &[Known],
    egress: bool,
) -> Vec<Result<Option<(Rule, String)>>> {
    let keys = known.iter().map(|item| key_of(&item.id, &item.recorded)).collect();
    let rules = match aws.shared::<SecurityGroupRules>(keys).await {
        Ok(rules) => rules,
        Err(failure) => return known.iter().map(|_| Err(failure.clone())).collect(),
    };
    let read = |item: &Known| {
        let rule = rules.get(&item.id).filter(|rule| rule.is_egress() == Some(egress));
        let Some(rule) = rule else { return Ok(None) };
        let arn = rule.security_group_rule_arn.clone().unwrap_or_else(|| {
            let owner = rule.group_owner_id().unwrap_or_default();
            let resource = format!("security-group-rule/{}", item.id);
            aws.arn::<Rule>("ec2", owner, &resource).to_string()
        });
        Ok(Some((see(rule.clone(), Some(&item.recorded))?, arn)))
    };
    known.iter().map(read).collect()
}

fn see(rule: SecurityGroupRule, recorded: Option<&Object>) -> Result<Rule> {
    let protocol = IpProtocol::new(rule.ip_protocol.ok_or_else(|| missing("IpProtocol"))?);
    // AWS answers -1 for what was left out, and for what a protocol does not have.
    let counts = ["tcp", "udp", "icmp", "icmpv6"].iter().any(|word| protocol.is(word));
    let port = |name: &str, seen: Option<i32>| match recorded_number(recorded, name) {
        None => seen.filter(|port| *port != -1),
        before if !counts => before,
        Some(_) => seen,
    };
    let ports = (port("from_port", rule.from_port), port("to_port", rule.to_port));
    let owner = rule.group_owner_id;
    Ok(Rule {
        group: SecurityGroupId::new(rule.group_id.ok_or_else(|| missing("GroupId"))?),
        protocol,
        ports,
        ipv4: rule.cidr_ipv4.map(|cidr| parsed(Some(&cidr), "CidrIpv4")).transpose()?,
        ipv6: rule.cidr_ipv6.map(|cidr| parsed(Some(&cidr), "CidrIpv6")).transpose()?,
        prefix_list: rule.prefix_list_id.map(PrefixListId::new),
        reference: rule.referenced_group_info.and_then(|info| {
            let other = |account: &String| owner.as_ref().is_some_and(|own| own != account);
            let account = info.user_id.filter(other);
            Some(GroupRef::of(account.as_deref(), &info.group_id?))
        }),
        description: rule.description.filter(|text| !text.is_empty()),
        tags: tags_of(rule.tags),
    })
}

pub(super) async fn find_rules(aws: &Aws, rule: &Rule, egress: bool) -> Result<Vec<String>> {
    let filters = by_owner(&rule.tags);
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_security_group_rules().set_next_token(token);
                call.set_filters(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    let rules = pages.into_iter().flat_map(|page| page.security_group_rules.unwrap_or_default());
    Ok(rules
        .filter(|found| found.is_egress() == Some(egress))
        .filter(|found| found.group_id() == Some(rule.group.as_str()))
        .filter_map(|found| found.security_group_rule_id)
        .collect())
}
