//! A client of the gate's control interface, for whoever is not in its process.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::SandboxError;
use crate::gate::{FaultReport, FaultRule, Health, Holding, LogEntry, OverlaySettings};

/// How long the gate may take to answer for itself. A reset waits for both emulators.
const PATIENCE: Duration = Duration::from_secs(30);

/// Talks to the control interface of a gate. Every call fails with [`SandboxError::Control`].
#[derive(Debug, Clone)]
pub struct Control {
    endpoint: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Control {
    /// The control interface of the gate with that endpoint.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        // Questions are rare, and a connection that is kept may be closed when it is wanted.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { endpoint: endpoint.into(), client }
    }

    /// Who is there.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn health(&self) -> Result<Health, SandboxError> {
        self.ask(Method::GET, "health").await
    }

    /// The requests after the one of that number, in the order in which they came in.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn log(&self, since: u64) -> Result<Vec<LogEntry>, SandboxError> {
        self.ask(Method::GET, &format!("log?since={since}")).await
    }

    /// Forgets all requests; the numbers go on.
    ///
    /// # Errors
    ///
    /// No gate answers, or the log's file cannot be made anew.
    pub async fn clear_log(&self) -> Result<(), SandboxError> {
        self.send(Method::DELETE, "log", Bytes::new()).await.map(drop)
    }

    /// Makes both emulators and the gate as they were at the start. The log stays.
    ///
    /// # Errors
    ///
    /// No gate answers, or an emulator does not.
    pub async fn reset(&self) -> Result<(), SandboxError> {
        self.send(Method::POST, "reset", Bytes::new()).await.map(drop)
    }

    /// The switches.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn overlays(&self) -> Result<OverlaySettings, SandboxError> {
        self.ask(Method::GET, "overlays").await
    }

    /// Sets all switches.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn set_overlays(&self, settings: &OverlaySettings) -> Result<(), SandboxError> {
        self.put("overlays", settings).await
    }

    /// The fault rules and how often each was used.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn faults(&self) -> Result<Vec<FaultReport>, SandboxError> {
        self.ask(Method::GET, "faults").await
    }

    /// Replaces the fault rules; none removes them.
    ///
    /// # Errors
    ///
    /// No gate answers, or a rule cannot be meant.
    pub async fn set_faults(&self, rules: &[FaultRule]) -> Result<(), SandboxError> {
        self.put("faults", rules).await
    }

    /// What is held; waits so long for something where nothing is, and at most 20 seconds.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn held(&self, patience: Duration) -> Result<Holding, SandboxError> {
        let patience = patience.min(Duration::from_secs(20));
        self.ask(Method::GET, &format!("held?wait={}", patience.as_millis())).await
    }

    /// Lets everything that is held go on as if nothing had been.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn release_held(&self) -> Result<(), SandboxError> {
        self.send(Method::POST, "held/release", Bytes::new()).await.map(drop)
    }

    /// Cuts the connections of everything that is held. What no emulator has seen, none will see.
    ///
    /// # Errors
    ///
    /// No gate answers.
    pub async fn drop_held(&self) -> Result<(), SandboxError> {
        self.send(Method::POST, "held/drop", Bytes::new()).await.map(drop)
    }

    async fn put(&self, path: &str, value: &(impl Serialize + ?Sized)) -> Result<(), SandboxError> {
        let body = serde_json::to_vec(value).map_err(|e| self.failure(&Method::PUT, path, &e))?;
        self.send(Method::PUT, path, Bytes::from(body)).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
    ) -> Result<T, SandboxError> {
        let body = self.send(method.clone(), path, Bytes::new()).await?;
        serde_json::from_slice(&body).map_err(|error| self.failure(&method, path, &error))
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, SandboxError> {
        let url = format!("{}/_gate/{path}", self.endpoint);
        let fail = |error: &dyn std::fmt::Display| self.failure(&method, path, error);
        let request = Request::builder()
            .method(&method)
            .uri(url)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| fail(&error))?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| fail(&error))?;
            let status = response.status();
            let body = response.into_body().collect().await.map_err(|error| fail(&error))?;
            Ok((status, body.to_bytes()))
        };
        let (status, body): (StatusCode, Bytes) =
            tokio::time::timeout(PATIENCE, exchange).await.map_err(|error| fail(&error))??;
        if status.is_success() {
            Ok(body)
        } else {
            Err(fail(&format!("{status} {}", String::from_utf8_lossy(&body))))
        }
    }

    fn failure(&self, method: &Method, path: &str, reason: &dyn std::fmt::Display) -> SandboxError {
        SandboxError::Control {
            endpoint: self.endpoint.clone(),
            request: format!("{method} {path}"),
            reason: reason.to_string(),
        }
    }
}
