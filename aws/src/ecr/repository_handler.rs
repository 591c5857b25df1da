//! The AWS calls of [`Repository`].

use std::collections::HashMap;

use aws_sdk_ecr::types::{
    EncryptionConfiguration as WireEncryption, EncryptionType as WireEncryptionType,
    ImageScanningConfiguration, ImageTagMutability, ImageTagMutabilityExclusionFilter,
    ImageTagMutabilityExclusionFilterType, Repository as Wire, Tag,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::repository::*;
use crate::ecr::common::NO_REPOSITORY;
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::kms::KeyRef;
use crate::prelude::*;
use infra_sdk::{Arn, BlockSet, Tags};

const OPERATIONS: &[&str] = &[
    "ecr:CreateRepository",
    "ecr:DeleteRepository",
    "ecr:DescribeRepositories",
    "ecr:ListTagsForResource",
    "ecr:PutImageScanningConfiguration",
    "ecr:PutImageTagMutability",
    "ecr:TagResource",
    "ecr:UntagResource",
];
const GONE: &[&str] = &[NO_REPOSITORY];

impl Handler for Repository {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        identity: Some("name"),
        create: "ecr:CreateRepository",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: GONE,
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let tags = wire_tags(&want.tags.0)?;
        let encryption = want.encryption_configuration.as_ref().map(wire_encryption);
        let encryption = encryption.transpose()?;
        let exclusions = exclusions(want)?;
        aws.call(|| {
            aws.ecr()
                .create_repository()
                .repository_name(want.name.as_str())
                .image_tag_mutability(mutability(want))
                .set_image_tag_mutability_exclusion_filters(exclusions.clone())
                .set_image_scanning_configuration(scanning(want))
                .set_encryption_configuration(encryption.clone())
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await?;
        Ok(want.name.to_string())
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        // A name that is gone is an error of the whole call, so that many are listed.
        let size = known.len().max(1);
        read_many(known, size, |chunk| async move {
            let only = match chunk.as_slice() {
                [only] => Some(only.id.clone()),
                _ => None,
            };
            let asked = |wire: &Wire| {
                chunk.iter().any(|item| Some(item.id.as_str()) == wire.repository_name())
            };
            let listed = list(aws, only).await?.into_iter().filter(asked);
            let seen: Vec<_> = listed.map(|wire| see(aws, wire)).collect();
            let seen = stream::iter(seen).buffered(8).try_collect::<Vec<_>>().await?;
            let seen = seen.into_iter().flatten();
            Ok(seen.map(|seen| (seen.outputs.id.to_string(), seen)).collect::<HashMap<_, _>>())
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        if changed.any(&["image_tag_mutability", "image_tag_mutability_exclusion_filter"]) {
            let exclusions = exclusions(want)?;
            aws.call(|| {
                aws.ecr()
                    .put_image_tag_mutability()
                    .repository_name(id)
                    .image_tag_mutability(mutability(want))
                    .set_image_tag_mutability_exclusion_filters(exclusions.clone())
                    .send()
            })
            .await?;
        }
        if changed.has("image_scanning_configuration") {
            aws.call(|| {
                let call = aws.ecr().put_image_scanning_configuration().repository_name(id);
                call.set_image_scanning_configuration(scanning(want)).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let force = was.force_delete;
        aws.call(|| aws.ecr().delete_repository().repository_name(id).force(force).send())
            .await
            .map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let mut ours = Vec::new();
        for wire in list(aws, Some(want.name.to_string())).await? {
            let seen = see(aws, wire).await?;
            let seen = seen.filter(|seen| is_ours(&want.tags.0, &seen.inputs.tags.0));
            ours.extend(seen.map(|seen| seen.outputs.id.to_string()));
        }
        Ok(ours)
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let made = list(aws, Some(id.to_owned())).await?.pop();
        let arn = made.and_then(|made| made.repository_arn);
        let arn = arn.ok_or_else(|| missing("repositoryArn"))?;
        if !change.remove.is_empty() {
            aws.call(|| {
                let call = aws.ecr().untag_resource().resource_arn(&arn);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        if !change.set.is_empty() {
            let tags = wire_tags(&change.set)?;
            aws.call(|| {
                let call = aws.ecr().tag_resource().resource_arn(&arn);
                call.set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

/// The repository of a name, if there is one, or all.
async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ecr().describe_repositories().set_next_token(token);
                call.set_repository_names(name.clone().map(|name| vec![name])).send()
            },
            |page| page.next_token(),
        )
        .await;
    let pages = absent(pages.map(Some), GONE)?.unwrap_or_default();
    Ok(pages.into_iter().flat_map(|page| page.repositories.unwrap_or_default()).collect())
}

fn wire_tags(tags: &std::collections::BTreeMap<String, String>) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect::<std::result::Result<_, _>>().map_err(incomplete)
}

fn wire_encryption(encryption: &EncryptionConfiguration) -> Result<WireEncryption> {
    WireEncryption::builder()
        .encryption_type(WireEncryptionType::from(encryption.encryption_type.as_str()))
        .set_kms_key(encryption.kms_key.as_ref().map(|key| key.as_str().to_owned()))
        .build()
        .map_err(incomplete)
}

fn mutability(want: &Repository) -> ImageTagMutability {
    ImageTagMutability::from(want.image_tag_mutability.as_str())
}

fn exclusions(want: &Repository) -> Result<Option<Vec<ImageTagMutabilityExclusionFilter>>> {
    let exclusion = |filter: &TagMutabilityExclusion| {
        let kind = ImageTagMutabilityExclusionFilterType::from(filter.filter_type.as_str());
        ImageTagMutabilityExclusionFilter::builder()
            .filter_type(kind)
            .filter(&filter.filter)
            .build()
            .map_err(incomplete)
    };
    let all = want.image_tag_mutability_exclusion_filter.0.iter().map(exclusion);
    let all = all.collect::<Result<Vec<_>>>()?;
    Ok((!all.is_empty()).then_some(all))
}

fn scanning(want: &Repository) -> Option<ImageScanningConfiguration> {
    let wanted = want.image_scanning_configuration.as_ref()?;
    Some(ImageScanningConfiguration::builder().scan_on_push(wanted.scan_on_push).build())
}

/// A repository with its tags; `None` if it goes while it is looked at.
async fn see(aws: &Aws, wire: Wire) -> Result<Option<Seen<Repository>>> {
    let arn = wire.repository_arn.ok_or_else(|| missing("repositoryArn"))?;
    let tags = aws.call(|| aws.ecr().list_tags_for_resource().resource_arn(&arn).send()).await;
    let Some(tags) = absent(tags.map(Some), GONE)? else { return Ok(None) };
    let name = wire.repository_name.ok_or_else(|| missing("repositoryName"))?;
    let mutability = wire.image_tag_mutability.as_ref().map(ImageTagMutability::as_str);
    let exclusions = wire.image_tag_mutability_exclusion_filters.unwrap_or_default();
    let exclusion = |wire: ImageTagMutabilityExclusionFilter| {
        let filter_type = parsed(Some(wire.filter_type.as_str()), "filterType")?;
        Ok(TagMutabilityExclusion { filter: wire.filter, filter_type })
    };
    let encryption = |wire: WireEncryption| {
        Ok(EncryptionConfiguration {
            encryption_type: parsed(Some(wire.encryption_type.as_str()), "encryptionType")?,
            kms_key: wire.kms_key.map(KeyRef::new),
        })
    };
    let scanning = wire.image_scanning_configuration;
    let inputs = Repository {
        name: RepositoryName::new(name.as_str()),
        encryption_configuration: wire.encryption_configuration.map(encryption).transpose()?,
        force_delete: false,
        image_tag_mutability: parsed(mutability, "imageTagMutability")?,
        image_tag_mutability_exclusion_filter: BlockSet(
            exclusions.into_iter().map(exclusion).collect::<Result<_>>()?,
        ),
        image_scanning_configuration: scanning
            .map(|wire| ImageScanning { scan_on_push: wire.scan_on_push }),
        tags: Tags(tags.tags.unwrap_or_default().into_iter().map(|t| (t.key, t.value)).collect()),
    };
    let outputs = RepositoryOutputs {
        id: RepositoryName::new(name),
        arn: Arn::new(arn),
        registry_id: wire.registry_id.ok_or_else(|| missing("registryId"))?,
        repository_url: wire.repository_uri.ok_or_else(|| missing("repositoryUri"))?,
    };
    Ok(Some(Seen::new(inputs, outputs)))
}
