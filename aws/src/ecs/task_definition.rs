//! A task definition: which containers a task has, and how it runs. Every change registers a new
//! revision and deregisters the one before; services that run the one before go on doing so.
//!
//! API: RegisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitions,
//! DeregisterTaskDefinition, TagResource, UntagResource.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags, Value};

use super::fargate::{wrong_cpu, wrong_memory};
use super::{ContainerDefinition, FamilyName};
use crate::iam::Role;
use crate::rules::Rules;

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

/// Source: ECS developer guide, task definition parameters and differences for Fargate.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let fargate = rules.texts("requires_compatibilities").contains(&"FARGATE");
    if fargate {
        check_fargate(&mut rules);
    }
    check_containers(&mut rules, inputs);
    let awsvpc = rules.text("network_mode") == Some(NetworkMode::Awsvpc.as_str());
    rules.blocks("container_definitions", |rules| {
        check_container(rules, fargate, awsvpc);
    });
    rules.blocks("volume", |rules| {
        let kinds = ["host_path", "docker_volume_configuration", "efs_volume_configuration"];
        rules.at_most_one(&kinds);
        if fargate {
            rules.without(&kinds[..2], "on Fargate");
        }
        rules.blocks("efs_volume_configuration", |rules| {
            if rules.has("authorization_config")
                && rules.text("transit_encryption") == Some(Switch::Disabled.as_str())
            {
                rules.refuse("transit_encryption", "must be `ENABLED` with `authorization_config`");
            }
        });
    });
    rules.finish()
}

fn check_fargate(rules: &mut Rules<'_>) {
    rules.required(&["cpu", "memory"], "on Fargate");
    if rules.text("network_mode") != Some(NetworkMode::Awsvpc.as_str()) {
        rules.refuse("network_mode", "must be `awsvpc` on Fargate");
    }
    rules.without(&["placement_constraints"], "on Fargate");
    if rules.text("pid_mode") == Some(PidMode::Host.as_str()) {
        rules.refuse("pid_mode", "must be `task` on Fargate");
    }
    rules.without(&["ipc_mode"], "on Fargate");
    let Some(cpu) = rules.number("cpu") else { return };
    if let Some(wrong) = wrong_cpu(cpu) {
        rules.refuse("cpu", wrong);
    }
    if let Some(wrong) = rules.number("memory").and_then(|memory| wrong_memory(cpu, memory)) {
        rules.refuse("memory", wrong);
    }
}

/// Rules between containers.
fn check_containers(rules: &mut Rules<'_>, inputs: &Object) {
    let list = "container_definitions";
    let containers = inputs.get(list).and_then(Value::as_list).unwrap_or_default();
    let containers: Vec<_> = containers.iter().filter_map(Value::as_map).collect();
    if inputs.get(list).is_some_and(Value::has_unknown) && containers.is_empty() {
        return;
    }
    if containers.is_empty() || containers.len() > 10 {
        rules.refuse(list, format!("must be 1 to 10, not {}", containers.len()));
    }
    let may_be_essential =
        |container: &&&Object| container.get("essential") != Some(&Value::Bool(false));
    if !containers.is_empty() && !containers.iter().any(|one| may_be_essential(&one)) {
        rules.refuse(list, "must have a container that is `essential`");
    }
    let name = |container: &&Object| container.get("name")?.as_str().map(str::to_owned);
    let mut names = BTreeSet::new();
    for twice in containers.iter().filter_map(name).filter(|name| !names.insert(name.clone())) {
        rules.refuse(list, format!("has two containers `{twice}`"));
    }
    for (total, of) in [("cpu", "cpu"), ("memory", "memory_reservation")] {
        let Some(limit) = rules.number(total) else { continue };
        let needed: i64 =
            containers.iter().filter_map(|one| one.get(of).and_then(Value::as_int)).sum();
        if needed > limit {
            let message = format!("must be at least {needed}, which the containers reserve");
            rules.refuse(total, message);
        }
    }
    let volumes = inputs.get("volume").and_then(Value::as_list).unwrap_or_default();
    let named = |volume: &Value| volume.as_map()?.get("name")?.as_str().map(str::to_owned);
    let volumes: BTreeSet<_> = volumes.iter().filter_map(named).collect();
    let task_memory = rules.has("memory");
    rules.blocks(list, |rules| {
        rules.blocks("mount_points", |rules| {
            let known = |volume: &&str| !volumes.contains(*volume);
            if let Some(volume) = rules.text("source_volume").filter(known) {
                rules.refuse("source_volume", format!("`{volume}` is not a volume of the task"));
            }
        });
        rules.blocks("depends_on", |rules| {
            let unknown = |other: &&str| !names.contains(*other);
            if let Some(other) = rules.text("container_name").filter(unknown) {
                rules.refuse("container_name", format!("`{other}` is not a container of the task"));
            }
        });
        if !task_memory && !rules.has("memory") && !rules.has("memory_reservation") {
            rules.refuse("memory", "is required where the task has none");
        }
        rules.ordered("memory_reservation", "memory");
    });
}

