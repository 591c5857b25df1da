//! A rule of a network ACL. Rules are read in the order of their numbers, and the first that
//! matches decides.
//!
//! Number and direction are what AWS tells rules of an ACL apart by; everything else changes in
//! place. The id is Terraform's import id; the protocol in it is the one that the rule was made
//! with and means nothing more.
//!
//! API: CreateNetworkAclEntry, DescribeNetworkAcls, ReplaceNetworkAclEntry, DeleteNetworkAclEntry.

use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::kind::Problem;
use infra_sdk::{Choice, Object, Outputs, Resource};

use super::{IpProtocol, NetworkAclId};
use crate::ec2::protocol;
use crate::rules::Rules;

/// Whether traffic of some kind may pass a network ACL.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_network_acl_rule", outputs = NetworkAclRuleOutputs, validate = validate)]
pub struct NetworkAclRule {
    /// The network ACL.
    #[field(force_new)]
    pub network_acl_id: NetworkAclId,
    /// Place in the order of the rules, from 1 to 32766.
    #[field(force_new, range = 1..=32_766)]
    pub rule_number: i32,
    /// For traffic that leaves the subnet, not for traffic that enters it.
    #[field(force_new, default = false)]
    pub egress: bool,
    /// IP protocol by word or number; `-1` for all.
    pub protocol: IpProtocol,
    /// Whether the traffic may pass.
    pub rule_action: RuleAction,
    /// The other side as an IPv4 range.
    pub cidr_block: Option<Ipv4Net>,
    /// The other side as an IPv6 range.
    pub ipv6_cidr_block: Option<Ipv6Net>,
    /// First port, for TCP and UDP.
    #[field(range = 0..=65_535)]
    pub from_port: Option<i32>,
    /// Last port, for TCP and UDP.
    #[field(range = 0..=65_535)]
    pub to_port: Option<i32>,
    /// ICMP type, for ICMP and ICMPv6; -1 for all.
    #[field(range = -1..=255)]
    pub icmp_type: Option<i32>,
    /// ICMP code, for ICMP and ICMPv6; -1 for all.
    #[field(range = -1..=255)]
    pub icmp_code: Option<i32>,
}

/// Whether traffic may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RuleAction {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

infra_sdk::id_types! {
    /// Identifies a rule of a network ACL: `acl-1:100:tcp:false`, which is the ACL, the number, the
    /// protocol, and whether it is for egress.
    NetworkAclRuleId("network ACL rule id", "acl-");
}

/// What AWS assigns to a [`NetworkAclRule`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct NetworkAclRuleOutputs {
    /// The rule's id: ACL, number, protocol and whether it is for egress.
    pub id: NetworkAclRuleId,
}

