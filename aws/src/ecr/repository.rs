//! A repository of container images. One that has images is deleted only with `force_delete`.
//!
//! API: CreateRepository, DescribeRepositories, PutImageTagMutability,
//! PutImageScanningConfiguration, DeleteRepository, ListTagsForResource, TagResource,
//! UntagResource.

use infra_sdk::kind::{Problem, Text, as_written};
use infra_sdk::{
    Arn, Block, BlockSet, Choice, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Object,
    Output, Outputs, Resource, Scope, Tags, Value,
};

use crate::iam::names::text_types;
use crate::kms::KeyRef;
use crate::rules::{Rules, wrong_length};

/// A repository of container images.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ecr_repository", outputs = RepositoryOutputs, validate = validate)]
pub struct Repository {
    /// Name, unique in the region, from 2 to 256 characters: `team/service`.
    #[field(force_new)]
    pub name: RepositoryName,
    /// How images are encrypted; left out, with keys of S3.
    #[field(force_new, computed)]
    pub encryption_configuration: Option<EncryptionConfiguration>,
    /// Delete the repository although it has images.
    #[field(default = false, write_only)]
    pub force_delete: bool,
    /// Whether a tag can be moved to another image.
    #[field(default = TagMutability::Mutable)]
    pub image_tag_mutability: TagMutability,
    /// Tags to which the opposite applies; at most 5.
    pub image_tag_mutability_exclusion_filter: BlockSet<TagMutabilityExclusion>,
    /// Whether images are scanned. A scanning configuration of the registry has precedence.
    #[field(computed)]
    pub image_scanning_configuration: Option<ImageScanning>,
    /// Tags.
    pub tags: Tags,
}

/// How images are encrypted.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EncryptionConfiguration {
    /// With whose keys.
    #[field(default = EncryptionType::Aes256)]
    pub encryption_type: EncryptionType,
    /// Key of KMS; left out, the one that AWS has for ECR.
    #[field(computed)]
    pub kms_key: Option<KeyRef>,
}

/// With whose keys images are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum EncryptionType {
    /// Keys of S3.
    #[choice("AES256")]
    Aes256,
    /// A key of KMS.
    #[choice("KMS")]
    Kms,
    /// A key of KMS, in two layers.
    #[choice("KMS_DSSE")]
    KmsDsse,
}

/// Whether a tag can be moved to another image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TagMutability {
    /// It can.
    #[choice("MUTABLE")]
    Mutable,
    /// It cannot: an image that was deployed by its tag stays the same.
    #[choice("IMMUTABLE")]
    Immutable,
    /// It can, but for tags that the exclusions name.
    #[choice("MUTABLE_WITH_EXCLUSION")]
    MutableWithExclusion,
    /// It cannot, but for tags that the exclusions name.
    #[choice("IMMUTABLE_WITH_EXCLUSION")]
    ImmutableWithExclusion,
}

/// Tags to which the opposite applies.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TagMutabilityExclusion {
    /// Pattern of tags, at most 128 characters, with at most two `*`: `latest*`.
    pub filter: String,
    /// How the pattern is read.
    #[field(default = ExclusionType::Wildcard)]
    pub filter_type: ExclusionType,
}

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ExclusionType {
    /// `*` stands for anything.
    #[choice("WILDCARD")]
    Wildcard,
}

/// Whether images are scanned for known vulnerabilities.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ImageScanning {
    /// Scan an image when it is pushed.
    pub scan_on_push: bool,
}

text_types! {
    /// Names a repository.
    RepositoryName(REPOSITORY = Text {
        name: "repository name",
        check: check_name,
        canonical: as_written,
    });
}

/// What AWS assigns to a [`Repository`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RepositoryOutputs {
    /// The repository's name.
    pub id: RepositoryName,
    /// The repository's ARN.
    pub arn: Arn<Repository>,
    /// The account that the repository is in.
    pub registry_id: String,
    /// Where images are pushed to, before `:` and a tag.
    pub repository_url: String,
}

