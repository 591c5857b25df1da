//! How services are spoken to, for the gate's own questions.
//!
//! The main type is [`Question`]. Names and versions are those of the services' API References.

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use serde_json::Value;

use super::call::Call;
use super::form::Form;
use super::rest;
use super::upstream::{ACCOUNT, signature};

/// The protocol that the gate speaks with a service.
enum Speaks {
    /// Forms with lists without item names.
    Ec2,
    /// Forms, with the version of the API.
    Query(&'static str),
    /// `X-Amz-Target` with this prefix.
    Json(&'static str),
    /// Paths and JSON, by the table of `rest`.
    Rest,
}

const SERVICES: &[(&str, Speaks)] = &[
    ("acm", Speaks::Json("CertificateManager")),
    ("application-autoscaling", Speaks::Json("AnyScaleFrontendService")),
    ("autoscaling", Speaks::Query("2011-01-01")),
    ("backup", Speaks::Rest),
    ("cloudtrail", Speaks::Json("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101")),
    ("dynamodb", Speaks::Json("DynamoDB_20120810")),
    ("ec2", Speaks::Ec2),
    ("ecr", Speaks::Json("AmazonEC2ContainerRegistry_V20150921")),
    ("ecs", Speaks::Json("AmazonEC2ContainerServiceV20141113")),
    ("eks", Speaks::Rest),
    ("elasticache", Speaks::Query("2015-02-02")),
    ("elasticloadbalancing", Speaks::Query("2015-12-01")),
    ("events", Speaks::Json("AWSEvents")),
    ("iam", Speaks::Query("2010-05-08")),
    ("kms", Speaks::Json("TrentService")),
    ("lambda", Speaks::Rest),
    ("logs", Speaks::Json("Logs_20140328")),
    ("monitoring", Speaks::Json("GraniteServiceVersion20100801")),
    ("rds", Speaks::Query("2014-10-31")),
    ("route53", Speaks::Rest),
    ("secretsmanager", Speaks::Json("secretsmanager")),
    ("wafv2", Speaks::Json("AWSWAF_20190729")),
];

/// Something that the gate asks a service.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    /// The parameters, an object.
    pub(crate) parameters: Value,
}

impl Question {
    /// A question.
    pub(crate) fn new(service: &'static str, operation: &'static str, parameters: Value) -> Self {
        Self { service, operation, parameters }
    }

    /// The question as a request of whoever made that call, in the same region.
    pub(crate) fn call(&self, caller: &Call) -> Call {
        let mut headers = HeaderMap::new();
        let key = if caller.access_key.is_empty() { ACCOUNT } else { &caller.access_key };
        headers.insert(AUTHORIZATION, signature(key, &caller.region, self.service));
        for name in ["x-amz-security-token", "x-moto-account-id"] {
            if let Some(value) = caller.headers.get(name) {
                headers.insert(HeaderName::from_static(name), value.clone());
            }
        }
        let speaks = SERVICES.iter().find(|(service, _)| *service == self.service);
        let (method, target, kind, body) = match speaks.map(|(_, speaks)| speaks) {
            Some(Speaks::Ec2) => self.form("2016-11-15", false),
            Some(Speaks::Query(version)) => self.form(version, true),
            Some(Speaks::Json(prefix)) => {
                let target = format!("{prefix}.{}", self.operation);
                if let Ok(target) = HeaderValue::from_str(&target) {
                    headers.insert(HeaderName::from_static("x-amz-target"), target);
                }
                let body = self.parameters.to_string();
                (Method::POST, "/".to_owned(), "application/x-amz-json-1.1", body)
            }
            Some(Speaks::Rest) | None => {
                let (method, path) = rest::path(self.service, self.operation, &self.parameters);
                let body = if method == Method::GET || method == Method::DELETE {
                    String::new()
                } else {
                    self.parameters.to_string()
                };
                (method, path, "application/json", body)
            }
        };
        // moto takes a question without a body for another service where it has a type.
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let uri = target.parse().unwrap_or_else(|_| Uri::from_static("/"));
        Call::new(method, uri, headers, Bytes::from(body))
    }

    fn form(&self, version: &str, items: bool) -> (Method, String, &'static str, String) {
        let mut pairs = Vec::new();
        flatten(&self.parameters, "", items, &mut pairs);
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = Form::request(self.operation, version, &pairs).encode();
        (Method::POST, "/".to_owned(), "application/x-www-form-urlencoded; charset=utf-8", body)
    }
}

fn flatten(value: &Value, name: &str, items: bool, pairs: &mut Vec<(String, String)>) {
    let below = |part: &str| {
        if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") }
    };
    match value {
        Value::Object(map) => {
            for (part, value) in map {
                flatten(value, &below(part), items, pairs);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                let part = if items { format!("member.{}", at + 1) } else { (at + 1).to_string() };
                flatten(value, &below(&part), items, pairs);
            }
        }
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => pairs.push((name.to_owned(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::Question;
    use crate::gate::call::tests::query_call;
    use serde_json::json;

    #[test]
    fn a_question_is_a_request_that_the_gate_understands() {
        let caller = query_call("ec2", "Action=DeleteVpc&Version=1");
        for (service, operation, parameters) in [
            ("ec2", "DescribeSubnets", json!({ "SubnetId": ["a", "b"] })),
            ("rds", "DescribeDBInstances", json!({ "Filters": [{ "Name": "n" }] })),
            ("ecs", "DescribeServices", json!({ "cluster": "c", "services": ["s"] })),
            ("eks", "DescribeNodegroup", json!({ "clusterName": "c", "nodegroupName": "n" })),
        ] {
            let call = Question::new(service, operation, parameters.clone()).call(&caller);
            assert_eq!((call.service.as_str(), call.operation.as_str()), (service, operation));
            assert_eq!(
                (call.region.as_str(), call.access_key.as_str()),
                ("eu-west-1", "AKIDEXAMPLE")
            );
            let mut tree = call.tree();
            for name in ["Action", "Version"] {
                tree.as_object_mut().unwrap().remove(name);
            }
            assert_eq!(tree, parameters);
        }
    }
}
