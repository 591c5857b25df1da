//! ACM: certificates of load balancers and others.

pub mod certificate;
#[cfg(feature = "provider")]
mod certificate_handler;
pub mod certificate_lookup;
pub mod certificate_validation;

pub use certificate::*;
pub use certificate_lookup::{CertificateFound, FindCertificate};
pub use certificate_validation::*;
