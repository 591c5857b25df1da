//! Who owns what others put into a bucket, and whether ACLs mean anything.
//!
//! API: PutBucketOwnershipControls, GetBucketOwnershipControls, DeleteBucketOwnershipControls.

use infra_sdk::{Block, Choice, Outputs, Resource};

use super::BucketName;

/// Who owns what others put into a bucket.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_bucket_ownership_controls", outputs = OwnershipControlsOutputs)]
pub struct BucketOwnershipControls {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// The rule.
    pub rule: OwnershipRule,
}

/// Who owns objects.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct OwnershipRule {
    /// Who owns objects that others put into the bucket.
    pub object_ownership: ObjectOwnership,
}

/// Who owns objects that others put into the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ObjectOwnership {
    /// The bucket's owner, always; ACLs mean nothing.
    #[choice("BucketOwnerEnforced")]
    BucketOwnerEnforced,
    /// The bucket's owner, if the writer asks for it.
    #[choice("BucketOwnerPreferred")]
    BucketOwnerPreferred,
    /// The writer.
    #[choice("ObjectWriter")]
    ObjectWriter,
}

/// What identifies a [`BucketOwnershipControls`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct OwnershipControlsOutputs {
    /// The bucket's name.
    pub id: BucketName,
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_s3::types::{
        ObjectOwnership as WireOwnership, OwnershipControls, OwnershipControlsRule,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;
    use crate::s3::common::NO_BUCKET;

    impl Handler for BucketOwnershipControls {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "s3:PutBucketOwnershipControls",
            operations: &[
                "s3:DeleteBucketOwnershipControls",
                "s3:GetBucketOwnershipControls",
                "s3:PutBucketOwnershipControls",
            ],
            actions: &["s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"],
            gone: &[NO_BUCKET, "OwnershipControlsNotFoundError"],
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
            aws.call(|| aws.s3().delete_bucket_ownership_controls().bucket(id).send())
                .await
                .map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![want.bucket.to_string()])
        }
    }

    async fn put(aws: &Aws, want: &BucketOwnershipControls) -> Result<()> {
        let invalid = |error: aws_smithy_types::error::operation::BuildError| {
            Failure::new(FailureClass::Invalid, error.to_string())
        };
        let rule = OwnershipControlsRule::builder()
            .object_ownership(WireOwnership::from(want.rule.object_ownership.as_str()))
            .build()
            .map_err(invalid)?;
        let controls = OwnershipControls::builder().rules(rule).build().map_err(invalid)?;
        aws.call(|| {
            aws.s3()
                .put_bucket_ownership_controls()
                .bucket(want.bucket.as_str())
                .ownership_controls(controls.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketOwnershipControls>>> {
        let id = item.id.as_str();
        let answer =
            aws.call(|| aws.s3().get_bucket_ownership_controls().bucket(id).send()).await?;
        let rules = answer.ownership_controls.map(|controls| controls.rules).unwrap_or_default();
        let Some(rule) = rules.into_iter().next() else { return Ok(None) };
        let inputs = BucketOwnershipControls {
            bucket: BucketName::new(id),
            rule: OwnershipRule {
                object_ownership: parsed(Some(rule.object_ownership.as_str()), "ObjectOwnership")?,
            },
        };
        Ok(Some(Seen::new(inputs, OwnershipControlsOutputs { id: BucketName::new(id) })))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::Bucket;

    fn controls(stack: &mut infra_sdk::Stack, name: &str, ownership: ObjectOwnership) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-owned")));
        let rule = OwnershipRule::new(ownership);
        stack.add("it", BucketOwnershipControls::new(bucket.id(), rule));
    }

    conforms!(
        aws_s3_bucket_ownership_controls,
        Fixture {
            base: |stack, name| controls(stack, name, ObjectOwnership::BucketOwnerEnforced),
            update: Some(|stack, name| {
                controls(stack, name, ObjectOwnership::BucketOwnerPreferred);
            }),
            replace: None,
            gaps: &[],
        }
    );
}
