//! Server access logs of a bucket, written to another one.
//!
//! API: PutBucketLogging, GetBucketLogging.

use infra_sdk::kind::Problem;
use infra_sdk::{Block, Choice, Object, Outputs, Resource};

use super::BucketName;
use crate::rules::Rules;

/// Where the access logs of a bucket go.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_s3_bucket_logging", outputs = BucketLoggingOutputs, validate = validate)]
pub struct BucketLogging {
    /// The bucket that is logged.
    #[field(force_new)]
    pub bucket: BucketName,
    /// The bucket that receives the logs, in the same region.
    pub target_bucket: BucketName,
    /// Prefix of the logs' keys; may be empty.
    pub target_prefix: String,
    /// How the rest of the keys is made; left out, AWS makes them flat.
    #[field(computed)]
    pub target_object_key_format: Option<KeyFormat>,
    /// The account that must own the bucket: twelve digits.
    #[field(force_new)]
    pub expected_bucket_owner: Option<String>,
}

/// How keys of logs are made. Exactly one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct KeyFormat {
    /// Partitions by account, region, bucket and date.
    pub partitioned_prefix: Option<PartitionedPrefix>,
    /// Prefix and time: `[prefix][YYYY]-[MM]-[DD]-[hh]-[mm]-[ss]-[unique]`.
    #[field(default = false)]
    pub simple_prefix: bool,
}

/// Partitions by account, region, bucket and date.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PartitionedPrefix {
    /// Which date.
    pub partition_date_source: PartitionDateSource,
}

/// Which date stands in the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PartitionDateSource {
    /// When the logged event was.
    #[choice("EventTime")]
    EventTime,
    /// When the log was delivered.
    #[choice("DeliveryTime")]
    DeliveryTime,
}

/// What identifies a [`BucketLogging`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct BucketLoggingOutputs {
    /// The bucket's name, and after a comma the account that must own it.
    pub id: String,
}

