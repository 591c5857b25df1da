//! A repository of container images: scanned when they are pushed, with tags that stay what they are.

use infra_aws::ecr::{
    EncryptionConfiguration, EncryptionType, ImageScanning, Images, Keep, LifecyclePolicy,
    LifecycleRule, LifecycleRules, Repository, RepositoryHandle, TagMutability,
};
use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

/// Days that images without a tag are kept: what a build left behind.
const UNTAGGED_DAYS: Days = Days(14);

/// Images that are kept: what can still be gone back to.
const NEWEST: u32 = 50;

/// Declares the repository of that name. `key` encrypts images; without one S3's own key does.
pub(crate) fn declare(
    stack: &mut Stack,
    name: &str,
    key: Option<&KeyHandle>,
    force_delete: bool,
) -> RepositoryHandle {
    declare_scanned(stack, name, key, force_delete, true)
}

/// As [`declare`], where images may go without being scanned.
pub(crate) fn declare_scanned(
    stack: &mut Stack,
    name: &str,
    key: Option<&KeyHandle>,
    force_delete: bool,
    scan: bool,
) -> RepositoryHandle {
    let repository = Repository::new(name)
        .image_tag_mutability(TagMutability::Immutable)
        .image_scanning_configuration(ImageScanning::new(scan))
        .force_delete(force_delete);
    let repository = match key {
        None => repository,
        Some(key) => repository.encryption_configuration(
            EncryptionConfiguration::new().encryption_type(EncryptionType::Kms).kms_key(key.arn()),
        ),
    };
    let repository = stack.add("images", repository);
    let rules = LifecycleRules::new()
        .rule(LifecycleRule::new(1, Images::Untagged, Keep::PushedWithin(UNTAGGED_DAYS)))
        .rule(LifecycleRule::new(2, Images::Any, Keep::Newest(NEWEST)));
    stack.add("images-lifecycle", LifecyclePolicy::new(repository.id(), rules));
    repository
}
