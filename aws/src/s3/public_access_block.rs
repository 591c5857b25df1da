//! What of a bucket can never be made public.
//!
//! API: PutPublicAccessBlock, GetPublicAccessBlock, DeletePublicAccessBlock.

use infra_sdk::{Outputs, Resource};

use super::BucketName;

/// What of a bucket can never be made public.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_bucket_public_access_block", outputs = PublicAccessBlockOutputs)]
pub struct BucketPublicAccessBlock {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// Refuse ACLs that allow public access.
    #[field(default = false)]
    pub block_public_acls: bool,
    /// Refuse policies that allow public access.
    #[field(default = false)]
    pub block_public_policy: bool,
    /// Ignore ACLs that allow public access.
    #[field(default = false)]
    pub ignore_public_acls: bool,
    /// Let only AWS services and users of the account in, when the policy is public.
    #[field(default = false)]
    pub restrict_public_buckets: bool,
}

/// What identifies a [`BucketPublicAccessBlock`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct PublicAccessBlockOutputs {
    /// The bucket's name.
    pub id: BucketName,
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_s3::types::PublicAccessBlockConfiguration;

    use super::*;
    use crate::prelude::*;
    use crate::s3::common::NO_BUCKET;

    impl Handler for BucketPublicAccessBlock {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "s3:PutPublicAccessBlock",
            operations: &[
                "s3:DeletePublicAccessBlock",
                "s3:GetPublicAccessBlock",
                "s3:PutPublicAccessBlock",
            ],
            actions: &["s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"],
            gone: &[NO_BUCKET, "NoSuchPublicAccessBlockConfiguration"],
            not_yet: &[(NO_BUCKET, "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(want.bucket.to_string())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.s3().delete_public_access_block().bucket(id).send()).await.map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![want.bucket.to_string()])
        }
    }

    async fn put(aws: &Aws, want: &BucketPublicAccessBlock) -> Result<()> {
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(want.block_public_acls)
            .block_public_policy(want.block_public_policy)
            .ignore_public_acls(want.ignore_public_acls)
            .restrict_public_buckets(want.restrict_public_buckets)
            .build();
        aws.call(|| {
            aws.s3()
                .put_public_access_block()
                .bucket(want.bucket.as_str())
                .public_access_block_configuration(configuration.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketPublicAccessBlock>>> {
        let id = item.id.as_str();
        let answer = aws.call(|| aws.s3().get_public_access_block().bucket(id).send()).await?;
        let Some(block) = answer.public_access_block_configuration else { return Ok(None) };
        let inputs = BucketPublicAccessBlock {
            bucket: BucketName::new(id),
            block_public_acls: block.block_public_acls.unwrap_or(false),
            block_public_policy: block.block_public_policy.unwrap_or(false),
            ignore_public_acls: block.ignore_public_acls.unwrap_or(false),
            restrict_public_buckets: block.restrict_public_buckets.unwrap_or(false),
        };
        Ok(Some(Seen::new(inputs, PublicAccessBlockOutputs { id: BucketName::new(id) })))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::Bucket;

    fn block(stack: &mut infra_sdk::Stack, name: &str, all: bool) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-private")));
        let block = BucketPublicAccessBlock::new(bucket.id()).block_public_acls(true);
        let block = block.block_public_policy(all).ignore_public_acls(all);
        stack.add("it", block.restrict_public_buckets(all));
    }

    conforms!(
        aws_s3_bucket_public_access_block,
        Fixture {
            base: |stack, name| block(stack, name, false),
            update: Some(|stack, name| block(stack, name, true)),
            replace: None,
            gaps: &[],
        }
    );
}
