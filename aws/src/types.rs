//! The registry: every resource type and data source, sorted by name. One line each.

use crate::frame::adapter::{Adapter, AnyHandler};
use crate::frame::lookup::LookupHandler;
use crate::{
    acm, appautoscaling, autoscaling, backup, cloudtrail, cloudwatch, dynamodb, ec2, ecr, ecs, eks,
    elasticache, elbv2, events, iam, kms, lambda, logs, rds, route53, s3, secretsmanager, sns, sqs,
    ssm, sts, wafv2,
};

/// Every resource type, sorted by name.
pub static TYPES: &[&dyn AnyHandler] = &[
    &Adapter::<acm::Certificate>::new(),
    &Adapter::<acm::CertificateValidation>::new(),
    &Adapter::<appautoscaling::Policy>::new(),
    &Adapter::<appautoscaling::ScheduledAction>::new(),
    &Adapter::<appautoscaling::Target>::new(),
    &Adapter::<autoscaling::Group>::new(),
    &Adapter::<backup::Plan>::new(),
    &Adapter::<backup::Selection>::new(),
    &Adapter::<backup::Vault>::new(),
    &Adapter::<cloudtrail::Trail>::new(),
    &Adapter::<cloudwatch::CompositeAlarm>::new(),
    &Adapter::<cloudwatch::Dashboard>::new(),
    &Adapter::<events::EventBus>::new(),
    &Adapter::<events::EventRule>::new(),
    &Adapter::<events::EventTarget>::new(),
    &Adapter::<logs::LogGroup>::new(),
    &Adapter::<logs::MetricFilter>::new(),
    &Adapter::<logs::ResourcePolicy>::new(),
    &Adapter::<logs::SubscriptionFilter>::new(),
    &Adapter::<cloudwatch::MetricAlarm>::new(),
    &Adapter::<rds::EventSubscription>::new(),
    &Adapter::<rds::Instance>::new(),
    &Adapter::<rds::InstanceAutomatedBackupsReplication>::new(),
    &Adapter::<rds::OptionGroup>::new(),
    &Adapter::<rds::ParameterGroup>::new(),
    &Adapter::<rds::SubnetGroup>::new(),
    &Adapter::<dynamodb::Table>::new(),
    &Adapter::<ec2::EbsVolume>::new(),
    &Adapter::<ecr::LifecyclePolicy>::new(),
    &Adapter::<ecr::RegistryScanningConfiguration>::new(),
    &Adapter::<ecr::ReplicationConfiguration>::new(),
    &Adapter::<ecr::Repository>::new(),
    &Adapter::<ecr::RepositoryPolicy>::new(),
    &Adapter::<ecs::Cluster>::new(),
    &Adapter::<ecs::ClusterCapacityProviders>::new(),
    &Adapter::<ecs::Service>::new(),
    &Adapter::<ecs::TaskDefinition>::new(),
    &Adapter::<ec2::Eip>::new(),
    &Adapter::<ec2::EipAssociation>::new(),
    &Adapter::<eks::AccessEntry>::new(),
    &Adapter::<eks::AccessPolicyAssociation>::new(),
    &Adapter::<eks::Addon>::new(),
    &Adapter::<eks::Cluster>::new(),
    &Adapter::<eks::FargateProfile>::new(),
    &Adapter::<eks::IdentityProviderConfig>::new(),
    &Adapter::<eks::NodeGroup>::new(),
    &Adapter::<eks::PodIdentityAssociation>::new(),
    &Adapter::<elasticache::ParameterGroup>::new(),
    &Adapter::<elasticache::ReplicationGroup>::new(),
    &Adapter::<elasticache::SubnetGroup>::new(),
    &Adapter::<elasticache::User>::new(),
    &Adapter::<elasticache::UserGroup>::new(),
    &Adapter::<ec2::FlowLog>::new(),
    &Adapter::<iam::AccessKey>::new(),
    &Adapter::<iam::AccountPasswordPolicy>::new(),
    &Adapter::<iam::Group>::new(),
    &Adapter::<iam::GroupPolicy>::new(),
    &Adapter::<iam::GroupPolicyAttachment>::new(),
    &Adapter::<iam::InstanceProfile>::new(),
    &Adapter::<iam::OpenIdConnectProvider>::new(),
    &Adapter::<iam::Policy>::new(),
    &Adapter::<iam::Role>::new(),
    &Adapter::<iam::RolePolicy>::new(),
    &Adapter::<iam::RolePolicyAttachment>::new(),
    &Adapter::<iam::ServiceLinkedRole>::new(),
    &Adapter::<iam::User>::new(),
    &Adapter::<iam::UserGroupMembership>::new(),
    &Adapter::<iam::UserPolicy>::new(),
    &Adapter::<iam::UserPolicyAttachment>::new(),
    &Adapter::<ec2::Instance>::new(),
    &Adapter::<ec2::InternetGateway>::new(),
    &Adapter::<ec2::KeyPair>::new(),
    &Adapter::<kms::Alias>::new(),
    &Adapter::<kms::Grant>::new(),
    &Adapter::<kms::Key>::new(),
    &Adapter::<kms::ReplicaKey>::new(),
    &Adapter::<lambda::Function>::new(),
    &Adapter::<lambda::Permission>::new(),
    &Adapter::<ec2::LaunchTemplate>::new(),
    &Adapter::<elbv2::LoadBalancer>::new(),
    &Adapter::<elbv2::Listener>::new(),
    &Adapter::<elbv2::ListenerCertificate>::new(),
    &Adapter::<elbv2::ListenerRule>::new(),
    &Adapter::<elbv2::TargetGroup>::new(),
    &Adapter::<elbv2::TargetGroupAttachment>::new(),
    &Adapter::<ec2::NatGateway>::new(),
    &Adapter::<ec2::NetworkAcl>::new(),
    &Adapter::<ec2::NetworkAclRule>::new(),
    &Adapter::<ec2::NetworkInterface>::new(),
    &Adapter::<rds::Cluster>::new(),
    &Adapter::<rds::ClusterInstance>::new(),
    &Adapter::<rds::ClusterParameterGroup>::new(),
    &Adapter::<ec2::Route>::new(),
    &Adapter::<route53::HealthCheck>::new(),
    &Adapter::<route53::Record>::new(),
    &Adapter::<route53::Zone>::new(),
    &Adapter::<route53::ZoneAssociation>::new(),
    &Adapter::<ec2::RouteTable>::new(),
    &Adapter::<ec2::RouteTableAssociation>::new(),
    &Adapter::<s3::Bucket>::new(),
    &Adapter::<s3::BucketCorsConfiguration>::new(),
    &Adapter::<s3::BucketLifecycleConfiguration>::new(),
    &Adapter::<s3::BucketLogging>::new(),
    &Adapter::<s3::BucketNotification>::new(),
    &Adapter::<s3::BucketOwnershipControls>::new(),
    &Adapter::<s3::BucketPolicy>::new(),
    &Adapter::<s3::BucketPublicAccessBlock>::new(),
    &Adapter::<s3::BucketReplicationConfiguration>::new(),
    &Adapter::<s3::BucketServerSideEncryptionConfiguration>::new(),
    &Adapter::<s3::BucketVersioning>::new(),
    &Adapter::<s3::BucketObject>::new(),
    &Adapter::<secretsmanager::Secret>::new(),
    &Adapter::<secretsmanager::SecretPolicy>::new(),
    &Adapter::<secretsmanager::SecretRotation>::new(),
    &Adapter::<secretsmanager::SecretVersion>::new(),
    &Adapter::<ec2::SecurityGroup>::new(),
    &Adapter::<sns::Topic>::new(),
    &Adapter::<sns::TopicPolicy>::new(),
    &Adapter::<sns::TopicSubscription>::new(),
    &Adapter::<sqs::Queue>::new(),
    &Adapter::<sqs::QueuePolicy>::new(),
    &Adapter::<sqs::QueueRedriveAllowPolicy>::new(),
    &Adapter::<sqs::QueueRedrivePolicy>::new(),
    &Adapter::<ssm::Parameter>::new(),
    &Adapter::<ec2::Subnet>::new(),
    &Adapter::<ec2::VolumeAttachment>::new(),
    &Adapter::<ec2::Vpc>::new(),
    &Adapter::<ec2::VpcEndpoint>::new(),
    &Adapter::<ec2::SecurityGroupEgressRule>::new(),
    &Adapter::<ec2::SecurityGroupIngressRule>::new(),
    &Adapter::<wafv2::IpSet>::new(),
    &Adapter::<wafv2::RegexPatternSet>::new(),
    &Adapter::<wafv2::RuleGroup>::new(),
    &Adapter::<wafv2::WebAcl>::new(),
    &Adapter::<wafv2::WebAclAssociation>::new(),
    &Adapter::<wafv2::WebAclLoggingConfiguration>::new(),
];

