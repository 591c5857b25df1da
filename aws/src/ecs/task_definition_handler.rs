//! The AWS calls of [`TaskDefinition`].

use aws_sdk_ecs::types::{
    Compatibility as WireCompatibility, CpuArchitecture as WireCpu, DockerVolumeConfiguration,
    EfsAuthorizationConfig, EfsAuthorizationConfigIam, EfsTransitEncryption,
    EfsVolumeConfiguration, EphemeralStorage as WireEphemeral, HostVolumeProperties,
    IpcMode as WireIpc, KeyValuePair, NetworkMode as WireNetworkMode, OsFamily, PidMode as WirePid,
    ProxyConfiguration as WireProxy, ProxyConfigurationType, RuntimePlatform as WirePlatform,
    Scope, SortOrder, Tag, TaskDefinition as Wire, TaskDefinitionField,
    TaskDefinitionPlacementConstraint, TaskDefinitionPlacementConstraintType, TaskDefinitionStatus,
    Volume as WireVolume,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use infra_sdk::{Arn, BlockSet, FieldType as _, Value};

use super::common::{number, retag, tags_of, wire_number, wire_tags};
use super::container::ContainerDefinition;
use super::names::FamilyName;
use super::task_definition::{
    DockerScope, DockerVolume, EfsAuthorization, EfsVolume, EphemeralStorage, ProxyConfiguration,
    RuntimePlatform, Switch, TaskDefinition, TaskDefinitionOutputs, TaskPlacementConstraint,
    Volume,
};
use super::{container_read, container_write};
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinitions",
    "ecs:RegisterTaskDefinition",
    "ecs:TagResource",
    "ecs:UntagResource",
];
/// The roles are handed on.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);

