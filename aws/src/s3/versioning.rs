//! Versioning of a bucket. It can be suspended but not removed: deleting this suspends it.
//!
//! API: PutBucketVersioning, GetBucketVersioning.

use infra_sdk::{Block, Choice, Outputs, Resource};

use super::BucketName;

/// Versioning of a bucket.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_bucket_versioning", outputs = BucketVersioningOutputs)]
pub struct BucketVersioning {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// What is versioned.
    pub versioning_configuration: VersioningConfiguration,
    /// The account that must own the bucket: twelve digits.
    #[field(force_new)]
    pub expected_bucket_owner: Option<String>,
    /// Serial number and code of the device, for `mfa_delete`.
    #[field(write_only, sensitive)]
    pub mfa: Option<String>,
}

/// Whether objects are versioned.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct VersioningConfiguration {
    /// Whether new objects get a version.
    pub status: VersioningStatus,
    /// Whether deleting a version needs a second factor.
    #[field(computed)]
    pub mfa_delete: Option<MfaDelete>,
}

/// Whether new objects get a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum VersioningStatus {
    /// They do.
    #[choice("Enabled")]
    Enabled,
    /// They do not any more; versions that exist are kept.
    #[choice("Suspended")]
    Suspended,
    /// They never did. Only for a bucket that was never versioned.
    #[choice("Disabled")]
    Disabled,
}

/// Whether deleting a version needs a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MfaDelete {
    /// It does.
    #[choice("Enabled")]
    Enabled,
    /// It does not.
    #[choice("Disabled")]
    Disabled,
}

/// What identifies a [`BucketVersioning`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct BucketVersioningOutputs {
    /// The bucket's name, and after a comma the account that must own it.
    pub id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_s3::types::{
        BucketVersioningStatus, MfaDelete as WireMfaDelete,
        VersioningConfiguration as WireConfiguration,
    };

    use super::*;
    use crate::prelude::*;
    use crate::s3::common::{NO_BUCKET, join_id, split_id};

    impl Handler for BucketVersioning {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "s3:PutBucketVersioning",
            operations: &["s3:GetBucketVersioning", "s3:PutBucketVersioning"],
            actions: &["s3:GetBucketVersioning", "s3:PutBucketVersioning"],
            vanishes: false,
            gone: &[NO_BUCKET],
            not_yet: &[(NO_BUCKET, "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            // A bucket that was never versioned cannot be told so; it is already.
            if want.versioning_configuration.status != VersioningStatus::Disabled {
                put(aws, want, want.versioning_configuration.status).await?;
            }
            Ok(join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref()))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want, want.versioning_configuration.status).await
        }

        async fn delete(aws: &Aws, _: &str, was: &Self) -> Result<()> {
            match was.versioning_configuration.status {
                VersioningStatus::Enabled => put(aws, was, VersioningStatus::Suspended).await,
                VersioningStatus::Suspended | VersioningStatus::Disabled => Ok(()),
            }
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref())])
        }
    }

    async fn put(aws: &Aws, want: &BucketVersioning, status: VersioningStatus) -> Result<()> {
        let mfa_delete = want.versioning_configuration.mfa_delete;
        let configuration = WireConfiguration::builder()
            .status(BucketVersioningStatus::from(status.as_str()))
            .set_mfa_delete(mfa_delete.map(|delete| WireMfaDelete::from(delete.as_str())))
            .build();
        aws.call(|| {
            aws.s3()
                .put_bucket_versioning()
                .bucket(want.bucket.as_str())
                .set_expected_bucket_owner(want.expected_bucket_owner.clone())
                .set_mfa(want.mfa.clone())
                .versioning_configuration(configuration.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketVersioning>>> {
        let (bucket, owner) = split_id(&item.id);
        let owner = owner.map(str::to_owned);
        let answer = aws
            .call(|| {
                let call = aws.s3().get_bucket_versioning().bucket(bucket);
                call.set_expected_bucket_owner(owner.clone()).send()
            })
            .await?;
        let status = answer.status.as_ref().map(BucketVersioningStatus::as_str);
        let status = parsed(Some(status.unwrap_or("Disabled")), "Status")?;
        let mfa_delete = answer.mfa_delete.as_ref();
        let mfa_delete = mfa_delete.map(|word| parsed(Some(word.as_str()), "MfaDelete"));
        let inputs = BucketVersioning {
            bucket: BucketName::new(bucket),
            versioning_configuration: VersioningConfiguration {
                status,
                mfa_delete: mfa_delete.transpose()?,
            },
            expected_bucket_owner: owner,
            mfa: None,
        };
        Ok(Some(Seen::new(inputs, BucketVersioningOutputs { id: item.id })))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::Bucket;

    fn versioning(stack: &mut infra_sdk::Stack, name: &str, status: VersioningStatus) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-versions")));
        let configuration = VersioningConfiguration::new(status);
        stack.add("it", BucketVersioning::new(bucket.id(), configuration));
    }

    conforms!(
        aws_s3_bucket_versioning,
        Fixture {
            base: |stack, name| versioning(stack, name, VersioningStatus::Enabled),
            update: Some(|stack, name| versioning(stack, name, VersioningStatus::Suspended)),
            replace: None,
            gaps: &[],
        }
    );
}