/// Every data source, sorted by name.
pub static LOOKUPS: &[&LookupHandler] = &[
    &acm::certificate_lookup::handler::HANDLER,
    &ec2::ami_lookup::handler::HANDLER,
    &ec2::availability_zones::handler::HANDLER,
    &sts::caller_identity::handler::HANDLER,
    &rds::snapshot::handler::HANDLER,
    &ecr::image_lookup::handler::HANDLER,
    &eks::addon_version::handler::HANDLER,
    &eks::cluster_lookup::handler::HANDLER,
    &eks::cluster_auth::handler::HANDLER,
    &elasticache::replication_group_lookup::handler::HANDLER,
    &iam::policy_lookup::handler::HANDLER,
    &iam::role_lookup::handler::HANDLER,
    &kms::alias_lookup::handler::HANDLER,
    &kms::key_lookup::handler::HANDLER,
    &elbv2::load_balancer_lookup::handler::HANDLER,
    &elbv2::listener_lookup::handler::HANDLER,
    &sts::partition::handler::HANDLER,
    &rds::engine_version::handler::HANDLER,
    &sts::region::handler::HANDLER,
    &route53::zone_lookup::handler::HANDLER,
    &s3::bucket_lookup::handler::HANDLER,
    &secretsmanager::secret_lookup::handler::HANDLER,
    &secretsmanager::version_lookup::handler::HANDLER,
    &ec2::security_group_lookup::handler::HANDLER,
    &ssm::parameter_lookup::handler::HANDLER,
    &ec2::subnet_lookup::handler::ONE,
    &ec2::subnet_lookup::handler::ALL,
    &ec2::vpc_lookup::handler::HANDLER,
    &wafv2::lookups::handler::IP_SET,
    &wafv2::lookups::handler::WEB_ACL,
];

