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

#[cfg(feature = "provider")]
pub(super) mod handler {
    use aws_sdk_wafv2::operation::get_ip_set::GetIpSetOutput;
    use aws_sdk_wafv2::types::IpAddressVersion as WireVersion;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::prelude::*;
    use crate::wafv2::common::{
        GONE, Key, LINGERING, NAMING, NOT_YET, Summary, described, id_of, in_region, lock, ours,
        retag, summaries, tags, wire_scope, wire_tags,
    };

    const OPERATIONS: &[&str] = &[
        "wafv2:CreateIPSet",
        "wafv2:DeleteIPSet",
        "wafv2:GetIPSet",
        "wafv2:ListIPSets",
        "wafv2:ListTagsForResource",
        "wafv2:TagResource",
        "wafv2:UntagResource",
        "wafv2:UpdateIPSet",
    ];

    impl Handler for IpSet {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "wafv2:CreateIPSet",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(NAMING),
            gone: GONE,
            not_yet: NOT_YET,
            lingering: LINGERING,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            in_region(aws, want.scope)?;
            let name = want.name.as_deref().ok_or_else(|| missing("name"))?;
            let call = aws
                .wafv2()
                .create_ip_set()
                .name(name)
                .scope(wire_scope(want.scope))
                .set_description(want.description.clone())
                .ip_address_version(WireVersion::from(want.ip_address_version.as_str()))
                .set_addresses(Some(addresses(want)))
                .set_tags(wire_tags(&want.tags.0)?);
            let answer = aws.call(|| call.clone().send()).await?;
            let id = answer.summary.and_then(|summary| summary.id).ok_or_else(|| missing("Id"))?;
            Ok(id_of(&id, name, want.scope))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            // The list has but names.
            read_each(known, GONE, |item| async move {
                see(aws, &Key::parse(&item.id)?).await.map(Some)
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let key = Key::parse(id)?;
            let answer = get(aws, &key).await?;
            let lock = lock(answer.lock_token)?;
            let now = answer.ip_set.ok_or_else(|| missing("IPSet"))?;
            // The call sets both anew: what is not changed is given as it is.
            let addresses = if changed.has("addresses") { addresses(want) } else { now.addresses };
            let text = if changed.has("description") {
                want.description.clone()
            } else {
                described(now.description)
            };
            aws.call(|| {
                aws.wafv2()
                    .update_ip_set()
                    .name(key.name)
                    .scope(key.wire_scope())
                    .id(key.id)
                    .lock_token(&lock)
                    .set_addresses(Some(addresses.clone()))
                    .set_description(text.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let key = Key::parse(id)?;
            let lock = lock(get(aws, &key).await?.lock_token)?;
            aws.call(|| {
                let call = aws.wafv2().delete_ip_set().name(key.name).scope(key.wire_scope());
                call.id(key.id).lock_token(&lock).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let all = list(aws, want.scope).await?;
            ours(aws, want.name.as_deref(), want.scope, &want.tags, all).await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let set = get(aws, &Key::parse(id)?).await?.ip_set;
            retag(aws, &set.ok_or_else(|| missing("IPSet"))?.arn, change).await
        }
    }

    fn addresses(want: &IpSet) -> Vec<String> {
        want.addresses.iter().map(ToString::to_string).collect()
    }

    /// All sets of a scope.
    pub(in crate::wafv2) async fn list(aws: &Aws, scope: WafScope) -> Result<Vec<Summary>> {
        Ok(summaries!(aws, scope, list_ip_sets, ip_sets))
    }

    /// Asks for a set.
    pub(in crate::wafv2) async fn get(aws: &Aws, key: &Key<'_>) -> Result<GetIpSetOutput> {
        aws.call(|| {
            aws.wafv2().get_ip_set().name(key.name).scope(key.wire_scope()).id(key.id).send()
        })
        .await
    }

    async fn see(aws: &Aws, key: &Key<'_>) -> Result<Seen<IpSet>> {
        let set = get(aws, key).await?.ip_set.ok_or_else(|| missing("IPSet"))?;
        let addresses = set.addresses.iter().map(|text| network(text)).collect::<Result<_>>()?;
        let inputs = IpSet {
            scope: key.scope,
            ip_address_version: parsed(Some(set.ip_address_version.as_str()), "IPAddressVersion")?,
            addresses,
            name_prefix: prefix_of(&set.name),
            description: described(set.description),
            tags: tags(aws, &set.arn).await?,
            name: Some(set.name.clone()),
        };
        let outputs = IpSetOutputs {
            id: IpSetId::new(id_of(&set.id, &set.name, key.scope)),
            arn: Arn::new(set.arn),
        };
        Ok(Seen::new(inputs, outputs))
    }

    fn network(text: &str) -> Result<IpNet> {
        text.parse().map_err(|_| {
            Failure::new(FailureClass::Other, format!("the answer has `{text}` as `Addresses`"))
        })
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn addresses_are_of_the_version() {
        let check = |version: &str, address: &str| {
            let inputs = Object::from([
                ("ip_address_version".to_owned(), Value::from(version)),
                ("addresses".to_owned(), Value::from(vec![address])),
            ]);
            validate(&inputs).into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        assert_eq!(check("IPV4", "192.0.2.0/24"), [""; 0]);
        assert_eq!(check("IPV6", "192.0.2.0/24"), ["`192.0.2.0/24` is not of version 6"]);
        assert_eq!(check("IPV4", "2001:db8::/32"), ["`2001:db8::/32` is not of version 4"]);
        assert_eq!(check("IPV6", "::/0"), ["`::/0` is everything, which is not taken"]);
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_wafv2_ip_set,
        Fixture {
            base: |stack, name| {
                let networks = ["192.0.2.0/24", "198.51.100.7/32"];
                let networks = networks.map(|text| text.parse::<IpNet>().expect("a network"));
                let it = IpSet::new(WafScope::Regional, IpAddressVersion::Ipv4)
                    .name(format!("{name}-set"))
                    .addresses(networks)
                    .description("who may come in")
                    .tag("use", "test");
                stack.add("it", it);
            },
            update: Some(|stack, name| {
                let it = IpSet::new(WafScope::Regional, IpAddressVersion::Ipv4)
                    .name(format!("{name}-set"))
                    .addresses(["203.0.113.0/24".parse::<IpNet>().expect("a network")])
                    .description("who may come in now")
                    .tag("use", "other");
                stack.add("it", it);
            }),
            replace: Some(|stack, name| {
                let it = IpSet::new(WafScope::Regional, IpAddressVersion::Ipv6)
                    .name(format!("{name}-set"))
                    .addresses(["2001:db8::/32".parse::<IpNet>().expect("a network")]);
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
