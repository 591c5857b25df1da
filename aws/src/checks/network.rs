//! Security groups.

use infra_sdk::checks::{Planned, Rule, Severity};

use crate::ec2::SecurityGroupIngressRule;

/// Ports that are there to be reached by everybody.
const WEB: [i32; 2] = [80, 443];

/// Whoever scans the internet finds an open port within minutes: databases, SSH and what else is not a
/// web server are reached through the network of the stack, a VPN or Session Manager.
pub(super) fn public_ingress() -> Rule {
    Rule::new(
        "baseline::public-ingress",
        Severity::Critical,
        "nothing but ports 80 and 443 is open to the world",
        |plan, report| {
            for rule in plan.resources::<SecurityGroupIngressRule>() {
                let open4 = rule.get(|r| r.cidr_ipv4()).is_known_and(|cidr| cidr.prefix_len() == 0);
                let open6 = rule.get(|r| r.cidr_ipv6()).is_known_and(|cidr| cidr.prefix_len() == 0);
                if (open4 || open6) && !is_web(&rule) {
                    report
                        .finding(&rule, format!("lets the whole world in to {}", ports(&rule)))
                        .hint("name the ranges or the security groups that need it");
                }
            }
        },
    )
    .sources(&[
        "AWS Security Hub EC2.13",
        "AWS Security Hub EC2.18",
        "AWS Security Hub EC2.19",
    ])
}

/// Web servers, HTTP/3 included, and ICMP, without which paths of other widths do not work.
fn is_web(rule: &Planned<'_, SecurityGroupIngressRule>) -> bool {
    let Some(protocol) = rule.fact::<String>("ip_protocol").known() else { return true };
    let is = |names: &[&str]| names.iter().any(|n| protocol.eq_ignore_ascii_case(n));
    if is(&["icmp", "1", "icmpv6", "58"]) {
        return true;
    }
    let (from, to) = (rule.get(|r| r.from_port()).known(), rule.get(|r| r.to_port()).known());
    let port = from.filter(|port| Some(*port) == to && WEB.contains(port));
    port.is_some_and(|port| is(&["tcp", "6"]) || (port == 443 && is(&["udp", "17"])))
}

fn ports(rule: &Planned<'_, SecurityGroupIngressRule>) -> String {
    match (rule.get(|r| r.from_port()).known(), rule.get(|r| r.to_port()).known()) {
        (Some(from), Some(to)) if from == to => format!("port {from}"),
        (Some(from), Some(to)) => format!("ports {from} to {to}"),
        _ => "all ports".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};

    use super::*;
    use crate::checks::testing::broken;
    use crate::ec2::{IpProtocol, SecurityGroupId};

    fn open(stack: &mut Stack, name: &str, protocol: &str, from: i32, to: i32) {
        let group = SecurityGroupId::new("sg-1");
        let rule = SecurityGroupIngressRule::new(group, IpProtocol::new(protocol))
            .from_port(from)
            .to_port(to)
            .cidr_ipv4(Ipv4Net::default());
        stack.add(name, rule);
    }

    #[test]
    fn only_the_web_is_open_to_the_world() {
        let found = broken(&public_ingress(), |stack| {
            open(stack, "http", "tcp", 80, 80);
            open(stack, "https", "6", 443, 443);
            open(stack, "http3", "udp", 443, 443);
            open(stack, "ping", "icmp", -1, -1);
            let group = SecurityGroupId::new("sg-1");
            let inside = SecurityGroupIngressRule::new(group, IpProtocol::new("tcp"))
                .from_port(22)
                .to_port(22)
                .cidr_ipv4("10.0.0.0/8".parse::<Ipv4Net>().expect("a range"));
            stack.add("inside", inside);
        });
        assert_eq!(found, [""; 0]);
        let found = broken(&public_ingress(), |stack| {
            open(stack, "ssh", "tcp", 22, 22);
            open(stack, "wide", "tcp", 80, 443);
            open(stack, "dns", "udp", 80, 80);
            let group = SecurityGroupId::new("sg-1");
            let all = SecurityGroupIngressRule::new(group, IpProtocol::new("-1"));
            stack.add("everything", all.cidr_ipv6(Ipv6Net::default()));
        });
        assert_eq!(found, ["ssh", "wide", "dns", "everything"]);
    }
}
