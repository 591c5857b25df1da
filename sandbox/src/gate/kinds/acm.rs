//! ACM certificates, from the page of `DescribeCertificate` of the API Reference: "It can take several
//! seconds before the record is available" for a certificate that was just asked for.

use super::{Kind, Life, Phase};
use crate::gate::document::Fields;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "acm_certificate",
    service: "acm",
    id: &["CertificateArn"],
    named_by: &[&["CertificateArn"]],
    mark: "CertificateArn",
    create: &["RequestCertificate"],
    delete: &["DeleteCertificate"],
    describe: &["DescribeCertificate"],
    life: Some(Life {
        state: "Status",
        creating: Some("PENDING_VALIDATION"),
        dress: Some(records),
        ..Life::NEW
    }),
    ..Kind::NEW
}];

/// The records that prove the domains come a little later.
fn records(certificate: &mut dyn Fields, phase: Phase) {
    let options = certificate.json().and_then(|map| map.get_mut("DomainValidationOptions"));
    if phase == Phase::Creating
        && let Some(options) = options.and_then(|options| options.as_array_mut())
    {
        for option in options.iter_mut().filter_map(|option| option.as_object_mut()) {
            option.remove("ResourceRecord");
        }
    }
}
