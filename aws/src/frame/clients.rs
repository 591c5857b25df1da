//! Connections to AWS: configuration, credentials, region, account guard, and one client a service.
//!
//! The main types are [`Account`], who we are, and [`Aws`], the clients of one account and region,
//! which handlers are given. Clients are made when they are first used, and copies of [`Aws`] share
//! them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::types::{Arn, partition_of};

use super::answered::Answered;
use super::error::{Result, missing};
use super::held_up::HeldUp;
use super::limiter::{Limiter, Limits};
use super::readings::Readings;
use super::silence::Silence;
use super::whole::Whole;

/// Name of our sessions, as CloudTrail shows it.
const SESSION: &str = "infra";

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
    /// When credentials that stand in environment variables end, where that is known: the SDK does
    /// not ask.
    pub credentials_expire: Option<SystemTime>,
    /// Other accounts that resources of the stack may be in, by the name of their `provider`
    /// option.
    pub accounts: BTreeMap<String, OtherAccount>,
    /// Where runs leave the limits on calls that they found, for the next one. Its folder is there, or
    /// nothing is kept.
    pub limits: Option<PathBuf>,
}

/// How to act in another account than the environment's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherAccount {
    /// The role to assume there, with the environment's own credentials.
    pub role_arn: String,
    /// What the role's trust policy may ask for. Source: IAM user guide, confused deputy.
    pub external_id: Option<String>,
    /// The only account that may be used.
    pub account: Option<String>,
    /// The region where the resource names none; the environment's without it.
    pub region: Option<String>,
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

/// Services whose buckets are of an account and not of a region.
const GLOBAL: [&str; 2] = ["iam", "route53"];

/// The clients of one account and region.
#[derive(Debug, Clone)]
pub struct Aws {
    place: Arc<InPlace>,
    /// What is asked together, during a read.
    readings: Option<Arc<Readings>>,
}

/// What all copies share.
#[derive(Debug)]
struct InPlace {
    config: SdkConfig,
    region: String,
    path_style: bool,
    account: OnceLock<Account>,
    limits: Arc<Limits>,
    clients: Clients,
    silence: Silence,
    s3: OnceLock<aws_sdk_s3::Client>,
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

/// The configuration for another account: its role is assumed with the credentials of `own`.
pub async fn assume(own: &SdkConfig, other: &OtherAccount) -> SdkConfig {
    let mut role =
        AssumeRoleProvider::builder(&other.role_arn).session_name(SESSION).configure(own);
    if let Some(id) = &other.external_id {
        role = role.external_id(id);
    }
    let credentials = role.build().await;
    let mut config = own
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .identity_cache(IdentityCache::lazy().build());
    if let Some(region) = &other.region {
        config = config.region(Region::new(region.clone()));
    }
    config.build()
}

impl Aws {
    /// The clients of a configuration, in its region, with limits of their own.
    #[must_use]
    pub fn new(config: SdkConfig) -> Self {
        Self::limited(config, Arc::default())
    }

    /// The clients of a configuration, in its region.
    #[must_use]
    pub fn limited(config: SdkConfig, limits: Arc<Limits>) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        // Bucket names are host names at AWS; an endpoint of one's own has no DNS for them.
        let path_style = config.endpoint_url().is_some();
        let place = InPlace {
            config,
            region,
            path_style,
            account: OnceLock::new(),
            limits,
            clients: Clients::default(),
            silence: Silence::default(),
            s3: OnceLock::new(),
        };
        Self { place: Arc::new(place), readings: None }
    }

