//! The AWS calls of [`Cluster`].

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_ecs::types::{
    Cluster as Wire, ClusterConfiguration as WireConfiguration,
    ClusterServiceConnectDefaultsRequest, ClusterSetting as WireSetting,
    ClusterSettingName as WireSettingName, ExecuteCommandConfiguration,
    ExecuteCommandLogConfiguration, ExecuteCommandLogging as WireLogging,
    ManagedStorageConfiguration,
};
use infra_sdk::provider::{Failure, FailureClass, Readiness};
use infra_sdk::{Arn, BlockSet};

use super::cluster::{
    Cluster, ClusterConfiguration, ClusterOutputs, ClusterSetting, ExecuteCommand,
    ExecuteCommandLog, ManagedStorage, ServiceConnectDefaults,
};
use super::common::{CLUSTERS_AT_ONCE, NO_CLUSTER, clusters, retag, tags_of, wire_tags};
use super::names::{ClusterName, cluster_of};
use crate::AnyArn;
use crate::frame::calls::Patience;
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::kms::KeyRef;
use crate::logs::LogGroupName;
use crate::prelude::*;
use crate::s3::BucketName;

const OPERATIONS: &[&str] = &[
    "ecs:CreateCluster",
    "ecs:DeleteCluster",
    "ecs:DescribeClusters",
    "ecs:TagResource",
    "ecs:UntagResource",
    "ecs:UpdateCluster",
];
const PATIENCE: Duration = Duration::from_secs(600);

