//! The way to the emulators: forwards requests and asks questions of the gate's own.
//!
//! The main type is [`Upstream`]. It makes the account the same in both emulators: moto knows one,
//! [`ACCOUNT`], and ministack takes the access key id for the account, so the access key is replaced
//! on the way to ministack. Neither checks signatures. Keys that moto's STS hands out for a role of
//! another account stand for that account.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::answer::Answer;
use super::call::{Call, text_header};
use super::form::Form;
use super::route::Emulator;
use super::xml::Element;

/// The account of every caller that has not assumed a role of another.
pub const ACCOUNT: &str = "123456789012";

/// Headers that belong to one connection, or that forwarding changes.
const NOT_FORWARDED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The emulators.
pub(crate) struct Upstream {
    moto: SocketAddr,
    ministack: SocketAddr,
    /// moto closes every connection, so none is kept for it.
    once: Client<HttpConnector, Full<Bytes>>,
    kept: Client<HttpConnector, Full<Bytes>>,
    /// Accounts of access keys that were handed out for assumed roles.
    accounts: Mutex<HashMap<String, String>>,
}

/// Why an emulator gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// It does not take connections, or it broke one off.
    #[error("{emulator} at {address} does not answer: {reason}")]
    Unreachable { emulator: &'static str, address: SocketAddr, reason: String, served: bool },
    /// What it was asked is not what it understands.
    #[error("{emulator} did not answer {operation}: {detail}")]
    Refused { emulator: &'static str, operation: String, detail: String },
}

impl Upstream {
    /// The emulators at these addresses.
    pub(crate) fn new(moto: SocketAddr, ministack: SocketAddr) -> Self {
        let client = |idle: usize| {
            Client::builder(TokioExecutor::new())
                // Shorter than ministack's own limit: a connection that it closes while a request
                // is on its way would look like a fault.
                .pool_idle_timeout(Duration::from_secs(2))
                .pool_timer(hyper_util::rt::TokioTimer::new())
                .pool_max_idle_per_host(idle)
                .build_http()
        };
        Self { moto, ministack, once: client(0), kept: client(64), accounts: Mutex::default() }
    }

    /// Passes a request on.
    ///
    /// # Errors
    ///
    /// An emulator that cannot be reached or that breaks off.
    pub(crate) async fn forward(
        &self,
        emulator: Emulator,
        call: &Call,
    ) -> Result<Answer, UpstreamError> {
        let mut headers = without_hop_headers(&call.headers);
        let mut target = call.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        if emulator == Emulator::Ministack {
            let account = self.account(&call.access_key);
            if call.access_key.is_empty() {
                headers.insert(AUTHORIZATION, signature(&account, &call.region, &call.service));
            } else {
                replace_access_key(&mut headers, &call.access_key, &account);
                target = target.replacen(
                    &format!("X-Amz-Credential={}%2F", call.access_key),
                    &format!("X-Amz-Credential={account}%2F"),
                    1,
                );
            }
        }
        let answer =
            self.send(emulator, call.method.clone(), &target, headers, call.body.clone()).await?;
        if call.service == "sts" && call.operation.starts_with("AssumeRole") {
            self.remember_account(&answer);
        }
        Ok(answer)
    }

    /// Asks moto a question of EC2's, as the caller of `call`.
    ///
    /// # Errors
    ///
    /// No answer, or one that is an error.
    pub(crate) async fn ask_ec2(
        &self,
        call: &Call,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, UpstreamError> {
        let form = Form::request(action, "2016-11-15", parameters);
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(hyper::header::CONTENT_TYPE, kind);
        let key = if call.access_key.is_empty() { ACCOUNT } else { &call.access_key };
        headers.insert(AUTHORIZATION, signature(key, &call.region, "ec2"));
        for name in ["x-amz-security-token", "x-moto-account-id"] {
            if let Some(value) = call.headers.get(name) {
                headers.insert(HeaderName::from_static(name), value.clone());
            }
        }
        let body = Bytes::from(form.encode());
        let answer = self.send(Emulator::Moto, Method::POST, "/", headers, body).await?;
        answer.document().ok_or_else(|| UpstreamError::Refused {
            emulator: Emulator::Moto.name(),
            operation: action.to_owned(),
            detail: format!("{} {}", answer.status, answer.error_code().unwrap_or_default()),
        })
    }

    /// Forgets everything in both emulators.
    ///
    /// # Errors
    ///
    /// An emulator that cannot be reached or that refuses.
    pub(crate) async fn reset(&self) -> Result<(), UpstreamError> {
        for (emulator, path) in
            [(Emulator::Moto, "/moto-api/reset"), (Emulator::Ministack, "/_ministack/reset")]
        {
            let answer =
                self.send(emulator, Method::POST, path, HeaderMap::new(), Bytes::new()).await?;
            if !answer.status.is_success() {
                return Err(UpstreamError::Refused {
                    emulator: emulator.name(),
                    operation: "its reset".to_owned(),
                    detail: answer.status.to_string(),
                });
            }
        }
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    async fn send(
        &self,
        emulator: Emulator,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, UpstreamError> {
        let (address, client) = match emulator {
            Emulator::Moto => (self.moto, &self.once),
            Emulator::Ministack => (self.ministack, &self.kept),
        };
        let fail = |served: bool, error: &dyn std::fmt::Display| UpstreamError::Unreachable {
            emulator: emulator.name(),
            address,
            reason: error.to_string(),
            served,
        };
        let uri: Uri = format!("http://{address}{target}").parse().map_err(|e| fail(false, &e))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let response =
            client.request(request).await.map_err(|error| fail(!error.is_connect(), &error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| fail(true, &error))?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// The account of an access key.
    pub(crate) fn account(&self, access_key: &str) -> String {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(access_key).cloned().unwrap_or_else(|| ACCOUNT.to_owned())
    }

    fn remember_account(&self, answer: &Answer) {
        let Some(document) = answer.document() else { return };
        let key = document.find("AccessKeyId").map(Element::text);
        let arn = document.find("AssumedRoleUser").map(|user| user.child_text("Arn"));
        if let (Some(key), Some(account)) =
            (key, arn.and_then(|arn| arn.split(':').nth(4).map(str::to_owned)))
        {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.insert(key, account);
        }
    }
}

/// Headers without those that belong to one connection.
pub(crate) fn without_hop_headers(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in NOT_FORWARDED {
        kept.remove(*name);
    }
    kept
}

/// A signature of no worth: neither emulator checks it, both read the scope.
pub(crate) fn signature(access_key: &str, region: &str, service: &str) -> HeaderValue {
    let text = format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn replace_access_key(headers: &mut HeaderMap, access_key: &str, account: &str) {
    let Some(header) = text_header(headers, AUTHORIZATION.as_str()) else { return };
    let replaced =
        header.replacen(&format!("Credential={access_key}/"), &format!("Credential={account}/"), 1);
    if let Ok(value) = HeaderValue::from_str(&replaced) {
        headers.insert(AUTHORIZATION, value);
    }
}
