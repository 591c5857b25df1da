//! A task definition: which containers a task has, and how it runs. Every change registers a new
//! revision and deregisters the one before; services that run the one before go on doing so.
//!
//! API: RegisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitions,
//! DeregisterTaskDefinition, TagResource, UntagResource.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Arn, Block, BlockSet, Choice, Outputs, Resource, Tags};

use super::task_definition_rules::validate;
use super::{ContainerDefinition, FamilyName};
use crate::iam::Role;

/// Which containers a task has, and how it runs.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ecs_task_definition", outputs = TaskDefinitionOutputs, validate = validate)]
pub struct TaskDefinition {
    /// Name that all revisions share, at most 255 characters.
    #[field(force_new)]
    pub family: FamilyName,
    /// The containers, at most 10.
    #[field(force_new, required)]
    pub container_definitions: Vec<ContainerDefinition>,
    /// CPU units of the task, of 1024 a CPU. Required on Fargate.
    #[field(force_new)]
    pub cpu: Option<u32>,
    /// Memory of the task in MiB. Required on Fargate.
    #[field(force_new)]
    pub memory: Option<u32>,
    /// How containers are connected to the network; `awsvpc` on Fargate.
    #[field(force_new, computed)]
    pub network_mode: Option<NetworkMode>,
    /// Where the task can run; ECS refuses what does not run there.
    #[field(force_new)]
    pub requires_compatibilities: BTreeSet<Compatibility>,
    /// Role of the agent: for images, logs and secrets.
    #[field(force_new)]
    pub execution_role_arn: Option<Arn<Role>>,
    /// Role of what runs in the containers.
    #[field(force_new)]
    pub task_role_arn: Option<Arn<Role>>,
    /// Volumes that containers can mount.
    #[field(force_new)]
    pub volume: BlockSet<Volume>,
    /// Size of the ephemeral storage on Fargate, if it is not 20 GiB.
    #[field(force_new)]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Operating system and processor.
    #[field(force_new)]
    pub runtime_platform: Option<RuntimePlatform>,
    /// On which container instances tasks may be placed, at most 10. Not on Fargate.
    #[field(force_new)]
    pub placement_constraints: BlockSet<TaskPlacementConstraint>,
    /// A proxy through which App Mesh sends traffic.
    #[field(force_new)]
    pub proxy_configuration: Option<ProxyConfiguration>,
    /// Which processes containers can see.
    #[field(force_new)]
    pub pid_mode: Option<PidMode>,
    /// Which memory containers can share.
    #[field(force_new)]
    pub ipc_mode: Option<IpcMode>,
    /// Whether faults may be injected.
    #[field(force_new, computed)]
    pub enable_fault_injection: Option<bool>,
    /// Leave the revision active when it is replaced or destroyed.
    #[field(default = false, write_only)]
    pub skip_destroy: bool,
    /// Compare with the newest active revision of the family, whoever registered it, and hand its
    /// ARN on.
    #[field(default = false, write_only)]
    pub track_latest: bool,
    /// Tags.
    pub tags: Tags,
}

/// How containers are connected to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum NetworkMode {
    /// An interface of its own for each task.
    Awsvpc,
    /// The virtual network of Docker.
    Bridge,
    /// The network of the host.
    Host,
    /// None.
    None,
}

/// Where a task can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum Compatibility {
    /// On instances of one's own.
    #[choice("EC2")]
    Ec2,
    /// On machines outside of AWS.
    #[choice("EXTERNAL")]
    External,
    /// On Fargate.
    #[choice("FARGATE")]
    Fargate,
    /// On instances that ECS manages.
    #[choice("MANAGED_INSTANCES")]
    ManagedInstances,
}

/// A volume that containers can mount. At most one of the configurations.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Path on the host. Not on Fargate.
    pub host_path: Option<String>,
    /// Whether the service says what it is.
    #[field(default = false)]
    pub configure_at_launch: bool,
    /// A volume of Docker. Not on Fargate.
    pub docker_volume_configuration: Option<DockerVolume>,
    /// A file system of EFS.
    pub efs_volume_configuration: Option<EfsVolume>,
}

