//! A certificate: one that ACM issues once the domains are proved, or one of one's own.
//!
//! A request is made at once and stays pending until its records are in DNS; `CertificateValidation`
//! waits for that. Only a certificate of one's own can be exchanged in place.
//!
//! API: RequestCertificate, ImportCertificate, DescribeCertificate, GetCertificate,
//! ListCertificates, ListTagsForCertificate, UpdateCertificateOptions, AddTagsToCertificate,
//! RemoveTagsFromCertificate, DeleteCertificate.

use std::collections::BTreeSet;

use infra_sdk::kind::{Problem, Text, any_text};
use infra_sdk::{
    Arn, Block, BlockSet, Choice, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Object,
    Output, Outputs, Resource, Scope, Tags, Value,
};

use crate::any_arn::AnyArn;
use crate::iam::names::text_types;
use crate::route53::DomainName;
use crate::rules::Rules;

text_types! {
    /// Certificates in PEM, compared without the space around them.
    Pem(PEM = Text {
        name: "PEM",
        check: any_text,
        canonical: |text| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned(),
    });
}

/// A certificate for TLS.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_acm_certificate", outputs = CertificateOutputs, validate = validate)]
pub struct Certificate {
    /// The domain, to have a certificate issued: `example.com`, `*.example.com`.
    #[field(force_new, computed)]
    pub domain_name: Option<DomainName>,
    /// Further domains of the same certificate.
    #[field(force_new, computed)]
    pub subject_alternative_names: BTreeSet<DomainName>,
    /// How the domains are proved.
    #[field(force_new, computed)]
    pub validation_method: Option<ValidationMethod>,
    /// Domains whose owners get the mails that ask, where they are not the domains themselves.
    #[field(force_new, write_only)]
    pub validation_option: BlockSet<ValidationOption>,
    /// The key. RSA with 2,048 bits by default.
    #[field(force_new, computed)]
    pub key_algorithm: Option<KeyAlgorithm>,
    /// A private certificate authority, to have it issue.
    #[field(force_new)]
    pub certificate_authority_arn: Option<AnyArn>,
    /// Options of a certificate that is issued.
    #[field(computed)]
    pub options: Option<CertificateOptions>,
    /// A certificate of one's own.
    #[field(computed)]
    pub certificate_body: Option<Pem>,
    /// The certificates between one's own and its authority.
    #[field(computed)]
    pub certificate_chain: Option<Pem>,
    /// The key of a certificate of one's own. AWS never returns it.
    #[field(sensitive, write_only)]
    pub private_key: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// How domains are proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ValidationMethod {
    /// By records in DNS.
    #[choice("DNS")]
    Dns,
    /// By mails to the owners.
    #[choice("EMAIL")]
    Email,
}

/// Whose owner gets the mail that asks.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ValidationOption {
    /// A domain of the certificate.
    pub domain_name: String,
    /// The domain whose owner is asked: the same, or one above it.
    pub validation_domain: String,
}

/// The key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum KeyAlgorithm {
    /// RSA with 1,024 bits, of certificates of one's own only.
    #[choice("RSA_1024")]
    Rsa1024,
    /// RSA with 2,048 bits.
    #[choice("RSA_2048")]
    Rsa2048,
    /// RSA with 3,072 bits.
    #[choice("RSA_3072")]
    Rsa3072,
    /// RSA with 4,096 bits.
    #[choice("RSA_4096")]
    Rsa4096,
    /// The elliptic curve P-256.
    #[choice("EC_prime256v1")]
    EcPrime256v1,
    /// The elliptic curve P-384.
    #[choice("EC_secp384r1")]
    EcSecp384r1,
    /// The elliptic curve P-521.
    #[choice("EC_secp521r1")]
    EcSecp521r1,
}

/// Options of a certificate.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CertificateOptions {
    /// Whether its key can be taken out. Certificates are always put into public logs.
    #[field(computed)]
    pub export: Option<Preference>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Preference {
    /// On.
    #[choice("ENABLED")]
    Enabled,
    /// Off.
    #[choice("DISABLED")]
    Disabled,
}

