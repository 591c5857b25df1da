//! Answers: what an emulator says, and errors that the gate says itself in the service's own form.
//!
//! The main type is [`Answer`].

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Protocol, text_header};
use super::xml::Element;

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An error as a service says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl ServiceError {
    /// An error with a status.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), status, message: message.into() }
    }

    /// A client error with the status 400, as most are.
    pub(crate) fn invalid(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// What an emulator does not have. No AWS service says this code, and 501 is a status that SDKs
    /// do not retry.
    pub(crate) fn gap(call: &Call, emulator: &str, detail: &str) -> Self {
        Self::new(
            501,
            "EmulatorGap",
            format!("{emulator} does not play {}:{}: {detail}", call.service, call.operation),
        )
    }

    /// The error in the form of the service that the call was for.
    pub(crate) fn answer(&self, call: &Call, request: u64) -> Answer {
        let request = format!("gate-{request:08x}");
        let (kind, body) = match call.protocol {
            Protocol::Ec2 => ("text/xml;charset=UTF-8", self.ec2(&request)),
            Protocol::Query | Protocol::RestXml => ("text/xml", self.query(&request)),
            Protocol::S3 => ("application/xml", self.s3(&request)),
            Protocol::Json | Protocol::Cbor => ("application/x-amz-json-1.1", self.json()),
            Protocol::RestJson => ("application/json", self.json()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Ok(value) = HeaderValue::from_str(&request) {
            headers.insert("x-amzn-requestid", value.clone());
            headers.insert("x-amz-request-id", value);
        }
        if matches!(call.protocol, Protocol::Json | Protocol::RestJson | Protocol::Cbor)
            && let Ok(code) = HeaderValue::from_str(&self.code)
        {
            headers.insert("x-amzn-errortype", code);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer { status, headers, body: Bytes::from(body) }
    }

    fn ec2(&self, request: &str) -> Vec<u8> {
        let error = Element::new("Error")
            .with(Element::with_text("Code", &self.code))
            .with(Element::with_text("Message", &self.message));
        Element::new("Response")
            .with(Element::new("Errors").with(error))
            .with(Element::with_text("RequestID", request))
            .to_document()
            .into_bytes()
    }

    fn query(&self, request: &str) -> Vec<u8> {
        let fault = if self.status < 500 { "Sender" } else { "Receiver" };
        let error = Element::new("Error")
            .with(Element::with_text("Type", fault))
            .with(Element::with_text("Code", &self.code))
            .with(Element::with_text("Message", &self.message));
        Element::new("ErrorResponse")
            .with(error)
            .with(Element::with_text("RequestId", request))
            .to_document()
            .into_bytes()
    }

    fn s3(&self, request: &str) -> Vec<u8> {
        Element::new("Error")
            .with(Element::with_text("Code", &self.code))
            .with(Element::with_text("Message", &self.message))
            .with(Element::with_text("RequestId", request))
            .to_document()
            .into_bytes()
    }

    fn json(&self) -> Vec<u8> {
        json!({ "__type": self.code, "message": self.message }).to_string().into_bytes()
    }
}

impl Answer {
    /// An answer of the gate's own control interface.
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { status, headers, body: Bytes::from(value.to_string()) }
    }

    /// The body as XML, where it is a success that has some.
    pub(crate) fn document(&self) -> Option<Element> {
        if !self.status.is_success() {
            return None;
        }
        Element::parse(std::str::from_utf8(&self.body).ok()?).ok()
    }

    /// Replaces the body by a document.
    pub(crate) fn set_document(&mut self, document: &Element) {
        self.body = Bytes::from(document.to_document());
    }

    /// Whether an emulator says that it has no such thing: moto in HTML, in which AWS never answers,
    /// ministack in words of its own.
    pub(crate) fn is_gap(&self) -> bool {
        if self.status == StatusCode::BAD_REQUEST {
            let said = self.error_message();
            return ministack_gaps().any(|words| said.starts_with(words));
        }
        let html = text_header(&self.headers, CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.starts_with("text/html"));
        let refused = matches!(self.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        self.status == StatusCode::NOT_IMPLEMENTED
            || (html && (self.status.is_server_error() || refused))
    }

    /// The service's error code, where the answer is an error.
    pub(crate) fn error_code(&self) -> Option<String> {
        if self.status.as_u16() < 400 {
            return None;
        }
        if let Some(kind) = text_header(&self.headers, "x-amzn-errortype") {
            return Some(short_code(kind));
        }
        let text = std::str::from_utf8(&self.body).ok()?;
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            let code = value.get("__type").or_else(|| value.get("code"))?;
            return code.as_str().map(short_code);
        }
        let document = Element::parse(text).ok()?;
        document.find("Code").map(Element::text)
    }
}

impl Answer {
    /// The service's message, where the answer is an error.
    pub(crate) fn error_message(&self) -> String {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            let message = value.get("message").or_else(|| value.get("Message"));
            return message.and_then(Value::as_str).unwrap_or_default().to_owned();
        }
        let document = Element::parse(text).ok();
        let message = document.as_ref().and_then(|document| document.find("Message"));
        message.map(Element::text).unwrap_or_default()
    }
}

/// How ministack's messages begin where it lacks an operation.
fn ministack_gaps() -> impl Iterator<Item = &'static str> {
    [
        "No route for ",
        "Unknown ElastiCache action: ",
        "Unknown RDS action: ",
        "Unknown action: ",
        "Unknown operation: ",
        "Unsupported service: ",
    ]
    .into_iter()
}

/// `com.amazonaws.eks#NotFound:http://…` -> `NotFound`
fn short_code(code: &str) -> String {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(':').next().unwrap_or(code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::ServiceError;
    use crate::gate::call::tests::{call, query_call, signature};
    use hyper::Method;

    #[test]
    fn every_protocol_carries_the_code() {
        let error = ServiceError::invalid("Some.Code", "why <not>");
        for service in ["ec2", "iam"] {
            let answer = error.answer(&query_call(service, "Action=DoIt&Version=1"), 7);
            assert_eq!(answer.error_code().as_deref(), Some("Some.Code"), "{service}");
            assert_eq!(answer.status, 400);
        }
        for (service, target) in
            [("kms", Some("TrentService.CreateKey")), ("eks", None), ("s3", None)]
        {
            let authorization = signature(service);
            let mut headers = vec![("authorization", authorization.as_str())];
            headers.extend(target.map(|target| ("x-amz-target", target)));
            let answer = error.answer(&call(Method::GET, "/x", &headers, ""), 7);
            assert_eq!(answer.error_code().as_deref(), Some("Some.Code"), "{service}");
        }
    }
}