impl Handler for TaskDefinition {
    const CALLS: Calls = Calls {
        class: CreateClass::Tags,
        create: "ecs:RegisterTaskDefinition",
        operations: OPERATIONS,
        actions: ACTIONS,
        // A role that was just made may not be known to ECS yet.
        not_yet: &[("ClientException", "Role is not valid")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let containers = want.container_definitions.iter().map(container_write::wire);
        let containers = containers.collect::<Result<Vec<_>>>()?;
        let volumes = want.volume.0.iter().map(wire_volume).collect::<Result<Vec<_>>>()?;
        let proxy = want.proxy_configuration.as_ref().map(wire_proxy).transpose()?;
        let constraints = want.placement_constraints.0.iter().map(wire_constraint);
        let constraints: Vec<_> = constraints.collect();
        let compatibilities = want.requires_compatibilities.iter();
        let compatibilities: Vec<_> =
            compatibilities.map(|word| WireCompatibility::from(word.as_str())).collect();
        let answer = aws
            .call(|| {
                aws.ecs()
                    .register_task_definition()
                    .family(want.family.as_str())
                    .set_container_definitions(Some(containers.clone()))
                    .set_cpu(want.cpu.map(|units| units.to_string()))
                    .set_memory(want.memory.map(|mebibytes| mebibytes.to_string()))
                    .set_network_mode(want.network_mode.map(|w| WireNetworkMode::from(w.as_str())))
                    .set_requires_compatibilities(filled(&compatibilities))
                    .set_execution_role_arn(want.execution_role_arn.as_ref().map(text))
                    .set_task_role_arn(want.task_role_arn.as_ref().map(text))
                    .set_volumes(filled(&volumes))
                    .set_ephemeral_storage(want.ephemeral_storage.as_ref().map(wire_ephemeral))
                    .set_runtime_platform(want.runtime_platform.as_ref().map(wire_platform))
                    .set_placement_constraints(filled(&constraints))
                    .set_proxy_configuration(proxy.clone())
                    .set_pid_mode(want.pid_mode.map(|word| WirePid::from(word.as_str())))
                    .set_ipc_mode(want.ipc_mode.map(|word| WireIpc::from(word.as_str())))
                    .set_enable_fault_injection(want.enable_fault_injection)
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let arn = answer.task_definition.and_then(|made| made.task_definition_arn);
        arn.ok_or_else(|| missing("taskDefinitionArn"))
    }

    /// ECS describes task definitions one by one.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, &[], |item| async move {
            let latest = item.recorded.get("track_latest").and_then(Value::as_bool) == Some(true);
            let asked = if latest { family_of(&item.id) } else { item.id.as_str() };
            match describe(aws, asked).await? {
                Some((wire, tags)) => see(wire, tags, &item).map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        if describe(aws, id).await?.is_none() {
            return Ok(());
        }
        aws.call(|| aws.ecs().deregister_task_definition().task_definition(id).send())
            .await
            .map(drop)
    }

    fn is_kept(was: &Self) -> bool {
        was.skip_destroy
    }

    /// Only `skip_destroy` and `track_latest` change in place, and AWS knows neither.
    async fn update(_: &Aws, _: &str, _: &Self, _: &Self, _: &Changed) -> Result<()> {
        Ok(())
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let pages = aws
            .pages(
                |token| {
                    aws.ecs()
                        .list_task_definitions()
                        .family_prefix(want.family.as_str())
                        .status(TaskDefinitionStatus::Active)
                        .sort(SortOrder::Desc)
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let arns = pages.into_iter().flat_map(|page| page.task_definition_arns.unwrap_or_default());
        let checks: Vec<_> = arns.map(|arn| ours(aws, want, arn)).collect();
        let found: Vec<_> = stream::iter(checks).buffered(8).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

async fn ours(aws: &Aws, want: &TaskDefinition, arn: String) -> Result<Option<String>> {
    let found = describe(aws, &arn).await?;
    let ours = found.is_some_and(|(_, tags)| is_ours(&want.tags.0, &tags_of(tags).0));
    Ok(ours.then_some(arn))
}

/// A revision with its tags, or the newest of a family. What is deregistered is gone, although ECS
/// goes on showing it.
async fn describe(aws: &Aws, id: &str) -> Result<Option<(Wire, Option<Vec<Tag>>)>> {
    let answer = aws
        .call(|| {
            let call = aws.ecs().describe_task_definition().task_definition(id);
            call.include(TaskDefinitionField::Tags).send()
        })
        .await;
    let answer = match answer {
        // ECS has no code of its own for that. Source: ECS API Reference, DescribeTaskDefinition.
        Err(failure)
            if failure.code.as_deref() == Some("ClientException")
                && failure.message.contains("Unable to describe task definition") =>
        {
            return Ok(None);
        }
        other => other?,
    };
    let wire = answer.task_definition.ok_or_else(|| missing("taskDefinition"))?;
    let active = wire.status() == Some(&TaskDefinitionStatus::Active);
    Ok(active.then_some((wire, answer.tags)))
}

/// The family of an ARN or of `family:revision`.
pub(super) fn family_of(id: &str) -> &str {
    let name = id.rsplit_once('/').map_or(id, |(_, name)| name);
    name.split_once(':').map_or(name, |(family, _)| family)
}

fn text<T: ToString>(value: &T) -> String {
    value.to_string()
}

fn filled<T: Clone>(items: &[T]) -> Option<Vec<T>> {
    (!items.is_empty()).then(|| items.to_vec())
}

fn wire_ephemeral(storage: &EphemeralStorage) -> WireEphemeral {
    WireEphemeral::builder().size_in_gib(wire_number(storage.size_in_gib)).build()
}

fn wire_platform(platform: &RuntimePlatform) -> WirePlatform {
    let system = platform.operating_system_family;
    WirePlatform::builder()
        .set_cpu_architecture(platform.cpu_architecture.map(|word| WireCpu::from(word.as_str())))
        .set_operating_system_family(system.map(|word| OsFamily::from(word.as_str())))
        .build()
}

fn wire_constraint(constraint: &TaskPlacementConstraint) -> TaskDefinitionPlacementConstraint {
    TaskDefinitionPlacementConstraint::builder()
        .r#type(TaskDefinitionPlacementConstraintType::from(constraint.r#type.as_str()))
        .expression(&constraint.expression)
        .build()
}

fn wire_proxy(proxy: &ProxyConfiguration) -> Result<WireProxy> {
    let property = |(name, value)| KeyValuePair::builder().name(name).value(value).build();
    WireProxy::builder()
        .r#type(ProxyConfigurationType::from(proxy.r#type.as_str()))
        .container_name(&proxy.container_name)
        .set_properties(Some(proxy.properties.iter().map(property).collect()))
        .build()
        .map_err(incomplete)
}

fn wire_volume(volume: &Volume) -> Result<WireVolume> {
    let docker = |docker: &DockerVolume| {
        DockerVolumeConfiguration::builder()
            .scope(Scope::from(docker.scope.as_str()))
            .set_autoprovision(docker.autoprovision)
            .set_driver(docker.driver.clone())
            .set_driver_opts(Some(docker.driver_opts.clone().into_iter().collect()))
            .set_labels(Some(docker.labels.clone().into_iter().collect()))
            .build()
    };
    let authorization = |authorization: &EfsAuthorization| {
        EfsAuthorizationConfig::builder()
            .set_access_point_id(authorization.access_point_id.clone())
            .iam(EfsAuthorizationConfigIam::from(authorization.iam.as_str()))
            .build()
    };
    let efs = |efs: &EfsVolume| {
        EfsVolumeConfiguration::builder()
            .file_system_id(&efs.file_system_id)
            .root_directory(&efs.root_directory)
            .transit_encryption(EfsTransitEncryption::from(efs.transit_encryption.as_str()))
            .set_transit_encryption_port(efs.transit_encryption_port.map(wire_number))
            .set_authorization_config(efs.authorization_config.as_ref().map(authorization))
            .build()
            .map_err(incomplete)
    };
    let host = volume.host_path.as_ref();
    Ok(WireVolume::builder()
        .name(&volume.name)
        .set_host(host.map(|path| HostVolumeProperties::builder().source_path(path).build()))
        .set_configured_at_launch(volume.configure_at_launch.then_some(true))
        .set_docker_volume_configuration(volume.docker_volume_configuration.as_ref().map(docker))
        .set_efs_volume_configuration(
            volume.efs_volume_configuration.as_ref().map(efs).transpose()?,
        )
        .build())
}

fn see_volume(wire: WireVolume) -> Result<Volume> {
    let docker = |wire: DockerVolumeConfiguration| -> Result<DockerVolume> {
        let scope = wire.scope.as_ref().map_or(DockerScope::Task.as_str(), Scope::as_str);
        Ok(DockerVolume {
            scope: parsed(Some(scope), "scope")?,
            autoprovision: wire.autoprovision,
            driver: wire.driver,
            driver_opts: wire.driver_opts.unwrap_or_default().into_iter().collect(),
            labels: wire.labels.unwrap_or_default().into_iter().collect(),
        })
    };
    let authorization = |wire: EfsAuthorizationConfig| -> Result<EfsAuthorization> {
        let iam = wire.iam.as_ref().map_or("DISABLED", EfsAuthorizationConfigIam::as_str);
        Ok(EfsAuthorization {
            access_point_id: wire.access_point_id,
            iam: parsed(Some(iam), "iam")?,
        })
    };
    let efs = |wire: EfsVolumeConfiguration| -> Result<EfsVolume> {
        let encryption = wire.transit_encryption.as_ref();
        let encryption = encryption.map_or(Switch::Disabled.as_str(), EfsTransitEncryption::as_str);
        Ok(EfsVolume {
            file_system_id: wire.file_system_id,
            root_directory: wire.root_directory.unwrap_or_else(|| "/".to_owned()),
            transit_encryption: parsed(Some(encryption), "transitEncryption")?,
            transit_encryption_port: wire.transit_encryption_port.map(number),
            authorization_config: wire.authorization_config.map(authorization).transpose()?,
        })
    };
    Ok(Volume {
        name: wire.name.ok_or_else(|| missing("name"))?,
        host_path: wire.host.and_then(|host| host.source_path),
        configure_at_launch: wire.configured_at_launch.unwrap_or(false),
        docker_volume_configuration: wire.docker_volume_configuration.map(docker).transpose()?,
        efs_volume_configuration: wire.efs_volume_configuration.map(efs).transpose()?,
    })
}

/// A word of an answer that may have none.
fn word<T: std::str::FromStr>(text: Option<&str>, field: &str) -> Result<Option<T>> {
    text.map(|text| parsed(Some(text), field)).transpose()
}

/// Units or mebibytes, which ECS shows as text.
fn size(text: Option<String>, field: &str) -> Result<Option<u32>> {
    word(text.as_deref(), field)
}

/// Containers in the order in which they were recorded: ECS promises none.
fn in_order(mut seen: Vec<ContainerDefinition>, item: &Known) -> Vec<ContainerDefinition> {
    let recorded = item.recorded.get("container_definitions").and_then(Value::as_list);
    let recorded = recorded.unwrap_or_default().iter().filter_map(Value::as_map);
    let names: Vec<_> =
        recorded.filter_map(|one| String::from_value(one.get("name")?).ok()).collect();
    let place = |one: &ContainerDefinition| names.iter().position(|name| *name == one.name);
    seen.sort_by_key(|one| place(one).unwrap_or(usize::MAX));
    seen
}

fn see(wire: Wire, tags: Option<Vec<Tag>>, item: &Known) -> Result<Seen<TaskDefinition>> {
    let arn = wire.task_definition_arn.ok_or_else(|| missing("taskDefinitionArn"))?;
    let containers = wire.container_definitions.unwrap_or_default().into_iter();
    let containers = containers.map(container_read::see).collect::<Result<Vec<_>>>()?;
    let platform = |wire: WirePlatform| -> Result<RuntimePlatform> {
        let system = wire.operating_system_family.as_ref().map(OsFamily::as_str);
        Ok(RuntimePlatform {
            cpu_architecture: word(wire.cpu_architecture.as_ref().map(WireCpu::as_str), "cpu")?,
            operating_system_family: word(system, "operatingSystemFamily")?,
        })
    };
    let proxy = |wire: WireProxy| -> Result<ProxyConfiguration> {
        let kind = wire.r#type.as_ref().map_or("APPMESH", ProxyConfigurationType::as_str);
        Ok(ProxyConfiguration {
            r#type: parsed(Some(kind), "type")?,
            container_name: wire.container_name,
            properties: container_read::pairs(wire.properties),
        })
    };
    let constraint = |wire: TaskDefinitionPlacementConstraint| -> Result<TaskPlacementConstraint> {
        let kind = wire.r#type.as_ref().map(TaskDefinitionPlacementConstraintType::as_str);
        Ok(TaskPlacementConstraint {
            r#type: parsed(kind, "type")?,
            expression: wire.expression.unwrap_or_default(),
        })
    };
    let compatibilities = wire.requires_compatibilities.unwrap_or_default();
    let compatibility =
        |word: &WireCompatibility| parsed(Some(word.as_str()), "requiresCompatibilities");
    let constraints = wire.placement_constraints.unwrap_or_default().into_iter().map(constraint);
    let volumes = wire.volumes.unwrap_or_default().into_iter().map(see_volume);
    let inputs = TaskDefinition {
        family: FamilyName::new(wire.family.ok_or_else(|| missing("family"))?),
        container_definitions: in_order(containers, item),
        cpu: size(wire.cpu, "cpu")?,
        memory: size(wire.memory, "memory")?,
        network_mode: word(wire.network_mode.as_ref().map(WireNetworkMode::as_str), "networkMode")?,
        requires_compatibilities: compatibilities
            .iter()
            .map(compatibility)
            .collect::<Result<_>>()?,
        execution_role_arn: wire.execution_role_arn.map(Arn::new),
        task_role_arn: wire.task_role_arn.map(Arn::new),
        volume: BlockSet(volumes.collect::<Result<_>>()?),
        ephemeral_storage: wire
            .ephemeral_storage
            .map(|storage| EphemeralStorage { size_in_gib: number(storage.size_in_gib) }),
        runtime_platform: wire.runtime_platform.map(platform).transpose()?,
        placement_constraints: BlockSet(constraints.collect::<Result<_>>()?),
        proxy_configuration: wire.proxy_configuration.map(proxy).transpose()?,
        pid_mode: word(wire.pid_mode.as_ref().map(WirePid::as_str), "pidMode")?,
        ipc_mode: word(wire.ipc_mode.as_ref().map(WireIpc::as_str), "ipcMode")?,
        enable_fault_injection: wire.enable_fault_injection,
        skip_destroy: false,
        track_latest: false,
        tags: tags_of(tags),
    };
    let without = arn.rsplit_once(':').map_or(arn.as_str(), |(without, _)| without);
    let outputs = TaskDefinitionOutputs {
        id: Arn::new(item.id.as_str()),
        arn_without_revision: without.to_owned(),
        arn: Arn::new(arn.as_str()),
        revision: wire.revision,
    };
    Ok(Seen::new(inputs, outputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_told_from_every_form_of_an_id() {
        for id in [
            "arn:aws:ecs:us-west-2:123456789012:task-definition/app:12",
            "arn:aws:ecs:us-west-2:123456789012:task-definition/app",
            "app:12",
            "app",
        ] {
            assert_eq!(family_of(id), "app", "{id}");
        }
    }
}
