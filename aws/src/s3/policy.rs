//! The policy of a bucket, compared by what it says.
//!
//! API: PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy.

use infra_sdk::{Outputs, Resource};

use super::BucketName;
use crate::iam::PolicyJson;

/// The policy of a bucket.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_bucket_policy", outputs = BucketPolicyOutputs)]
pub struct BucketPolicy {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// The policy, at most 20 KB.
    pub policy: PolicyJson,
}

/// What identifies a [`BucketPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct BucketPolicyOutputs {
    /// The bucket's name.
    pub id: BucketName,
}

#[cfg(feature = "provider")]
mod handler {
    use super::*;
    use crate::prelude::*;
    use crate::s3::common::NO_BUCKET;

    impl Handler for BucketPolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "s3:PutBucketPolicy",
            operations: &["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"],
            actions: &["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"],
            gone: &[NO_BUCKET, "NoSuchBucketPolicy"],
            not_yet: &[
                (NO_BUCKET, ""),
                // A role that was just made may not be known to S3 yet.
                ("MalformedPolicy", "Invalid principal in policy"),
            ],
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
            aws.call(|| aws.s3().delete_bucket_policy().bucket(id).send()).await.map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![want.bucket.to_string()])
        }
    }

    async fn put(aws: &Aws, want: &BucketPolicy) -> Result<()> {
        aws.call(|| {
            let call = aws.s3().put_bucket_policy().bucket(want.bucket.as_str());
            call.policy(want.policy.as_str()).send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketPolicy>>> {
        let id = item.id.as_str();
        let answer = aws.call(|| aws.s3().get_bucket_policy().bucket(id).send()).await?;
        let Some(policy) = answer.policy else { return Ok(None) };
        let inputs = BucketPolicy { bucket: BucketName::new(id), policy: PolicyJson::new(policy) };
        Ok(Some(Seen::new(inputs, BucketPolicyOutputs { id: BucketName::new(id) })))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::text;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{Operator, PolicyDocument, Principal, Statement};
    use crate::s3::Bucket;

    fn policy(stack: &mut infra_sdk::Stack, name: &str, action: &str) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-guarded")));
        let statement = Statement::deny()
            .sid("TlsOnly")
            .principal(Principal::all())
            .action(action)
            .resource(bucket.arn())
            .resource(text!(bucket.arn(), "/*"))
            .condition(Operator::Bool, "aws:SecureTransport", "false");
        let document = PolicyDocument::new().statement(statement);
        stack.add("it", BucketPolicy::new(bucket.id(), document));
    }

    conforms!(
        aws_s3_bucket_policy,
        Fixture {
            base: |stack, name| policy(stack, name, "s3:*"),
            update: Some(|stack, name| policy(stack, name, "s3:GetObject")),
            replace: None,
            gaps: &[],
        }
    );
}
