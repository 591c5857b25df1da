//! What the tests of rules have in common: a plan of a few declarations, and where it breaks a rule.

use infra_sdk::checks::{PlanView, Rule, Severity, preview};
use infra_sdk::{Environment, Schema, Stack};

use crate::{
    cloudtrail, dynamodb, ec2, ecr, eks, elasticache, elbv2, kms, logs, rds, s3, secretsmanager,
    sns, sqs, wafv2,
};

/// The types that the rules look at.
const SCHEMAS: &[&Schema] = &[
    &cloudtrail::Trail::SCHEMA,
    &dynamodb::Table::SCHEMA,
    &ec2::EbsVolume::SCHEMA,
    &ec2::FlowLog::SCHEMA,
    &ec2::LaunchTemplate::SCHEMA,
    &ec2::SecurityGroupIngressRule::SCHEMA,
    &ec2::Vpc::SCHEMA,
    &ecr::RegistryScanningConfiguration::SCHEMA,
    &ecr::Repository::SCHEMA,
    &eks::Cluster::SCHEMA,
    &elasticache::ReplicationGroup::SCHEMA,
    &elbv2::Listener::SCHEMA,
    &elbv2::LoadBalancer::SCHEMA,
    &kms::Key::SCHEMA,
    &logs::LogGroup::SCHEMA,
    &rds::Cluster::SCHEMA,
    &rds::ClusterInstance::SCHEMA,
    &rds::ClusterParameterGroup::SCHEMA,
    &rds::Instance::SCHEMA,
    &rds::ParameterGroup::SCHEMA,
    &s3::Bucket::SCHEMA,
    &s3::BucketPolicy::SCHEMA,
    &s3::BucketPublicAccessBlock::SCHEMA,
    &s3::BucketServerSideEncryptionConfiguration::SCHEMA,
    &s3::BucketVersioning::SCHEMA,
    &secretsmanager::Secret::SCHEMA,
    &secretsmanager::SecretRotation::SCHEMA,
    &sns::Topic::SCHEMA,
    &sqs::Queue::SCHEMA,
    &wafv2::WebAclAssociation::SCHEMA,
];

/// The plan of a new stack.
pub(super) fn plan(protected: bool, declare: impl FnOnce(&mut Stack)) -> PlanView {
    let environment =
        Environment { name: "test".to_owned(), region: "us-west-2".to_owned(), protected };
    preview(environment, SCHEMAS, declare)
}

/// Where a new stack breaks a rule: addresses, or `stack` for the stack as a whole.
pub(super) fn broken(rule: &Rule, declare: impl FnOnce(&mut Stack)) -> Vec<String> {
    addresses(rule, &plan(false, declare))
}

/// The same, in a protected environment.
pub(super) fn broken_when_protected(rule: &Rule, declare: impl FnOnce(&mut Stack)) -> Vec<String> {
    addresses(rule, &plan(true, declare))
}

/// How bad what is found is.
pub(super) fn severities(rule: &Rule, declare: impl FnOnce(&mut Stack)) -> Vec<Severity> {
    rule.look(&plan(false, declare)).iter().map(|finding| finding.severity).collect()
}

fn addresses(rule: &Rule, plan: &PlanView) -> Vec<String> {
    let found = rule.look(plan);
    let address = |f: &infra_sdk::checks::Finding| {
        f.address.as_ref().map_or_else(|| "stack".to_owned(), ToString::to_string)
    };
    found.iter().map(address).collect()
}