/// What AWS assigns to a [`Certificate`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct CertificateOutputs {
    /// The certificate's ARN.
    pub id: Arn<Certificate>,
    /// The certificate's ARN.
    pub arn: Arn<Certificate>,
    /// Domains to prove: the certificate's own first, then the others by name.
    pub validation_domains: Vec<String>,
    /// Names of the records that prove the domains, in their order.
    pub validation_record_names: Vec<String>,
    /// Types of those records: `CNAME`.
    pub validation_record_types: Vec<String>,
    /// Values of those records.
    pub validation_record_values: Vec<String>,
    /// Addresses that were asked by mail.
    pub validation_emails: Vec<String>,
    /// `ISSUED`, `PENDING_VALIDATION` and so on.
    pub status: String,
    /// Why it was not issued.
    pub failure_reason: Option<String>,
    /// `AMAZON_ISSUED`, `IMPORTED` or `PRIVATE`.
    pub certificate_type: String,
    /// When it begins to hold, in seconds since 1970.
    pub not_before: Option<i64>,
    /// When it ends to hold, in seconds since 1970.
    pub not_after: Option<i64>,
}

/// Source: ACM API Reference, RequestCertificate and ImportCertificate.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&["domain_name", "certificate_body"]);
    if rules.has("certificate_body") {
        let of_requests = [
            "subject_alternative_names",
            "validation_method",
            "validation_option",
            "key_algorithm",
            "certificate_authority_arn",
            "options",
        ];
        rules.without(&of_requests, "for a certificate of one's own");
    } else {
        rules.without(&["certificate_chain", "private_key"], "without `certificate_body`");
    }
    if rules.has("certificate_authority_arn") {
        rules.without(&["validation_method"], "for a private certificate authority");
    } else if rules.has("domain_name") {
        rules.required(&["validation_method"], "to prove the domain");
    }
    if rules.text("validation_method") == Some(ValidationMethod::Dns.as_str()) {
        rules.without(&["validation_option"], "with the method `DNS`");
    }
    if rules.text("key_algorithm") == Some(KeyAlgorithm::Rsa1024.as_str()) {
        rules.refuse("key_algorithm", "cannot be `RSA_1024` for a certificate that is issued");
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn a_certificate_is_issued_or_of_ones_own() {
        let check = |given: &[(&str, &str)]| -> Vec<String> {
            let inputs = given.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let (domain, dns) = (("domain_name", "example.com"), ("validation_method", "DNS"));
        let own = ("certificate_body", "PEM");
        assert_eq!(check(&[domain, dns]), [""; 0]);
        assert_eq!(check(&[domain]), ["validation_method"]);
        assert_eq!(check(&[own, ("private_key", "PEM")]), [""; 0]);
        assert_eq!(check(&[own, dns]), ["validation_method"]);
        assert_eq!(check(&[domain, dns, ("private_key", "PEM")]), ["private_key"]);
        assert_eq!(check(&[]), ["domain_name"]);
        assert_eq!(check(&[domain, dns, ("key_algorithm", "RSA_1024")]), ["key_algorithm"]);
    }

    #[test]
    fn certificates_are_the_same_with_other_space_around_them() {
        let same = |a: &str, b: &str| Pem::KIND.same(&Value::from(a), &Value::from(b));
        assert!(same("-----\r\nab\r\n-----\n", "-----\nab\n-----"));
        assert!(!same("a", "b"));
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_acm_certificate,
        Fixture {
            base: |stack, name| {
                let it = Certificate::new().domain_name(format!("{name}.example.com"));
                let it = it.subject_alternative_names([format!("www.{name}.example.com")]);
                stack.add("it", it.validation_method(ValidationMethod::Dns).tag("Name", name));
            },
            update: Some(|stack, name| {
                let it = Certificate::new().domain_name(format!("{name}.example.com"));
                let it = it.subject_alternative_names([format!("www.{name}.example.com")]);
                stack.add("it", it.validation_method(ValidationMethod::Dns).tag("a", "changed"));
            }),
            replace: Some(|stack, name| {
                let it = Certificate::new().domain_name(format!("{name}.example.org"));
                stack.add("it", it.validation_method(ValidationMethod::Dns));
            }),
            gaps: &[],
        }
    );
}
