//! A certificate that another stack made. A lookup: answered while the program runs.
//!
//! API: ListCertificates.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{Certificate, KeyAlgorithm};

/// Asks for a certificate that was issued: by its domain.
#[derive(Debug, Clone)]
pub struct FindCertificate {
    domain: String,
    statuses: Vec<String>,
    types: Vec<String>,
    key_algorithm: Option<KeyAlgorithm>,
    most_recent: bool,
}

impl FindCertificate {
    /// The certificate of a domain: `*.example.com`.
    #[must_use]
    pub fn of(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            statuses: Vec::new(),
            types: Vec::new(),
            key_algorithm: None,
            most_recent: false,
        }
    }

    /// In this state, such as `PENDING_VALIDATION`, in place of `ISSUED`. May be repeated.
    #[must_use]
    pub fn status(mut self, status: impl Into<String>) -> Self {
        self.statuses.push(status.into());
        self
    }

    /// Of this type: `AMAZON_ISSUED`, `IMPORTED` or `PRIVATE`. May be repeated.
    #[must_use]
    pub fn of_type(mut self, kind: impl Into<String>) -> Self {
        self.types.push(kind.into());
        self
    }

    /// With a key of this kind.
    #[must_use]
    pub fn key_algorithm(mut self, key: KeyAlgorithm) -> Self {
        self.key_algorithm = Some(key);
        self
    }

    /// The latest, where there are several.
    #[must_use]
    pub fn most_recent(mut self) -> Self {
        self.most_recent = true;
        self
    }
}

impl Lookup for FindCertificate {
    type Answer = CertificateFound;

    const NAME: &'static str = "aws_acm_certificate";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let list =
            |all: &[String]| Value::List(all.iter().map(|t| Value::from(t.as_str())).collect());
        let key = self.key_algorithm.map_or(Value::Null, |key| Value::from(key.as_str()));
        BTreeMap::from([
            ("domain".to_owned(), Value::from(self.domain.as_str())),
            ("statuses".to_owned(), list(&self.statuses)),
            ("types".to_owned(), list(&self.types)),
            ("key_algorithm".to_owned(), key),
            ("most_recent".to_owned(), Value::Bool(self.most_recent)),
        ])
    }
}

/// The certificate found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct CertificateFound {
    /// The certificate's ARN.
    pub arn: Arn<Certificate>,
    /// The domain.
    pub domain: String,
    /// `ISSUED`, or what it waits for.
    pub status: String,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_acm::types::{CertificateStatus, CertificateSummary};
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::acm::certificate_handler::list;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindCertificate::NAME,
            doc: "A certificate of ACM, by its domain.",
            answer: CertificateFound::KIND,
            placeholder: |region| {
                let arn = format!("arn:aws:acm:{region}:123456789012:certificate/0");
                let found = CertificateFound {
                    arn: Arn::new(arn),
                    domain: "example.com".to_owned(),
                    status: "ISSUED".to_owned(),
                };
                found.to_value()
            },
        },
        operations: &["acm:ListCertificates"],
        actions: &["acm:ListCertificates"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let found = choose(list(aws).await?, arguments)?;
        let status = found.status.as_ref().map_or("", CertificateStatus::as_str).to_owned();
        let arn = found.certificate_arn.ok_or_else(|| missing("CertificateArn"))?;
        let domain = found.domain_name.ok_or_else(|| missing("DomainName"))?;
        Ok(CertificateFound { arn: Arn::new(arn), domain, status }.to_value())
    }

    /// The one that is asked for, or the latest of them.
    fn choose(all: Vec<CertificateSummary>, arguments: &Arguments) -> Result<CertificateSummary> {
        let among = |name: &str, default: &[&str], word: Option<&str>| {
            let asked = arguments.get(name).and_then(Value::as_list).unwrap_or_default();
            let asked: Vec<_> = asked.iter().filter_map(Value::as_str).collect();
            let asked = if asked.is_empty() { default } else { &asked[..] };
            asked.is_empty() || word.is_some_and(|word| asked.contains(&word))
        };
        let domain = text(arguments, "domain").unwrap_or_default();
        let key = text(arguments, "key_algorithm");
        let fits = |one: &CertificateSummary| {
            // Answers write `RSA-2048` for what requests call `RSA_2048`.
            let its_key = one.key_algorithm().map(|key| key.as_str().replace('-', "_"));
            one.domain_name().is_some_and(|name| name.eq_ignore_ascii_case(domain))
                && among("statuses", &["ISSUED"], one.status().map(CertificateStatus::as_str))
                && among("types", &[], one.r#type().map(|kind| kind.as_str()))
                && (key.is_none() || its_key.as_deref() == key)
        };
        let mut found: Vec<_> = all.into_iter().filter(fits).collect();
        let latest = arguments.get("most_recent").and_then(Value::as_bool) == Some(true);
        if found.len() > 1 && !latest {
            let message = format!("{} certificates fit: ask for the latest", found.len());
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        let time = |one: &CertificateSummary| {
            let times = [one.not_before(), one.issued_at(), one.created_at()];
            times.into_iter().flatten().next().map(|time| (time.secs(), time.subsec_nanos()))
        };
        found.sort_by_key(time);
        let message = format!("no certificate of `{domain}` fits");
        found.pop().ok_or_else(|| Failure::new(FailureClass::Gone, message))
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_acm::types::CertificateType;
        use aws_smithy_types::DateTime;

        use super::*;

        fn one(name: &str, from: i64, status: CertificateStatus) -> CertificateSummary {
            CertificateSummary::builder()
                .certificate_arn(name)
                .domain_name("example.com")
                .not_before(DateTime::from_secs(from))
                .r#type(CertificateType::AmazonIssued)
                .status(status)
                .build()
        }

        fn chosen(lookup: &FindCertificate) -> std::result::Result<String, FailureClass> {
            let all = vec![
                one("new", 2, CertificateStatus::Issued),
                one("old", 1, CertificateStatus::Issued),
                one("pending", 3, CertificateStatus::PendingValidation),
            ];
            let found = choose(all, &lookup.arguments()).map_err(|failure| failure.class)?;
            Ok(found.certificate_arn.unwrap_or_default())
        }

        #[test]
        fn one_that_was_issued_is_found() {
            let lookup = FindCertificate::of("Example.com");
            assert_eq!(chosen(&lookup), Err(FailureClass::Invalid));
            assert_eq!(chosen(&lookup.clone().most_recent()), Ok("new".to_owned()));
            let pending = lookup.clone().status("PENDING_VALIDATION");
            assert_eq!(chosen(&pending), Ok("pending".to_owned()));
            let imported = lookup.most_recent().of_type("IMPORTED");
            assert_eq!(chosen(&imported), Err(FailureClass::Gone));
            let other = FindCertificate::of("www.example.com");
            assert_eq!(chosen(&other), Err(FailureClass::Gone));
        }
    }
}
