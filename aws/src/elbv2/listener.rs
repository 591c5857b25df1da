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

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_elasticloadbalancingv2::types::{
        AdvertiseTrustStoreCaNamesEnum, Certificate, Listener as Wire, ListenerAttribute,
        MutualAuthenticationAttributes, ProtocolEnum,
    };
    use infra_sdk::{FieldType as _, ResourceType, Value};

    use super::*;
    use crate::elbv2::action_wire;
    use crate::elbv2::common::{ours, read_by_arn, retag, wire_tags};
    use crate::frame::attributes::{Attribute, from_wire, to_wire};
    use crate::frame::handler::inputs;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyListenerAttributes",
        "elasticloadbalancing:RemoveTags",
    ];

    const GONE: &[&str] = &["ListenerNotFound"];

    const HTTP: &[&str] = &["HTTP", "HTTPS"];
    const TCP: &[&str] = &["TCP"];

    macro_rules! headers {
        ($(($input:literal, $key:literal)),* $(,)?) => {
            &[
                Attribute {
                    input: "tcp_idle_timeout_seconds",
                    key: "tcp.idle_timeout.seconds",
                    of: TCP,
                },
                Attribute {
                    input: "routing_http_response_server_enabled",
                    key: "routing.http.response.server.enabled",
                    of: HTTP,
                },
                $(Attribute {
                    input: concat!("routing_http_response_", $input, "_header_value"),
                    key: concat!("routing.http.response.", $key, ".header_value"),
                    of: HTTP,
                },)*
            ]
        };
    }

    /// Source: Elastic Load Balancing API Reference, ListenerAttribute.
    const ATTRIBUTES: &[Attribute] = headers![
        ("strict_transport_security", "strict_transport_security"),
        ("access_control_allow_origin", "access_control_allow_origin"),
        ("access_control_allow_methods", "access_control_allow_methods"),
        ("access_control_allow_headers", "access_control_allow_headers"),
        ("access_control_allow_credentials", "access_control_allow_credentials"),
        ("access_control_expose_headers", "access_control_expose_headers"),
        ("access_control_max_age", "access_control_max_age"),
        ("content_security_policy", "content_security_policy"),
        ("x_content_type_options", "x_content_type_options"),
        ("x_frame_options", "x_frame_options"),
    ];

    impl Handler for Listener {
        const CALLS: Calls = Calls {
            // The port is its name: another listener on it is refused.
            class: CreateClass::Name,
            create: "elasticloadbalancing:CreateListener",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &[
                "routing_http_response_access_control_allow_credentials_header_value",
                "routing_http_response_access_control_allow_headers_header_value",
                "routing_http_response_access_control_allow_methods_header_value",
                "routing_http_response_access_control_allow_origin_header_value",
                "routing_http_response_access_control_expose_headers_header_value",
                "routing_http_response_access_control_max_age_header_value",
                "routing_http_response_content_security_policy_header_value",
                "routing_http_response_server_enabled",
                "routing_http_response_strict_transport_security_header_value",
                "routing_http_response_x_content_type_options_header_value",
                "routing_http_response_x_frame_options_header_value",
                "tcp_idle_timeout_seconds",
            ],
            gone: GONE,
            not_yet: &[
                ("CertificateNotFound", ""),
                // A certificate that was just issued. Source: ACM user guide, integrated services.
                ("UnsupportedCertificate", "fully-qualified domain name"),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let actions = action_wire::to_wire(&want.default_action);
            let answer = aws
                .call(|| {
                    aws.elbv2()
                        .create_listener()
                        .load_balancer_arn(want.load_balancer_arn.as_str())
                        .port(i32::from(want.port))
                        .protocol(ProtocolEnum::from(want.protocol.as_str()))
                        .set_default_actions(Some(actions.clone()))
                        .set_certificates(certificates(want))
                        .set_ssl_policy(want.ssl_policy.clone())
                        .set_alpn_policy(alpn(want))
                        .set_mutual_authentication(mutual(want))
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let listener = answer.listeners.and_then(|mut listeners| listeners.pop());
            listener.and_then(|l| l.listener_arn).ok_or_else(|| missing("ListenerArn"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let list = |arns: Vec<String>| async move {
                let call = || {
                    let call = aws.elbv2().describe_listeners();
                    call.set_listener_arns(Some(arns.clone())).send()
                };
                Ok(aws.call(call).await?.listeners.unwrap_or_default())
            };
            let see = |wire, tags, known: Known| see(aws, wire, tags, known.recorded);
            read_by_arn(aws, known, GONE, Wire::listener_arn, list, see).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let of_modify = [
                "port",
                "protocol",
                "default_action",
                "certificate_arn",
                "ssl_policy",
                "alpn_policy",
                "mutual_authentication",
            ];
            if changed.any(&of_modify) {
                // What goes with a protocol is given with it.
                let actions = action_wire::to_wire(&want.default_action);
                aws.call(|| {
                    aws.elbv2()
                        .modify_listener()
                        .listener_arn(id)
                        .port(i32::from(want.port))
                        .protocol(ProtocolEnum::from(want.protocol.as_str()))
                        .set_default_actions(Some(actions.clone()))
                        .set_certificates(certificates(want))
                        .set_ssl_policy(want.ssl_policy.clone())
                        .set_alpn_policy(alpn(want))
                        .set_mutual_authentication(mutual(want))
                        .send()
                })
                .await?;
            }
            let protocol = want.protocol.as_str();
            let pairs = to_wire(ATTRIBUTES, protocol, &want.to_object(), |name| changed.has(name));
            if pairs.is_empty() {
                return Ok(());
            }
            let one = |(key, value)| ListenerAttribute::builder().key(key).value(value).build();
            let attributes: Vec<_> = pairs.into_iter().map(one).collect();
            aws.call(|| {
                let call = aws.elbv2().modify_listener_attributes().listener_arn(id);
                call.set_attributes(Some(attributes.clone())).send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.elbv2().delete_listener().listener_arn(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let pages = aws
                .pages(
                    |marker| {
                        let call = aws.elbv2().describe_listeners().set_marker(marker);
                        call.load_balancer_arn(want.load_balancer_arn.as_str()).send()
                    },
                    |page| page.next_marker(),
                )
                .await;
            let pages = absent(pages.map(Some), &["LoadBalancerNotFound"])?.unwrap_or_default();
            let listeners = pages.into_iter().flat_map(|page| page.listeners.unwrap_or_default());
            let at_port = listeners.filter(|l| l.port == Some(i32::from(want.port)));
            ours(aws, &want.tags, at_port.filter_map(|l| l.listener_arn).collect()).await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    fn certificates(want: &Listener) -> Option<Vec<Certificate>> {
        let arn = want.certificate_arn.as_ref()?;
        Some(vec![Certificate::builder().certificate_arn(arn.as_str()).build()])
    }

    fn alpn(want: &Listener) -> Option<Vec<String>> {
        want.alpn_policy.map(|policy| vec![policy.as_str().to_owned()])
    }

    fn mutual(want: &Listener) -> Option<MutualAuthenticationAttributes> {
        let mutual = want.mutual_authentication.as_ref()?;
        let advertise = mutual.advertise_trust_store_ca_names.map(|word| word.as_str());
        let attributes = MutualAuthenticationAttributes::builder()
            .mode(mutual.mode.as_str())
            .set_trust_store_arn(mutual.trust_store_arn.as_ref().map(ToString::to_string))
            .set_ignore_client_certificate_expiry(mutual.ignore_client_certificate_expiry)
            .set_advertise_trust_store_ca_names(
                advertise.map(AdvertiseTrustStoreCaNamesEnum::from),
            );
        Some(attributes.build())
    }

    fn mutual_seen(seen: MutualAuthenticationAttributes) -> Result<Option<MutualAuthentication>> {
        let Some(mode) = seen.mode else { return Ok(None) };
        Ok(Some(MutualAuthentication {
            mode: parsed(Some(mode.as_str()), "Mode")?,
            trust_store_arn: seen.trust_store_arn.map(AnyArn::new),
            ignore_client_certificate_expiry: seen.ignore_client_certificate_expiry,
            advertise_trust_store_ca_names: seen
                .advertise_trust_store_ca_names
                .map(|word| parsed(Some(word.as_str()), "AdvertiseTrustStoreCaNames"))
                .transpose()?,
        }))
    }

    async fn attributes(aws: &Aws, arn: &str) -> Result<HashMap<String, String>> {
        let answer = aws
            .call(|| aws.elbv2().describe_listener_attributes().listener_arn(arn).send())
            .await?;
        let pairs = answer.attributes.unwrap_or_default().into_iter();
        Ok(pairs.filter_map(|pair| Some((pair.key?, pair.value.unwrap_or_default()))).collect())
    }

    async fn see(
        aws: &Aws,
        listener: Wire,
        tags: Tags,
        recorded: Object,
    ) -> Result<Seen<Listener>> {
        let arn = listener.listener_arn.ok_or_else(|| missing("ListenerArn"))?;
        let attributes = attributes(aws, &arn).await?;
        // Actions that were recorded in another shape have no secret to take over.
        let recorded = recorded.get("default_action").map(Vec::<Action>::from_value);
        let recorded = recorded.and_then(std::result::Result::ok).unwrap_or_default();
        let balancer = listener.load_balancer_arn.ok_or_else(|| missing("LoadBalancerArn"))?;
        let protocol = listener.protocol.as_ref().map(ProtocolEnum::as_str);
        let mut object = Object::from([(
            "default_action".to_owned(),
            action_wire::from_wire(listener.default_actions.unwrap_or_default(), &recorded)?
                .to_value(),
        )]);
        let mut put = |name: &str, value: Value| {
            object.insert(name.to_owned(), value);
        };
        let protocol: Protocol = parsed(protocol, "Protocol")?;
        let alpn = listener.alpn_policy.unwrap_or_default().into_iter().next();
        let alpn: Option<AlpnPolicy> =
            alpn.map(|word| parsed(Some(word.as_str()), "AlpnPolicy")).transpose()?;
        let mutual = listener.mutual_authentication.map(mutual_seen).transpose()?.flatten();
        let certificate = listener.certificates.unwrap_or_default().into_iter().next();
        put("load_balancer_arn", balancer.into());
        put("port", i64::from(listener.port.unwrap_or_default()).to_value());
        put("protocol", protocol.to_value());
        put("certificate_arn", certificate.and_then(|c| c.certificate_arn).to_value());
        put("ssl_policy", listener.ssl_policy.filter(|policy| !policy.is_empty()).to_value());
        put("alpn_policy", alpn.to_value());
        put("mutual_authentication", mutual.to_value());
        put("tags", tags.to_value());
        from_wire(ATTRIBUTES, &<Listener as ResourceType>::SCHEMA, &attributes, &mut object);
        let outputs = ListenerOutputs { id: Arn::new(&arn), arn: Arn::new(arn) };
        Ok(Seen::new(inputs(&object)?, outputs))
    }
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