/// A volume of Docker.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DockerVolume {
    /// How long it lives.
    #[field(default = DockerScope::Task)]
    pub scope: DockerScope,
    /// Whether it is made when it is missing; only when it is shared.
    pub autoprovision: Option<bool>,
    /// Driver of Docker.
    #[field(computed)]
    pub driver: Option<String>,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// How long a volume lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DockerScope {
    /// As long as the task.
    Task,
    /// Longer.
    Shared,
}

/// A file system of EFS.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EfsVolume {
    /// Id of the file system.
    pub file_system_id: String,
    /// Directory of the file system; `/` with an access point.
    #[field(default = "/".to_owned())]
    pub root_directory: String,
    /// Whether what goes between is encrypted; it must be with an access point or IAM.
    #[field(default = Switch::Disabled)]
    pub transit_encryption: Switch,
    /// Port for that.
    #[field(range = 1..=65_535)]
    pub transit_encryption_port: Option<u32>,
    /// Who may mount it.
    pub authorization_config: Option<EfsAuthorization>,
}

/// Who may mount a file system.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EfsAuthorization {
    /// Id of an access point.
    pub access_point_id: Option<String>,
    /// Whether the role of the task is asked.
    #[field(default = Switch::Disabled)]
    pub iam: Switch,
}

/// Whether something is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Switch {
    /// It is.
    #[choice("ENABLED")]
    Enabled,
    /// It is not.
    #[choice("DISABLED")]
    Disabled,
}

/// Size of the ephemeral storage.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EphemeralStorage {
    /// Size in GiB, from 21 to 200.
    #[field(range = 21..=200)]
    pub size_in_gib: u32,
}

/// Operating system and processor.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RuntimePlatform {
    /// Processor.
    #[field(computed)]
    pub cpu_architecture: Option<CpuArchitecture>,
    /// Operating system.
    #[field(computed)]
    pub operating_system_family: Option<OperatingSystemFamily>,
}

/// Processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CpuArchitecture {
    /// 64 bits of Intel and AMD.
    #[choice("X86_64")]
    X86_64,
    /// 64 bits of ARM, such as Graviton.
    #[choice("ARM64")]
    Arm64,
}

/// Operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum OperatingSystemFamily {
    /// Linux.
    #[choice("LINUX")]
    Linux,
    /// Windows Server 2016.
    #[choice("WINDOWS_SERVER_2016_FULL")]
    WindowsServer2016Full,
    /// Windows Server 2019.
    #[choice("WINDOWS_SERVER_2019_FULL")]
    WindowsServer2019Full,
    /// Windows Server 2019 Core.
    #[choice("WINDOWS_SERVER_2019_CORE")]
    WindowsServer2019Core,
    /// Windows Server 2004 Core.
    #[choice("WINDOWS_SERVER_2004_CORE")]
    WindowsServer2004Core,
    /// Windows Server 20H2 Core.
    #[choice("WINDOWS_SERVER_20H2_CORE")]
    WindowsServer20H2Core,
    /// Windows Server 2022.
    #[choice("WINDOWS_SERVER_2022_FULL")]
    WindowsServer2022Full,
    /// Windows Server 2022 Core.
    #[choice("WINDOWS_SERVER_2022_CORE")]
    WindowsServer2022Core,
    /// Windows Server 2025.
    #[choice("WINDOWS_SERVER_2025_FULL")]
    WindowsServer2025Full,
    /// Windows Server 2025 Core.
    #[choice("WINDOWS_SERVER_2025_CORE")]
    WindowsServer2025Core,
}

/// On which container instances tasks may be placed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TaskPlacementConstraint {
    /// How the expression is read.
    #[field(default = TaskPlacement::MemberOf)]
    pub r#type: TaskPlacement,
    /// An expression of the cluster query language.
    pub expression: String,
}