/// Whether a protocol has ports, and whether it has an ICMP type and code. Source: EC2 API
/// Reference, CreateNetworkAclEntry.
fn parts(protocol: &str) -> (bool, bool) {
    let any = |words: [&str; 2]| words.iter().any(|word| protocol::is(word, protocol));
    (any(["tcp", "udp"]), any(["icmp", "icmpv6"]))
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&["cidr_block", "ipv6_cidr_block"]);
    let protocol = rules.text("protocol").unwrap_or_default();
    let (has_ports, has_icmp) = parts(protocol);
    let because = format!("with `{protocol}`");
    if has_ports {
        rules.required(&["from_port", "to_port"], &because);
    }
    if has_icmp {
        rules.required(&["icmp_type", "icmp_code"], &because);
    }
    rules.ordered("from_port", "to_port");
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{
        IcmpTypeCode, NetworkAcl as Acl, NetworkAclEntry, PortRange, RuleAction as WireAction,
    };
    use infra_sdk::provider::{Failure, FailureClass, Target};

    use super::*;
    use crate::ec2::protocol::recorded_number;
    use crate::ec2::questions::NetworkAcls;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:CreateNetworkAclEntry",
        "ec2:DeleteNetworkAclEntry",
        "ec2:DescribeNetworkAcls",
        "ec2:ReplaceNetworkAclEntry",
    ];

    impl Handler for NetworkAclRule {
        const CALLS: Calls = Calls {
            // A repeat is refused: the number is the rule's name.
            class: CreateClass::Name,
            create: "ec2:CreateNetworkAclEntry",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &["InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound"],
            not_yet: &[("InvalidNetworkAclID.NotFound", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            aws.call(|| {
                aws.ec2()
                    .create_network_acl_entry()
                    .network_acl_id(want.network_acl_id.as_str())
                    .rule_number(want.rule_number)
                    .egress(want.egress)
                    .protocol(want.protocol.as_number())
                    .rule_action(want.wire_action())
                    .set_cidr_block(want.cidr_block.map(|cidr| cidr.to_string()))
                    .set_ipv6_cidr_block(want.ipv6_cidr_block.map(|cidr| cidr.to_string()))
                    .set_port_range(want.port_range())
                    .set_icmp_type_code(want.icmp_type_code())
                    .send()
            })
            .await?;
            Ok(want.id())
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            let keys = targets.iter().filter_map(|target| Key::parse(&target.id).ok());
            readings.want::<NetworkAcls>(keys.map(|key| key.acl));
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let keys = known.iter().filter_map(|item| Key::parse(&item.id).ok());
            let acls = keys.map(|key| key.acl).collect();
            read_shared(known, aws.shared::<NetworkAcls>(acls).await, |acls, item| {
                read_one(acls, item)
            })
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            aws.call(|| {
                aws.ec2()
                    .replace_network_acl_entry()
                    .network_acl_id(want.network_acl_id.as_str())
                    .rule_number(want.rule_number)
                    .egress(want.egress)
                    .protocol(want.protocol.as_number())
                    .rule_action(want.wire_action())
                    .set_cidr_block(want.cidr_block.map(|cidr| cidr.to_string()))
                    .set_ipv6_cidr_block(want.ipv6_cidr_block.map(|cidr| cidr.to_string()))
                    .set_port_range(want.port_range())
                    .set_icmp_type_code(want.icmp_type_code())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let key = Key::parse(id)?;
            aws.call(|| {
                aws.ec2()
                    .delete_network_acl_entry()
                    .network_acl_id(&key.acl)
                    .rule_number(key.number)
                    .egress(key.egress)
                    .send()
            })
            .await
            .map(drop)
        }

        /// A rule of that number is taken for the one that was made if it says the same.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let known = Known { id: want.id(), recorded: want.to_object(), outputs: Object::new() };
            let found = Self::read(aws, &[known]).await.pop().transpose()?.flatten();
            let fields = Self::SCHEMA.inputs.iter();
            let same = |seen: &Seen<Self>| {
                let (asked, there) = (want.to_object(), seen.inputs.to_object());
                fields.clone().all(|field| {
                    let null = infra_sdk::Value::Null;
                    let value = |object: &Object| object.get(field.name).unwrap_or(&null).clone();
                    field.kind.same(&value(&asked), &value(&there))
                })
            };
            Ok(found.filter(same).map(|_| want.id()).into_iter().collect())
        }
    }

    impl NetworkAclRule {
        fn id(&self) -> String {
            let Self { network_acl_id, rule_number, protocol, egress, .. } = self;
            format!("{network_acl_id}:{rule_number}:{}:{egress}", protocol.as_word())
        }

        fn wire_action(&self) -> WireAction {
            WireAction::from(self.rule_action.as_str())
        }

        fn port_range(&self) -> Option<PortRange> {
            let (from, to) = (self.from_port?, self.to_port?);
            Some(PortRange::builder().from(from).to(to).build())
        }

        fn icmp_type_code(&self) -> Option<IcmpTypeCode> {
            let (kind, code) = (self.icmp_type?, self.icmp_code?);
            Some(IcmpTypeCode::builder().r#type(kind).code(code).build())
        }
    }

    /// What tells a rule from all others.
    #[derive(Debug, PartialEq)]
    pub(super) struct Key {
        pub(super) acl: String,
        pub(super) number: i32,
        pub(super) egress: bool,
    }

    impl Key {
        pub(super) fn parse(id: &str) -> Result<Self> {
            let parts: Vec<_> = id.split(':').collect();
            let key = if let [acl, number, _, egress] = parts[..] {
                number.parse().ok().zip(egress.parse().ok()).map(|(number, egress)| Self {
                    acl: acl.to_owned(),
                    number,
                    egress,
                })
            } else {
                None
            };
            key.ok_or_else(|| {
                let message = format!(
                    "`{id}` is not a network ACL rule id: `NETWORK_ACL_ID:RULE_NUMBER:PROTOCOL:EGRESS`"
                );
                Failure::new(FailureClass::Invalid, message)
            })
        }
    }

    fn read_one(
        acls: &HashMap<String, Acl>,
        known: &Known,
    ) -> Result<Option<Seen<NetworkAclRule>>> {
        let key = Key::parse(&known.id)?;
        let entries = acls.get(&key.acl).map(Acl::entries).unwrap_or_default();
        let entry = entries.iter().find(|entry| {
            entry.rule_number() == Some(key.number) && entry.egress() == Some(key.egress)
        });
        entry.map(|entry| see(known, key, entry)).transpose()
    }

    fn see(known: &Known, key: Key, entry: &NetworkAclEntry) -> Result<Seen<NetworkAclRule>> {
        let protocol = IpProtocol::new(entry.protocol().ok_or_else(|| missing("Protocol"))?);
        let (has_ports, has_icmp) = parts(&protocol.as_number());
        let part = |name, there: bool, seen: Option<i32>| {
            if there { seen } else { recorded_number(Some(&known.recorded), name) }
        };
        let (ports, icmp) = (entry.port_range(), entry.icmp_type_code());
        let inputs = NetworkAclRule {
            network_acl_id: NetworkAclId::new(key.acl),
            rule_number: key.number,
            egress: key.egress,
            rule_action: parsed(entry.rule_action().map(WireAction::as_str), "RuleAction")?,
            cidr_block: entry
                .cidr_block()
                .map(|cidr| parsed(Some(cidr), "CidrBlock"))
                .transpose()?,
            ipv6_cidr_block: entry
                .ipv6_cidr_block()
                .map(|cidr| parsed(Some(cidr), "Ipv6CidrBlock"))
                .transpose()?,
            from_port: part("from_port", has_ports, ports.and_then(PortRange::from)),
            to_port: part("to_port", has_ports, ports.and_then(PortRange::to)),
            icmp_type: part("icmp_type", has_icmp, icmp.and_then(IcmpTypeCode::r#type)),
            icmp_code: part("icmp_code", has_icmp, icmp.and_then(IcmpTypeCode::code)),
            protocol,
        };
        let id = NetworkAclRuleId::new(known.id.as_str());
        Ok(Seen::new(inputs, NetworkAclRuleOutputs { id }))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_rule_has_one_range_and_what_its_protocol_needs() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let any = ("cidr_block", Value::from("0.0.0.0/0"));
        assert_eq!(check(&[any.clone(), ("protocol", "-1".into())]), [""; 0]);
        assert_eq!(check(&[any.clone(), ("protocol", "17".into())]), ["from_port", "to_port"]);
        assert_eq!(check(&[any.clone(), ("protocol", "icmp".into())]), ["icmp_type", "icmp_code"]);
        let both = [any, ("ipv6_cidr_block", Value::Unknown), ("protocol", "-1".into())];
        assert_eq!(check(&both), ["ipv6_cidr_block"]);
        assert_eq!(check(&[("protocol", "-1".into())]), ["cidr_block"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Output;
    use infra_sdk::Stack;

    use super::handler::Key;
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{NetworkAcl, Vpc};

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    fn acl(stack: &mut Stack) -> Output<NetworkAclId> {
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        stack.add("acl", NetworkAcl::new(vpc.id())).id()
    }

    #[test]
    fn ids_are_terraforms_import_ids() {
        let key = Key { acl: "acl-1".to_owned(), number: 100, egress: true };
        assert_eq!(Key::parse("acl-1:100:tcp:true").ok().as_ref(), Some(&key));
        assert_eq!(Key::parse("acl-1:100:6:true").ok(), Some(key));
        for wrong in ["acl-1", "acl-1:100:true", "acl-1:x:tcp:true", "acl-1:1:tcp:yes"] {
            assert!(Key::parse(wrong).is_err(), "{wrong}");
        }
    }

    conforms!(
        aws_network_acl_rule,
        Fixture {
            base: |stack, _| {
                let rule = NetworkAclRule::new(acl(stack), 100, "tcp", RuleAction::Allow);
                stack.add("it", rule.cidr_block(cidr("10.0.0.0/8")).from_port(443).to_port(443));
            },
            update: Some(|stack, _| {
                let rule = NetworkAclRule::new(acl(stack), 100, "icmp", RuleAction::Deny);
                stack.add("it", rule.cidr_block(cidr("10.1.0.0/16")).icmp_type(8).icmp_code(-1));
            }),
            replace: Some(|stack, _| {
                let rule = NetworkAclRule::new(acl(stack), 100, "-1", RuleAction::Deny);
                let rule = rule.ipv6_cidr_block("2001:db8::/32".parse::<Ipv6Net>().expect("valid"));
                stack.add("it", rule.egress(true).from_port(0).to_port(0));
            }),
            gaps: &["icmp_type", "icmp_code"],
        }
    );
}
