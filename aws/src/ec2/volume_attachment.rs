//! Gives an EBS volume to an instance.
//!
//! API: AttachVolume, DescribeVolumes, DetachVolume; DescribeInstances, StopInstances.

use infra_sdk::{Outputs, Resource};

use super::{InstanceId, VolumeId};

/// Gives an EBS volume to an instance.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_volume_attachment", outputs = VolumeAttachmentOutputs)]
pub struct VolumeAttachment {
    /// Name of the device: `/dev/sdh`.
    #[field(force_new)]
    pub device_name: String,
    /// The instance.
    #[field(force_new)]
    pub instance_id: InstanceId,
    /// The volume.
    #[field(force_new)]
    pub volume_id: VolumeId,
    /// Whether the volume is taken away although the instance does not let go. Data may be lost.
    #[field(default = false, write_only)]
    pub force_detach: bool,
    /// Whether the volume stays where it is when this resource is deleted.
    #[field(default = false, write_only)]
    pub skip_destroy: bool,
    /// Whether the instance is stopped before the volume is taken away.
    #[field(default = false, write_only)]
    pub stop_instance_before_detaching: bool,
}

/// What AWS assigns to a [`VolumeAttachment`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct VolumeAttachmentOutputs {
    /// `DEVICE:VOLUME:INSTANCE`, which Terraform imports by.
    pub id: String,
    /// `attached`, or on its way.
    pub state: String,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{Filter, Volume, VolumeAttachment as Wire, VolumeAttachmentState};
    use infra_sdk::provider::{Failure, FailureClass, Readiness};
    use infra_sdk::{Object, Value};

    use super::*;
    use crate::ec2::common::{filter, unless};
    use crate::ec2::instance_power::stop;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:AttachVolume",
        "ec2:DescribeInstances",
        "ec2:DescribeVolumes",
        "ec2:DetachVolume",
        "ec2:StopInstances",
    ];

    impl Handler for VolumeAttachment {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ec2:AttachVolume",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &["InvalidAttachment.NotFound", "InvalidVolume.NotFound"],
            not_yet: &[
                ("IncorrectState", "is not 'running'"),
                ("IncorrectState", "is not 'available'"),
                ("InvalidInstanceID.NotFound", ""),
                ("InvalidVolume.NotFound", ""),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .attach_volume()
                        .device(&want.device_name)
                        .instance_id(want.instance_id.as_str())
                        .volume_id(want.volume_id.as_str())
                        .send()
                })
                .await;
            // A repeat of a call that was heard says that the volume is in use.
            if answer.is_err() && !Self::find(aws, want).await?.is_empty() {
                unless(answer, "VolumeInUse")?;
            } else {
                answer?;
            }
            Ok(id_of(want))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let mut volumes = Vec::new();
                for item in &chunk {
                    volumes.push(parts(&item.id)?.1.to_owned());
                }
                let found = list(aws, filter("volume-id", volumes)).await?;
                let attachments = found.into_iter().flat_map(|v| v.attachments.unwrap_or_default());
                let attachments: Vec<Wire> = attachments.collect();
                let mut seen = HashMap::new();
                for item in &chunk {
                    if let Some(there) = attachment(&attachments, &item.id)? {
                        seen.insert(item.id.clone(), see(item, there)?);
                    }
                }
                Ok(seen)
            })
            .await
        }

        /// Nothing but settings of ours can change.
        async fn update(_: &Aws, _: &str, _: &Self, _: &Self, _: &Changed) -> Result<()> {
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            let (device, volume, instance) = parts(id)?;
            let found = list(aws, filter("volume-id", [volume])).await?.into_iter();
            let all: Vec<_> = found.flat_map(|v| v.attachments.unwrap_or_default()).collect();
            let there = attachment(&all, id)?;
            if there.is_none_or(|a| a.state == Some(VolumeAttachmentState::Detaching)) {
                return Ok(());
            }
            if was.stop_instance_before_detaching {
                stop(aws, instance).await?;
            }
            aws.call(|| {
                let call = aws.ec2().detach_volume().device(device).volume_id(volume);
                call.instance_id(instance).set_force(was.force_detach.then_some(true)).send()
            })
            .await
            .map(drop)
        }

        fn is_kept(was: &Self) -> bool {
            was.skip_destroy
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            match seen.outputs.state.as_str() {
                "attached" | "busy" => Readiness::Ready,
                state => Readiness::Waiting(state.to_owned()),
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = id_of(want);
            let known = Known { id: id.clone(), recorded: Object::new(), outputs: Object::new() };
            let found = Self::read(aws, &[known]).await.pop().transpose()?.flatten();
            Ok(found.map(|_| id).into_iter().collect())
        }
    }

    fn id_of(want: &VolumeAttachment) -> String {
        format!("{}:{}:{}", want.device_name, want.volume_id, want.instance_id)
    }

    /// Device, volume and instance.
    fn parts(id: &str) -> Result<(&str, &str, &str)> {
        let mut parts = id.split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(device), Some(volume), Some(instance), None) => Ok((device, volume, instance)),
            _ => {
                let message = format!("`{id}` is not an id such as `/dev/sdh:vol-1:i-1`");
                Err(Failure::new(FailureClass::Invalid, message))
            }
        }
    }

    fn attachment<'a>(all: &'a [Wire], id: &str) -> Result<Option<&'a Wire>> {
        let (device, volume, instance) = parts(id)?;
        Ok(all.iter().find(|there| {
            there.device() == Some(device)
                && there.volume_id() == Some(volume)
                && there.instance_id() == Some(instance)
                && there.state != Some(VolumeAttachmentState::Detached)
        }))
    }

    async fn list(aws: &Aws, filter: Filter) -> Result<Vec<Volume>> {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_volumes().set_next_token(token);
                    call.filters(filter.clone()).send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.volumes.unwrap_or_default()).collect())
    }

    fn see(item: &Known, there: &Wire) -> Result<Seen<VolumeAttachment>> {
        let (device, volume, instance) = parts(&item.id)?;
        let flag = |name: &str| item.recorded.get(name).and_then(Value::as_bool).unwrap_or(false);
        let state = there.state.as_ref().map(VolumeAttachmentState::as_str);
        let inputs = VolumeAttachment {
            device_name: device.to_owned(),
            instance_id: InstanceId::new(instance),
            volume_id: VolumeId::new(volume),
            force_detach: flag("force_detach"),
            skip_destroy: flag("skip_destroy"),
            stop_instance_before_detaching: flag("stop_instance_before_detaching"),
        };
        let state = state.ok_or_else(|| missing("State"))?.to_owned();
        Ok(Seen::new(inputs, VolumeAttachmentOutputs { id: item.id.clone(), state }))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_have_three_parts() {
            let id = "/dev/sdh:vol-1:i-1";
            assert_eq!(parts(id).ok(), Some(("/dev/sdh", "vol-1", "i-1")));
            assert!(parts("/dev/sdh:vol-1").is_err());
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Gibibytes, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{EbsVolume, ImageId, Instance, Subnet, Vpc};

    fn attachment(stack: &mut Stack, device: &str, stops: bool) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let subnet = Subnet::new(vpc.id(), cidr("10.0.1.0/24")).availability_zone("us-west-2a");
        let subnet = stack.add("subnet", subnet);
        let instance = Instance::new().ami(ImageId::new("ami-12c6146b")).instance_type("t3.micro");
        let instance = stack.add("instance", instance.subnet_id(subnet.id()));
        let volume = stack.add("volume", EbsVolume::new("us-west-2a").size(Gibibytes(10)));
        let it = VolumeAttachment::new(device, instance.id(), volume.id());
        stack.add("it", it.stop_instance_before_detaching(stops));
    }

    conforms!(
        aws_volume_attachment,
        Fixture {
            base: |stack, _| attachment(stack, "/dev/sdh", false),
            update: Some(|stack, _| attachment(stack, "/dev/sdh", true)),
            replace: Some(|stack, _| attachment(stack, "/dev/sdi", false)),
            gaps: &[],
        }
    );
}
