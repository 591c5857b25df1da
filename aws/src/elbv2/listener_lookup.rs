//! A listener that another stack made. A lookup: answered while the program runs.
//!
//! API: DescribeListeners.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{Listener, LoadBalancer, Protocol};
use crate::any_arn::AnyArn;

/// Asks for a listener: by its ARN, or by its load balancer and port.
#[derive(Debug, Clone)]
pub struct FindListener {
    arn: Option<String>,
    load_balancer_arn: Option<String>,
    port: Option<u16>,
}

impl FindListener {
    /// The listener of that ARN.
    #[must_use]
    pub fn of_arn(arn: Arn<Listener>) -> Self {
        Self { arn: Some(arn.as_str().to_owned()), load_balancer_arn: None, port: None }
    }

    /// The listener of a load balancer at a port.
    #[must_use]
    pub fn at(load_balancer: Arn<LoadBalancer>, port: u16) -> Self {
        let load_balancer_arn = Some(load_balancer.as_str().to_owned());
        Self { arn: None, load_balancer_arn, port: Some(port) }
    }
}

impl Lookup for FindListener {
    type Answer = ListenerFound;

    const NAME: &'static str = "aws_lb_listener";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        BTreeMap::from([
            ("arn".to_owned(), text(&self.arn)),
            ("load_balancer_arn".to_owned(), text(&self.load_balancer_arn)),
            ("port".to_owned(), self.port.map_or(Value::Null, |port| Value::Int(port.into()))),
        ])
    }
}

/// The listener found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct ListenerFound {
    /// The listener's ARN.
    pub arn: Arn<Listener>,
    /// Its load balancer.
    pub load_balancer_arn: Arn<LoadBalancer>,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The certificate that clients get who name no other host.
    pub certificate_arn: Option<AnyArn>,
    /// Versions and ciphers of TLS.
    pub ssl_policy: Option<String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_elasticloadbalancingv2::types::{Listener as Wire, ProtocolEnum};
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindListener::NAME,
            doc: "A listener, by its ARN or by its load balancer and port.",
            answer: ListenerFound::KIND,
            placeholder,
        },
        operations: &["elasticloadbalancing:DescribeListeners"],
        actions: &["elasticloadbalancing:DescribeListeners"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        let start = format!("arn:aws:elasticloadbalancing:{region}:123456789012");
        let found = ListenerFound {
            arn: Arn::new(format!("{start}:listener/app/found/0/0")),
            load_balancer_arn: Arn::new(format!("{start}:loadbalancer/app/found/0")),
            port: 443,
            protocol: Protocol::Https,
            certificate_arn: None,
            ssl_policy: None,
        };
        found.to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let arns = text(arguments, "arn").map(|arn| vec![arn.to_owned()]);
        let balancer = text(arguments, "load_balancer_arn").map(str::to_owned);
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.elbv2().describe_listeners().set_marker(marker);
                    let call = call.set_listener_arns(arns.clone());
                    call.set_load_balancer_arn(balancer.clone()).send()
                },
                |page| page.next_marker(),
            )
            .await?;
        let all = pages.into_iter().flat_map(|page| page.listeners.unwrap_or_default());
        see(choose(all, arguments)?).map(|found| found.to_value())
    }

    fn choose(all: impl Iterator<Item = Wire>, arguments: &Arguments) -> Result<Wire> {
        let port = arguments.get("port").and_then(Value::as_int);
        let mut fits = all.filter(|one| port.is_none() || one.port.map(i64::from) == port);
        fits.next().ok_or_else(|| Failure::new(FailureClass::Gone, "no listener fits"))
    }

    fn see(wire: Wire) -> Result<ListenerFound> {
        let protocol = wire.protocol.as_ref().map(ProtocolEnum::as_str);
        let balancer = wire.load_balancer_arn.ok_or_else(|| missing("LoadBalancerArn"))?;
        let certificate = wire.certificates.unwrap_or_default().into_iter().next();
        let port = wire.port.and_then(|port| u16::try_from(port).ok());
        Ok(ListenerFound {
            arn: Arn::new(wire.listener_arn.ok_or_else(|| missing("ListenerArn"))?),
            load_balancer_arn: Arn::new(balancer),
            port: port.ok_or_else(|| missing("Port"))?,
            protocol: parsed(protocol, "Protocol")?,
            certificate_arn: certificate.and_then(|one| one.certificate_arn).map(AnyArn::new),
            ssl_policy: wire.ssl_policy.filter(|policy| !policy.is_empty()),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::test_endpoint::aws;

        #[test]
        fn a_listener_is_told_by_its_port() {
            let one = |port: i32| {
                let arn = format!("arn:aws:elasticloadbalancing:x:1:listener/app/a/1/{port}");
                let wire = Wire::builder().listener_arn(arn).load_balancer_arn("arn:balancer");
                wire.port(port).protocol(ProtocolEnum::Http).build()
            };
            let found = |port: u16| {
                let lookup = FindListener::at(Arn::new("arn:balancer"), port);
                choose([one(80), one(8080)].into_iter(), &lookup.arguments()).and_then(see)
            };
            let at_8080 = found(8080).expect("a listener");
            assert_eq!((at_8080.port, at_8080.protocol), (8080, Protocol::Http));
            assert!(at_8080.arn.as_str().ends_with("/8080"));
            assert_eq!(found(443).map_err(|failure| failure.class).err(), Some(FailureClass::Gone));
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn one_that_is_not_there_is_not_found() {
            let start = "arn:aws:elasticloadbalancing:us-west-2:123456789012";
            let arn =
                Arn::new(format!("{start}:listener/app/none/0123456789abcdef/0123456789abcdef"));
            let arguments = FindListener::of_arn(arn).arguments();
            let failure = answer(&aws().await, &arguments).await.expect_err("there is none");
            assert_eq!(failure.class, FailureClass::Gone);
        }
    }
}
