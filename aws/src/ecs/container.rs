//! A container of a task definition, with ECS's defaults filled in, so that what ECS adds is no
//! difference. Source of defaults: ECS API Reference, ContainerDefinition and its parts.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::input::ValidIn;
use infra_sdk::kind::{Text, as_written};
use infra_sdk::{
    Arn, Block, BlockSet, Choice, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output,
    Scope, Value,
};

use crate::AnyArn;
use crate::iam::names::text_types;

/// A container of a task.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ContainerDefinition {
    /// Its name, unique in the task, at most 255 characters.
    pub name: String,
    /// The image: `repository:tag` or `repository@digest`.
    pub image: String,
    /// Whether the task ends when the container does.
    #[field(default = true)]
    pub essential: bool,
    /// CPU units that are reserved, of 1024 a CPU.
    #[field(default = 0_u32)]
    pub cpu: u32,
    /// Memory in MiB at which the container is killed.
    #[field(range = 4..=4_194_304)]
    pub memory: Option<u32>,
    /// Memory in MiB that is reserved.
    #[field(range = 4..=4_194_304)]
    pub memory_reservation: Option<u32>,
    /// What runs, instead of the image's entry point.
    pub entry_point: Vec<String>,
    /// Arguments of what runs, instead of the image's command.
    pub command: Vec<String>,
    /// Where it runs: a directory in the container.
    pub working_directory: Option<String>,
    /// As whom it runs: `user`, `uid:gid`.
    pub user: Option<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Files with environment variables: ARNs of objects in S3.
    pub environment_files: Vec<AnyArn>,
    /// Environment variables whose values are secrets: from where each is taken.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Ports.
    pub port_mappings: Vec<PortMapping>,
    /// Where volumes of the task are mounted.
    pub mount_points: Vec<MountPoint>,
    /// Containers whose volumes are mounted.
    pub volumes_from: Vec<VolumeFrom>,
    /// What other containers must have reached before this one starts.
    pub depends_on: Vec<ContainerDependency>,
    /// How it is found out whether the container is healthy.
    pub health_check: Option<HealthCheck>,
    /// Where its output goes.
    pub log_configuration: Option<LogConfiguration>,
    /// Makes it a router of logs.
    pub firelens_configuration: Option<FirelensConfiguration>,
    /// Whether it is started again when it ends.
    pub restart_policy: Option<RestartPolicy>,
    /// Settings of the Linux kernel.
    pub linux_parameters: Option<LinuxParameters>,
    /// Limits of processes.
    pub ulimits: BlockSet<Ulimit>,
    /// Kernel parameters by name: `net.core.somaxconn`.
    pub system_controls: BTreeMap<String, String>,
    /// GPUs and other devices.
    pub resource_requirements: Vec<ResourceRequirement>,
    /// Secret with the password of a private registry outside of ECR.
    pub repository_credentials: Option<AnyArn>,
    /// Whether the root file system cannot be written to.
    #[field(default = false)]
    pub readonly_root_filesystem: bool,
    /// Whether it has the rights of root on the host. Not on Fargate.
    #[field(default = false)]
    pub privileged: bool,
    /// Whether standard input stays open.
    #[field(default = false)]
    pub interactive: bool,
    /// Whether it has a terminal.
    #[field(default = false)]
    pub pseudo_terminal: bool,
    /// Whether networking is off. Not on Fargate.
    #[field(default = false)]
    pub disable_networking: bool,
    /// Labels of Docker.
    pub docker_labels: BTreeMap<String, String>,
    /// Options of SELinux, AppArmor or credential files. Not on Fargate.
    pub docker_security_options: BTreeSet<String>,
    /// Credential specification files of Active Directory.
    pub credential_specs: Vec<String>,
    /// Host name. Not with the network mode `awsvpc`.
    pub hostname: Option<String>,
    /// Links to other containers. Only with the network mode `bridge`.
    pub links: Vec<String>,
    /// DNS servers. Not with the network mode `awsvpc`.
    pub dns_servers: Vec<String>,
    /// DNS search domains. Not with the network mode `awsvpc`.
    pub dns_search_domains: Vec<String>,
    /// Further lines of `/etc/hosts`: addresses by host name. Not with `awsvpc`.
    pub extra_hosts: BTreeMap<String, String>,
    /// Seconds within which what depends on it waits for it to start.
    #[field(range = 2..=120)]
    pub start_timeout: Option<u32>,
    /// Seconds until it is killed when it does not end by itself.
    #[field(range = 2..=120)]
    pub stop_timeout: Option<u32>,
    /// Whether a tag stays the image that it was when a deployment began.
    pub version_consistency: Option<VersionConsistency>,
}

