//! The AWS calls of [`Instance`].

use std::time::Duration;

use infra_sdk::provider::Readiness;

use super::common::{by_owner, is_owned, retag};
use super::instance::Instance;
use super::instance_read::{is_ending, list, read_chunk};
use super::instance_update::{allow_ending, update};
use super::instance_write::{Request, devices, market};
use crate::frame::calls::Patience;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "ec2:AssignPrivateIpAddresses",
    "ec2:AssociateIamInstanceProfile",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:DescribeIamInstanceProfileAssociations",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeInstanceCreditSpecifications",
    "ec2:DescribeInstances",
    "ec2:DescribeVolumes",
    "ec2:DescribeVolumesModifications",
    "ec2:DisassociateIamInstanceProfile",
    "ec2:ModifyInstanceAttribute",
    "ec2:ModifyInstanceCapacityReservationAttributes",
    "ec2:ModifyInstanceCreditSpecification",
    "ec2:ModifyInstanceMaintenanceOptions",
    "ec2:ModifyInstanceMetadataOptions",
    "ec2:ModifyPrivateDnsNameOptions",
    "ec2:ModifyVolume",
    "ec2:MonitorInstances",
    "ec2:ReplaceIamInstanceProfileAssociation",
    "ec2:RunInstances",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:UnmonitorInstances",
];
/// The operations, and the role that is handed on.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);

impl Handler for Instance {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "ec2:RunInstances",
        operations: OPERATIONS,
        actions: ACTIONS,
        // The create call does not take it.
        after_create: &["source_dest_check"],
        gone: &["InvalidInstanceID.NotFound"],
        // Source: IAM User Guide, changes that are not always immediately visible; the messages that
        // Terraform's provider repeats a create for.
        not_yet: &[
            ("InvalidParameterValue", "Invalid IAM Instance Profile"),
            ("InvalidParameterValue", "has no associated IAM Roles"),
            ("InvalidGroup.NotFound", ""),
            ("InvalidSubnetID.NotFound", ""),
        ],
        // Terraform's default timeouts.
        patience: Patience {
            create: Duration::from_secs(600),
            update: Duration::from_secs(600),
            delete: Duration::from_secs(1200),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let root = match (&want.root_block_device, &want.ami) {
            (Some(_), Some(ami)) => root_device(aws, ami.as_str()).await?,
            _ => None,
        };
        let request = Request {
            want,
            token: creating.token,
            devices: devices(want, root),
            market: want.instance_market_options.as_ref().map(market).transpose()?,
        };
        let answer = aws.call(|| request.call(aws).send()).await?;
        let made = answer.instances.unwrap_or_default().into_iter().next();
        made.and_then(|instance| instance.instance_id).ok_or_else(|| missing("InstanceId"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, EC2_FILTER_VALUES, |chunk| read_chunk(aws, chunk)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        update(aws, id, want, was, changed).await
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        if was.force_destroy {
            allow_ending(aws, id).await?;
        }
        aws.call(|| aws.ec2().terminate_instances().instance_ids(id).send()).await.map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match seen.outputs.instance_state.as_str() {
            "running" | "stopped" => Readiness::Ready,
            state => Readiness::Waiting(state.to_owned()),
        }
    }

    /// AWS lists a terminated instance for about an hour. Source: EC2 User Guide, terminate
    /// instances.
    fn is_deleted(seen: &Seen<Self>) -> bool {
        seen.outputs.instance_state == "terminated"
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = list(aws, by_owner(&want.tags)).await?.into_iter();
        let ours = found
            .map(|(_, instance)| instance)
            .filter(|instance| !is_ending(instance) && is_owned(&instance.tags, &want.tags));
        Ok(ours.filter_map(|instance| instance.instance_id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

/// The device that an image starts from.
async fn root_device(aws: &Aws, image: &str) -> Result<Option<String>> {
    let answer = aws.call(|| aws.ec2().describe_images().image_ids(image).send()).await?;
    let found = answer.images.unwrap_or_default().into_iter().next();
    let name = found.and_then(|image| image.root_device_name);
    name.map(Some).ok_or_else(|| missing("RootDeviceName"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Gibibytes, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{
        CpuCredits, CreditSpecification, EnabledState, HttpTokens, ImageId, MetadataOptions,
        RootBlockDevice, SecurityGroup, ShutdownBehavior, Subnet, VolumeType, Vpc,
    };

    fn instance(stack: &mut Stack, name: &str, changed: bool, zone: &str) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let subnet = |range: &str, zone: &str| {
            Subnet::new(vpc.id(), cidr(range)).availability_zone(format!("us-west-2{zone}"))
        };
        let a = stack.add("a", subnet("10.0.1.0/24", "a"));
        let b = stack.add("b", subnet("10.0.2.0/24", "b"));
        let group = |name: String| SecurityGroup::new().vpc_id(vpc.id()).name(name);
        let one = stack.add("one", group(format!("{name}-one")));
        let other = stack.add("other", group(format!("{name}-other")));
        let root = RootBlockDevice::new()
            .volume_size(Gibibytes(if changed { 40 } else { 20 }))
            .volume_type(if changed { VolumeType::Gp3 } else { VolumeType::Gp2 });
        let metadata = MetadataOptions::new()
            .http_endpoint(EnabledState::Enabled)
            .http_tokens(if changed { HttpTokens::Required } else { HttpTokens::Optional })
            .http_put_response_hop_limit(2_u32);
        let it = Instance::new()
            .ami(ImageId::new("ami-12c6146b"))
            .instance_type(if changed { "t3.small" } else { "t3.micro" })
            .subnet_id(if zone == "a" { a.id() } else { b.id() })
            .vpc_security_group_ids([if changed { other.id() } else { one.id() }])
            .root_block_device(root)
            .metadata_options(metadata)
            .user_data(if changed { "#!/bin/sh\necho two\n" } else { "#!/bin/sh\necho one\n" })
            .disable_api_termination(false)
            .disable_api_stop(changed)
            .credit_specification(CreditSpecification::new().cpu_credits(if changed {
                CpuCredits::Unlimited
            } else {
                CpuCredits::Standard
            }))
            .instance_initiated_shutdown_behavior(ShutdownBehavior::Stop)
            .source_dest_check(changed)
            .volume_tags(BTreeMap::from([("Name", if changed { "two" } else { "one" })]))
            .tag("Name", if changed { "two" } else { "one" });
        stack.add("it", it);
    }

    conforms!(
        aws_instance,
        Fixture {
            base: |stack, name| instance(stack, name, false, "a"),
            update: Some(|stack, name| instance(stack, name, true, "a")),
            replace: Some(|stack, name| instance(stack, name, true, "b")),
            gaps: &[],
        }
    );
}