impl Handler for Cluster {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        create: "ecs:CreateCluster",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: &[NO_CLUSTER],
        // Services go on draining after they are deleted. Source: ECS API Reference, DeleteCluster.
        lingering: &[
            ("ClusterContainsCapacityProviderException", ""),
            ("ClusterContainsContainerInstancesException", ""),
            ("ClusterContainsServicesException", ""),
            ("ClusterContainsTasksException", ""),
            ("UpdateInProgressException", ""),
        ],
        patience: Patience { create: PATIENCE, update: PATIENCE, delete: PATIENCE },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        if let Some(there) = clusters(aws, &[want.name.to_string()]).await?.pop() {
            let message = format!("there is a cluster `{}` already", want.name);
            let arn = there.cluster_arn.ok_or_else(|| missing("clusterArn"))?;
            if is_ours(&want.tags.0, &tags_of(there.tags).0) {
                return Ok(arn);
            }
            return Err(Failure::new(FailureClass::Exists, message));
        }
        let defaults = service_connect(want)?;
        let answer = aws
            .call(|| {
                aws.ecs()
                    .create_cluster()
                    .cluster_name(want.name.as_str())
                    .set_configuration(want.configuration.as_ref().map(wire_configuration))
                    .set_service_connect_defaults(defaults.clone())
                    .set_settings(settings(want))
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let arn = answer.cluster.and_then(|cluster| cluster.cluster_arn);
        arn.ok_or_else(|| missing("clusterArn"))
    }

    /// By ARN, and by name for an import.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, CLUSTERS_AT_ONCE, |chunk| async move {
            let ids: Vec<_> = chunk.into_iter().map(|known| known.id).collect();
            let mut found = HashMap::new();
            for wire in clusters(aws, &ids).await? {
                let seen = see(wire)?;
                let asked = ids.iter().find(|id| cluster_of(id) == seen.inputs.name.as_str());
                found.extend(asked.map(|id| (id.clone(), seen)));
            }
            Ok(found)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let configuration = want.configuration.as_ref().filter(|_| changed.has("configuration"));
        // An empty namespace takes the default away. Source: ECS API Reference, UpdateCluster.
        let defaults = match service_connect(want)? {
            None => ClusterServiceConnectDefaultsRequest::builder().namespace("").build(),
            Some(defaults) => Ok(defaults),
        };
        let defaults = defaults.map_err(incomplete)?;
        let defaults = changed.has("service_connect_defaults").then_some(defaults);
        aws.call(|| {
            aws.ecs()
                .update_cluster()
                .cluster(id)
                .set_configuration(configuration.map(wire_configuration))
                .set_service_connect_defaults(defaults.clone())
                .set_settings(settings(want).filter(|_| changed.has("setting")))
                .send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.ecs().delete_cluster().cluster(id).send()).await.map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match seen.outputs.status.as_str() {
            "ACTIVE" => Readiness::Ready,
            "FAILED" => Readiness::Failed("ECS could not set up its capacity".to_owned()),
            busy => Readiness::Waiting(busy.to_owned()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = clusters(aws, &[want.name.to_string()]).await?.into_iter();
        let ours = found.filter(|wire| is_ours(&want.tags.0, &tags_of(wire.tags.clone()).0));
        Ok(ours.filter_map(|wire| wire.cluster_arn).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

fn settings(want: &Cluster) -> Option<Vec<WireSetting>> {
    let setting = |setting: &ClusterSetting| {
        WireSetting::builder()
            .name(WireSettingName::from(setting.name.as_str()))
            .value(setting.value.as_str())
            .build()
    };
    (!want.setting.0.is_empty()).then(|| want.setting.0.iter().map(setting).collect())
}

fn service_connect(want: &Cluster) -> Result<Option<ClusterServiceConnectDefaultsRequest>> {
    let request = |defaults: &ServiceConnectDefaults| {
        ClusterServiceConnectDefaultsRequest::builder()
            .namespace(defaults.namespace.as_str())
            .build()
            .map_err(incomplete)
    };
    want.service_connect_defaults.as_ref().map(request).transpose()
}

fn wire_configuration(configuration: &ClusterConfiguration) -> WireConfiguration {
    let log = |log: &ExecuteCommandLog| {
        ExecuteCommandLogConfiguration::builder()
            .set_cloud_watch_log_group_name(
                log.cloud_watch_log_group_name.as_ref().map(ToString::to_string),
            )
            .cloud_watch_encryption_enabled(log.cloud_watch_encryption_enabled)
            .set_s3_bucket_name(log.s3_bucket_name.as_ref().map(ToString::to_string))
            .s3_encryption_enabled(log.s3_bucket_encryption_enabled)
            .set_s3_key_prefix(log.s3_key_prefix.clone())
            .build()
    };
    let key = |key: &Option<KeyRef>| key.as_ref().map(|key| key.as_str().to_owned());
    let command = |command: &ExecuteCommand| {
        ExecuteCommandConfiguration::builder()
            .set_kms_key_id(key(&command.kms_key_id))
            .logging(WireLogging::from(command.logging.as_str()))
            .set_log_configuration(command.log_configuration.as_ref().map(log))
            .build()
    };
    let storage = |storage: &ManagedStorage| {
        ManagedStorageConfiguration::builder()
            .set_kms_key_id(key(&storage.kms_key_id))
            .set_fargate_ephemeral_storage_kms_key_id(key(
                &storage.fargate_ephemeral_storage_kms_key_id
            ))
            .build()
    };
    WireConfiguration::builder()
        .set_execute_command_configuration(
            configuration.execute_command_configuration.as_ref().map(command),
        )
        .set_managed_storage_configuration(
            configuration.managed_storage_configuration.as_ref().map(storage),
        )
        .build()
}

fn see_configuration(wire: WireConfiguration) -> Result<ClusterConfiguration> {
    let log = |wire: ExecuteCommandLogConfiguration| ExecuteCommandLog {
        cloud_watch_log_group_name: wire.cloud_watch_log_group_name.map(LogGroupName::new),
        cloud_watch_encryption_enabled: wire.cloud_watch_encryption_enabled,
        s3_bucket_name: wire.s3_bucket_name.map(BucketName::new),
        s3_bucket_encryption_enabled: wire.s3_encryption_enabled,
        s3_key_prefix: wire.s3_key_prefix,
    };
    let command = |wire: ExecuteCommandConfiguration| -> Result<ExecuteCommand> {
        let logging = wire.logging.as_ref().map_or("DEFAULT", WireLogging::as_str);
        Ok(ExecuteCommand {
            kms_key_id: wire.kms_key_id.map(KeyRef::new),
            logging: parsed(Some(logging), "logging")?,
            log_configuration: wire.log_configuration.map(log),
        })
    };
    let storage = |wire: ManagedStorageConfiguration| ManagedStorage {
        fargate_ephemeral_storage_kms_key_id: wire
            .fargate_ephemeral_storage_kms_key_id
            .map(KeyRef::new),
        kms_key_id: wire.kms_key_id.map(KeyRef::new),
    };
    Ok(ClusterConfiguration {
        execute_command_configuration: wire
            .execute_command_configuration
            .map(command)
            .transpose()?,
        managed_storage_configuration: wire.managed_storage_configuration.map(storage),
    })
}

fn see(wire: Wire) -> Result<Seen<Cluster>> {
    let arn = wire.cluster_arn.ok_or_else(|| missing("clusterArn"))?;
    let setting = |wire: WireSetting| {
        Ok(ClusterSetting {
            name: parsed(wire.name.as_ref().map(WireSettingName::as_str), "name")?,
            value: parsed(wire.value.as_deref(), "value")?,
        })
    };
    let settings = wire.settings.unwrap_or_default().into_iter().map(setting);
    let namespace = wire.service_connect_defaults.and_then(|defaults| defaults.namespace);
    let inputs = Cluster {
        name: ClusterName::new(cluster_of(&arn)),
        configuration: wire.configuration.map(see_configuration).transpose()?,
        service_connect_defaults: namespace
            .filter(|namespace| !namespace.is_empty())
            .map(|namespace| ServiceConnectDefaults { namespace: AnyArn::new(namespace) }),
        setting: BlockSet(settings.collect::<Result<_>>()?),
        tags: tags_of(wire.tags),
    };
    let outputs = ClusterOutputs {
        id: Arn::new(arn.as_str()),
        arn: Arn::new(arn),
        status: wire.status.ok_or_else(|| missing("status"))?,
    };
    Ok(Seen::new(inputs, outputs))
}
