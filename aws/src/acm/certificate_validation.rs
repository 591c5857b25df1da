//! Waiting for a certificate to be issued. It makes nothing at AWS: its create asks, and what it
//! waits for is told with the records that are still to be made.
//!
//! API: DescribeCertificate.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Outputs, Resource};

use super::Certificate;
use crate::route53::DomainName;

/// Waits until a certificate is issued.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_acm_certificate_validation", outputs = CertificateValidationOutputs)]
pub struct CertificateValidation {
    /// The certificate.
    #[field(force_new)]
    pub certificate_arn: Arn<Certificate>,
    /// Names of the records that prove its domains, so that they are made before.
    #[field(force_new, write_only)]
    pub validation_record_fqdns: BTreeSet<DomainName>,
}

/// What AWS assigns to a [`CertificateValidation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct CertificateValidationOutputs {
    /// The certificate's ARN, for what needs one that is issued.
    pub id: Arn<Certificate>,
    /// `ISSUED`, or what the certificate waits for.
    pub status: String,
    /// Why it was not issued.
    pub failure_reason: Option<String>,
    /// Records that are still to be made: name, type and value.
    pub pending_records: Vec<String>,
}

#[cfg(feature = "provider")]
mod handler {
    use std::time::Duration;

    use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, DomainStatus};
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::acm::certificate_handler::{describe, validations};
    use crate::frame::calls::Patience;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &["acm:DescribeCertificate"];
    const GONE: &[&str] = &["ResourceNotFoundException"];

    impl Handler for CertificateValidation {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "acm:DescribeCertificate",
            operations: OPERATIONS,
            actions: OPERATIONS,
            // There is nothing to delete but the certificate, which is a resource of its own.
            vanishes: false,
            gone: GONE,
            not_yet: &[("ResourceNotFoundException", "")],
            patience: Patience {
                create: Duration::from_secs(75 * 60),
                update: Duration::from_secs(300),
                delete: Duration::from_secs(300),
            },
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            describe(aws, want.certificate_arn.as_str()).await?;
            Ok(want.certificate_arn.to_string())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move {
                Ok(Some(see(&item.id, &describe(aws, &item.id).await?)))
            })
            .await
        }

        async fn delete(_: &Aws, _: &str, _: &Self) -> Result<()> {
            Ok(())
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            let outputs = &seen.outputs;
            match outputs.status.as_str() {
                "ISSUED" => Readiness::Ready,
                "PENDING_VALIDATION" if outputs.pending_records.is_empty() => {
                    Readiness::Waiting("waiting for its domains to be proved".to_owned())
                }
                "PENDING_VALIDATION" => {
                    let records = outputs.pending_records.join("; ");
                    Readiness::Waiting(format!("waiting for these records in DNS: {records}"))
                }
                status => {
                    let reason = outputs.failure_reason.clone();
                    Readiness::Failed(reason.unwrap_or_else(|| format!("it is {status}")))
                }
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let arn = want.certificate_arn.as_str();
            let there = absent(describe(aws, arn).await.map(Some), GONE)?;
            Ok(there.map(|_| arn.to_owned()).into_iter().collect())
        }
    }

    /// The records that are still to be made, as lines of a zone file.
    fn pending(detail: &CertificateDetail) -> Vec<String> {
        validations(detail)
            .into_iter()
            .filter(|option| option.validation_status != Some(DomainStatus::Success))
            .filter_map(|option| option.resource_record)
            .map(|record| format!("{} {} {}", record.name, record.r#type.as_str(), record.value))
            .collect()
    }

    fn see(arn: &str, detail: &CertificateDetail) -> Seen<CertificateValidation> {
        let inputs = CertificateValidation {
            certificate_arn: Arn::new(arn),
            validation_record_fqdns: BTreeSet::new(),
        };
        let outputs = CertificateValidationOutputs {
            id: Arn::new(arn),
            status: detail.status().map_or("", CertificateStatus::as_str).to_owned(),
            failure_reason: detail.failure_reason().map(|reason| reason.as_str().to_owned()),
            pending_records: pending(detail),
        };
        Seen::new(inputs, outputs)
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_acm::types::{DomainValidation, RecordType, ResourceRecord};

        use super::*;

        #[test]
        fn what_is_waited_for_is_told_with_the_records_to_make() {
            let option = |domain: &str, status| {
                let record = ResourceRecord::builder().name(format!("_x.{domain}"));
                let record = record.r#type(RecordType::Cname).value("_y.acm").build();
                let option = DomainValidation::builder().domain_name(domain);
                let option = option.validation_status(status);
                option.resource_record(record.expect("a record")).build().expect("an option")
            };
            let detail = CertificateDetail::builder()
                .domain_name("b.example")
                .status(CertificateStatus::PendingValidation)
                .domain_validation_options(option("a.example", DomainStatus::Success))
                .domain_validation_options(option("b.example", DomainStatus::PendingValidation))
                .build();
            let seen = see("arn:aws:acm:us-west-2:123456789012:certificate/1", &detail);
            let Readiness::Waiting(word) = CertificateValidation::readiness(&seen) else {
                panic!("it waits");
            };
            assert_eq!(word, "waiting for these records in DNS: _x.b.example CNAME _y.acm");
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::acm::ValidationMethod;
    use crate::conformance::{Fixture, conforms};
    use crate::route53::{Record, RecordType, Zone};

    conforms!(
        aws_acm_certificate_validation,
        Fixture {
            base: |stack, name| {
                let zone = stack.add("zone", Zone::new(format!("{name}.example.com")));
                let certificate = Certificate::new().domain_name(format!("{name}.example.com"));
                let certificate = certificate.validation_method(ValidationMethod::Dns);
                let certificate = stack.add("certificate", certificate);
                let proof = certificate.validation_record_names().index(0);
                let record = Record::new(zone.id(), proof, RecordType::Cname).ttl(60_u32);
                let value = certificate.validation_record_values().index(0);
                let record = stack.add("record", record.records([value]));
                let it = CertificateValidation::new(certificate.arn());
                stack.add("it", it.validation_record_fqdns([record.fqdn()]));
            },
            update: None,
            replace: None,
            gaps: &[],
        }
    );
}
