//! Elastic Load Balancing v2: the attributes that a load balancer has before anybody sets them, from the
//! page of `LoadBalancerAttribute` of the API Reference. moto shows a few of them.

use crate::gate::answer::Answer;
use crate::gate::call::Call;
use crate::gate::xml::Element;

/// Attributes of every load balancer.
const ALL: &[(&str, &str)] = &[
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.prefix", ""),
    ("deletion_protection.enabled", "false"),
];

/// Attributes of an application load balancer.
const APPLICATION: &[(&str, &str)] = &[
    ("client_keep_alive.seconds", "3600"),
    ("connection_logs.s3.bucket", ""),
    ("connection_logs.s3.enabled", "false"),
    ("connection_logs.s3.prefix", ""),
    ("idle_timeout.timeout_seconds", "60"),
    ("load_balancing.cross_zone.enabled", "true"),
    ("routing.http.desync_mitigation_mode", "defensive"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http.preserve_host_header.enabled", "false"),
    ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
    ("routing.http.xff_client_port.enabled", "false"),
    ("routing.http.xff_header_processing.mode", "append"),
    ("routing.http2.enabled", "true"),
    ("waf.fail_open.enabled", "false"),
    ("zonal_shift.config.enabled", "false"),
];

/// Attributes of a network load balancer.
const NETWORK: &[(&str, &str)] = &[
    ("dns_record.client_routing_policy", "any_availability_zone"),
    ("load_balancing.cross_zone.enabled", "false"),
    ("zonal_shift.config.enabled", "false"),
];

/// Adds the attributes that are missing.
pub(super) fn attributes(call: &Call, answer: &mut Answer) {
    let wanted = ["DescribeLoadBalancerAttributes", "ModifyLoadBalancerAttributes"];
    if call.service != "elasticloadbalancing" || !wanted.contains(&call.operation.as_str()) {
        return;
    }
    let Some(mut document) = answer.document() else { return };
    let arn = call.form.get("LoadBalancerArn").unwrap_or_default();
    let of_type = if arn.contains("/app/") { APPLICATION } else { NETWORK };
    document.visit_mut(&mut |list| {
        if list.name != "Attributes" {
            return;
        }
        for (key, value) in ALL.iter().chain(of_type) {
            if !list.elements().any(|attribute| attribute.child_text("Key") == *key) {
                let key = Element::with_text("Key", key);
                let value = Element::with_text("Value", value);
                list.push(Element::new("member").with(key).with(value));
            }
        }
    });
    answer.set_document(&document);
}

#[cfg(test)]
mod tests {
    use super::attributes;
    use crate::gate::answer::Answer;
    use crate::gate::call::tests::query_call;
    use hyper::{HeaderMap, StatusCode};

    #[test]
    fn what_is_set_stays_and_the_rest_has_its_default() {
        let body = "<R><Attributes><member><Key>idle_timeout.timeout_seconds</Key><Value>9</Value></member></Attributes></R>";
        let mut answer =
            Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() };
        let action = "Action=DescribeLoadBalancerAttributes&LoadBalancerArn=arn:x/app/lb/1";
        attributes(&query_call("elasticloadbalancing", action), &mut answer);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert_eq!(text.matches("idle_timeout").count(), 1);
        assert!(text.contains("<Value>9</Value>"));
        assert!(text.contains("<Key>routing.http2.enabled</Key><Value>true</Value>"));
    }
}
