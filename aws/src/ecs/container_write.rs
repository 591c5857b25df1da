//! Containers as ECS takes them.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    ApplicationProtocol, ContainerCondition, ContainerDefinition as Wire,
    ContainerDependency as WireDependency, ContainerRestartPolicy, Device as WireDevice,
    DeviceCgroupPermission, EnvironmentFile, EnvironmentFileType,
    FirelensConfiguration as WireFirelens, FirelensConfigurationType, HealthCheck as WireHealth,
    HostEntry, KernelCapabilities, KeyValuePair, LinuxParameters as WireLinux,
    LogConfiguration as WireLog, LogDriver as WireLogDriver, MountPoint as WireMountPoint,
    PortMapping as WirePort, RepositoryCredentials, ResourceRequirement as WireRequirement,
    ResourceType, Secret, SystemControl, Tmpfs as WireTmpfs, TransportProtocol,
    Ulimit as WireUlimit, UlimitName, VersionConsistency, VolumeFrom as WireVolumeFrom,
};

use super::common::wire_number;
use super::container::{
    ContainerDefinition, HealthCheck, LinuxParameters, LogConfiguration, PortMapping, SecretSource,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// Nothing where there is nothing.
fn all<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

fn texts<'a>(items: impl IntoIterator<Item = &'a String>) -> Option<Vec<String>> {
    all(items.into_iter().cloned().collect())
}

fn map(map: &BTreeMap<String, String>) -> Option<std::collections::HashMap<String, String>> {
    (!map.is_empty()).then(|| map.clone().into_iter().collect())
}

fn secrets(secrets: &BTreeMap<String, SecretSource>) -> Result<Option<Vec<Secret>>> {
    let secret = |(name, from): (&String, &SecretSource)| {
        Secret::builder().name(name).value_from(from.as_str()).build().map_err(incomplete)
    };
    secrets.iter().map(secret).collect::<Result<_>>().map(all)
}

fn numbers(value: Option<u32>) -> Option<i32> {
    value.map(wire_number)
}

/// A container as ECS takes it.
pub(super) fn wire(want: &ContainerDefinition) -> Result<Wire> {
    let variable = |(name, value)| KeyValuePair::builder().name(name).value(value).build();
    let mount = |mount: &super::container::MountPoint| {
        WireMountPoint::builder()
            .source_volume(&mount.source_volume)
            .container_path(&mount.container_path)
            .read_only(mount.read_only)
            .build()
    };
    let from = |from: &super::container::VolumeFrom| {
        let from_container = WireVolumeFrom::builder().source_container(&from.source_container);
        from_container.read_only(from.read_only).build()
    };
    let control = |(name, value)| SystemControl::builder().namespace(name).value(value).build();
    let credentials = want
        .repository_credentials
        .as_ref()
        .map(|arn| RepositoryCredentials::builder().credentials_parameter(arn.as_str()).build());
    Ok(parts(want)?
        .name(&want.name)
        .image(&want.image)
        .essential(want.essential)
        .cpu(wire_number(want.cpu))
        .set_memory(numbers(want.memory))
        .set_memory_reservation(numbers(want.memory_reservation))
        .set_entry_point(texts(&want.entry_point))
        .set_command(texts(&want.command))
        .set_working_directory(want.working_directory.clone())
        .set_user(want.user.clone())
        .set_environment(all(want.environment.iter().map(variable).collect()))
        .set_secrets(secrets(&want.secrets)?)
        .set_port_mappings(all(want.port_mappings.iter().map(port).collect()))
        .set_mount_points(all(want.mount_points.iter().map(mount).collect()))
        .set_volumes_from(all(want.volumes_from.iter().map(from).collect()))
        .set_health_check(want.health_check.as_ref().map(health).transpose()?)
        .set_log_configuration(want.log_configuration.as_ref().map(log).transpose()?)
        .set_linux_parameters(want.linux_parameters.as_ref().map(linux).transpose()?)
        .set_system_controls(all(want.system_controls.iter().map(control).collect()))
        .set_repository_credentials(credentials.transpose().map_err(incomplete)?)
        // Fargate refuses some of these even where they say what is so anyway.
        .set_readonly_root_filesystem(want.readonly_root_filesystem.then_some(true))
        .set_privileged(want.privileged.then_some(true))
        .set_interactive(want.interactive.then_some(true))
        .set_pseudo_terminal(want.pseudo_terminal.then_some(true))
        .set_disable_networking(want.disable_networking.then_some(true))
        .set_docker_labels(map(&want.docker_labels))
        .set_docker_security_options(texts(&want.docker_security_options))
        .set_credential_specs(texts(&want.credential_specs))
        .set_hostname(want.hostname.clone())
        .set_links(texts(&want.links))
        .set_dns_servers(texts(&want.dns_servers))
        .set_dns_search_domains(texts(&want.dns_search_domains))
        .set_start_timeout(numbers(want.start_timeout))
        .set_stop_timeout(numbers(want.stop_timeout))
        .set_version_consistency(
            want.version_consistency.map(|word| VersionConsistency::from(word.as_str())),
        )
        .build())
}

