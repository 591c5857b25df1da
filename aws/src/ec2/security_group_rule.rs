//! Rules of a security group, one resource each: what may come in, and what may go out.
//!
//! The two types differ in their direction alone, so they are written once. AWS changes a rule in
//! place but not the kind of its source: a rule with `cidr_ipv4` never becomes one with another
//! source. So that every such change replaces the rule, all sources but `cidr_ipv4` do; a new IPv4
//! range is a change in place.
//!
//! API: AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupEgress, DescribeSecurityGroupRules,
//! ModifySecurityGroupRules, RevokeSecurityGroupIngress, RevokeSecurityGroupEgress.

#![expect(
    clippy::new_ret_no_self,
    reason = "the derive writes `new`, and inside a macro of ours clippy takes it for ours"
)]

use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

pub use super::group_ref::GroupRef;
use super::security_group::TEXT;
use super::{IpProtocol, PrefixListId, SecurityGroupId, SecurityGroupRuleId};
use crate::ec2::protocol;
use crate::rules::Rules;

macro_rules! rule {
    ($(#[$($doc:tt)*])* $name:ident, $outputs:ident, $type_name:tt) => {
        $(#[$($doc)*])*
        #[derive(Debug, Clone, PartialEq, Resource)]
        #[resource(type = $type_name, outputs = $outputs, validate = validate)]
        pub struct $name {
            /// The security group that the rule is of.
            #[field(force_new)]
            pub security_group_id: SecurityGroupId,
            /// IP protocol by word or number; `-1` for all.
            pub ip_protocol: IpProtocol,
            /// First port, or the ICMP type; -1 for all types. Left out where the protocol has none.
            #[field(range = -1..=65_535)]
            pub from_port: Option<i32>,
            /// Last port, or the ICMP code; -1 for all codes. Left out where the protocol has none.
            #[field(range = -1..=65_535)]
            pub to_port: Option<i32>,
            /// The other side as an IPv4 range.
            pub cidr_ipv4: Option<Ipv4Net>,
            /// The other side as an IPv6 range.
            #[field(force_new)]
            pub cidr_ipv6: Option<Ipv6Net>,
            /// The other side as a managed prefix list.
            #[field(force_new)]
            pub prefix_list_id: Option<PrefixListId>,
            /// The other side as the interfaces of a security group, which can be the same one.
            #[field(force_new)]
            pub referenced_security_group_id: Option<GroupRef>,
            /// What it is for, at most 255 characters.
            pub description: Option<String>,
            /// Tags.
            pub tags: Tags,
        }

        /// What AWS assigns to the rule.
        #[derive(Debug, Clone, PartialEq, Outputs)]
        pub struct $outputs {
            /// The rule's id.
            pub id: SecurityGroupRuleId,
            /// The rule's ARN.
            pub arn: Arn<$name>,
            /// The rule's id, once more.
            pub security_group_rule_id: SecurityGroupRuleId,
        }
    };
}

rule! {
    /// What interfaces of a security group may receive, and from where.
    SecurityGroupIngressRule, SecurityGroupIngressRuleOutputs, "aws_vpc_security_group_ingress_rule"
}

rule! {
    /// What interfaces of a security group may send, and where to.
    SecurityGroupEgressRule, SecurityGroupEgressRuleOutputs, "aws_vpc_security_group_egress_rule"
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&[
        "cidr_ipv4",
        "cidr_ipv6",
        "prefix_list_id",
        "referenced_security_group_id",
    ]);
    let protocol = rules.text("ip_protocol").unwrap_or_default();
    let has_ports = ["tcp", "udp"].iter().any(|word| protocol::is(word, protocol));
    if has_ports || protocol::is("icmp", protocol) {
        rules.required(&["from_port", "to_port"], &format!("with `{protocol}`"));
    }
    if has_ports {
        rules.ordered("from_port", "to_port");
    }
    rules.follows("description", &TEXT);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use infra_sdk::provider::Target;

    use super::*;
    use crate::ec2::common::retag;
    use crate::ec2::security_group_rule_calls::{
        Rule, announce, authorize_egress, authorize_ingress, find_rules, modify, read_rules,
        revoke_egress, revoke_ingress,
    };
    use crate::prelude::*;

    macro_rules! handler {
        (
            $name:ident, $outputs:ident, $egress:literal, $authorize:ident, $revoke:ident,
            $create:literal, $operations:ident
        ) => {
            impl $name {
                fn rule(&self) -> Rule {
                    let rule = self.clone();
                    Rule {
                        group: rule.security_group_id,
                        protocol: rule.ip_protocol,
                        ports: (rule.from_port, rule.to_port),
                        ipv4: rule.cidr_ipv4,
                        ipv6: rule.cidr_ipv6,
                        prefix_list: rule.prefix_list_id,
                        reference: rule.referenced_security_group_id,
                        description: rule.description,
                        tags: rule.tags,
                    }
                }

                fn seen(id: &str, rule: Rule, arn: String) -> Seen<Self> {
                    let inputs = Self {
                        security_group_id: rule.group,
                        ip_protocol: rule.protocol,
                        from_port: rule.ports.0,
                        to_port: rule.ports.1,
                        cidr_ipv4: rule.ipv4,
                        cidr_ipv6: rule.ipv6,
                        prefix_list_id: rule.prefix_list,
                        referenced_security_group_id: rule.reference,
                        description: rule.description,
                        tags: rule.tags,
                    };
                    let outputs = $outputs {
                        id: SecurityGroupRuleId::new(id),
                        arn: Arn::new(arn),
                        security_group_rule_id: SecurityGroupRuleId::new(id),
                    };
                    Seen::new(inputs, outputs)
                }
            }

            impl Handler for $name {
                const CALLS: Calls = Calls {
                    class: CreateClass::Tags,
                    create: $create,
                    operations: $operations,
                    actions: $operations,
                    // A rule goes with its group.
                    gone: &[
                        "InvalidGroup.NotFound",
                        "InvalidPermission.NotFound",
                        "InvalidSecurityGroupRuleId.NotFound",
                    ],
                    not_yet: &[("InvalidGroup.NotFound", ""), ("InvalidPrefixListID.NotFound", "")],
                    ..Calls::DEFAULT
                };

                async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
                    $authorize(aws, &want.rule()).await
                }

                fn announce(readings: &Readings, targets: &[&Target]) {
                    announce(readings, targets);
                }

                async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
                    let rules = read_rules(aws, known, $egress).await;
                    let seen = known.iter().zip(rules).map(|(item, rule)| {
                        Ok(rule?.map(|(rule, arn)| Self::seen(&item.id, rule, arn)))
                    });
                    seen.collect()
                }

                async fn update(
                    aws: &Aws,
                    id: &str,
                    want: &Self,
                    _: &Self,
                    _: &Changed,
                ) -> Result<()> {
                    modify(aws, id, &want.rule()).await
                }

                async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
                    $revoke(aws, id, &was.security_group_id).await
                }

                async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
                    find_rules(aws, &want.rule(), $egress).await
                }

                async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
                    retag(aws, id, change).await
                }
            }
        };
    }

    const INGRESS: &[&str] = &[
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:ModifySecurityGroupRules",
        "ec2:RevokeSecurityGroupIngress",
    ];
    const EGRESS: &[&str] = &[
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:ModifySecurityGroupRules",
        "ec2:RevokeSecurityGroupEgress",
    ];

    handler!(
        SecurityGroupIngressRule,
        SecurityGroupIngressRuleOutputs,
        false,
        authorize_ingress,
        revoke_ingress,
        "ec2:AuthorizeSecurityGroupIngress",
        INGRESS
    );
    handler!(
        SecurityGroupEgressRule,
        SecurityGroupEgressRuleOutputs,
        true,
        authorize_egress,
        revoke_egress,
        "ec2:AuthorizeSecurityGroupEgress",
        EGRESS
    );
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let problems = validate(&inputs.collect());
        problems
            .into_iter()
            .map(|problem| format!("{} {}", problem.path, problem.message))
            .collect()
    }

    #[test]
    fn a_rule_has_one_source_and_the_ports_of_its_protocol() {
        let (any, tcp) = (Value::from("0.0.0.0/0"), Value::from("6"));
        let range = |from, to| [("from_port", Value::Int(from)), ("to_port", Value::Int(to))];
        let good = [("cidr_ipv4", any.clone()), ("ip_protocol", tcp.clone())];
        assert_eq!(check(&[&good[..], &range(80, 443)].concat()), [""; 0]);
        assert_eq!(
            check(&[&good[..], &range(443, 80)].concat()),
            ["to_port must not be less than `from_port`, 443"]
        );
        assert_eq!(
            check(&good),
            ["from_port is required with `6`", "to_port is required with `6`"]
        );
        assert_eq!(check(&[("cidr_ipv4", any.clone()), ("ip_protocol", "-1".into())]), [""; 0]);
        assert_eq!(
            check(&[
                ("cidr_ipv4", any),
                ("prefix_list_id", Value::Unknown),
                ("ip_protocol", "all".into())
            ]),
            ["prefix_list_id cannot be given together with `cidr_ipv4`"]
        );
        assert_eq!(check(&[("ip_protocol", "all".into())]).len(), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::security_group::SecurityGroupHandle;
    use crate::ec2::{SecurityGroup, Vpc};

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    fn group(stack: &mut Stack, name: &str) -> SecurityGroupHandle {
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        stack.add("group", SecurityGroup::new().name(name).vpc_id(vpc.id()))
    }

    conforms!(
        aws_vpc_security_group_ingress_rule,
        Fixture {
            base: |stack, name| {
                let rule = SecurityGroupIngressRule::new(group(stack, name).id(), "tcp");
                let rule = rule.cidr_ipv4(cidr("10.0.0.0/8")).from_port(443).to_port(443);
                stack.add("it", rule.description("from inside").tag("Name", name));
            },
            update: Some(|stack, name| {
                let rule = SecurityGroupIngressRule::new(group(stack, name).id(), "udp");
                let rule = rule.cidr_ipv4(cidr("10.1.0.0/16")).from_port(53).to_port(54);
                stack.add("it", rule.description("changed").tag("Name", "other"));
            }),
            replace: Some(|stack, name| {
                let group = group(stack, name);
                let rule = SecurityGroupIngressRule::new(group.id(), "-1");
                stack.add("it", rule.referenced_security_group_id(group.id()));
            }),
            gaps: &[],
        }
    );

    conforms!(
        aws_vpc_security_group_egress_rule,
        Fixture {
            base: |stack, name| {
                let rule = SecurityGroupEgressRule::new(group(stack, name).id(), "all");
                stack.add("it", rule.cidr_ipv4(cidr("0.0.0.0/0")).tag("Name", name));
            },
            update: Some(|stack, name| {
                let rule = SecurityGroupEgressRule::new(group(stack, name).id(), "6");
                let rule = rule.cidr_ipv4(cidr("0.0.0.0/0")).from_port(80).to_port(443);
                stack.add("it", rule.description("the web").tag("Name", name));
            }),
            replace: Some(|stack, name| {
                let rule = SecurityGroupEgressRule::new(group(stack, name).id(), "icmpv6");
                let rule = rule.from_port(-1).to_port(-1);
                stack.add("it", rule.cidr_ipv6("2001:db8::/32".parse::<Ipv6Net>().expect("valid")));
            }),
            gaps: &[],
        }
    );
}
