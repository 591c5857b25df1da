//! Containers as ECS shows them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecs::types::{
    ContainerDefinition as Wire, HealthCheck as WireHealth, KeyValuePair,
    LinuxParameters as WireLinux, LogConfiguration as WireLog, PortMapping as WirePort, Secret,
};
use infra_sdk::BlockSet;

use super::common::number;
use super::container::{
    ContainerDefinition, ContainerDependency, Device, FirelensConfiguration, HealthCheck,
    LinuxParameters, LogConfiguration, MountPoint, PortMapping, ResourceRequirement, RestartPolicy,
    SecretSource, Tmpfs, TransportProtocol, Ulimit, VolumeFrom,
};
use crate::AnyArn;
use crate::prelude::*;

fn map(map: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    map.unwrap_or_default().into_iter().collect()
}

/// Names with values, as ECS lists them.
pub(super) fn pairs(pairs: Option<Vec<KeyValuePair>>) -> BTreeMap<String, String> {
    let pairs = pairs.unwrap_or_default().into_iter();
    pairs.filter_map(|pair| Some((pair.name?, pair.value.unwrap_or_default()))).collect()
}

fn secrets(secrets: Option<Vec<Secret>>) -> BTreeMap<String, SecretSource> {
    let secrets = secrets.unwrap_or_default().into_iter();
    secrets.map(|secret| (secret.name, SecretSource::new(secret.value_from))).collect()
}

fn numbers(value: Option<i32>) -> Option<u32> {
    value.map(number)
}

fn list<W, T>(items: Option<Vec<W>>, see: impl Fn(W) -> Result<T>) -> Result<Vec<T>> {
    items.unwrap_or_default().into_iter().map(see).collect()
}

fn texts<T: FromIterator<String>>(items: Option<Vec<String>>) -> T {
    items.unwrap_or_default().into_iter().collect()
}

