//! Operation names of the REST services, from method and path; a table for each service, in its own
//! file. To add a service, add its file and name it in `paths.rs`. S3 is elsewhere.

mod backup;
mod eks;
mod lambda;
mod paths;
mod route53;

pub(crate) use paths::{operation, path};

/// Method, path with `{labels}` (a last one with `+` takes the rest), operation. The first that fits
/// counts.
type Route = (&'static str, &'static str, &'static str);
