//! Calls of each protocol, and a network to put things in.

use hyper::Method;
use serde_json::Value;

use super::support::{Caller, text};

impl Caller {
    /// The same caller in another region.
    pub(super) fn in_region(&self, region: &'static str) -> Self {
        let mut caller = Self::new(&self.endpoint);
        caller.region = region;
        caller
    }
}

/// A call of a service with paths and JSON: status and body.
pub(super) async fn rest(
    aws: &Caller,
    service: &str,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("content-type", "application/json")];
    let (status, body) = aws.send(method, path, service, &headers, body).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}")))
}

/// A call of a service with targets: status and body.
pub(super) async fn json(aws: &Caller, service: &str, target: &str, body: Value) -> (u16, Value) {
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
    let (status, body) =
        aws.send(Method::POST, "/", service, &headers, body.to_string()).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}")))
}

/// A call of a query protocol: status and body.
pub(super) async fn query(
    aws: &Caller,
    service: &str,
    action: &str,
    with: &[(&str, &str)],
) -> (u16, String) {
    let version = match service {
        "rds" => "2014-10-31",
        "elasticache" => "2015-02-02",
        "elasticloadbalancing" => "2015-12-01",
        _ => "2011-01-01",
    };
    aws.query(service, version, action, with).await.unwrap()
}

/// A VPC with a subnet in each of two zones: its id and theirs.
pub(super) async fn subnets(aws: &Caller) -> (String, Vec<String>) {
    let (_, made) = aws.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).await;
    let vpc = text(&made, "vpcId");
    let mut ids = Vec::new();
    for (zone, cidr) in [("eu-west-1a", "10.0.0.0/24"), ("eu-west-1b", "10.0.1.0/24")] {
        let wanted = [("VpcId", vpc.as_str()), ("CidrBlock", cidr), ("AvailabilityZone", zone)];
        let (_, made) = aws.ec2("CreateSubnet", &wanted).await;
        ids.push(text(&made, "subnetId"));
    }
    (vpc, ids)
}
