//! A further certificate of a listener, for clients who name another host.
//!
//! API: AddListenerCertificates, DescribeListenerCertificates, RemoveListenerCertificates.

use infra_sdk::{Arn, Outputs, Resource};

use super::Listener;
use crate::any_arn::AnyArn;

/// A further certificate of a listener.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lb_listener_certificate", outputs = ListenerCertificateOutputs)]
pub struct ListenerCertificate {
    /// The listener, of HTTPS or TLS.
    #[field(force_new)]
    pub listener_arn: Arn<Listener>,
    /// The certificate, of ACM or IAM; not the listener's own.
    #[field(force_new)]
    pub certificate_arn: AnyArn,
}

/// What identifies a [`ListenerCertificate`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ListenerCertificateOutputs {
    /// The two ARNs: `listener_certificate`.
    pub id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::{BTreeSet, HashMap};

    use aws_sdk_elasticloadbalancingv2::types::Certificate;
    use futures_util::stream::{self, StreamExt as _};
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:RemoveListenerCertificates",
    ];
    const GONE: &[&str] = &["CertificateNotFound", "ListenerNotFound"];
    /// Listeners that are asked at once.
    const AT_ONCE: usize = 8;

    impl Handler for ListenerCertificate {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "elasticloadbalancing:AddListenerCertificates",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[
                ("CertificateNotFound", ""),
                // A certificate that was just issued. Source: ACM user guide, integrated services.
                ("UnsupportedCertificate", "fully-qualified domain name"),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let (listener, arn) = (want.listener_arn.as_str(), want.certificate_arn.as_str());
            aws.call(|| {
                let call = aws.elbv2().add_listener_certificates().listener_arn(listener);
                call.certificates(certificate(arn)).send()
            })
            .await?;
            Ok(format!("{listener}_{arn}"))
        }

        /// All of a listener at once.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let ids: Vec<_> = known.iter().map(|item| parse_id(&item.id)).collect();
            let listeners: BTreeSet<&str> = ids.iter().flatten().map(|(arn, _)| *arn).collect();
            let lists: Vec<_> = listeners
                .into_iter()
                .map(|arn| async move { (arn, absent(list(aws, arn).await.map(Some), GONE)) })
                .collect();
            let lists: HashMap<_, _> =
                stream::iter(lists).buffer_unordered(AT_ONCE).collect().await;
            let answer = |(item, id): (&Known, Result<(&str, &str)>)| {
                let (listener, arn) = id?;
                let list = lists.get(listener).ok_or_else(|| missing("Certificates"))?;
                let list = list.as_ref().map_err(Clone::clone)?.as_ref();
                if !list.is_some_and(|list| list.contains(arn)) {
                    return Ok(None);
                }
                let inputs =
                    Self { listener_arn: Arn::new(listener), certificate_arn: AnyArn::new(arn) };
                let outputs = ListenerCertificateOutputs { id: item.id.clone() };
                Ok(Some(Seen::new(inputs, outputs)))
            };
            known.iter().zip(ids).map(answer).collect()
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (listener, arn) = parse_id(id)?;
            aws.call(|| {
                let call = aws.elbv2().remove_listener_certificates().listener_arn(listener);
                call.certificates(certificate(arn)).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let (listener, arn) = (want.listener_arn.as_str(), want.certificate_arn.as_str());
            let list = absent(list(aws, listener).await.map(Some), GONE)?;
            let found = list.is_some_and(|list| list.contains(arn));
            Ok(found.then(|| format!("{listener}_{arn}")).into_iter().collect())
        }
    }

    fn certificate(arn: &str) -> Certificate {
        Certificate::builder().certificate_arn(arn).build()
    }

    /// Listener and certificate of an id, as Terraform writes it. Names of load balancers have no
    /// `_`.
    fn parse_id(id: &str) -> Result<(&str, &str)> {
        id.split_once('_').filter(|(_, arn)| arn.starts_with("arn:")).ok_or_else(|| {
            let message = format!("`{id}` is not `LISTENER_ARN_CERTIFICATE_ARN`");
            Failure::new(FailureClass::Invalid, message)
        })
    }

    /// The certificates of a listener besides its own.
    async fn list(aws: &Aws, listener: &str) -> Result<BTreeSet<String>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.elbv2().describe_listener_certificates().set_marker(marker);
                    call.listener_arn(listener).send()
                },
                |page| page.next_marker(),
            )
            .await?;
        let all = pages.into_iter().flat_map(|page| page.certificates.unwrap_or_default());
        let further = all.filter(|one| one.is_default != Some(true));
        Ok(further.filter_map(|one| one.certificate_arn).collect())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_have_two_arns() {
            let id = "arn:aws:elasticloadbalancing:x:1:listener/app/lb/1/2_arn:aws:acm:x:1:certificate/a";
            let parts = parse_id(id).expect("an id");
            assert_eq!(parts.1, "arn:aws:acm:x:1:certificate/a");
            for wrong in ["", "arn:a", "arn:a_b"] {
                assert!(parse_id(wrong).is_err(), "{wrong}");
            }
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Output, Stack};

    use super::*;
    use crate::acm::{Certificate, CertificateValidation, ValidationMethod};
    use crate::conformance::{Fixture, conforms};
    use crate::elbv2::listener::tests::balancer;
    use crate::elbv2::{Action, ActionType, FixedResponse, Protocol};
    use crate::route53::{Record, RecordType, Zone, ZoneHandle};

    /// A certificate that was issued.
    fn issued(
        stack: &mut Stack,
        zone: &ZoneHandle,
        at: &str,
        domain: String,
    ) -> Output<Arn<Certificate>> {
        let certificate = Certificate::new().domain_name(domain);
        let certificate = stack.add(at, certificate.validation_method(ValidationMethod::Dns));
        let record = Record::new(
            zone.id(),
            certificate.validation_record_names().index(0),
            RecordType::Cname,
        );
        let record = record.ttl(60_u32).records([certificate.validation_record_values().index(0)]);
        let record = stack.add(format!("{at}-record"), record);
        let validation = CertificateValidation::new(certificate.arn());
        let validation = validation.validation_record_fqdns([record.fqdn()]);
        stack.add(format!("{at}-validation"), validation).certificate_arn()
    }

    fn declare(stack: &mut Stack, name: &str, of: &str) {
        let zone = stack.add("zone", Zone::new(format!("{name}.example.com")));
        let [own, one, other] = ["own", "one", "another"]
            .map(|at| issued(stack, &zone, at, format!("{at}.{name}.example.com")));
        let (balancer, _) = balancer(stack, name);
        let action = Action::new(ActionType::FixedResponse)
            .fixed_response(FixedResponse::new("text/plain", "404"));
        let listener = Listener::new(balancer, 443_u16, Protocol::Https, [action]);
        let listener = stack.add("listener", listener.certificate_arn(own));
        let certificate = if of == "one" { one } else { other };
        stack.add("it", ListenerCertificate::new(listener.arn(), certificate));
    }

    conforms!(
        aws_lb_listener_certificate,
        Fixture {
            base: |stack, name| declare(stack, name, "one"),
            update: None,
            replace: Some(|stack, name| declare(stack, name, "another")),
            gaps: &[],
        }
    );
}
