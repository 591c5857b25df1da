//! Raw HTTP in the form that AWS takes, without an SDK.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A caller with an access key.
pub(crate) struct Caller {
    endpoint: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Status and body.
pub(crate) type Reply = (u16, String);

impl Caller {
    pub(crate) fn new(endpoint: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { endpoint: endpoint.to_owned(), client }
    }

    /// A call of EC2; `None` where the connection was cut.
    pub(crate) async fn try_ec2(&self, action: &str, parameters: &[(&str, &str)]) -> Option<Reply> {
        self.query("ec2", "2016-11-15", action, parameters).await
    }

    /// A call of EC2 that is answered.
    pub(crate) async fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> Reply {
        self.try_ec2(action, parameters).await.expect("an answer")
    }

    /// A call of a query protocol.
    pub(crate) async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Option<Reply> {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            body.push_str(&format!("&{name}={}", encode(value)));
        }
        let kind = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        self.send(Method::POST, "/", service, &[kind], body).await
    }

    /// Any call; `None` where the connection was cut before the answer was whole.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        service: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Option<Reply> {
        let (status, body) =
            self.send_bytes(method, path, service, headers, body.into_bytes()).await?;
        Some((status, String::from_utf8(body).unwrap()))
    }

    /// Any call with any bytes.
    pub(crate) async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        service: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Option<(u16, Vec<u8>)> {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header(AUTHORIZATION, signature);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let response = self.client.request(request).await.ok()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, body.to_vec()))
    }
}

/// The text of the first element of that name; empty where there is none.
pub(crate) fn text(body: &str, element: &str) -> String {
    texts(body, element).into_iter().next().unwrap_or_default()
}

/// The texts of all elements of that name.
pub(crate) fn texts(body: &str, element: &str) -> Vec<String> {
    body.split(&format!("<{element}>"))
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
        .collect()
}
