//! ACM's proof of domains by DNS: moto issues a certificate after a while, whether or not the records
//! are there.
//!
//! From "AWS Certificate Manager DNS validation" of the user guide and the pages of
//! `DescribeCertificate` and `DomainValidation` of the API Reference. The records are looked for in
//! the hosted zones of Route 53. A certificate that was issued stays so.

use serde_json::{Value, json};

use super::Desk;
use crate::gate::answer::Answer;
use crate::gate::document::Document;
use crate::gate::upstream::UpstreamError;

/// The certificates that were issued.
const ISSUED: &str = "acm issued";

/// Shows a certificate as pending whose records are not there.
pub(super) async fn fill(desk: &Desk<'_>, answer: &mut Answer) -> Result<(), UpstreamError> {
    if desk.call.service != "acm" || desk.call.operation != "DescribeCertificate" {
        return Ok(());
    }
    let Some(Document::Json(mut value)) = Document::of(desk.call, answer) else { return Ok(()) };
    let Some(certificate) = value.get_mut("Certificate").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    let arn = desk.text("CertificateArn");
    let options = certificate.get("DomainValidationOptions").and_then(Value::as_array).cloned();
    let records: Vec<String> = options
        .iter()
        .flatten()
        .filter_map(|option| option.pointer("/ResourceRecord/Name").and_then(Value::as_str))
        .map(|name| name.trim_end_matches('.').to_lowercase())
        .collect();
    if records.is_empty()
        || certificate.get("Status").and_then(Value::as_str) != Some("ISSUED")
        || desk.get(ISSUED, arn).is_some()
    {
        return Ok(());
    }
    let known = names(desk).await?;
    if records.iter().all(|name| known.contains(name)) {
        desk.put(ISSUED, arn, json!(true));
        return Ok(());
    }
    certificate.insert("Status".to_owned(), "PENDING_VALIDATION".into());
    for field in ["IssuedAt", "NotBefore", "NotAfter"] {
        certificate.remove(field);
    }
    let options = certificate.get_mut("DomainValidationOptions").and_then(Value::as_array_mut);
    for option in options.into_iter().flatten() {
        let name = option.pointer("/ResourceRecord/Name").and_then(Value::as_str);
        let name = name.unwrap_or_default().trim_end_matches('.').to_lowercase();
        let status = if known.contains(&name) { "SUCCESS" } else { "PENDING_VALIDATION" };
        option["ValidationStatus"] = status.into();
    }
    Document::Json(value).store(answer);
    Ok(())
}

/// The names of all CNAME records of all hosted zones.
async fn names(desk: &Desk<'_>) -> Result<Vec<String>, UpstreamError> {
    let mut names = Vec::new();
    let zones = match desk.ask("route53", "ListHostedZones", json!({})).await? {
        Ok(zones) => zones.list("HostedZones"),
        Err(_) => Vec::new(),
    };
    for zone in zones {
        let id = zone.text("Id").unwrap_or_default();
        let which = json!({ "Id": id.rsplit('/').next() });
        let found = desk.ask("route53", "ListResourceRecordSets", which).await?;
        for record in found.map(|found| found.list("ResourceRecordSets")).unwrap_or_default() {
            if record.text("Type").as_deref() == Some("CNAME") {
                let name = record.text("Name").unwrap_or_default();
                names.push(name.trim_end_matches('.').to_lowercase());
            }
        }
    }
    Ok(names)
}
