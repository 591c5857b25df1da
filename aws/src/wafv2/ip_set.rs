//! A set of IP addresses, to be named in rules.
//!
//! API: CreateIPSet, GetIPSet, ListIPSets, UpdateIPSet, DeleteIPSet, ListTagsForResource,
//! TagResource, UntagResource.

use std::collections::BTreeSet;

use infra_sdk::ipnet::IpNet;
use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};

use super::WafScope;
use super::scope::named;
use crate::rules::Rules;

/// A set of IP addresses, to be named in rules.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_wafv2_ip_set", outputs = IpSetOutputs, validate = validate)]
pub struct IpSet {
    /// What it is for. One for CloudFront has to be in us-east-1.
    #[field(force_new)]
    pub scope: WafScope,
    /// The version of its addresses.
    #[field(force_new)]
    pub ip_address_version: IpAddressVersion,
    /// The addresses as networks, at most 10,000: `192.0.2.0/24`, and `192.0.2.1/32` for one. A
    /// network with `/0` is not taken.
    pub addresses: BTreeSet<IpNet>,
    /// Name, unique in its scope, at most 128 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, 3 to 256 characters.
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// The version of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum IpAddressVersion {
    /// Version 4.
    #[choice("IPV4")]
    Ipv4,
    /// Version 6.
    #[choice("IPV6")]
    Ipv6,
}

infra_sdk::id_types! {
    /// Identifies an IP set, as Terraform imports it: `id/name/scope`.
    IpSetId("IP set id", "");
}

/// What AWS assigns to an [`IpSet`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct IpSetOutputs {
    /// Id, name and scope: `id/name/scope`, which is also what Terraform imports by.
    pub id: IpSetId,
    /// The set's ARN.
    pub arn: Arn<IpSet>,
}

/// Source: WAFV2 API Reference, CreateIPSet.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    named(&mut rules);
    let count = rules.count("addresses");
    if count > 10_000 {
        rules.refuse("addresses", format!("must be at most 10000, not {count}"));
    }
    let six = rules.text("ip_address_version") == Some(IpAddressVersion::Ipv6.as_str());
    for address in rules.texts("addresses") {
        let Ok(network) = address.parse::<IpNet>() else { continue };
        if matches!(network, IpNet::V6(_)) != six && rules.has("ip_address_version") {
            let version = if six { 6 } else { 4 };
            rules.refuse("addresses", format!("`{address}` is not of version {version}"));
        } else if network.prefix_len() == 0 {
            rules.refuse("addresses", format!("`{address}` is everything, which is not taken"));
        }
    }
    rules.finish()
}
