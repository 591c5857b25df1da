//! Making the bucket in which states are shared, or mending one that is there.
//!
//! The main function is [`bootstrap`]. It looks at each setting first, changes what is not as it
//! should be, keeps what others have set, and says what it did. Running it again changes nothing.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
};
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, VersioningConfiguration,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::FutureExt as _;
use infra_sdk::store::StoreError;
use infra_sdk::types::partition_of;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::bucket::{PATIENCE, Pause, Trouble, chain, client, configure, judge};
use super::cell::KEY;
use super::location::{S3Location, states_prefix};
use crate::config::deep;

/// How long old versions of objects are kept: long enough to notice a mistake.
const KEPT_DAYS: i32 = 90;
const RULE: &str = "infra-state-old-versions";
const TLS: &str = "InfraStateTlsOnly";
const CONDITIONAL: &str = "InfraStateConditionalWrites";

/// What bootstrapping did, in words for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bootstrapped {
    /// What was made or changed.
    pub changed: Vec<String>,
    /// What was as it should be.
    pub kept: Vec<String>,
}

/// The bucket and what its settings are asked with.
struct Setup<'a> {
    location: &'a S3Location,
    client: Client,
    report: Bootstrapped,
}

/// Makes the bucket: versioned, encrypted, private, reached through TLS alone, written under
/// conditions alone; and the table of the lock, where one is configured. What is there is checked
/// and mended. Needs a Tokio runtime.
///
/// # Errors
/// `Unavailable` when the bucket is somebody else's, or a call is denied or does not work.
pub async fn bootstrap(location: &S3Location) -> Result<Bootstrapped, StoreError> {
    deep(set_up(location)).await
}

async fn set_up(location: &S3Location) -> Result<Bootstrapped, StoreError> {
    let config = configure(location).await;
    let report = Bootstrapped::default();
    let mut setup = Setup { location, client: client(&config), report };
    setup.bucket().await?;
    setup.public_access().await?;
    setup.versioning().await?;
    setup.encryption().await?;
    setup.lifecycle().await?;
    setup.policy().await?;
    setup.table(&config).await?;
    Ok(setup.report)
}