/// Lookups whose answer is another one each time. None of them is recorded.
pub static MOMENTARY: &[&str] = &[<eks::FindClusterAuth as infra_sdk::Lookup>::NAME];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::frame::calls::CreateClass;

    #[test]
    fn types_are_sorted_and_stand_once() {
        let names: Vec<_> = TYPES.iter().map(|handler| handler.schema().type_name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        let lookups: Vec<_> = LOOKUPS.iter().map(|lookup| lookup.schema.name).collect();
        assert!(lookups.windows(2).all(|pair| pair[0] < pair[1]), "{lookups:?}");
    }

    /// Types whose create really has no token, no name, no tags and no two ends.
    const UNRECOVERABLE: &[&str] = &["aws_iam_access_key"];

    #[test]
    fn every_type_declares_its_calls() {
        for handler in TYPES {
            let (name, calls) = (handler.schema().type_name, handler.calls());
            let neither = calls.class == CreateClass::Neither;
            assert_eq!(neither, UNRECOVERABLE.contains(&name), "{name} declares no class");
            assert!(calls.create.contains(':'), "{name} names no create operation");
            assert!(calls.operations.contains(&calls.create), "{name} does not list its create");
            assert!(!calls.actions.is_empty(), "{name} lists no IAM action");
            let inputs: Vec<_> = handler.schema().inputs.iter().map(|field| field.name).collect();
            assert!(calls.loose.iter().all(|loose| inputs.contains(loose)), "{name} has no such");
            for list in [calls.operations, calls.actions] {
                assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {list:?}");
            }
        }
    }

    #[test]
    fn every_attribute_is_documented_and_named_once() {
        for handler in TYPES {
            let schema = handler.schema();
            let mut names = BTreeSet::new();
            for field in schema.inputs.iter().chain(schema.outputs) {
                assert!(!field.doc.is_empty(), "{}.{}", schema.type_name, field.name);
                assert!(names.insert(field.name), "{}.{} twice", schema.type_name, field.name);
            }
            assert!(schema.output("id").is_some(), "{} has no id", schema.type_name);
        }
    }

    /// The records have but a digest of such a value, so that what is read back from them is
    /// without it.
    #[test]
    fn a_write_only_secret_may_be_left_out() {
        fn check(path: &str, fields: &[infra_sdk::Field]) {
            for field in fields {
                let path = format!("{path}.{}", field.name);
                let hidden = field.write_only && field.sensitive;
                assert!(!(hidden && field.required), "{path} must be an `Option`");
                inside(&path, &field.kind);
            }
        }
        fn inside(path: &str, kind: &infra_sdk::Kind) {
            match kind {
                infra_sdk::Kind::List(item)
                | infra_sdk::Kind::Set(item)
                | infra_sdk::Kind::Map(item) => inside(path, item),
                infra_sdk::Kind::Block(fields) => check(path, fields),
                _ => {}
            }
        }
        TYPES.iter().for_each(|handler| check(handler.schema().type_name, handler.schema().inputs));
    }
}
