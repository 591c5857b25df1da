//! Default encryption of a bucket. A bucket always has one: deleting this goes back to SSE-S3.
//!
//! API: PutBucketEncryption, GetBucketEncryption, DeleteBucketEncryption.

use infra_sdk::{Arn, Block, BlockSet, Choice, Outputs, Resource};

use super::BucketName;
use crate::kms::Key;

/// Default encryption of a bucket's new objects.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_s3_bucket_server_side_encryption_configuration",
    outputs = EncryptionOutputs
)]
pub struct BucketServerSideEncryptionConfiguration {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// How new objects are encrypted. S3 takes one rule.
    #[field(required)]
    pub rule: BlockSet<EncryptionRule>,
    /// The account that must own the bucket: twelve digits.
    #[field(force_new)]
    pub expected_bucket_owner: Option<String>,
}

/// How new objects are encrypted.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EncryptionRule {
    /// Algorithm and key of objects that do not say otherwise.
    pub apply_server_side_encryption_by_default: EncryptionByDefault,
    /// Use a bucket key, which asks KMS less often and costs less.
    #[field(computed)]
    pub bucket_key_enabled: Option<bool>,
}

/// Algorithm and key.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EncryptionByDefault {
    /// The algorithm.
    pub sse_algorithm: SseAlgorithm,
    /// The key, for the KMS algorithms; without one AWS uses `aws/s3`.
    pub kms_master_key_id: Option<Arn<Key>>,
}

/// The algorithm of server-side encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SseAlgorithm {
    /// Keys that S3 manages.
    #[choice("AES256")]
    Aes256,
    /// Keys in KMS.
    #[choice("aws:kms")]
    AwsKms,
    /// Two layers with keys in KMS.
    #[choice("aws:kms:dsse")]
    AwsKmsDsse,
}

/// What identifies a [`BucketServerSideEncryptionConfiguration`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EncryptionOutputs {
    /// The bucket's name, and after a comma the account that must own it.
    pub id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_s3::types::{
        ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
        ServerSideEncryptionRule,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;
    use crate::s3::common::{NO_BUCKET, join_id, split_id};

    type Encryption = BucketServerSideEncryptionConfiguration;

    impl Handler for Encryption {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "s3:PutBucketEncryption",
            operations: &[
                "s3:DeleteBucketEncryption",
                "s3:GetBucketEncryption",
                "s3:PutBucketEncryption",
            ],
            actions: &["s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"],
            vanishes: false,
            gone: &[NO_BUCKET, "ServerSideEncryptionConfigurationNotFoundError"],
            not_yet: &[(NO_BUCKET, "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref()))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (bucket, owner) = split_id(id);
            aws.call(|| {
                let call = aws.s3().delete_bucket_encryption().bucket(bucket);
                call.set_expected_bucket_owner(owner.map(str::to_owned)).send()
            })
            .await
            .map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref())])
        }
    }

    async fn put(aws: &Aws, want: &Encryption) -> Result<()> {
        let invalid = |error: aws_smithy_types::error::operation::BuildError| {
            Failure::new(FailureClass::Invalid, error.to_string())
        };
        let mut configuration = ServerSideEncryptionConfiguration::builder();
        for rule in &want.rule.0 {
            let default = &rule.apply_server_side_encryption_by_default;
            let default = ServerSideEncryptionByDefault::builder()
                .sse_algorithm(ServerSideEncryption::from(default.sse_algorithm.as_str()))
                .set_kms_master_key_id(default.kms_master_key_id.as_ref().map(ToString::to_string))
                .build()
                .map_err(invalid)?;
            configuration = configuration.rules(
                ServerSideEncryptionRule::builder()
                    .apply_server_side_encryption_by_default(default)
                    .set_bucket_key_enabled(rule.bucket_key_enabled)
                    .build(),
            );
        }
        let configuration = configuration.build().map_err(invalid)?;
        aws.call(|| {
            aws.s3()
                .put_bucket_encryption()
                .bucket(want.bucket.as_str())
                .set_expected_bucket_owner(want.expected_bucket_owner.clone())
                .server_side_encryption_configuration(configuration.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<Encryption>>> {
        let (bucket, owner) = split_id(&item.id);
        let owner = owner.map(str::to_owned);
        let answer = aws
            .call(|| {
                let call = aws.s3().get_bucket_encryption().bucket(bucket);
                call.set_expected_bucket_owner(owner.clone()).send()
            })
            .await?;
        let configuration = answer.server_side_encryption_configuration;
        let rules = configuration.map(|configuration| configuration.rules).unwrap_or_default();
        let rule = rules.into_iter().map(see_rule).collect::<Result<_>>()?;
        let inputs = Encryption {
            bucket: BucketName::new(bucket),
            rule: BlockSet(rule),
            expected_bucket_owner: owner,
        };
        Ok(Some(Seen::new(inputs, EncryptionOutputs { id: item.id })))
    }

    fn see_rule(rule: ServerSideEncryptionRule) -> Result<EncryptionRule> {
        let default = rule.apply_server_side_encryption_by_default;
        let default = default.ok_or_else(|| missing("ApplyServerSideEncryptionByDefault"))?;
        Ok(EncryptionRule {
            apply_server_side_encryption_by_default: EncryptionByDefault {
                sse_algorithm: parsed(Some(default.sse_algorithm.as_str()), "SSEAlgorithm")?,
                kms_master_key_id: default.kms_master_key_id.map(Arn::new),
            },
            bucket_key_enabled: rule.bucket_key_enabled,
        })
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::Bucket;

    fn encryption(stack: &mut infra_sdk::Stack, name: &str, kms: bool) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-encrypted")));
        let arn: Arn<Key> = Arn::new("arn:aws:kms:us-west-2:123456789012:key/1");
        let default = if kms {
            EncryptionByDefault::new(SseAlgorithm::AwsKms).kms_master_key_id(arn)
        } else {
            EncryptionByDefault::new(SseAlgorithm::Aes256)
        };
        let rule = EncryptionRule::new(default).bucket_key_enabled(kms);
        stack.add("it", BucketServerSideEncryptionConfiguration::new(bucket.id(), [rule]));
    }

    conforms!(
        aws_s3_bucket_server_side_encryption_configuration,
        Fixture {
            base: |stack, name| encryption(stack, name, false),
            update: Some(|stack, name| encryption(stack, name, true)),
            replace: None,
            gaps: &[],
        }
    );
}