/// Source: ECR API Reference, CreateRepository, the pattern of `repositoryName`.
fn check_name(text: &str) -> Result<(), String> {
    if let Some(wrong) = wrong_length(text, 2, 256) {
        return Err(wrong);
    }
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let whole = |part: &str| part.starts_with(letter) && part.ends_with(letter);
    let known = |c: char| letter(c) || "._-/".contains(c);
    let doubled = ["..", ".-", "._", "-.", "--", "-_", "_.", "_-", "__"];
    // Docker takes several of them in a row, ECR does not.
    if !text.split('/').all(whole)
        || !text.chars().all(known)
        || doubled.iter().any(|pair| text.contains(pair))
    {
        return Err(format!(
            "must be parts between `/`, each of small letters and digits with single `.`, `_` or \
             `-` between them, not `{text}`"
        ));
    }
    Ok(())
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.blocks("encryption_configuration", |rules| {
        if rules.text("encryption_type") == Some(EncryptionType::Aes256.as_str()) {
            rules.without(&["kms_key"], "with the keys of S3, `AES256`");
        }
    });
    let with_exclusion = rules.text("image_tag_mutability");
    let exclusions = "image_tag_mutability_exclusion_filter";
    match with_exclusion {
        Some(word) if word.ends_with("_WITH_EXCLUSION") => {
            rules.required(&[exclusions], &format!("with `{word}`"));
        }
        Some(word) => rules.without(&[exclusions], &format!("with `{word}`")),
        None => {}
    }
    let count = inputs.get(exclusions).and_then(Value::as_list).map_or(0, <[Value]>::len);
    if count > 5 {
        rules.refuse(exclusions, format!("must be at most 5, not {count}"));
    }
    rules.blocks(exclusions, |rules| {
        let Some(filter) = rules.text("filter") else { return };
        if let Some(wrong) = wrong_length(filter, 1, 128) {
            rules.refuse("filter", wrong);
        } else if filter.matches('*').count() > 2 {
            rules.refuse("filter", "must have at most two `*`");
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ecr::types::{
        EncryptionConfiguration as WireEncryption, EncryptionType as WireEncryptionType,
        ImageScanningConfiguration, ImageTagMutability, ImageTagMutabilityExclusionFilter,
        ImageTagMutabilityExclusionFilterType, Repository as Wire, Tag,
    };
    use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

    use super::*;
    use crate::ecr::common::NO_REPOSITORY;
    use crate::frame::error::incomplete;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

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

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
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
            tags: Tags(
                tags.tags.unwrap_or_default().into_iter().map(|t| (t.key, t.value)).collect(),
            ),
        };
        let outputs = RepositoryOutputs {
            id: RepositoryName::new(name),
            arn: Arn::new(arn),
            registry_id: wire.registry_id.ok_or_else(|| missing("registryId"))?,
            repository_url: wire.repository_uri.ok_or_else(|| missing("repositoryUri"))?,
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn names_are_paths_of_words() {
        for right in ["ab", "team/service", "a.b-c_d/0", "project/a/b"] {
            assert_eq!(check_name(right), Ok(()), "{right}");
        }
        for wrong in ["a", "A/b", "/ab", "ab/", "a//b", "a..b", "a-", "a:b", "a b"] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn exclusions_go_with_the_words_that_have_them() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let filter = |text: &str| {
            let filter = Object::from([("filter".to_owned(), Value::from(text))]);
            ("image_tag_mutability_exclusion_filter", Value::List(vec![Value::Map(filter)]))
        };
        let word = |word: &str| ("image_tag_mutability", Value::from(word));
        assert_eq!(check(&[word("IMMUTABLE_WITH_EXCLUSION"), filter("latest*")]), [""; 0]);
        assert_eq!(
            check(&[word("IMMUTABLE_WITH_EXCLUSION")]),
            ["image_tag_mutability_exclusion_filter"]
        );
        assert_eq!(
            check(&[word("IMMUTABLE"), filter("latest*")]),
            ["image_tag_mutability_exclusion_filter"]
        );
        assert_eq!(
            check(&[word("MUTABLE_WITH_EXCLUSION"), filter("*a*b*")]),
            ["image_tag_mutability_exclusion_filter[0].filter"]
        );
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::kms::Key;

    conforms!(
        aws_ecr_repository,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new());
                let encryption = EncryptionConfiguration::new();
                let encryption = encryption.encryption_type(EncryptionType::Kms).kms_key(key.arn());
                let repository = Repository::new(format!("{name}/images"));
                let repository = repository.encryption_configuration(encryption);
                let repository = repository.image_tag_mutability(TagMutability::Immutable);
                let repository = repository.image_scanning_configuration(ImageScanning::new(false));
                stack.add("it", repository.force_delete(true).tag("Name", name));
            },
            update: Some(|stack, name| {
                let key = stack.add("key", Key::new());
                let encryption = EncryptionConfiguration::new();
                let encryption = encryption.encryption_type(EncryptionType::Kms).kms_key(key.arn());
                let repository = Repository::new(format!("{name}/images"));
                let repository = repository.encryption_configuration(encryption);
                let repository = repository.image_scanning_configuration(ImageScanning::new(true));
                stack.add("it", repository.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", Repository::new(format!("{name}/other")));
            }),
            gaps: &[],
        }
    );
}
