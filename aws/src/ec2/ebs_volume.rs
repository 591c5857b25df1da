//! An EBS volume. Size, type and speed change in place, at most once in six hours. Without the snapshot
//! that Terraform can take when a volume is deleted.
//!
//! API: CreateVolume, DescribeVolumes, ModifyVolume, DescribeVolumesModifications, DeleteVolume.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Gibibytes, Object, Outputs, Resource, Tags};

use super::launch_options::{VolumeType, check_volume};
use super::{SnapshotId, VolumeId};
use crate::AnyArn;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// An EBS volume.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ebs_volume", outputs = EbsVolumeOutputs, stateful, validate = validate)]
pub struct EbsVolume {
    /// Availability zone, such as `us-west-2a`.
    #[field(force_new)]
    pub availability_zone: String,
    /// Whether it is encrypted; the region's setting by default.
    #[field(force_new, computed)]
    pub encrypted: Option<bool>,
    /// Operations a second.
    #[field(computed)]
    pub iops: Option<u32>,
    /// Key that encrypts it; the region's by default.
    #[field(force_new, computed)]
    pub kms_key_id: Option<KeyRef>,
    /// Whether several instances can have it, with types of provisioned operations.
    #[field(default = false)]
    pub multi_attach_enabled: bool,
    /// The Outpost that it is on.
    #[field(force_new)]
    pub outpost_arn: Option<AnyArn>,
    /// Size in gibibytes, which can but grow; that of the snapshot by default.
    #[field(computed)]
    pub size: Option<Gibibytes>,
    /// The snapshot that it begins with.
    #[field(force_new, computed)]
    pub snapshot_id: Option<SnapshotId>,
    /// MiB/s of a volume of type `gp3`.
    #[field(computed, range = 125..=2_000)]
    pub throughput: Option<u32>,
    /// Type; `gp2` by default.
    #[field(computed)]
    pub r#type: Option<VolumeType>,
    /// MiB/s at which the snapshot is loaded, from 100 to 300.
    #[field(force_new, range = 100..=300)]
    pub volume_initialization_rate: Option<u32>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to an [`EbsVolume`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EbsVolumeOutputs {
    /// The volume's id.
    pub id: VolumeId,
    /// The volume's ARN.
    pub arn: Arn<EbsVolume>,
    /// `available`, `in-use`, or on its way.
    pub state: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if !rules.has("size") && !rules.has("snapshot_id") {
        rules.missing(&["size", "snapshot_id"]);
    }
    check_volume(&mut rules, "size", "type");
    if rules.is_true("multi_attach_enabled")
        && rules.text("type").is_some_and(|kind| !["io1", "io2"].contains(&kind))
    {
        rules.refuse("multi_attach_enabled", "is for volumes of the types `io1` and `io2`");
    }
    if !rules.has("snapshot_id") {
        rules.without(&["volume_initialization_rate"], "without `snapshot_id`");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{
        Filter, ResourceType as Tagged, Volume as Wire, VolumeState, VolumeType as WireType,
    };
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::ec2::common::{by_ids, by_owner, is_owned, retag, tag_specification, tags_of};
    use crate::ec2::volume_change::settled;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:CreateTags",
        "ec2:CreateVolume",
        "ec2:DeleteTags",
        "ec2:DeleteVolume",
        "ec2:DescribeVolumes",
        "ec2:DescribeVolumesModifications",
        "ec2:ModifyVolume",
    ];

    impl Handler for EbsVolume {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "ec2:CreateVolume",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &["InvalidVolume.NotFound"],
            // A volume that is being detached.
            lingering: &[("VolumeInUse", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .create_volume()
                        .client_token(creating.token)
                        .availability_zone(&want.availability_zone)
                        .set_encrypted(want.encrypted)
                        .set_iops(want.iops.map(number))
                        .set_kms_key_id(want.kms_key_id.as_ref().map(|key| key.as_str().to_owned()))
                        .set_multi_attach_enabled(want.multi_attach_enabled.then_some(true))
                        .set_outpost_arn(text(&want.outpost_arn))
                        .set_size(want.size.map(|size| number(size.0)))
                        .set_snapshot_id(text(&want.snapshot_id))
                        .set_throughput(want.throughput.map(number))
                        .set_volume_type(want.r#type.map(|kind| WireType::from(kind.as_str())))
                        .set_volume_initialization_rate(want.volume_initialization_rate.map(number))
                        .set_tag_specifications(tag_specification(Tagged::Volume, &want.tags))
                        .send()
                })
                .await?;
            answer.volume_id.ok_or_else(|| missing("VolumeId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let found = list(aws, vec![by_ids("volume-id", &chunk)]).await?;
                let seen = found.into_iter().map(|volume| see(aws, volume));
                seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                    .collect::<Result<HashMap<_, _>>>()
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let has = |name: &str| changed.has(name);
            // Other types choose for themselves what was not asked for.
            let provisioned = matches!(want.r#type, Some(VolumeType::Io1 | VolumeType::Io2));
            aws.call(|| {
                aws.ec2()
                    .modify_volume()
                    .volume_id(id)
                    .set_size(want.size.filter(|_| has("size")).map(|size| number(size.0)))
                    .set_volume_type(
                        want.r#type
                            .filter(|_| has("type"))
                            .map(|kind| WireType::from(kind.as_str())),
                    )
                    .set_iops(want.iops.filter(|_| has("iops") || provisioned).map(number))
                    .set_throughput(want.throughput.filter(|_| has("throughput")).map(number))
                    .set_multi_attach_enabled(
                        has("multi_attach_enabled").then_some(want.multi_attach_enabled),
                    )
                    .send()
            })
            .await?;
            settled(aws, id).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ec2().delete_volume().volume_id(id).send()).await.map(drop)
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            match seen.outputs.state.as_str() {
                "available" | "in-use" => Readiness::Ready,
                "error" => Readiness::Failed("the volume is in error".to_owned()),
                state => Readiness::Waiting(state.to_owned()),
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = list(aws, by_owner(&want.tags)).await?.into_iter();
            let ours = found.filter(|volume| {
                !matches!(volume.state, Some(VolumeState::Deleting | VolumeState::Deleted))
                    && is_owned(&volume.tags, &want.tags)
            });
            Ok(ours.filter_map(|volume| volume.volume_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_volumes().set_next_token(token);
                    call.set_filters(Some(filters.clone())).send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.volumes.unwrap_or_default()).collect())
    }

    fn see(aws: &Aws, volume: Wire) -> Result<Seen<EbsVolume>> {
        let natural = |number: i32| u32::try_from(number).unwrap_or_default();
        let id = volume.volume_id.ok_or_else(|| missing("VolumeId"))?;
        let arn = volume.volume_arn.unwrap_or_else(|| {
            let owner = volume.owner_id.as_deref().unwrap_or_default();
            aws.arn::<()>("ec2", owner, &format!("volume/{id}")).to_string()
        });
        let kind = volume.volume_type.as_ref().map(WireType::as_str);
        let inputs = EbsVolume {
            availability_zone: volume
                .availability_zone
                .ok_or_else(|| missing("AvailabilityZone"))?,
            encrypted: volume.encrypted,
            iops: volume.iops.filter(|number| *number != 0).map(natural),
            kms_key_id: volume.kms_key_id.map(KeyRef::new),
            multi_attach_enabled: volume.multi_attach_enabled.unwrap_or(false),
            outpost_arn: volume.outpost_arn.filter(|arn| !arn.is_empty()).map(AnyArn::new),
            size: volume.size.map(|size| Gibibytes(natural(size))),
            snapshot_id: volume.snapshot_id.filter(|id| !id.is_empty()).map(SnapshotId::new),
            throughput: volume.throughput.filter(|number| *number != 0).map(natural),
            r#type: kind.map(|kind| parsed(Some(kind), "VolumeType")).transpose()?,
            volume_initialization_rate: volume
                .volume_initialization_rate
                .filter(|number| *number != 0)
                .map(natural),
            tags: tags_of(volume.tags),
        };
        let state = volume.state.ok_or_else(|| missing("State"))?.as_str().to_owned();
        let outputs = EbsVolumeOutputs { id: VolumeId::new(id), arn: Arn::new(arn), state };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_ebs_volume,
        Fixture {
            base: |stack, name| {
                let volume = EbsVolume::new("us-west-2a").size(Gibibytes(10));
                let volume = volume.r#type(VolumeType::Gp3).iops(3000_u32).throughput(125_u32);
                stack.add("it", volume.encrypted(true).tag("Name", name));
            },
            update: Some(|stack, _| {
                let volume = EbsVolume::new("us-west-2a").size(Gibibytes(20));
                let volume = volume.r#type(VolumeType::Gp3).iops(4000_u32).throughput(250_u32);
                stack.add("it", volume.encrypted(true).tag("Name", "other"));
            }),
            replace: Some(|stack, _| {
                stack.add("it", EbsVolume::new("us-west-2b").size(Gibibytes(10)));
            }),
            gaps: &[],
        }
    );
}
