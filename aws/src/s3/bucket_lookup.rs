//! A bucket that this stack does not declare. A lookup: answered while the program runs.
//!
//! API: HeadBucket.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{Bucket, BucketName};

/// Asks for a bucket by its name.
#[derive(Debug, Clone)]
pub struct FindBucket {
    bucket: BucketName,
}

impl FindBucket {
    /// The bucket of that name.
    #[must_use]
    pub fn named(bucket: impl Into<String>) -> Self {
        Self { bucket: BucketName::new(bucket) }
    }
}

impl Lookup for FindBucket {
    type Answer = BucketFound;

    const NAME: &'static str = "aws_s3_bucket";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("bucket".to_owned(), Value::from(self.bucket.as_str()))])
    }
}

/// The bucket found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct BucketFound {
    /// Its name.
    pub bucket: BucketName,
    /// Its ARN.
    pub arn: Arn<Bucket>,
    /// Host name: `NAME.s3.amazonaws.com`.
    pub bucket_domain_name: String,
    /// Host name in its region: `NAME.s3.REGION.amazonaws.com`.
    pub bucket_regional_domain_name: String,
    /// Region that it is in.
    pub bucket_region: String,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::provider::Failure;
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;
    use crate::s3::common::{arn_of, host_names};

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindBucket::NAME,
            doc: "A bucket, by its name.",
            answer: BucketFound::KIND,
            placeholder: |region| found("bucket", region).to_value(),
        },
        operations: &["s3:HeadBucket"],
        actions: &["s3:ListBucket"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let bucket = text(arguments, "bucket").unwrap_or_default();
        let head = aws.call(|| aws.s3().head_bucket().bucket(bucket).send()).await;
        // An answer to HEAD has no body, so that it says nothing but its code.
        let head = head.map_err(|failure| match failure.code.as_deref() {
            Some("NotFound") => {
                Failure { message: format!("there is no bucket `{bucket}`"), ..failure }
            }
            _ => failure,
        })?;
        let region = head.bucket_region.unwrap_or_else(|| aws.region().to_owned());
        Ok(found(bucket, &region).to_value())
    }

    fn found(bucket: &str, region: &str) -> BucketFound {
        let (bucket_domain_name, bucket_regional_domain_name) = host_names(bucket, region);
        BucketFound {
            bucket: BucketName::new(bucket),
            arn: arn_of(bucket, region),
            bucket_domain_name,
            bucket_regional_domain_name,
            bucket_region: region.to_owned(),
        }
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

        use super::*;
        use crate::test_endpoint::aws;

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_bucket_is_found_by_its_name() {
            let aws = aws().await;
            let name = format!("looked-up-{:08x}", std::process::id());
            let place = BucketLocationConstraint::from(aws.region());
            let place = CreateBucketConfiguration::builder().location_constraint(place).build();
            let create = || {
                let call = aws.s3().create_bucket().bucket(&name);
                call.create_bucket_configuration(place.clone()).send()
            };
            aws.call(create).await.expect("it is created");
            let arguments = FindBucket::named(&name).arguments();
            let answer = (HANDLER.answer)(&aws, &arguments).await.expect("it is found");
            let answer = BucketFound::from_value(&answer).expect("an answer");
            assert_eq!(answer, found(&name, "us-west-2"));
            aws.call(|| aws.s3().delete_bucket().bucket(&name).send()).await.expect("it goes");
            let failure = (HANDLER.answer)(&aws, &arguments).await.expect_err("it is gone");
            assert_eq!(failure.message, format!("there is no bucket `{name}`"));
        }
    }
}
