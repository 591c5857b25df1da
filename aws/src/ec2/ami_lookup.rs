//! An Amazon machine image. A lookup: answered while the program runs.
//!
//! API: DescribeImages.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

use super::narrowing::{Narrowing, narrowed};
use super::{ImageId, SnapshotId};

/// Asks for an image: by owners, names, tags, or EC2's filters; the latest, where it says so.
#[derive(Debug, Clone, Default)]
pub struct FindAmi(Narrowing);

narrowed!(FindAmi);

impl FindAmi {
    /// An image of one of these owners: account ids, `self`, `amazon`, `aws-marketplace`.
    #[must_use]
    pub fn of<V: Into<String>>(owners: impl IntoIterator<Item = V>) -> Self {
        let owners = owners.into_iter().map(|owner| Value::String(owner.into())).collect();
        let mut narrowing = Narrowing::default();
        narrowing.others.insert("owners".to_owned(), Value::List(owners));
        Self(narrowing)
    }

    /// With a name like this, in which `*` and `?` stand for others: `al2023-ami-2023.*-x86_64`.
    #[must_use]
    pub fn name(self, pattern: impl Into<String>) -> Self {
        self.filter("name", [pattern])
    }

    /// The latest, where several fit.
    #[must_use]
    pub fn most_recent(mut self) -> Self {
        self.0.others.insert("most_recent".to_owned(), Value::Bool(true));
        self
    }

    /// Also images that their owner wants to be used no more.
    #[must_use]
    pub fn include_deprecated(mut self) -> Self {
        self.0.others.insert("include_deprecated".to_owned(), Value::Bool(true));
        self
    }
}

impl Lookup for FindAmi {
    type Answer = AmiFound;

    const NAME: &'static str = "aws_ami";

    fn arguments(&self) -> BTreeMap<String, Value> {
        self.0.arguments()
    }
}

/// The image found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct AmiFound {
    /// Its id.
    pub id: ImageId,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `x86_64`, `arm64` and others.
    pub architecture: String,
    /// When it was made, in RFC 3339.
    pub creation_date: String,
    /// When its owner wants it to be used no more, in RFC 3339.
    pub deprecation_time: Option<String>,
    /// Whether it supports the enhanced network adapter.
    pub ena_support: bool,
    /// The account that it is of.
    pub owner_id: String,
    /// `Linux/UNIX`, `Windows` and others.
    pub platform_details: String,
    /// Device of the root volume: `/dev/xvda`.
    pub root_device_name: String,
    /// `ebs` or `instance-store`.
    pub root_device_type: String,
    /// The snapshot that the root volume is made from.
    pub root_snapshot_id: Option<SnapshotId>,
    /// `hvm` or `paravirtual`.
    pub virtualization_type: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_ec2::types::{ArchitectureValues, DeviceType, Image as Wire, VirtualizationType};
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::ec2::common::tags_of;
    use crate::ec2::narrowing::wire::{filters, only, some};
    use crate::frame::lookup::{Arguments, LookupHandler};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindAmi::NAME,
            doc: "An Amazon machine image, by its owners, its name, its tags, or filters.",
            answer: AmiFound::KIND,
            placeholder,
        },
        operations: &["ec2:DescribeImages"],
        actions: &["ec2:DescribeImages"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        AmiFound {
            id: ImageId::new("ami-00000000000000000"),
            arn: format!("arn:aws:ec2:{region}::image/ami-00000000000000000"),
            name: "image".to_owned(),
            description: "an image".to_owned(),
            architecture: "x86_64".to_owned(),
            creation_date: "2026-01-01T00:00:00.000Z".to_owned(),
            deprecation_time: None,
            ena_support: true,
            owner_id: "123456789012".to_owned(),
            platform_details: "Linux/UNIX".to_owned(),
            root_device_name: "/dev/xvda".to_owned(),
            root_device_type: "ebs".to_owned(),
            root_snapshot_id: None,
            virtualization_type: "hvm".to_owned(),
            tags: BTreeMap::new(),
        }
        .to_value()
    }

    fn flag(arguments: &Arguments, name: &str) -> bool {
        arguments.get(name).and_then(Value::as_bool) == Some(true)
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let filters = filters(arguments, "image-id");
        let owners = arguments.get("owners").and_then(Value::as_list).unwrap_or_default();
        let owners: Vec<_> = owners.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if owners.is_empty() {
            let message =
                "say whose images are asked for: anybody can name one like that of another";
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        let deprecated = flag(arguments, "include_deprecated");
        let pages = aws
            .pages(
                |token| {
                    aws.ec2()
                        .describe_images()
                        .set_owners(Some(owners.clone()))
                        .set_filters(some(&filters))
                        .include_deprecated(deprecated)
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let found = pages.into_iter().flat_map(|page| page.images.unwrap_or_default()).collect();
        see(aws, choose(found, flag(arguments, "most_recent"))?).map(|found| found.to_value())
    }

    /// The one that fits, or the latest. Dates are RFC 3339 in UTC, so that their order is that of
    /// their texts.
    fn choose(mut found: Vec<Wire>, latest: bool) -> Result<Wire> {
        if latest && found.len() > 1 {
            found.sort_by(|one, other| {
                let key = |image: &Wire| (image.creation_date.clone(), image.image_id.clone());
                key(other).cmp(&key(one))
            });
            found.truncate(1);
        }
        only(found, "image")
    }

    fn see(aws: &Aws, image: Wire) -> Result<AmiFound> {
        let id = image.image_id.ok_or_else(|| missing("ImageId"))?;
        let root = image.root_device_name.unwrap_or_default();
        let devices = image.block_device_mappings.unwrap_or_default();
        let snapshot = devices
            .into_iter()
            .find(|device| device.device_name.as_deref() == Some(root.as_str()))
            .and_then(|device| device.ebs)
            .and_then(|volume| volume.snapshot_id);
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        Ok(AmiFound {
            arn: aws.arn::<()>("ec2", "", &format!("image/{id}")).to_string(),
            id: ImageId::new(id),
            name: image.name.unwrap_or_default(),
            description: image.description.unwrap_or_default(),
            architecture: word(image.architecture.as_ref().map(ArchitectureValues::as_str)),
            creation_date: image.creation_date.unwrap_or_default(),
            deprecation_time: image.deprecation_time,
            ena_support: image.ena_support.unwrap_or(false),
            owner_id: image.owner_id.unwrap_or_default(),
            platform_details: image.platform_details.unwrap_or_default(),
            root_device_name: root,
            root_device_type: word(image.root_device_type.as_ref().map(DeviceType::as_str)),
            root_snapshot_id: snapshot.map(SnapshotId::new),
            virtualization_type: word(
                image.virtualization_type.as_ref().map(VirtualizationType::as_str),
            ),
            tags: tags_of(image.tags).0,
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_latest_is_chosen_where_it_is_asked_for() {
            let image =
                |id: &str, date: &str| Wire::builder().image_id(id).creation_date(date).build();
            let all = vec![
                image("ami-1", "2025-03-01T00:00:00.000Z"),
                image("ami-3", "2025-11-01T00:00:00.000Z"),
                image("ami-2", "2025-09-01T00:00:00.000Z"),
            ];
            let latest = choose(all.clone(), true).expect("one");
            assert_eq!(latest.image_id.as_deref(), Some("ami-3"));
            assert!(choose(all, false).is_err());
            assert!(choose(Vec::new(), true).is_err());
        }
    }
}