impl Setup<'_> {
    async fn bucket(&mut self) -> Result<(), StoreError> {
        let name = &self.location.bucket;
        let there = self
            .ask("look for", || async {
                match self.client.head_bucket().bucket(name).send().boxed().await {
                    Ok(_) => Ok(true),
                    Err(error) => absent(&error).map(|()| false),
                }
            })
            .await?;
        let what = format!("the bucket {name} in {}", self.location.region);
        if there {
            self.report.kept.push(what);
            return Ok(());
        }
        // The oldest region is the one that must not be named. Source: S3 API, CreateBucket.
        let region = &self.location.region;
        let place = (region != "us-east-1").then(|| {
            let constraint = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        self.ask("make", || async {
            let request = self.client.create_bucket().bucket(name);
            match request.set_create_bucket_configuration(place.clone()).send().boxed().await {
                Ok(_) => Ok(()),
                // An earlier try, whose reply was lost.
                Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
                Err(error) => Err(judge(&error)),
            }
        })
        .await?;
        self.report.changed.push(what);
        Ok(())
    }

    async fn public_access(&mut self) -> Result<(), StoreError> {
        let name = &self.location.bucket;
        let wanted = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let found = self
            .ask("read the public access settings of", || async {
                match self.client.get_public_access_block().bucket(name).send().boxed().await {
                    Ok(answer) => Ok(answer.public_access_block_configuration),
                    Err(error) => absent(&error).map(|()| None),
                }
            })
            .await?;
        let right = found.as_ref() == Some(&wanted);
        if !right {
            self.ask("block public access to", || async {
                let request = self.client.put_public_access_block().bucket(name);
                let request = request.public_access_block_configuration(wanted.clone());
                request.send().boxed().await.map(drop).map_err(|error| judge(&error))
            })
            .await?;
        }
        self.note(right, "all public access is blocked");
        Ok(())
    }

    async fn versioning(&mut self) -> Result<(), StoreError> {
        let name = &self.location.bucket;
        let found = self
            .ask("read the versioning of", || async {
                let sent = self.client.get_bucket_versioning().bucket(name).send().boxed().await;
                sent.map(|answer| answer.status).map_err(|error| judge(&error))
            })
            .await?;
        let right = found == Some(BucketVersioningStatus::Enabled);
        if !right {
            let on = BucketVersioningStatus::Enabled;
            let wanted = VersioningConfiguration::builder().status(on).build();
            self.ask("switch on the versioning of", || async {
                let request = self.client.put_bucket_versioning().bucket(name);
                let sent = request.versioning_configuration(wanted.clone()).send().boxed().await;
                sent.map(drop).map_err(|error| judge(&error))
            })
            .await?;
        }
        self.note(right, "old versions of objects are kept");
        Ok(())
    }

    async fn encryption(&mut self) -> Result<(), StoreError> {
        let name = &self.location.bucket;
        let (algorithm, words) = match &self.location.kms_key_id {
            Some(id) => (ServerSideEncryption::AwsKms, format!("encrypted with the KMS key {id}")),
            None => (ServerSideEncryption::Aes256, "encrypted with S3's own key".to_owned()),
        };
        let found = self
            .ask("read the encryption of", || async {
                match self.client.get_bucket_encryption().bucket(name).send().boxed().await {
                    Ok(answer) => Ok(answer.server_side_encryption_configuration),
                    Err(error) => absent(&error).map(|()| None),
                }
            })
            .await?;
        let defaults = found.iter().flat_map(|found| found.rules());
        let right = defaults.filter_map(|rule| rule.apply_server_side_encryption_by_default()).any(
            |rule| {
                *rule.sse_algorithm() == algorithm
                    && rule.kms_master_key_id() == self.location.kms_key_id.as_deref()
            },
        );
        if !right {
            let default = ServerSideEncryptionByDefault::builder()
                .sse_algorithm(algorithm.clone())
                .set_kms_master_key_id(self.location.kms_key_id.clone())
                .build()
                .map_err(|error| self.unavailable("encrypt", chain(&error)))?;
            // A bucket key saves most of the calls to KMS.
            let kms = algorithm == ServerSideEncryption::AwsKms;
            let rule = ServerSideEncryptionRule::builder()
                .apply_server_side_encryption_by_default(default)
                .bucket_key_enabled(kms)
                .build();
            let wanted = ServerSideEncryptionConfiguration::builder().rules(rule).build();
            let wanted = wanted.map_err(|error| self.unavailable("encrypt", chain(&error)))?;
            self.ask("encrypt", || async {
                let request = self.client.put_bucket_encryption().bucket(name);
                let request = request.server_side_encryption_configuration(wanted.clone());
                request.send().boxed().await.map(drop).map_err(|error| judge(&error))
            })
            .await?;
        }
        self.note(right, &words);
        Ok(())
    }

    async fn lifecycle(&mut self) -> Result<(), StoreError> {
        let name = &self.location.bucket;
        let expiry = NoncurrentVersionExpiration::builder().noncurrent_days(KEPT_DAYS).build();
        // What compaction deletes leaves markers behind, which make every list slower.
        let markers = LifecycleExpiration::builder().expired_object_delete_marker(true).build();
        let filter = LifecycleRuleFilter::builder().prefix(states_prefix(self.location)?).build();
        let wanted = LifecycleRule::builder()
            .id(RULE)
            .status(ExpirationStatus::Enabled)
            .filter(filter)
            .expiration(markers)
            .noncurrent_version_expiration(expiry)
            .build()
            .map_err(|error| self.unavailable("set the lifecycle of", chain(&error)))?;
        let found = self
            .ask("read the lifecycle of", || async {
                let request = self.client.get_bucket_lifecycle_configuration().bucket(name);
                match request.send().boxed().await {
                    Ok(answer) => Ok(answer.rules.unwrap_or_default()),
                    Err(error) => absent(&error).map(|()| Vec::new()),
                }
            })
            .await?;
        let right = found.iter().any(|rule| {
            rule.id() == Some(RULE)
                && rule.status() == wanted.status()
                && rule.filter() == wanted.filter()
                && rule.expiration() == wanted.expiration()
                && rule.noncurrent_version_expiration() == wanted.noncurrent_version_expiration()
        });
        if !right {
            let others = found.into_iter().filter(|rule| rule.id() != Some(RULE));
            let rules = others.chain([wanted]).collect();
            let all = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
            let all =
                all.map_err(|error| self.unavailable("set the lifecycle of", chain(&error)))?;
            self.ask("set the lifecycle of", || async {
                let request = self.client.put_bucket_lifecycle_configuration().bucket(name);
                let sent = request.lifecycle_configuration(all.clone()).send().boxed().await;
                sent.map(drop).map_err(|error| judge(&error))
            })
            .await?;
        }
        self.note(right, &format!("old versions are deleted after {KEPT_DAYS} days"));
        Ok(())
    }

    async fn policy(&mut self) -> Result<(), StoreError> {
        let name = &self.location.bucket;
        let found = self
            .ask("read the policy of", || async {
                match self.client.get_bucket_policy().bucket(name).send().boxed().await {
                    Ok(answer) => Ok(answer.policy),
                    Err(error) => absent(&error).map(|()| None),
                }
            })
            .await?;
        let mut policy: Json = match &found {
            Some(text) => serde_json::from_str(text)
                .map_err(|error| self.unavailable("read the policy of", error.to_string()))?,
            None => json!({"Version": "2012-10-17", "Statement": []}),
        };
        let before = policy.clone();
        // A single statement may stand without a list.
        let mut statements = match policy["Statement"].take() {
            Json::Array(statements) => statements,
            Json::Null => Vec::new(),
            one => vec![one],
        };
        statements.retain(|one| one["Sid"] != TLS && one["Sid"] != CONDITIONAL);
        statements.extend(statements_of(self.location)?);
        policy["Statement"] = Json::Array(statements);
        let right = policy == before;
        if !right {
            let text = policy.to_string();
            self.ask("set the policy of", || async {
                let sent =
                    self.client.put_bucket_policy().bucket(name).policy(&text).send().boxed().await;
                sent.map(drop).map_err(|error| judge(&error))
            })
            .await?;
        }
        let words = match self.location.lock_table {
            None => "requests need TLS, and writes of states need a condition",
            Some(_) => "requests need TLS",
        };
        self.note(right, words);
        Ok(())
    }

    async fn table(&mut self, config: &SdkConfig) -> Result<(), StoreError> {
        let Some(table) = &self.location.lock_table else { return Ok(()) };
        let client = aws_sdk_dynamodb::Client::new(config);
        let status = || async {
            match client.describe_table().table_name(table).send().boxed().await {
                Ok(answer) => Ok(answer.table.and_then(|table| table.table_status)),
                Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
                Err(error) => Err(judge(&error)),
            }
        };
        let what = format!("the DynamoDB table {table}");
        let there = self.ask("look for the lock table of", status).await?;
        if there.is_none() {
            let refuse = |error| self.unavailable("make the lock table of", error);
            let key = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash);
            let key = key.build().map_err(|error| refuse(chain(&error)))?;
            let attribute = AttributeDefinition::builder()
                .attribute_name(KEY)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .map_err(|error| refuse(chain(&error)))?;
            self.ask("make the lock table of", || async {
                let request = client.create_table().table_name(table).key_schema(key.clone());
                let request = request.attribute_definitions(attribute.clone());
                match request.billing_mode(BillingMode::PayPerRequest).send().boxed().await {
                    Ok(_) => Ok(()),
                    // An earlier try, whose reply was lost.
                    Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
                    Err(error) => Err(judge(&error)),
                }
            })
            .await?;
        }
        let until = Instant::now() + PATIENCE * 2;
        while self.ask("wait for the lock table of", status).await? != Some(TableStatus::Active) {
            if Instant::now() >= until {
                let reason = format!("{what} is not active yet; run it again");
                return Err(self.unavailable("wait for the lock table of", reason));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.note(there.is_some(), &what);
        Ok(())
    }

    fn note(&mut self, right: bool, what: &str) {
        let list = if right { &mut self.report.kept } else { &mut self.report.changed };
        list.push(what.to_owned());
    }

    /// Asks again while the service has troubles. Every question here can be asked twice.
    async fn ask<T, F: Future<Output = Result<T, Trouble>>>(
        &self,
        verb: &str,
        question: impl Fn() -> F,
    ) -> Result<T, StoreError> {
        let mut pause = Pause::until(Instant::now() + PATIENCE);
        loop {
            match question().await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Unsure(reason)) => pause.wait(&reason).await,
                // Settings of a bucket that was made just now are in each other's way.
                Err(Trouble::Conflict) => pause.wait("another change is in the way").await,
                Err(other) => Err(other.text()),
            }
            .map_err(|reason| self.unavailable(verb, reason))?;
        }
    }

    fn unavailable(&self, verb: &str, reason: String) -> StoreError {
        let action = format!("{verb} the bucket {}", self.location.bucket);
        StoreError::Unavailable { action, reason }
    }
}