/// A container as ECS shows it, with the defaults that it leaves out.
pub(super) fn see(wire: Wire) -> Result<ContainerDefinition> {
    let mount = |wire: aws_sdk_ecs::types::MountPoint| {
        Ok(MountPoint {
            source_volume: wire.source_volume.ok_or_else(|| missing("sourceVolume"))?,
            container_path: wire.container_path.ok_or_else(|| missing("containerPath"))?,
            read_only: wire.read_only.unwrap_or(false),
        })
    };
    let from = |wire: aws_sdk_ecs::types::VolumeFrom| {
        Ok(VolumeFrom {
            source_container: wire.source_container.ok_or_else(|| missing("sourceContainer"))?,
            read_only: wire.read_only.unwrap_or(false),
        })
    };
    let dependency = |wire: aws_sdk_ecs::types::ContainerDependency| {
        let condition = parsed(Some(wire.condition.as_str()), "condition")?;
        Ok(ContainerDependency { container_name: wire.container_name, condition })
    };
    let requirement = |wire: aws_sdk_ecs::types::ResourceRequirement| {
        let kind = parsed(Some(wire.r#type.as_str()), "type")?;
        Ok(ResourceRequirement { r#type: kind, value: wire.value })
    };
    let limit = |wire: aws_sdk_ecs::types::Ulimit| Ulimit {
        name: wire.name.as_str().to_owned(),
        soft_limit: wire.soft_limit,
        hard_limit: wire.hard_limit,
    };
    let restart = |wire: aws_sdk_ecs::types::ContainerRestartPolicy| RestartPolicy {
        enabled: wire.enabled,
        ignored_exit_codes: wire.ignored_exit_codes.unwrap_or_default(),
        restart_attempt_period: wire.restart_attempt_period.map_or(300, number),
    };
    let router = |wire: aws_sdk_ecs::types::FirelensConfiguration| -> Result<_> {
        let kind = parsed(Some(wire.r#type.as_str()), "type")?;
        Ok(FirelensConfiguration { r#type: kind, options: map(wire.options) })
    };
    let files = wire.environment_files.unwrap_or_default().into_iter();
    let controls = wire.system_controls.unwrap_or_default().into_iter();
    let hosts = wire.extra_hosts.unwrap_or_default().into_iter();
    let consistency = wire.version_consistency.as_ref();
    Ok(ContainerDefinition {
        name: wire.name.ok_or_else(|| missing("name"))?,
        image: wire.image.ok_or_else(|| missing("image"))?,
        essential: wire.essential.unwrap_or(true),
        cpu: number(wire.cpu),
        memory: numbers(wire.memory),
        memory_reservation: numbers(wire.memory_reservation),
        entry_point: wire.entry_point.unwrap_or_default(),
        command: wire.command.unwrap_or_default(),
        working_directory: wire.working_directory,
        user: wire.user,
        environment: pairs(wire.environment),
        environment_files: files.map(|file| AnyArn::new(file.value)).collect(),
        secrets: secrets(wire.secrets),
        port_mappings: list(wire.port_mappings, port)?,
        mount_points: list(wire.mount_points, mount)?,
        volumes_from: list(wire.volumes_from, from)?,
        depends_on: list(wire.depends_on, dependency)?,
        health_check: wire.health_check.map(health),
        log_configuration: wire.log_configuration.map(log).transpose()?,
        firelens_configuration: wire.firelens_configuration.map(router).transpose()?,
        restart_policy: wire.restart_policy.map(restart),
        linux_parameters: wire.linux_parameters.map(linux),
        ulimits: BlockSet(wire.ulimits.unwrap_or_default().into_iter().map(limit).collect()),
        system_controls: controls
            .filter_map(|control| Some((control.namespace?, control.value?)))
            .collect(),
        resource_requirements: list(wire.resource_requirements, requirement)?,
        repository_credentials: wire
            .repository_credentials
            .map(|credentials| AnyArn::new(credentials.credentials_parameter)),
        readonly_root_filesystem: wire.readonly_root_filesystem.unwrap_or(false),
        privileged: wire.privileged.unwrap_or(false),
        interactive: wire.interactive.unwrap_or(false),
        pseudo_terminal: wire.pseudo_terminal.unwrap_or(false),
        disable_networking: wire.disable_networking.unwrap_or(false),
        docker_labels: map(wire.docker_labels),
        docker_security_options: texts(wire.docker_security_options),
        credential_specs: wire.credential_specs.unwrap_or_default(),
        hostname: wire.hostname,
        links: wire.links.unwrap_or_default(),
        dns_servers: wire.dns_servers.unwrap_or_default(),
        dns_search_domains: wire.dns_search_domains.unwrap_or_default(),
        extra_hosts: hosts.map(|host| (host.hostname, host.ip_address)).collect(),
        start_timeout: numbers(wire.start_timeout),
        stop_timeout: numbers(wire.stop_timeout),
        version_consistency: consistency
            .map(|word| parsed(Some(word.as_str()), "versionConsistency"))
            .transpose()?,
    })
}

fn port(wire: WirePort) -> Result<PortMapping> {
    let protocol = wire.protocol.as_ref();
    let app_protocol = wire.app_protocol.as_ref();
    Ok(PortMapping {
        container_port: numbers(wire.container_port),
        container_port_range: wire.container_port_range,
        host_port: numbers(wire.host_port),
        protocol: protocol
            .map(|word| parsed(Some(word.as_str()), "protocol"))
            .transpose()?
            .unwrap_or(TransportProtocol::Tcp),
        name: wire.name,
        app_protocol: app_protocol
            .map(|word| parsed(Some(word.as_str()), "appProtocol"))
            .transpose()?,
    })
}

fn health(wire: WireHealth) -> HealthCheck {
    HealthCheck {
        command: wire.command,
        interval: wire.interval.map_or(30, number),
        timeout: wire.timeout.map_or(5, number),
        retries: wire.retries.map_or(3, number),
        start_period: numbers(wire.start_period),
    }
}

/// Where output goes.
pub(super) fn log(wire: WireLog) -> Result<LogConfiguration> {
    Ok(LogConfiguration {
        log_driver: parsed(Some(wire.log_driver.as_str()), "logDriver")?,
        options: map(wire.options),
        secret_options: secrets(wire.secret_options),
    })
}

fn linux(wire: WireLinux) -> LinuxParameters {
    let (add, drop) =
        wire.capabilities.map(|capabilities| (capabilities.add, capabilities.drop)).unzip();
    let tmpfs = wire.tmpfs.unwrap_or_default().into_iter();
    let devices = wire.devices.unwrap_or_default().into_iter();
    LinuxParameters {
        capabilities_add: texts(add.flatten()),
        capabilities_drop: texts(drop.flatten()),
        init_process_enabled: wire.init_process_enabled,
        shared_memory_size: numbers(wire.shared_memory_size),
        max_swap: numbers(wire.max_swap),
        swappiness: numbers(wire.swappiness),
        tmpfs: tmpfs
            .map(|wire| Tmpfs {
                container_path: wire.container_path,
                size: number(wire.size),
                mount_options: texts(wire.mount_options),
            })
            .collect(),
        devices: devices
            .map(|wire| Device {
                host_path: wire.host_path,
                container_path: wire.container_path,
                permissions: wire
                    .permissions
                    .unwrap_or_default()
                    .iter()
                    .map(|word| word.as_str().to_owned())
                    .collect(),
            })
            .collect(),
    }
}
