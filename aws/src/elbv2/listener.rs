//! A listener: a port of a load balancer, and what is done with what comes there.
//!
//! API: CreateListener, DescribeListeners, DescribeListenerAttributes, ModifyListener,
//! ModifyListenerAttributes, DescribeTags, AddTags, RemoveTags, DeleteListener.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Choice, Object, Outputs, Resource, Tags};

use super::action::actions;
use super::{Action, LoadBalancer, OnOff, Protocol};
use crate::any_arn::AnyArn;
use crate::rules::Rules;

/// A port of a load balancer, and what is done with what comes there.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lb_listener", outputs = ListenerOutputs, validate = validate)]
pub struct Listener {
    /// The load balancer.
    #[field(force_new)]
    pub load_balancer_arn: Arn<LoadBalancer>,
    /// The port.
    #[field(range = 1..=65_535)]
    pub port: u16,
    /// The protocol: HTTP and HTTPS of an application load balancer, the others of a network one.
    pub protocol: Protocol,
    /// What is done with what no rule is for.
    #[field(required)]
    pub default_action: Vec<Action>,
    /// Certificate, of ACM or IAM, that clients get who name no other host. For HTTPS and TLS.
    pub certificate_arn: Option<AnyArn>,
    /// Versions and ciphers of TLS: `ELBSecurityPolicy-TLS13-1-2-2021-06`. For HTTPS and TLS.
    #[field(computed)]
    pub ssl_policy: Option<String>,
    /// Protocol above TLS that is preferred. For TLS.
    #[field(computed)]
    pub alpn_policy: Option<AlpnPolicy>,
    /// Whether clients show certificates. For HTTPS.
    #[field(computed)]
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Seconds that a connection may be idle. For TCP.
    #[field(default = 350, range = 60..=6000)]
    pub tcp_idle_timeout_seconds: u32,
    /// Whether answers have the header `Server` that the load balancer puts in.
    #[field(default = true)]
    pub routing_http_response_server_enabled: bool,
    /// Header `Strict-Transport-Security` of answers.
    pub routing_http_response_strict_transport_security_header_value: Option<String>,
    /// Header `Access-Control-Allow-Origin` of answers.
    pub routing_http_response_access_control_allow_origin_header_value: Option<String>,
    /// Header `Access-Control-Allow-Methods` of answers.
    pub routing_http_response_access_control_allow_methods_header_value: Option<String>,
    /// Header `Access-Control-Allow-Headers` of answers.
    pub routing_http_response_access_control_allow_headers_header_value: Option<String>,
    /// Header `Access-Control-Allow-Credentials` of answers.
    pub routing_http_response_access_control_allow_credentials_header_value: Option<String>,
    /// Header `Access-Control-Expose-Headers` of answers.
    pub routing_http_response_access_control_expose_headers_header_value: Option<String>,
    /// Header `Access-Control-Max-Age` of answers.
    pub routing_http_response_access_control_max_age_header_value: Option<String>,
    /// Header `Content-Security-Policy` of answers.
    pub routing_http_response_content_security_policy_header_value: Option<String>,
    /// Header `X-Content-Type-Options` of answers.
    pub routing_http_response_x_content_type_options_header_value: Option<String>,
    /// Header `X-Frame-Options` of answers.
    pub routing_http_response_x_frame_options_header_value: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// Protocol above TLS that is preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AlpnPolicy {
    /// HTTP/1 only.
    #[choice("HTTP1Only")]
    Http1Only,
    /// HTTP/2 only.
    #[choice("HTTP2Only")]
    Http2Only,
    /// HTTP/2, and HTTP/1 if need be.
    #[choice("HTTP2Preferred")]
    Http2Preferred,
    /// HTTP/1, and HTTP/2 if need be.
    #[choice("HTTP2Optional")]
    Http2Optional,
    /// Not negotiated.
    #[choice("None")]
    None,
}

/// Whether clients show certificates.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MutualAuthentication {
    /// What is done with them.
    pub mode: MutualAuthenticationMode,
    /// Authorities that are trusted, to verify.
    pub trust_store_arn: Option<AnyArn>,
    /// Accept certificates that have expired.
    #[field(computed)]
    pub ignore_client_certificate_expiry: Option<bool>,
    /// Whether clients are told which authorities are trusted.
    #[field(computed)]
    pub advertise_trust_store_ca_names: Option<OnOff>,
}

/// What is done with the certificates of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MutualAuthenticationMode {
    /// They are not asked for.
    #[choice("off")]
    Off,
    /// Targets get them.
    #[choice("passthrough")]
    Passthrough,
    /// They are verified.
    #[choice("verify")]
    Verify,
}

/// What AWS assigns to a [`Listener`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ListenerOutputs {
    /// The listener's ARN.
    pub id: Arn<Listener>,
    /// The listener's ARN.
    pub arn: Arn<Listener>,
}