/// Our statements. Source: S3 user guide, enforce conditional writes; S3 security best practices.
fn statements_of(location: &S3Location) -> Result<Vec<Json>, StoreError> {
    let arn = format!("arn:{}:s3:::{}", partition_of(&location.region), location.bucket);
    let mut statements = vec![json!({
        "Sid": TLS,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })];
    if location.lock_table.is_none() {
        statements.push(json!({
            "Sid": CONDITIONAL,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": format!("{arn}/{}*", states_prefix(location)?),
            "Condition": {
                "Null": {"s3:if-match": "true", "s3:if-none-match": "true"},
                "Bool": {"s3:ObjectCreationOperation": "true"},
            },
        }));
    }
    Ok(statements)
}

/// Whether an error says that there is no such thing; else what is wrong. Codes: S3 API reference,
/// the operation's errors.
fn absent<E>(error: &SdkError<E, HttpResponse>) -> Result<(), Trouble>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some(
            "NotFound"
            | "NoSuchPublicAccessBlockConfiguration"
            | "ServerSideEncryptionConfigurationNotFoundError"
            | "NoSuchLifecycleConfiguration"
            | "NoSuchBucketPolicy",
        ) => Ok(()),
        _ => Err(judge(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_denies_writes_without_a_condition_below_the_prefix() {
        let mut location = S3Location {
            bucket: "states".to_owned(),
            prefix: "team".to_owned(),
            region: "cn-north-1".to_owned(),
            endpoint_url: None,
            credentials: None,
            kms_key_id: None,
            lock_table: None,
            lease: S3Location::LEASE,
            key: "state.key".into(),
        };
        let statements = statements_of(&location).expect("good names");
        assert_eq!(statements[0]["Resource"][0], "arn:aws-cn:s3:::states");
        let conditional = json!({
            "Sid": "InfraStateConditionalWrites",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": "arn:aws-cn:s3:::states/team/*",
            "Condition": {
                "Null": {"s3:if-match": "true", "s3:if-none-match": "true"},
                "Bool": {"s3:ObjectCreationOperation": "true"},
            },
        });
        assert_eq!(statements[1..], [conditional]);
        location.lock_table = Some("locks".to_owned());
        assert_eq!(statements_of(&location).expect("good names").len(), 1);
    }
}