/// How an expression is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TaskPlacement {
    /// Instances for which it holds.
    #[choice("memberOf")]
    MemberOf,
}

/// A proxy through which App Mesh sends traffic.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ProxyConfiguration {
    /// Whose.
    #[field(default = ProxyType::AppMesh)]
    pub r#type: ProxyType,
    /// Name of the container that is the proxy.
    pub container_name: String,
    /// Settings of the network interface plugin: `AppPorts`, `ProxyEgressPort`.
    pub properties: BTreeMap<String, String>,
}

/// Whose proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ProxyType {
    /// That of App Mesh.
    #[choice("APPMESH")]
    AppMesh,
}

/// Which processes containers can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PidMode {
    /// Those of the host.
    Host,
    /// Those of the task.
    Task,
}

/// Which memory containers can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum IpcMode {
    /// That of the host.
    Host,
    /// That of the task.
    Task,
    /// None.
    None,
}

/// What AWS assigns to a [`TaskDefinition`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TaskDefinitionOutputs {
    /// ARN of the revision, by which it is also imported.
    pub id: Arn<TaskDefinition>,
    /// ARN of the revision; with `track_latest`, of the newest of the family.
    pub arn: Arn<TaskDefinition>,
    /// The ARN without the revision, which stands for the newest active one.
    pub arn_without_revision: String,
    /// Number of the revision.
    pub revision: i32,
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ecs::{
        ContainerCondition, ContainerDependency, HealthCheck, MountPoint, PortMapping,
    };
    use crate::iam::fixtures::trust;
    use crate::logs::LogGroup;

    fn task(stack: &mut Stack, name: &str, image: &str, tag: &str) {
        let role = Role::new(trust("ecs-tasks.amazonaws.com")).name(format!("{name}-task"));
        let role = stack.add("role", role);
        let group = stack.add("group", LogGroup::new().name(format!("/ecs/{name}")));
        let health = HealthCheck::new(vec!["CMD-SHELL", "curl -f http://localhost:8000/health"]);
        let app = ContainerDefinition::new("app", image)
            .port_mappings([PortMapping::new().container_port(8000_u32)])
            .environment(BTreeMap::from([("STAGE", "test"), ("A", "1")]))
            .secrets(BTreeMap::from([(
                "JWT_KEY",
                "arn:aws:secretsmanager:us-west-2:123456789012:secret:jwt-abc123:key::",
            )]))
            .health_check(health.start_period(30_u32))
            .mount_points([MountPoint::new("files", "/files").read_only(true)])
            .depends_on([ContainerDependency::new("migration", ContainerCondition::Success)])
            .logs_to(group.id().text(), "us-west-2", "app");
        let migration = ContainerDefinition::new("migration", image).essential(false);
        let migration = migration.command(vec!["migrate"]);
        let efs = EfsVolume::new("fs-12345678").transit_encryption(Switch::Enabled);
        let volume = Volume::new("files").efs_volume_configuration(efs);
        let it = TaskDefinition::new(format!("{name}-app"), [app, migration])
            .requires_compatibilities([Compatibility::Fargate])
            .network_mode(NetworkMode::Awsvpc)
            .cpu(512_u32)
            .memory(1024_u32)
            .execution_role_arn(role.arn())
            .task_role_arn(role.arn())
            .ephemeral_storage(EphemeralStorage::new(30_u32))
            .runtime_platform(RuntimePlatform::new().cpu_architecture(CpuArchitecture::Arm64))
            .volume([volume]);
        stack.add("it", it.tag("Name", tag));
    }

    conforms!(
        aws_ecs_task_definition,
        Fixture {
            base: |stack, name| task(stack, name, "app:1", "one"),
            update: Some(|stack, name| task(stack, name, "app:1", "two")),
            replace: Some(|stack, name| task(stack, name, "app:2", "two")),
            gaps: &[],
        }
    );
}