text_types! {
    /// Where a secret is taken from: the ARN of a secret of Secrets Manager, with
    /// `:key:stage:version` behind it for a part of it, or of a parameter of Systems Manager, or
    /// the name of a parameter.
    SecretSource(SECRET_SOURCE = Text {
        name: "ARN of a secret or parameter",
        check: |text| if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(()) },
        canonical: as_written,
    });
}

impl<R: Scope, T, S: Scope + ValidIn<R>> IntoInput<SecretSource, R> for Output<Arn<T>, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

/// A port.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PortMapping {
    /// Port in the container.
    #[field(range = 0..=65_535)]
    pub container_port: Option<u32>,
    /// Ports in the container: `8000-8100`, instead of one.
    pub container_port_range: Option<String>,
    /// Port on the host; left out, the same in the network modes `awsvpc` and `host`, else any.
    #[field(computed, range = 0..=65_535)]
    pub host_port: Option<u32>,
    /// Protocol.
    #[field(default = TransportProtocol::Tcp)]
    pub protocol: TransportProtocol,
    /// Name, by which Service Connect has the port.
    pub name: Option<String>,
    /// What is spoken, for Service Connect.
    pub app_protocol: Option<ApplicationProtocol>,
}

/// Protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TransportProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ApplicationProtocol {
    /// HTTP.
    Http,
    /// HTTP/2.
    Http2,
    /// gRPC.
    Grpc,
}

/// Where a volume is mounted.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MountPoint {
    /// Name of the volume.
    pub source_volume: String,
    /// Path in the container.
    pub container_path: String,
    /// Whether it cannot be written to.
    #[field(default = false)]
    pub read_only: bool,
}

/// A container whose volumes are mounted.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct VolumeFrom {
    /// Name of the container.
    pub source_container: String,
    /// Whether they cannot be written to.
    #[field(default = false)]
    pub read_only: bool,
}

/// What another container must have reached.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ContainerDependency {
    /// Name of the container.
    pub container_name: String,
    /// What it must have reached.
    pub condition: ContainerCondition,
}

/// What a container has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ContainerCondition {
    /// It has started.
    #[choice("START")]
    Start,
    /// It has ended.
    #[choice("COMPLETE")]
    Complete,
    /// It has ended with status 0, such as a migration.
    #[choice("SUCCESS")]
    Success,
    /// It is healthy.
    #[choice("HEALTHY")]
    Healthy,
}

/// How it is found out whether a container is healthy.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HealthCheck {
    /// What is run: `["CMD-SHELL", "curl -f http://localhost/health"]`.
    #[field(required)]
    pub command: Vec<String>,
    /// Seconds between checks.
    #[field(default = 30_u32, range = 5..=300)]
    pub interval: u32,
    /// Seconds until a check has failed.
    #[field(default = 5_u32, range = 2..=60)]
    pub timeout: u32,
    /// Checks that must fail one after another.
    #[field(default = 3_u32, range = 1..=10)]
    pub retries: u32,
    /// Seconds at the start in which checks that fail do not count.
    #[field(range = 0..=300)]
    pub start_period: Option<u32>,
}

/// Where output goes.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LogConfiguration {
    /// By which way.
    pub log_driver: LogDriver,
    /// Options of that way: `awslogs-group`, `awslogs-region`, `awslogs-stream-prefix`.
    pub options: BTreeMap<String, String>,
    /// Options whose values are secrets.
    pub secret_options: BTreeMap<String, SecretSource>,
}

