//! A cluster: where services and tasks run. ECS answers a second create of a name with the cluster
//! that is there, so that a name is looked up before.
//!
//! API: CreateCluster, DescribeClusters, UpdateCluster, DeleteCluster, TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags};

use super::ClusterName;
use crate::AnyArn;
use crate::kms::KeyRef;
use crate::logs::LogGroupName;
use crate::rules::Rules;
use crate::s3::BucketName;

/// Where services and tasks run.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ecs_cluster", outputs = ClusterOutputs, validate = validate)]
pub struct Cluster {
    /// Name, unique in the region, at most 255 characters.
    #[field(force_new)]
    pub name: ClusterName,
    /// How commands are run in tasks, and how storage is encrypted. ECS cannot take it away again.
    #[field(computed)]
    pub configuration: Option<ClusterConfiguration>,
    /// Where services are found by default with Service Connect.
    pub service_connect_defaults: Option<ServiceConnectDefaults>,
    /// Settings; left out, those of the account.
    #[field(computed)]
    pub setting: BlockSet<ClusterSetting>,
    /// Tags.
    pub tags: Tags,
}

/// How commands are run in tasks, and how storage is encrypted.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ClusterConfiguration {
    /// How commands are run in tasks.
    pub execute_command_configuration: Option<ExecuteCommand>,
    /// How storage is encrypted.
    pub managed_storage_configuration: Option<ManagedStorage>,
}

/// How commands are run in tasks, by ECS Exec.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ExecuteCommand {
    /// Key that encrypts what goes between the client and the container.
    pub kms_key_id: Option<KeyRef>,
    /// Where commands and their output are written to.
    #[field(default = ExecuteCommandLogging::Default)]
    pub logging: ExecuteCommandLogging,
    /// The log, with [`ExecuteCommandLogging::Override`].
    pub log_configuration: Option<ExecuteCommandLog>,
}

/// Where commands and their output are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ExecuteCommandLogging {
    /// Nowhere.
    #[choice("NONE")]
    None,
    /// The log of the container, if it goes to CloudWatch Logs.
    #[choice("DEFAULT")]
    Default,
    /// The log that is given.
    #[choice("OVERRIDE")]
    Override,
}

/// A log of commands and their output.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ExecuteCommandLog {
    /// A log group.
    pub cloud_watch_log_group_name: Option<LogGroupName>,
    /// Whether the log group must be encrypted.
    #[field(default = false)]
    pub cloud_watch_encryption_enabled: bool,
    /// A bucket.
    pub s3_bucket_name: Option<BucketName>,
    /// Whether the bucket must be encrypted.
    #[field(default = false)]
    pub s3_bucket_encryption_enabled: bool,
    /// Beginning of the keys of objects.
    pub s3_key_prefix: Option<String>,
}

/// How storage is encrypted.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ManagedStorage {
    /// Key for the ephemeral storage of Fargate.
    pub fargate_ephemeral_storage_kms_key_id: Option<KeyRef>,
    /// Key for managed storage.
    pub kms_key_id: Option<KeyRef>,
}

/// Where services are found by default.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServiceConnectDefaults {
    /// ARN of a namespace of Cloud Map.
    pub namespace: AnyArn,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ClusterSetting {
    /// Which.
    pub name: ClusterSettingName,
    /// Its value.
    pub value: ContainerInsights,
}

/// Which setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClusterSettingName {
    /// Metrics of containers in CloudWatch.
    #[choice("containerInsights")]
    ContainerInsights,
}

/// How much Container Insights measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ContainerInsights {
    /// Also single containers.
    #[choice("enhanced")]
    Enhanced,
    /// Clusters, services and tasks.
    #[choice("enabled")]
    Enabled,
    /// Nothing.
    #[choice("disabled")]
    Disabled,
}

/// What AWS assigns to a [`Cluster`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ClusterOutputs {
    /// The cluster's ARN.
    pub id: Arn<Cluster>,
    /// The cluster's ARN.
    pub arn: Arn<Cluster>,
    /// `ACTIVE`, or what it is busy with.
    pub status: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.blocks("configuration", |rules| {
        rules.blocks("execute_command_configuration", |rules| {
            let log = &["log_configuration"];
            match rules.text("logging") {
                Some("OVERRIDE") => rules.required(log, "with `OVERRIDE`"),
                Some(other) => rules.without(log, &format!("with `{other}`")),
                None => {}
            }
            rules.blocks("log_configuration", |rules| {
                let places = ["cloud_watch_log_group_name", "s3_bucket_name"];
                if !places.iter().any(|name| rules.has(name)) {
                    rules.missing(&places);
                }
            });
        });
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_log_of_commands_is_given_just_when_it_is_wanted() {
        let check = |logging: &str, log: Option<Object>| -> Vec<String> {
            let mut command = Object::from([("logging".to_owned(), Value::from(logging))]);
            if let Some(log) = log {
                command.insert("log_configuration".to_owned(), Value::Map(log));
            }
            let configuration =
                Object::from([("execute_command_configuration".to_owned(), Value::Map(command))]);
            let inputs = Object::from([("configuration".to_owned(), Value::Map(configuration))]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        let group = Object::from([("cloud_watch_log_group_name".to_owned(), Value::from("/exec"))]);
        let under = "configuration.execute_command_configuration.log_configuration";
        assert_eq!(check("OVERRIDE", Some(group.clone())), [""; 0]);
        assert_eq!(check("DEFAULT", None), [""; 0]);
        assert_eq!(check("OVERRIDE", None), [under]);
        assert_eq!(check("NONE", Some(group)), [under]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::kms::Key;
    use crate::logs::LogGroup;

    fn cluster(stack: &mut infra_sdk::Stack, name: &str, insights: ContainerInsights, tag: &str) {
        let key = stack.add("key", Key::new());
        let group = stack.add("group", LogGroup::new().name(format!("/ecs/{name}/exec")));
        let log = ExecuteCommandLog::new().cloud_watch_log_group_name(group.id());
        let command = ExecuteCommand::new()
            .kms_key_id(key.arn())
            .logging(ExecuteCommandLogging::Override)
            .log_configuration(log.cloud_watch_encryption_enabled(true));
        let configuration = ClusterConfiguration::new().execute_command_configuration(command);
        let setting = ClusterSetting::new(ClusterSettingName::ContainerInsights, insights);
        let cluster = Cluster::new(format!("{name}-main")).configuration(configuration);
        stack.add("it", cluster.setting([setting]).tag("Name", tag));
    }

    conforms!(
        aws_ecs_cluster,
        Fixture {
            base: |stack, name| cluster(stack, name, ContainerInsights::Enabled, "one"),
            update: Some(|stack, name| cluster(stack, name, ContainerInsights::Enhanced, "two")),
            replace: Some(|stack, name| {
                stack.add("it", Cluster::new(format!("{name}-other")));
            }),
            gaps: &[],
        }
    );
}
