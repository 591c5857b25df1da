//! The control interface under `/_gate/`, which no bucket can be called.

use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Answer;
use super::form::Form;
use super::overlays::hold::Release;
use super::serve::Core;
use super::upstream::ACCOUNT;

/// Where the control interface is.
pub(crate) const PREFIX: &str = "/_gate/";

/// Who is there, as `GET /_gate/health` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Tells this gate from another that has its port later.
    pub instance: String,
    /// The process that serves it.
    pub pid: u32,
    /// The account that callers are in.
    pub account: String,
    /// Why the file of the log lacks entries, where it does.
    pub log_failure: Option<String>,
}

impl Core {
    /// Answers a request to the control interface.
    pub(crate) async fn control(
        &self,
        method: &Method,
        path: &str,
        query: &Form,
        body: &Bytes,
    ) -> Answer {
        let name = path.strip_prefix(PREFIX).unwrap_or_default();
        match (method.as_str(), name) {
            ("GET", "health") => shown(&self.health()),
            ("GET", "log") => match query.get("since").unwrap_or("0").parse() {
                Ok(since) => shown(&self.log.since(since)),
                Err(_) => refused("since is not a number"),
            },
            ("DELETE", "log") => match self.log.clear() {
                Ok(()) => done(),
                Err(error) => failed(&error),
            },
            ("POST", "reset") => match self.reset().await {
                Ok(()) => done(),
                Err(error) => failed(&error),
            },
            ("GET", "overlays") => {
                shown(&*self.overlays.read().unwrap_or_else(PoisonError::into_inner))
            }
            ("PUT", "overlays") => match parse(body) {
                Ok(settings) => {
                    *self.overlays.write().unwrap_or_else(PoisonError::into_inner) = settings;
                    done()
                }
                Err(reason) => refused(&reason),
            },
            ("GET", "faults") => shown(&self.faults.report()),
            ("PUT", "faults") => match parse(body).and_then(|rules| self.faults.set(rules)) {
                Ok(()) => done(),
                Err(reason) => refused(&reason),
            },
            ("DELETE", "faults") => {
                self.faults.clear();
                done()
            }
            ("GET", "held") => match query.get("wait").unwrap_or("0").parse() {
                Ok(wait) => shown(&self.holds.holding(Duration::from_millis(wait)).await),
                Err(_) => refused("wait is not a number of milliseconds"),
            },
            ("POST", "held/release") => {
                self.holds.release(Release::Go);
                done()
            }
            ("POST", "held/drop") => {
                self.holds.release(Release::Drop);
                done()
            }
            _ => problem(StatusCode::NOT_FOUND, &format!("no {method} {path} here")),
        }
    }

    /// Who is there.
    pub(crate) fn health(&self) -> Health {
        Health {
            instance: self.instance.clone(),
            pid: std::process::id(),
            account: ACCOUNT.to_owned(),
            log_failure: self.log_failure.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn shown(value: &impl Serialize) -> Answer {
    match serde_json::to_value(value) {
        Ok(value) => Answer::json(StatusCode::OK, &value),
        Err(error) => failed(&error),
    }
}

fn done() -> Answer {
    Answer::json(StatusCode::OK, &json!({ "done": true }))
}

fn refused(reason: &str) -> Answer {
    problem(StatusCode::BAD_REQUEST, reason)
}

fn failed(error: &dyn std::fmt::Display) -> Answer {
    problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}

fn problem(status: StatusCode, reason: &str) -> Answer {
    Answer::json(
        status,
        &Value::from(serde_json::Map::from_iter([("error".to_owned(), reason.into())])),
    )
}