/// Exactly one key format. Source: S3 API Reference, TargetObjectKeyFormat.
fn validate(inputs: &Object) -> Vec<Problem> {
    let formats = ["partitioned_prefix", "simple_prefix"];
    let mut rules = Rules::new(inputs);
    rules.blocks("target_object_key_format", |format| {
        // `simple_prefix` is always given, and chooses a format only when it is on.
        match (format.has("partitioned_prefix"), format.may_be_true("simple_prefix")) {
            (true, true) => format.at_most_one(&formats),
            (false, false) => format.missing(&formats),
            _ => {}
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_s3::types::{
        BucketLoggingStatus, LoggingEnabled, PartitionDateSource as WireDateSource,
        PartitionedPrefix as WirePartitioned, SimplePrefix, TargetObjectKeyFormat,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;
    use crate::s3::common::{NO_BUCKET, join_id, split_id};

    impl Handler for BucketLogging {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "s3:PutBucketLogging",
            operations: &["s3:GetBucketLogging", "s3:PutBucketLogging"],
            actions: &["s3:GetBucketLogging", "s3:PutBucketLogging"],
            gone: &[NO_BUCKET],
            not_yet: &[(NO_BUCKET, ""), ("InvalidTargetBucketForLogging", "")],
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
            // An empty status switches logging off. Source: S3 API Reference, PutBucketLogging.
            aws.call(|| {
                aws.s3()
                    .put_bucket_logging()
                    .bucket(bucket)
                    .set_expected_bucket_owner(owner.map(str::to_owned))
                    .bucket_logging_status(BucketLoggingStatus::builder().build())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![join_id(want.bucket.as_str(), want.expected_bucket_owner.as_deref())])
        }
    }

    fn wire_format(format: &KeyFormat) -> TargetObjectKeyFormat {
        let partitioned = format.partitioned_prefix.as_ref().map(|prefix| {
            let source = WireDateSource::from(prefix.partition_date_source.as_str());
            WirePartitioned::builder().partition_date_source(source).build()
        });
        TargetObjectKeyFormat::builder()
            .set_partitioned_prefix(partitioned)
            .set_simple_prefix(format.simple_prefix.then(|| SimplePrefix::builder().build()))
            .build()
    }

    async fn put(aws: &Aws, want: &BucketLogging) -> Result<()> {
        let enabled = LoggingEnabled::builder()
            .target_bucket(want.target_bucket.as_str())
            .target_prefix(&want.target_prefix)
            .set_target_object_key_format(want.target_object_key_format.as_ref().map(wire_format))
            .build()
            .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))?;
        let status = BucketLoggingStatus::builder().logging_enabled(enabled).build();
        aws.call(|| {
            aws.s3()
                .put_bucket_logging()
                .bucket(want.bucket.as_str())
                .set_expected_bucket_owner(want.expected_bucket_owner.clone())
                .bucket_logging_status(status.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketLogging>>> {
        let (bucket, owner) = split_id(&item.id);
        let owner = owner.map(str::to_owned);
        let answer = aws
            .call(|| {
                let call = aws.s3().get_bucket_logging().bucket(bucket);
                call.set_expected_bucket_owner(owner.clone()).send()
            })
            .await?;
        let Some(enabled) = answer.logging_enabled else { return Ok(None) };
        let format = enabled.target_object_key_format.map(see_format).transpose()?;
        let inputs = BucketLogging {
            bucket: BucketName::new(bucket),
            target_bucket: BucketName::new(enabled.target_bucket),
            target_prefix: enabled.target_prefix,
            target_object_key_format: format,
            expected_bucket_owner: owner,
        };
        Ok(Some(Seen::new(inputs, BucketLoggingOutputs { id: item.id })))
    }

    fn see_format(format: TargetObjectKeyFormat) -> Result<KeyFormat> {
        let partitioned = format.partitioned_prefix.map(|prefix| {
            let source = prefix.partition_date_source.as_ref().map(WireDateSource::as_str);
            let partition_date_source = parsed(source, "PartitionDateSource")?;
            Ok(PartitionedPrefix { partition_date_source })
        });
        Ok(KeyFormat {
            partitioned_prefix: partitioned.transpose()?,
            simple_prefix: format.simple_prefix.is_some(),
        })
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn keys_have_one_format() {
        let check = |simple: Value, partitioned: Value| -> Vec<String> {
            let format = Object::from([
                ("simple_prefix".to_owned(), simple),
                ("partitioned_prefix".to_owned(), partitioned),
            ]);
            let inputs = [("target_object_key_format".to_owned(), Value::Map(format))];
            validate(&inputs.into())
                .into_iter()
                .map(|p| format!("{} {}", p.path, p.message))
                .collect()
        };
        let (on, off) = (Value::Bool(true), Value::Bool(false));
        let by_date = Object::from([("partition_date_source".to_owned(), "EventTime".into())]);
        let by_date = Value::Map(by_date);
        assert_eq!(check(on.clone(), Value::Null), [""; 0]);
        assert_eq!(check(off.clone(), by_date.clone()), [""; 0]);
        assert_eq!(check(Value::Unknown, Value::Null), [""; 0]);
        let format = "target_object_key_format";
        let both = "simple_prefix cannot be given together with `partitioned_prefix`";
        assert_eq!(check(on, by_date), [format!("{format}.{both}")]);
        let none =
            "partitioned_prefix is missing: give one of `partitioned_prefix`, `simple_prefix`";
        assert_eq!(check(off, Value::Null), [format!("{format}.{none}")]);
        assert_eq!(validate(&Object::new()), []);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::Bucket;

    fn logging(stack: &mut infra_sdk::Stack, name: &str, prefix: &str) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-logged")));
        let target = stack.add("target", Bucket::new(format!("{name}-logs")));
        stack.add("it", BucketLogging::new(bucket.id(), target.id(), prefix));
    }

    conforms!(
        aws_s3_bucket_logging,
        Fixture {
            base: |stack, name| logging(stack, name, "logs/"),
            update: Some(|stack, name| logging(stack, name, "access/")),
            replace: None,
            gaps: &[],
        }
    );
}
