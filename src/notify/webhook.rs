//! One POST to a URL that is a secret.
//!
//! Start reading at [`post`]. The client is that of the AWS SDK, with its TLS and its trusted
//! certificates. No error names the URL.

use std::time::Duration;

use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::Value as Json;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a message was not delivered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undelivered {
    /// The environment has no URL.
    #[error("the environment variable `{variable}` has no URL in it")]
    NoUrl {
        /// The variable that should have it.
        variable: String,
    },
    /// The URL is none.
    #[error(
        "what the environment variable `{variable}` holds is no URL that begins with `https://`"
    )]
    NotAUrl {
        /// The variable that has it.
        variable: String,
    },
    /// Nobody took the message.
    #[error("the receiver cannot be reached")]
    Unreachable,
    /// The receiver took too long.
    #[error("the receiver did not answer within {} seconds", PATIENCE.as_secs())]
    TimedOut,
    /// The receiver refused it.
    #[error("the receiver answered with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

/// Posts a message to the URL that a variable of the environment holds.
///
/// # Errors
/// When it was not delivered, within seconds.
pub(super) async fn post(variable: &str, message: Json) -> Result<(), Undelivered> {
    let named = || variable.to_owned();
    let url = std::env::var(variable).unwrap_or_default();
    let url = url.trim();
    if url.is_empty() {
        return Err(Undelivered::NoUrl { variable: named() });
    }
    if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Undelivered::NotAUrl { variable: named() });
    }
    let mut request = HttpRequest::new(SdkBody::from(message.to_string()));
    request.headers_mut().insert("content-type", "application/json");
    let prepared = request.set_method("POST").is_ok() && request.set_uri(url).is_ok();
    let settings = HttpConnectorSettings::builder().connect_timeout(PATIENCE).build();
    let connector = default_connector(&settings, None).ok_or(Undelivered::Unreachable)?;
    if !prepared {
        return Err(Undelivered::NotAUrl { variable: named() });
    }
    // Whatever the client says of a failure may name the URL.
    let answer = tokio::time::timeout(PATIENCE, connector.call(request)).await;
    let answer =
        answer.map_err(|_| Undelivered::TimedOut)?.map_err(|_| Undelivered::Unreachable)?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(Undelivered::Refused { status: status.as_u16() }) }
}