fn check_container(rules: &mut Rules<'_>, fargate: bool, awsvpc: bool) {
    if fargate {
        for name in ["privileged", "disable_networking"] {
            if rules.is_true(name) {
                rules.refuse(name, "must be `false` on Fargate");
            }
        }
        rules.without(&["docker_security_options"], "on Fargate");
        rules.blocks("linux_parameters", |rules| {
            let not = ["shared_memory_size", "max_swap", "swappiness", "tmpfs", "devices"];
            rules.without(&not, "on Fargate");
        });
        rules.blocks("log_configuration", |rules| {
            if let Some(driver) = rules.text("log_driver")
                && !["awslogs", "splunk", "awsfirelens"].contains(&driver)
            {
                let message = format!(
                    "must be `awslogs`, `splunk` or `awsfirelens` on Fargate, not `{driver}`"
                );
                rules.refuse("log_driver", message);
            }
        });
    }
    if awsvpc {
        let not = ["links", "dns_servers", "dns_search_domains", "hostname", "extra_hosts"];
        rules.without(&not, "with the network mode `awsvpc`");
    }
    rules.blocks("port_mappings", |rules| {
        rules.exactly_one(&["container_port", "container_port_range"]);
        let (inside, outside) = (rules.number("container_port"), rules.number("host_port"));
        if let (true, Some(inside), Some(outside)) = (awsvpc, inside, outside)
            && inside != outside
        {
            let message = format!("must be {inside}, as `container_port` is, with `awsvpc`");
            rules.refuse("host_port", message);
        }
    });
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Object {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn check(task: &[(&str, Value)], container: &[(&str, Value)]) -> Vec<String> {
        let mut one = object(&[("name", "app".into()), ("image", "app:1".into())]);
        one.extend(object(container));
        let mut inputs = object(&[
            ("family", "app".into()),
            ("container_definitions", Value::List(vec![Value::Map(one)])),
        ]);
        inputs.extend(object(task));
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    fn fargate(cpu: i64, memory: i64) -> Vec<(&'static str, Value)> {
        vec![
            ("requires_compatibilities", Value::List(vec!["FARGATE".into()])),
            ("network_mode", "awsvpc".into()),
            ("cpu", Value::Int(cpu)),
            ("memory", Value::Int(memory)),
        ]
    }

    #[test]
    fn tasks_on_fargate_have_a_size_that_there_is() {
        assert_eq!(check(&fargate(512, 1024), &[]), [""; 0]);
        assert_eq!(check(&fargate(512, 8192), &[]), ["memory"]);
        assert_eq!(check(&fargate(500, 1024), &[]), ["cpu"]);
        assert_eq!(
            check(&fargate(512, 1024)[..2], &[("memory", Value::Int(512))]),
            ["cpu", "memory"]
        );
        let bridge = [&fargate(512, 1024)[..], &[("network_mode", "bridge".into())]].concat();
        assert_eq!(check(&bridge, &[]), ["network_mode"]);
    }

    #[test]
    fn containers_fit_together() {
        let under = |name: &str| vec![format!("container_definitions[0].{name}")];
        assert_eq!(check(&[], &[]), under("memory"));
        assert_eq!(
            check(&fargate(256, 512), &[("essential", Value::Bool(false))]),
            ["container_definitions"]
        );
        assert_eq!(check(&fargate(256, 512), &[("cpu", Value::Int(512))]), ["cpu"]);
        let one = |entries: &[(&str, Value)]| Value::List(vec![Value::Map(object(entries))]);
        let mount = one(&[("source_volume", "data".into())]);
        assert_eq!(
            check(&fargate(256, 512), &[("mount_points", mount)]),
            under("mount_points[0].source_volume")
        );
        let wait = one(&[("container_name", "migration".into())]);
        assert_eq!(
            check(&fargate(256, 512), &[("depends_on", wait)]),
            under("depends_on[0].container_name")
        );
        let port = one(&[("container_port", Value::Int(8000)), ("host_port", Value::Int(80))]);
        assert_eq!(
            check(&fargate(256, 512), &[("port_mappings", port)]),
            under("port_mappings[0].host_port")
        );
        assert_eq!(
            check(&fargate(256, 512), &[("privileged", Value::Bool(true))]),
            under("privileged")
        );
    }
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
