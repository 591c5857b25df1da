//! Connections to AWS: configuration, credentials, region, account guard, and one client a service.
//!
//! The main types are [`Account`], who we are, and [`Aws`], the clients of one account and region,
//! which handlers are given. Clients are made when they are first used.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::types::{Arn, partition_of};

use super::error::{Result, missing};
use super::limiter::Limiter;
use super::silence::Silence;

/// How to reach AWS.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// The environment's region.
    pub region: String,
    /// Another endpoint than AWS's own, for all services.
    pub endpoint_url: Option<String>,
    /// Credentials for an endpoint that is not AWS: access key and secret. `None` uses the SDK's
    /// standard chain.
    pub credentials: Option<(String, String)>,
    /// The only account that may be used.
    pub account: Option<String>,
    /// Tags for everything that has tags.
    pub default_tags: BTreeMap<String, String>,
    /// How long a new object may take to be found by a search, where it is not the time that fits
    /// AWS: what a lost create made is not given up before.
    pub visible_within: Option<Duration>,
}

/// Who the caller is, as AWS says. Source: STS GetCallerIdentity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// ARN of the user or role.
    pub arn: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
}

/// The clients of one account and region.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    region: String,
    path_style: bool,
    account: OnceLock<Account>,
    limiter: Limiter,
    silence: Silence,
    ec2: OnceLock<aws_sdk_ec2::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
}

/// The SDK's configuration for a connection. The SDK sets no time-outs but for connecting and
/// retries creates that must not be repeated; both are set here.
pub async fn configure(connection: &Connection) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .read_timeout(Duration::from_secs(30))
        .operation_attempt_timeout(Duration::from_secs(60))
        .operation_timeout(Duration::from_secs(65))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(connection.region.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(endpoint) = &connection.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some((key, secret)) = &connection.credentials {
        loader = loader.credentials_provider(Credentials::new(key, secret, None, None, "sandbox"));
    }
    loader.load().await
}

impl Aws {
    /// The clients of a configuration, in its region.
    #[must_use]
    pub fn new(config: SdkConfig) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        // Bucket names are host names at AWS; an endpoint of one's own has no DNS for them.
        let path_style = config.endpoint_url().is_some();
        Self {
            config,
            region,
            path_style,
            account: OnceLock::new(),
            limiter: Limiter::default(),
            silence: Silence::default(),
            ec2: OnceLock::new(),
            iam: OnceLock::new(),
            kms: OnceLock::new(),
            logs: OnceLock::new(),
            s3: OnceLock::new(),
            sts: OnceLock::new(),
        }
    }

    /// The clients of the same account in another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        let other = Self::new(config);
        if let Some(account) = self.account.get() {
            // A fresh cell is empty, so this cannot fail.
            let _ = other.account.set(account.clone());
        }
        other
    }

    /// The region of these clients.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// An ARN of something in this region: services whose answers have none.
    #[must_use]
    pub fn arn<T>(&self, service: &str, account: &str, resource: &str) -> Arn<T> {
        let partition = self
            .account
            .get()
            .map_or_else(|| partition_of(&self.region), |account| account.partition.as_str());
        Arn::new(format!("arn:{partition}:{service}:{}:{account}:{resource}", self.region))
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    pub(crate) fn silence(&self) -> &Silence {
        &self.silence
    }

    /// Who answers calls of an operation, as a person knows it.
    pub(crate) fn endpoint_of(&self, operation: &str) -> String {
        let service = operation.split(':').next().unwrap_or_default();
        match self.config.endpoint_url() {
            Some(url) => format!("the endpoint {url} of {service}"),
            None => format!("AWS's endpoint of {service} in {}", self.region),
        }
    }

    /// Who the caller is; asked once.
    ///
    /// # Errors
    /// When there are no credentials, or STS cannot be reached.
    pub async fn account(&self) -> Result<&Account> {
        if let Some(account) = self.account.get() {
            return Ok(account);
        }
        let identity = self.call(|| self.sts().get_caller_identity().send()).await?;
        let id = identity.account.ok_or_else(|| missing("Account"))?;
        let arn = identity.arn.ok_or_else(|| missing("Arn"))?;
        let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok(self.account.get_or_init(|| Account { id, arn, partition }))
    }

    /// Refuses every account but the one that the environment names.
    ///
    /// # Errors
    /// When the caller's account is another one.
    pub async fn guard(&self, expected: Option<&str>) -> Result<&Account> {
        let account = self.account().await?;
        match expected {
            Some(expected) if expected != account.id => {
                let message = format!(
                    "the credentials are of account {}, and the environment is of account {expected}",
                    account.id
                );
                let mut failure = Failure::new(FailureClass::Denied, message);
                failure.hints =
                    vec![format!("use credentials of account {expected}, or correct infra.toml")];
                Err(failure)
            }
            _ => Ok(account),
        }
    }

    /// EC2: networks.
    pub fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.ec2.get_or_init(|| aws_sdk_ec2::Client::new(&self.config))
    }

    /// IAM: identities and policies.
    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.iam.get_or_init(|| aws_sdk_iam::Client::new(&self.config))
    }

    /// KMS: keys.
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| aws_sdk_kms::Client::new(&self.config))
    }

    /// CloudWatch Logs.
    pub fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.logs.get_or_init(|| aws_sdk_cloudwatchlogs::Client::new(&self.config))
    }

    /// S3: buckets.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.config)
                .force_path_style(self.path_style)
                .build();
            aws_sdk_s3::Client::from_conf(config)
        })
    }

    /// STS: who we are.
    pub fn sts(&self) -> &aws_sdk_sts::Client {
        self.sts.get_or_init(|| aws_sdk_sts::Client::new(&self.config))
    }
}