    /// The clients of the same account in another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let InPlace { config, limits, account, .. } = &*self.place;
        let config = config.to_builder().region(Region::new(region.to_owned())).build();
        let other = Self::limited(config, Arc::clone(limits));
        if let Some(account) = account.get() {
            // A fresh cell is empty, so this cannot fail.
            let _ = other.place.account.set(account.clone());
        }
        other
    }

    /// The same clients for one read, which asks together what `announce` says.
    pub(crate) fn reading(&self, announce: impl FnOnce(&Readings)) -> Self {
        let readings = Readings::default();
        announce(&readings);
        Self { place: Arc::clone(&self.place), readings: Some(Arc::new(readings)) }
    }

    /// Whether these are the same clients.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.place, &other.place)
    }

    /// The region of these clients.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.place.region
    }

    /// An ARN of something in this region: services whose answers have none.
    #[must_use]
    pub fn arn<T>(&self, service: &str, account: &str, resource: &str) -> Arn<T> {
        let partition = self
            .place
            .account
            .get()
            .map_or_else(|| partition_of(&self.place.region), |account| account.partition.as_str());
        Arn::new(format!("arn:{partition}:{service}:{}:{account}:{resource}", self.place.region))
    }

    pub(crate) fn config(&self) -> &SdkConfig {
        &self.place.config
    }

    /// The limits on calls of an operation. Whose they are is known once AWS said who we are; until
    /// then nothing but that is asked.
    pub(crate) fn limiter(&self, operation: &str) -> Arc<Limiter> {
        let account = self.place.account.get().map_or("", |account| account.id.as_str());
        let service = operation.split(':').next().unwrap_or_default();
        let region = if GLOBAL.contains(&service) { "global" } else { self.region() };
        self.place.limits.of(account, region)
    }

    pub(crate) fn readings(&self) -> Option<&Readings> {
        self.readings.as_deref()
    }

    pub(crate) fn silence(&self) -> &Silence {
        &self.place.silence
    }

    pub(crate) fn held_up(&self) -> &HeldUp {
        self.place.limits.held_up()
    }

    /// Who answers calls of an operation, as a person knows it.
    pub(crate) fn endpoint_of(&self, operation: &str) -> String {
        let service = operation.split(':').next().unwrap_or_default();
        match self.place.config.endpoint_url() {
            Some(url) => format!("the endpoint {url} of {service}"),
            None => format!("AWS's endpoint of {service} in {}", self.place.region),
        }
    }

    /// Who the caller is; asked once.
    ///
    /// # Errors
    /// When there are no credentials, or STS cannot be reached.
    pub async fn account(&self) -> Result<&Account> {
        if let Some(account) = self.place.account.get() {
            return Ok(account);
        }
        let identity = self.call(|| self.sts().get_caller_identity().send()).await?;
        let id = identity.account.ok_or_else(|| missing("Account"))?;
        let arn = identity.arn.ok_or_else(|| missing("Arn"))?;
        let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok(self.place.account.get_or_init(|| Account { id, arn, partition }))
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

    /// S3: buckets.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.place.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.place.config)
                .force_path_style(self.place.path_style)
                .interceptor(Whole)
                .interceptor(Answered)
                .build();
            aws_sdk_s3::Client::from_conf(config)
        })
    }
}

/// A client of each service, made when it is first asked for.
macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $sdk:ident,)*) => {
        #[derive(Debug, Default)]
        struct Clients {
            $($name: OnceLock<$sdk::Client>,)*
        }

        impl Aws {
            $(
                $(#[$doc])*
                pub fn $name(&self) -> &$sdk::Client {
                    self.place.clients.$name.get_or_init(|| {
                        let config = $sdk::config::Builder::from(&self.place.config);
                        let config = config.interceptor(Whole).interceptor(Answered);
                        $sdk::Client::from_conf(config.build())
                    })
                }
            )*
        }
    };
}

clients! {
    /// ACM: certificates.
    acm: aws_sdk_acm,
    /// Application Auto Scaling: ECS services, tables and others that follow a metric.
    application_autoscaling: aws_sdk_applicationautoscaling,
    /// EC2 Auto Scaling: groups of instances.
    autoscaling: aws_sdk_autoscaling,
    /// AWS Backup.
    backup: aws_sdk_backup,
    /// CloudTrail.
    cloudtrail: aws_sdk_cloudtrail,
    /// CloudWatch: alarms and dashboards.
    cloudwatch: aws_sdk_cloudwatch,
    /// DynamoDB.
    dynamodb: aws_sdk_dynamodb,
    /// EC2: networks and instances.
    ec2: aws_sdk_ec2,
    /// ECR: image repositories.
    ecr: aws_sdk_ecr,
    /// ECS: containers.
    ecs: aws_sdk_ecs,
    /// EKS: Kubernetes clusters.
    eks: aws_sdk_eks,
    /// ElastiCache.
    elasticache: aws_sdk_elasticache,
    /// Elastic Load Balancing, version 2: application and network load balancers.
    elbv2: aws_sdk_elasticloadbalancingv2,
    /// EventBridge.
    events: aws_sdk_eventbridge,
    /// IAM: identities and policies.
    iam: aws_sdk_iam,
    /// KMS: keys.
    kms: aws_sdk_kms,
    /// Lambda.
    lambda: aws_sdk_lambda,
    /// CloudWatch Logs.
    logs: aws_sdk_cloudwatchlogs,
    /// RDS.
    rds: aws_sdk_rds,
    /// Route 53.
    route53: aws_sdk_route53,
    /// Secrets Manager.
    secretsmanager: aws_sdk_secretsmanager,
    /// SNS.
    sns: aws_sdk_sns,
    /// SQS.
    sqs: aws_sdk_sqs,
    /// Systems Manager: parameters.
    ssm: aws_sdk_ssm,
    /// STS: who we are.
    sts: aws_sdk_sts,
    /// WAF, version 2.
    wafv2: aws_sdk_wafv2,
}
