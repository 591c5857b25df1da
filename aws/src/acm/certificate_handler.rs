//! The AWS calls of [`Certificate`].

use aws_sdk_acm::types::{
    CertificateDetail, CertificateExport, CertificateOptions as WireOptions,
    CertificateStatus as Status, CertificateSummary, CertificateType, DomainValidation,
    DomainValidationOption, Filters, KeyAlgorithm as WireKeyAlgorithm, Tag,
    ValidationMethod as WireMethod,
};
use aws_smithy_types::{Blob, DateTime};
use infra_sdk::provider::{Failure, FailureClass, Readiness};
use infra_sdk::{Arn, BlockSet, Tags};

use super::certificate::{
    Certificate, CertificateOptions, CertificateOutputs, Pem, ValidationMethod,
};
use crate::any_arn::AnyArn;
use crate::frame::tags::is_ours;
use crate::prelude::*;
use crate::route53::DomainName;

const OPERATIONS: &[&str] = &[
    "acm:AddTagsToCertificate",
    "acm:DeleteCertificate",
    "acm:DescribeCertificate",
    "acm:GetCertificate",
    "acm:ImportCertificate",
    "acm:ListCertificates",
    "acm:ListTagsForCertificate",
    "acm:RemoveTagsFromCertificate",
    "acm:RequestCertificate",
    "acm:UpdateCertificateOptions",
];

const GONE: &[&str] = &["ResourceNotFoundException"];

/// An idempotency token has at most this many characters. Source: ACM API Reference,
/// RequestCertificate.
const TOKEN: usize = 32;