/// By which way output goes. Fargate has the first three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogDriver {
    /// CloudWatch Logs.
    #[choice("awslogs")]
    AwsLogs,
    /// Splunk.
    Splunk,
    /// A container with a FireLens configuration.
    #[choice("awsfirelens")]
    AwsFirelens,
    /// Fluentd.
    Fluentd,
    /// Graylog.
    Gelf,
    /// A file of JSON lines.
    JsonFile,
    /// The journal.
    Journald,
    /// Syslog.
    Syslog,
}

/// Makes a container a router of logs.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FirelensConfiguration {
    /// What routes.
    pub r#type: FirelensType,
    /// Options: `config-file-type`.
    pub options: BTreeMap<String, String>,
}

/// What routes logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FirelensType {
    /// Fluentd.
    Fluentd,
    /// Fluent Bit.
    #[choice("fluentbit")]
    FluentBit,
}

/// Whether a container is started again when it ends.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RestartPolicy {
    /// Whether it is.
    pub enabled: bool,
    /// Statuses after which it is not; at most 50.
    pub ignored_exit_codes: Vec<i32>,
    /// Seconds that it must have run.
    #[field(default = 300_u32, range = 60..=1_800)]
    pub restart_attempt_period: u32,
}

/// Settings of the Linux kernel.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LinuxParameters {
    /// Capabilities to add: `SYS_PTRACE`.
    pub capabilities_add: BTreeSet<String>,
    /// Capabilities to take away: `ALL`.
    pub capabilities_drop: BTreeSet<String>,
    /// Whether a process with number 1 passes signals on and reaps.
    pub init_process_enabled: Option<bool>,
    /// Size of `/dev/shm` in MiB. Not on Fargate.
    pub shared_memory_size: Option<u32>,
    /// Swap in MiB. Not on Fargate.
    pub max_swap: Option<u32>,
    /// How readily memory is swapped. Not on Fargate.
    #[field(range = 0..=100)]
    pub swappiness: Option<u32>,
    /// File systems in memory. Not on Fargate.
    pub tmpfs: Vec<Tmpfs>,
    /// Devices of the host. Not on Fargate.
    pub devices: Vec<Device>,
}

/// A file system in memory.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Tmpfs {
    /// Where it is mounted.
    pub container_path: String,
    /// Size in MiB.
    pub size: u32,
    /// Options of the mount.
    pub mount_options: BTreeSet<String>,
}

/// A device of the host.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Device {
    /// Where it is on the host.
    pub host_path: String,
    /// Where it is in the container.
    pub container_path: Option<String>,
    /// What the container may do with it.
    pub permissions: BTreeSet<String>,
}

/// A limit of processes.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Ulimit {
    /// Which: `nofile`.
    pub name: String,
    /// What applies.
    pub soft_limit: i32,
    /// How far processes may raise it.
    pub hard_limit: i32,
}

/// GPUs or other devices.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ResourceRequirement {
    /// What.
    pub r#type: RequiredResource,
    /// How many, or which.
    pub value: String,
}

/// What a container requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RequiredResource {
    /// GPUs.
    #[choice("GPU")]
    Gpu,
    /// An inference accelerator.
    #[choice("InferenceAccelerator")]
    InferenceAccelerator,
    /// Neuron devices.
    #[choice("NeuronDevice")]
    NeuronDevice,
}

/// Whether a tag stays the image that it was when a deployment began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum VersionConsistency {
    /// It does.
    Enabled,
    /// It does not.
    Disabled,
}

impl<R: Scope> ContainerDefinitionArguments<R> {
    /// Sends output to a log group of CloudWatch Logs, in streams that begin with `prefix`.
    pub fn logs_to(
        self,
        group: impl IntoInput<String, R>,
        region: impl IntoInput<String, R>,
        prefix: impl IntoInput<String, R>,
    ) -> Self {
        let options = BTreeMap::from([
            ("awslogs-group".to_owned(), group.into_expr()),
            ("awslogs-region".to_owned(), region.into_expr()),
            ("awslogs-stream-prefix".to_owned(), prefix.into_expr()),
        ]);
        let mut log = LogConfiguration::new::<R>(LogDriver::AwsLogs);
        log.arguments.set("options", Expr::Map(options));
        self.log_configuration(log)
    }
}
