//! One POST of JSON to a URL that may be a secret.
//!
//! Start reading at [`post`]. The client is that of the AWS SDK, with its TLS and its trusted
//! certificates. No error names the URL or a header.

use std::time::Duration;

use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

/// Why something was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    /// The URL is none, or a header cannot be sent.
    #[error("the URL or a header is not one that can be used")]
    Unusable,
    /// Nobody took it.
    #[error("the receiver cannot be reached")]
    Unreachable,
    /// The receiver took too long.
    #[error("the receiver did not answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The receiver refused it.
    #[error("the receiver answered with status {0}")]
    Refused(u16),
}

/// Whether this can be posted to.
pub(crate) fn is_url(text: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme))
}

/// Posts JSON to a URL.
///
/// # Errors
/// When it was not delivered in that time.
pub(crate) async fn post(
    url: &str,
    headers: &[(String, String)],
    body: String,
    patience: Duration,
) -> Result<(), Undelivered> {
    if !is_url(url) {
        return Err(Undelivered::Unusable);
    }
    let mut request = HttpRequest::new(SdkBody::from(body));
    let json = [("content-type".to_owned(), "application/json".to_owned())];
    for (name, value) in headers.iter().chain(&json) {
        let added = request.headers_mut().try_insert(name.to_lowercase(), value.clone());
        added.map_err(|_| Undelivered::Unusable)?;
    }
    request.set_method("POST").map_err(|_| Undelivered::Unusable)?;
    request.set_uri(url).map_err(|_| Undelivered::Unusable)?;
    let settings = HttpConnectorSettings::builder().connect_timeout(patience).build();
    let connector = default_connector(&settings, None).ok_or(Undelivered::Unreachable)?;
    // Whatever the client says of a failure may name the URL.
    let answer = tokio::time::timeout(patience, connector.call(request)).await;
    let answer = answer.map_err(|_| Undelivered::TimedOut(patience))?;
    let status = answer.map_err(|_| Undelivered::Unreachable)?.status();
    if status.is_success() { Ok(()) } else { Err(Undelivered::Refused(status.as_u16())) }
}