impl Handler for Certificate {
    const CALLS: Calls = Calls {
        // Requests have a token, which holds for an hour; imports have none.
        class: CreateClass::Tags,
        create: "acm:RequestCertificate",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: GONE,
        // A load balancer that was just deleted holds its certificate for a while.
        lingering: &[("ResourceInUseException", "")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        if want.certificate_body.is_some() {
            return import(aws, want, None).await;
        }
        let domain = want.domain_name.as_ref().ok_or_else(|| missing("domain_name"))?;
        let token = blake3::hash(creating.token.as_bytes()).to_hex();
        let names: Vec<_> =
            want.subject_alternative_names.iter().map(ToString::to_string).collect();
        let mut asked = Vec::new();
        for option in &want.validation_option.0 {
            let option = DomainValidationOption::builder()
                .domain_name(&option.domain_name)
                .validation_domain(&option.validation_domain)
                .build();
            asked.push(option.map_err(|e| Failure::new(FailureClass::Invalid, e.to_string()))?);
        }
        let answer = aws
            .call(|| {
                let authority = want.certificate_authority_arn.as_ref();
                aws.acm()
                    .request_certificate()
                    .domain_name(domain.as_str())
                    .set_subject_alternative_names((!names.is_empty()).then(|| names.clone()))
                    .set_validation_method(want.validation_method.map(|m| m.as_str().into()))
                    .set_domain_validation_options((!asked.is_empty()).then(|| asked.clone()))
                    .set_key_algorithm(want.key_algorithm.map(|k| k.as_str().into()))
                    .set_certificate_authority_arn(authority.map(ToString::to_string))
                    .set_options(want.options.as_ref().map(options))
                    .idempotency_token(&token[..TOKEN])
                    .set_tags(Some(wire_tags(&want.tags)))
                    .send()
            })
            .await?;
        answer.certificate_arn.ok_or_else(|| missing("CertificateArn"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |item| async move { see(aws, &item.id).await.map(Some) }).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        if changed.any(&["certificate_body", "certificate_chain", "private_key"]) {
            import(aws, want, Some(id)).await?;
        }
        if let Some(wanted) = want.options.as_ref().filter(|_| changed.has("options")) {
            let call = || {
                let call = aws.acm().update_certificate_options().certificate_arn(id);
                call.options(options(wanted)).send()
            };
            aws.call(call).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.acm().delete_certificate().certificate_arn(id).send()).await.map(drop)
    }

    /// The records to make come some seconds after the request.
    fn readiness(seen: &Seen<Self>) -> Readiness {
        let outputs = &seen.outputs;
        let by_dns = seen.inputs.validation_method == Some(ValidationMethod::Dns);
        match outputs.status.as_str() {
            "FAILED" | "VALIDATION_TIMED_OUT" | "REVOKED" => {
                let reason = outputs.failure_reason.clone();
                Readiness::Failed(reason.unwrap_or_else(|| outputs.status.clone()))
            }
            "PENDING_VALIDATION"
                if by_dns
                    && (outputs.validation_domains.is_empty()
                        || outputs.validation_record_names.len()
                            < outputs.validation_domains.len()) =>
            {
                Readiness::Waiting("waiting for the records that prove its domains".to_owned())
            }
            _ => Readiness::Ready,
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let domain = want.domain_name.as_ref().map(|name| name.as_str().to_ascii_lowercase());
        let maybe = |summary: &CertificateSummary| match &domain {
            Some(domain) => summary.domain_name() == Some(domain.as_str()),
            None => summary.r#type() == Some(&CertificateType::Imported),
        };
        let mut found = Vec::new();
        for summary in list(aws).await?.into_iter().filter(maybe) {
            let Some(arn) = summary.certificate_arn else { continue };
            let tags = absent(tags(aws, &arn).await.map(Some), GONE)?;
            if tags.is_some_and(|tags| is_ours(&want.tags.0, &tags.0)) {
                found.push(arn);
            }
        }
        Ok(found)
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        if !change.remove.is_empty() {
            let keys = change.remove.iter();
            let tags: Vec<_> =
                keys.filter_map(|key| Tag::builder().key(key).build().ok()).collect();
            aws.call(|| {
                let call = aws.acm().remove_tags_from_certificate().certificate_arn(id);
                call.set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.set.is_empty() {
            let tags = wire_tags(&Tags(change.set.clone()));
            aws.call(|| {
                let call = aws.acm().add_tags_to_certificate().certificate_arn(id);
                call.set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

/// Tags as ACM takes them. Only a tag without a key cannot be made, and a map has none.
fn wire_tags(tags: &Tags) -> Vec<Tag> {
    let pairs = tags.0.iter();
    pairs.filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

fn options(options: &CertificateOptions) -> WireOptions {
    let export = options.export.map(|word| CertificateExport::from(word.as_str()));
    WireOptions::builder().set_export(export).build()
}

/// Imports a certificate, in place of the one at `id` if there is one; tags only go with a new one.
async fn import(aws: &Aws, want: &Certificate, id: Option<&str>) -> Result<String> {
    let blob = |text: &str| Blob::new(text.as_bytes());
    let body = want.certificate_body.as_ref().map(|pem| blob(pem.as_str()));
    let chain = want.certificate_chain.as_ref().map(|pem| blob(pem.as_str()));
    let key = want.private_key.as_deref().map(blob).ok_or_else(|| missing("private_key"))?;
    let tags = id.is_none().then(|| wire_tags(&want.tags));
    let answer = aws
        .call(|| {
            aws.acm()
                .import_certificate()
                .set_certificate_arn(id.map(str::to_owned))
                .set_certificate(body.clone())
                .set_certificate_chain(chain.clone())
                .private_key(key.clone())
                .set_tags(tags.clone())
                .send()
        })
        .await?;
    answer.certificate_arn.ok_or_else(|| missing("CertificateArn"))
}

/// All certificates of the region. Without the filter only those with RSA keys of 2,048 bits are
/// listed. Source: ACM API Reference, ListCertificates.
pub(super) async fn list(aws: &Aws) -> Result<Vec<CertificateSummary>> {
    let kinds = WireKeyAlgorithm::values().iter().map(|kind| WireKeyAlgorithm::from(*kind));
    let every_key = Filters::builder().set_key_types(Some(kinds.collect())).build();
    let pages = aws
        .pages(
            |token| {
                let call = aws.acm().list_certificates().includes(every_key.clone());
                call.set_next_token(token).send()
            },
            |page| page.next_token(),
        )
        .await?;
    let pages = pages.into_iter();
    Ok(pages.flat_map(|page| page.certificate_summary_list.unwrap_or_default()).collect())
}

async fn tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer =
        aws.call(|| aws.acm().list_tags_for_certificate().certificate_arn(arn).send()).await?;
    let tags = answer.tags.unwrap_or_default().into_iter();
    Ok(Tags(tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect()))
}

/// A certificate as ACM shows it.
pub(super) async fn describe(aws: &Aws, arn: &str) -> Result<CertificateDetail> {
    let answer = aws.call(|| aws.acm().describe_certificate().certificate_arn(arn).send()).await?;
    answer.certificate.ok_or_else(|| missing("Certificate"))
}

/// What proves the domains: the certificate's own domain first, then the others by name.
pub(super) fn validations(detail: &CertificateDetail) -> Vec<DomainValidation> {
    let mut all = detail.domain_validation_options().to_vec();
    let own = detail.domain_name().unwrap_or_default();
    all.sort_by_key(|option| (option.domain_name != own, option.domain_name.clone()));
    all
}

async fn see(aws: &Aws, arn: &str) -> Result<Seen<Certificate>> {
    let detail = describe(aws, arn).await?;
    let tags = tags(aws, arn).await?;
    let imported = detail.r#type() == Some(&CertificateType::Imported);
    let own = if imported {
        Some(aws.call(|| aws.acm().get_certificate().certificate_arn(arn).send()).await?)
    } else {
        None
    };
    let validations = validations(&detail);
    let domain = detail.domain_name.clone().unwrap_or_default();
    let method = validations.iter().find_map(|option| option.validation_method());
    let names = detail.subject_alternative_names.clone().unwrap_or_default().into_iter();
    let key = detail.key_algorithm.as_ref();
    let inputs = Certificate {
        // The names of an ACM certificate always contain its domain.
        subject_alternative_names: names
            .filter(|name| *name != domain)
            .map(DomainName::new)
            .collect(),
        domain_name: Some(DomainName::new(domain)),
        validation_method: method
            .map(|method: &WireMethod| parsed(Some(method.as_str()), "ValidationMethod"))
            .transpose()?,
        validation_option: BlockSet::default(),
        // Answers write `RSA-2048` for what requests call `RSA_2048`.
        key_algorithm: key
            .map(|key| parsed(Some(key.as_str().replace('-', "_").as_str()), "KeyAlgorithm"))
            .transpose()?,
        certificate_authority_arn: detail.certificate_authority_arn.map(AnyArn::new),
        options: detail.options.as_ref().map(options_seen).transpose()?,
        certificate_body: own.as_ref().and_then(|own| own.certificate()).map(Pem::new),
        certificate_chain: own.as_ref().and_then(|own| own.certificate_chain()).map(Pem::new),
        private_key: None,
        tags,
    };
    let records: Vec<_> =
        validations.iter().filter_map(|option| option.resource_record.clone()).collect();
    let emails = validations.iter().flat_map(|option| option.validation_emails().to_vec());
    let outputs = CertificateOutputs {
        id: Arn::new(arn),
        arn: Arn::new(arn),
        validation_domains: validations.iter().map(|o| o.domain_name.clone()).collect(),
        validation_record_names: records.iter().map(|r| r.name.clone()).collect(),
        validation_record_types: records.iter().map(|r| r.r#type.as_str().to_owned()).collect(),
        validation_record_values: records.into_iter().map(|record| record.value).collect(),
        validation_emails: emails.collect(),
        status: detail.status.as_ref().map_or("", Status::as_str).to_owned(),
        failure_reason: detail.failure_reason.map(|reason| reason.as_str().to_owned()),
        certificate_type: detail.r#type.map_or_else(String::new, |t| t.as_str().to_owned()),
        not_before: detail.not_before.as_ref().map(DateTime::secs),
        not_after: detail.not_after.as_ref().map(DateTime::secs),
    };
    Ok(Seen::new(inputs, outputs))
}

fn options_seen(options: &WireOptions) -> Result<CertificateOptions> {
    let export = options.export().map(|word| parsed(Some(word.as_str()), "Export"));
    Ok(CertificateOptions { export: export.transpose()? })
}
