//! Auto Scaling: groups and their instances.

use super::calls::{query, subnets};
use super::support::{Caller, text};

pub(super) async fn a_group_takes_its_instances_along(aws: &Caller) {
    let (_, ids) = subnets(aws).await;
    let template = [
        ("LaunchTemplateName", "l"),
        ("LaunchTemplateData.ImageId", "ami-12345678"),
        ("LaunchTemplateData.InstanceType", "t3.micro"),
    ];
    assert_eq!(aws.ec2("CreateLaunchTemplate", &template).await.0, 200);
    let scaling =
        async |action: &str, with: &[(&str, &str)]| query(aws, "autoscaling", action, with).await;
    let create = [
        ("AutoScalingGroupName", "a"),
        ("MinSize", "1"),
        ("MaxSize", "1"),
        ("MaxInstanceLifetime", "86400"),
        ("VPCZoneIdentifier", ids[0].as_str()),
        ("LaunchTemplate.LaunchTemplateName", "l"),
    ];
    let (code, made) = scaling("CreateAutoScalingGroup", &create).await;
    assert_eq!(code, 200, "{made}");
    let (_, twice) = scaling("CreateAutoScalingGroup", &create).await;
    assert_eq!(text(&twice, "Code"), "AlreadyExists");
    let by_name = [("AutoScalingGroupNames.member.1", "a")];
    let (_, shown) = scaling("DescribeAutoScalingGroups", &by_name).await;
    assert_eq!(text(&shown, "MaxInstanceLifetime"), "86400");
    let delete = [("AutoScalingGroupName", "a"), ("ForceDelete", "true")];
    let (_, refused) = scaling("DeleteAutoScalingGroup", &delete[..1]).await;
    assert_eq!(text(&refused, "Code"), "ResourceInUse");
    assert_eq!(scaling("DeleteAutoScalingGroup", &delete).await.0, 200);
    let (_, going) = scaling("DescribeAutoScalingGroups", &by_name).await;
    assert_eq!(text(&going, "Status"), "Delete in progress");
    let (_, gone) = scaling("DescribeAutoScalingGroups", &by_name).await;
    assert!(!gone.contains("AutoScalingGroupName"), "{gone}");
    let (code, answer) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(code, 200, "{answer}");
}
