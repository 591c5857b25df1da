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
#[resource(type = "aws_ecr_repository", outputs = RepositoryOutputs, stateful, validate = validate)]
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
