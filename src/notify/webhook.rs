//! One POST to a URL that is a secret, and stands in a variable of the environment.
//!
//! Start reading at [`send`]. No error names the URL.

use std::time::Duration;

use serde_json::Value as Json;

use crate::post::{self, is_url, post};

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
    #[error(transparent)]
    Lost(post::Undelivered),
}

/// Posts a message to the URL that a variable of the environment holds.
///
/// # Errors
/// When it was not delivered, within seconds.
pub(super) async fn send(variable: &str, message: Json) -> Result<(), Undelivered> {
    let named = || variable.to_owned();
    let url = std::env::var(variable).unwrap_or_default();
    let url = url.trim();
    if url.is_empty() {
        return Err(Undelivered::NoUrl { variable: named() });
    }
    if !is_url(url) {
        return Err(Undelivered::NotAUrl { variable: named() });
    }
    post(url, &[], message.to_string(), PATIENCE).await.map_err(|error| match error {
        post::Undelivered::Unusable => Undelivered::NotAUrl { variable: named() },
        other => Undelivered::Lost(other),
    })
}
