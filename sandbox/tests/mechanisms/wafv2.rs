//! WAF: web ACLs, their sets, and what they protect.

use serde_json::{Value, json};

use super::calls::{json, query, subnets};
use super::support::{Caller, text};

pub(super) async fn a_web_acl_and_its_sets_are_held_by_what_they_protect(aws: &Caller) {
    let waf = async |operation: &str, body: Value| {
        json(aws, "wafv2", &format!("AWSWAF_20190729.{operation}"), body).await
    };
    let (_, ids) = subnets(aws).await;
    let balancer = [("Name", "b"), ("Subnets.member.1", &ids[0]), ("Subnets.member.2", &ids[1])];
    let elb = async |action: &str, with: &[(&str, &str)]| {
        query(aws, "elasticloadbalancing", action, with).await
    };
    let (code, made) = elb("CreateLoadBalancer", &balancer.map(|(k, v)| (k, v as &str))).await;
    assert_eq!((code, text(&made, "Code").as_str()), (200, "provisioning"), "{made}");
    let arn = text(&made, "LoadBalancerArn");
    let set =
        json!({ "Name": "i", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": [] });
    let (_, made) = waf("CreateIPSet", set.clone()).await;
    let set_summary = made["Summary"].clone();
    assert_eq!(waf("CreateIPSet", set).await.1["__type"], "WAFDuplicateItemException");
    let visible = json!({
        "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m",
    });
    let acl = json!({
        "Name": "w", "Scope": "REGIONAL", "DefaultAction": { "Allow": {} },
        "VisibilityConfig": visible,
        "Rules": [{
            "Name": "r", "Priority": 1, "Action": { "Block": {} }, "VisibilityConfig": visible,
            "Statement": { "IPSetReferenceStatement": { "ARN": set_summary["ARN"] } },
        }],
    });
    let (_, made) = waf("CreateWebACL", acl.clone()).await;
    let summary = made["Summary"].clone();
    assert_eq!(waf("CreateWebACL", acl).await.1["__type"], "WAFDuplicateItemException");
    let resource = json!({ "WebACLArn": summary["ARN"], "ResourceArn": arn });
    assert_eq!(waf("AssociateWebACL", resource.clone()).await.0, 200);
    let (_, listed) = waf("ListResourcesForWebACL", json!({ "WebACLArn": summary["ARN"] })).await;
    assert_eq!(listed["ResourceArns"], json!([arn]));
    let delete = |summary: &Value| {
        json!({
            "Name": summary["Name"], "Id": summary["Id"], "Scope": "REGIONAL",
            "LockToken": summary["LockToken"],
        })
    };
    let in_use = "WAFAssociatedItemException";
    assert_eq!(waf("DeleteIPSet", delete(&set_summary)).await.1["__type"], in_use);
    assert_eq!(waf("DeleteWebACL", delete(&summary)).await.1["__type"], in_use);

    let protect = [
        ("LoadBalancerArn", arn.as_str()),
        ("Attributes.member.1.Key", "deletion_protection.enabled"),
        ("Attributes.member.1.Value", "true"),
    ];
    assert_eq!(elb("ModifyLoadBalancerAttributes", &protect).await.0, 200);
    let (_, refused) = elb("DeleteLoadBalancer", &protect[..1]).await;
    assert_eq!(text(&refused, "Code"), "OperationNotPermitted");
    let open = [protect[0], protect[1], ("Attributes.member.1.Value", "false")];
    assert_eq!(elb("ModifyLoadBalancerAttributes", &open).await.0, 200);
    let (_, refused) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(text(&refused, "Code"), "DependencyViolation");
    assert_eq!(elb("DeleteLoadBalancer", &protect[..1]).await.0, 200);
    // With the load balancer went the association.
    assert_eq!(waf("DeleteWebACL", delete(&summary)).await.0, 200);
    assert_eq!(waf("DeleteIPSet", delete(&set_summary)).await.0, 200);
}
