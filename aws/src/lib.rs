//! AWS for `infra`: typed definitions of resource types, and behind the feature `provider` the
//! calls that make them real.
//!
//! A stack links this crate without the feature and compiles no AWS SDK. One folder a service, one
//! file a resource type, which holds the definition and its handler. Start reading at
//! [`ec2::vpc`], the exemplar, and at `frame` for what all types share.
//!
//! This crate never prints and knows neither the engine nor the store.

pub mod acm;
pub mod any_arn;
pub mod appautoscaling;
pub mod autoscaling;
pub mod backup;
pub mod checks;
pub mod cloudtrail;
pub mod cloudwatch;
#[cfg(feature = "provider")]
#[cfg(test)]
pub(crate) mod conformance;
pub mod dynamodb;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod eks;
pub mod elasticache;
pub mod elbv2;
pub mod events;
#[cfg(feature = "provider")]
pub mod frame;
pub mod iam;
pub mod kms;
pub mod lambda;
pub mod logs;
#[cfg(feature = "provider")]
pub(crate) mod prelude;
pub mod rds;
#[cfg(feature = "provider")]
#[cfg(test)]
mod reference;
pub mod route53;
pub(crate) mod rules;
#[cfg(test)]
mod rules_tests;
pub mod s3;
pub mod secretsmanager;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod sts;
#[cfg(feature = "provider")]
#[cfg(test)]
pub(crate) mod test_endpoint;
#[cfg(feature = "provider")]
pub mod types;
pub mod wafv2;

pub use any_arn::AnyArn;
#[cfg(feature = "provider")]
pub use frame::clients::{Connection, OtherAccount};
#[cfg(feature = "provider")]
pub use frame::provider::AwsProvider;