/// Parts of a container that lack something where they are built wrongly.
fn parts(
    want: &ContainerDefinition,
) -> Result<aws_sdk_ecs::types::builders::ContainerDefinitionBuilder> {
    let file = |arn: &crate::AnyArn| {
        let file = EnvironmentFile::builder().value(arn.as_str());
        file.r#type(EnvironmentFileType::S3).build().map_err(incomplete)
    };
    let files = want.environment_files.iter().map(file).collect::<Result<_>>()?;
    let dependency = |on: &super::container::ContainerDependency| {
        let condition = ContainerCondition::from(on.condition.as_str());
        let dependency = WireDependency::builder().container_name(&on.container_name);
        dependency.condition(condition).build().map_err(incomplete)
    };
    let dependencies = want.depends_on.iter().map(dependency).collect::<Result<_>>()?;
    let limit = |limit: &super::container::Ulimit| {
        WireUlimit::builder()
            .name(UlimitName::from(limit.name.as_str()))
            .soft_limit(limit.soft_limit)
            .hard_limit(limit.hard_limit)
            .build()
            .map_err(incomplete)
    };
    let limits = want.ulimits.0.iter().map(limit).collect::<Result<_>>()?;
    let requirement = |required: &super::container::ResourceRequirement| {
        let kind = ResourceType::from(required.r#type.as_str());
        WireRequirement::builder().value(&required.value).r#type(kind).build().map_err(incomplete)
    };
    let requirements = want.resource_requirements.iter().map(requirement).collect::<Result<_>>()?;
    let host = |(name, address)| {
        HostEntry::builder().hostname(name).ip_address(address).build().map_err(incomplete)
    };
    let hosts = want.extra_hosts.iter().map(host).collect::<Result<_>>()?;
    let firelens = |router: &super::container::FirelensConfiguration| {
        WireFirelens::builder()
            .r#type(FirelensConfigurationType::from(router.r#type.as_str()))
            .set_options(map(&router.options))
            .build()
            .map_err(incomplete)
    };
    let restart = |policy: &super::container::RestartPolicy| {
        ContainerRestartPolicy::builder()
            .enabled(policy.enabled)
            .set_ignored_exit_codes(all(policy.ignored_exit_codes.clone()))
            .restart_attempt_period(wire_number(policy.restart_attempt_period))
            .build()
            .map_err(incomplete)
    };
    Ok(Wire::builder()
        .set_environment_files(all(files))
        .set_depends_on(all(dependencies))
        .set_ulimits(all(limits))
        .set_resource_requirements(all(requirements))
        .set_extra_hosts(all(hosts))
        .set_firelens_configuration(want.firelens_configuration.as_ref().map(firelens).transpose()?)
        .set_restart_policy(want.restart_policy.as_ref().map(restart).transpose()?))
}

fn port(want: &PortMapping) -> WirePort {
    WirePort::builder()
        .set_container_port(numbers(want.container_port))
        .set_container_port_range(want.container_port_range.clone())
        .set_host_port(numbers(want.host_port))
        .protocol(TransportProtocol::from(want.protocol.as_str()))
        .set_name(want.name.clone())
        .set_app_protocol(want.app_protocol.map(|word| ApplicationProtocol::from(word.as_str())))
        .build()
}

fn health(want: &HealthCheck) -> Result<WireHealth> {
    WireHealth::builder()
        .set_command(Some(want.command.clone()))
        .interval(wire_number(want.interval))
        .timeout(wire_number(want.timeout))
        .retries(wire_number(want.retries))
        .set_start_period(numbers(want.start_period))
        .build()
        .map_err(incomplete)
}

/// Where output goes.
pub(super) fn log(want: &LogConfiguration) -> Result<WireLog> {
    WireLog::builder()
        .log_driver(WireLogDriver::from(want.log_driver.as_str()))
        .set_options(map(&want.options))
        .set_secret_options(secrets(&want.secret_options)?)
        .build()
        .map_err(incomplete)
}

fn linux(want: &LinuxParameters) -> Result<WireLinux> {
    let (add, drop) = (texts(&want.capabilities_add), texts(&want.capabilities_drop));
    let capabilities = (add.is_some() || drop.is_some())
        .then(|| KernelCapabilities::builder().set_add(add).set_drop(drop).build());
    let tmpfs = want.tmpfs.iter().map(|file_system| {
        WireTmpfs::builder()
            .container_path(&file_system.container_path)
            .size(wire_number(file_system.size))
            .set_mount_options(texts(&file_system.mount_options))
            .build()
            .map_err(incomplete)
    });
    let devices = want.devices.iter().map(|device| {
        let permissions = device.permissions.iter();
        let permissions = permissions.map(|word| DeviceCgroupPermission::from(word.as_str()));
        WireDevice::builder()
            .host_path(&device.host_path)
            .set_container_path(device.container_path.clone())
            .set_permissions(all(permissions.collect()))
            .build()
            .map_err(incomplete)
    });
    Ok(WireLinux::builder()
        .set_capabilities(capabilities)
        .set_init_process_enabled(want.init_process_enabled)
        .set_shared_memory_size(numbers(want.shared_memory_size))
        .set_max_swap(numbers(want.max_swap))
        .set_swappiness(numbers(want.swappiness))
        .set_tmpfs(all(tmpfs.collect::<Result<_>>()?))
        .set_devices(all(devices.collect::<Result<_>>()?))
        .build())
}