/// Source: Elastic Load Balancing API Reference, CreateListener.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    actions(&mut rules, "default_action");
    let Some(protocol) = rules.text("protocol") else { return rules.finish() };
    let because = format!("with the protocol `{protocol}`");
    if ["HTTPS", "TLS"].contains(&protocol) {
        rules.required(&["certificate_arn"], &because);
    } else {
        rules.without(&["certificate_arn", "ssl_policy"], &because);
    }
    if protocol != "TLS" {
        rules.without(&["alpn_policy"], &because);
    }
    if protocol != "HTTPS" {
        rules.without(&["mutual_authentication"], &because);
    }
    if !protocol.starts_with("HTTP") {
        let of_http = inputs.keys().filter(|name| name.starts_with("routing_http_"));
        let of_http = of_http.filter(|name| inputs.get(*name) != Some(&true.into()));
        let of_http: Vec<_> = of_http.map(String::as_str).collect();
        rules.without(&of_http, &because);
    }
    rules.blocks("mutual_authentication", |rules| {
        if rules.text("mode") == Some(MutualAuthenticationMode::Verify.as_str()) {
            rules.required(&["trust_store_arn"], "with the mode `verify`");
        } else if rules.has("mode") {
            rules.without(&["trust_store_arn"], "without the mode `verify`");
        }
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn block(entries: &[(&str, Value)]) -> Value {
        let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Map(entries.collect())
    }

    fn check(protocol: &str, action: &[(&str, Value)], more: &[(&str, Value)]) -> Vec<String> {
        let action = ("default_action", Value::List(vec![block(action)]));
        let all = [&[("protocol", protocol.into()), action], more].concat();
        let inputs = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn an_action_has_what_its_type_asks_for() {
        let kind = |word: &str| ("type", Value::from(word));
        let group = ("target_group_arn", Value::Unknown);
        assert_eq!(check("HTTP", &[kind("forward"), group.clone()], &[]), [""; 0]);
        let none = "default_action[0].target_group_arn";
        assert_eq!(check("HTTP", &[kind("forward")], &[]), [none]);
        let redirect = |entries: &[(&str, Value)]| {
            let to = ("redirect", block(entries));
            check("HTTP", &[kind("redirect"), to], &[])
        };
        assert_eq!(redirect(&[("protocol", "HTTPS".into()), ("port", "443".into())]), [""; 0]);
        assert_eq!(redirect(&[("host", "#{host}".into())]), ["default_action[0].redirect.host"]);
        assert_eq!(
            check("HTTP", &[kind("fixed-response"), group], &[]),
            [none, "default_action[0].fixed_response"]
        );
    }

    #[test]
    fn tls_goes_with_a_certificate() {
        let forward = [("type", Value::from("forward")), ("target_group_arn", Value::Unknown)];
        assert_eq!(check("HTTPS", &forward, &[]), ["certificate_arn"]);
        let certificate = ("certificate_arn", Value::Unknown);
        assert_eq!(check("HTTPS", &forward, std::slice::from_ref(&certificate)), [""; 0]);
        assert_eq!(check("HTTP", &forward, &[certificate]), ["certificate_arn"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
pub(super) mod tests {
    use infra_sdk::{Output, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::elbv2::load_balancer::tests::{Network, network};
    use crate::elbv2::{
        ActionType, FixedResponse, Forward, Redirect, RedirectStatus, TargetGroup, TargetType,
        WeightedGroup,
    };

    /// A load balancer and two groups.
    pub(in crate::elbv2) fn balancer(
        stack: &mut Stack,
        name: &str,
    ) -> (Output<Arn<LoadBalancer>>, [Output<Arn<TargetGroup>>; 2]) {
        let Network { vpc, subnets: [a, b, _], group } = network(stack, name);
        let balancer = LoadBalancer::new().name(format!("{name}-lb")).subnets([a, b]);
        let balancer = stack.add("balancer", balancer.security_groups([group])).arn();
        let groups = ["blue", "green"].map(|color| {
            let group = TargetGroup::new().name(format!("{name}-{color}")).port(8000_u16);
            let group = group.protocol(Protocol::Http).vpc_id(&vpc).target_type(TargetType::Ip);
            stack.add(color, group).arn()
        });
        (balancer, groups)
    }

    conforms!(
        aws_lb_listener,
        Fixture {
            base: |stack, name| {
                let (balancer, _) = balancer(stack, name);
                let to = Redirect::new(RedirectStatus::MovedPermanently);
                let to = to.protocol("HTTPS").port("443");
                let action = Action::new(ActionType::Redirect).redirect(to);
                let it = Listener::new(balancer, 80_u16, Protocol::Http, [action]);
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let (balancer, [blue, green]) = balancer(stack, name);
                let groups = [
                    WeightedGroup::new(blue).weight(90_u32),
                    WeightedGroup::new(green).weight(10_u32),
                ];
                let action = Action::new(ActionType::Forward).forward(Forward::new(groups));
                let it = Listener::new(balancer, 8080_u16, Protocol::Http, [action]);
                stack.add("it", it.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: None,
            gaps: &[],
        }
    );

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn aws_lb_listener_that_answers() {
        let answers = Fixture {
            base: |stack, name| {
                let (balancer, [blue, _]) = balancer(stack, name);
                let action = Action::new(ActionType::Forward).target_group_arn(blue);
                stack.add("it", Listener::new(balancer, 80_u16, Protocol::Http, [action]));
            },
            update: Some(|stack, name| {
                let (balancer, _) = balancer(stack, name);
                let answer = FixedResponse::new("text/plain", "404").message_body("not here");
                let action = Action::new(ActionType::FixedResponse).fixed_response(answer);
                let it = Listener::new(balancer, 80_u16, Protocol::Http, [action]);
                let it = it.routing_http_response_x_frame_options_header_value("DENY");
                stack.add("it", it.routing_http_response_server_enabled(false));
            }),
            replace: None,
            gaps: &[],
        };
        crate::conformance::check("aws_lb_listener", answers).await;
    }
}
