//! A function.
//!
//! - Its code is a zip file on disk, a zip file in S3, or an image. A change of the file is noticed
//!   by `source_code_hash`, which [`ZipFile`](super::ZipFile) gives; AWS tells the digest of what runs,
//!   so that code that somebody else put there is noticed too.
//! - Changes of settings and of code take a call each, and a while each.
//! - Signing of code, functions of several tenants, durable functions and those on instances of one's
//!   own are not among the arguments.
//!
//! The handler is in `function_handler`, `function_update`, `function_code` and `function_read`.
//!
//! API: CreateFunction, GetFunction, UpdateFunctionConfiguration, UpdateFunctionCode,
//! PublishVersion, ListVersionsByFunction, PutFunctionConcurrency, DeleteFunctionConcurrency,
//! DeleteFunction, TagResource, UntagResource.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Arn, Block, Choice, Outputs, Resource, Seconds, Tags};

use super::FunctionName;
use super::function_rules::validate;
use crate::AnyArn;
use crate::ec2::{SecurityGroupId, SubnetId};
use crate::iam::Role;
use crate::kms::KeyRef;

/// Code that runs when something happens.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lambda_function", outputs = FunctionOutputs, validate = validate)]
pub struct Function {
    /// Name, unique in the region, at most 64 characters.
    #[field(force_new)]
    pub function_name: FunctionName,
    /// Role that the code runs with.
    pub role: Arn<Role>,
    /// What the code is: a zip file or an image.
    #[field(force_new, default = PackageType::Zip)]
    pub package_type: PackageType,
    /// Zip file with the code, from the folder that `infra` is started in; at most 50 MB.
    #[field(write_only)]
    pub filename: Option<String>,
    /// SHA-256 of the zip file in base64. Left out, a change of the file is not noticed.
    #[field(computed)]
    pub source_code_hash: Option<String>,
    /// Bucket with the zip file.
    #[field(write_only)]
    pub s3_bucket: Option<String>,
    /// Key of the zip file in its bucket.
    #[field(write_only)]
    pub s3_key: Option<String>,
    /// Version of the zip file in its bucket.
    #[field(write_only)]
    pub s3_object_version: Option<String>,
    /// Image in ECR with the code, by tag or digest.
    pub image_uri: Option<String>,
    /// What is run in the image, where it is not what the image says.
    pub image_config: Option<ImageConfig>,
    /// What the code of a zip file is run with: `python3.13`, `provided.al2023`.
    pub runtime: Option<String>,
    /// Entry point of the code in a zip file: `main.handler`.
    pub handler: Option<String>,
    /// Processor. Left out, `x86_64`.
    #[field(computed)]
    pub architectures: BTreeSet<Architecture>,
    /// What it is for, at most 256 characters.
    pub description: Option<String>,
    /// Memory in MB; processor time grows with it.
    #[field(default = 128, range = 128..=10240)]
    pub memory_size: u32,
    /// After how many seconds an invocation is given up.
    #[field(default = Seconds(3), range = 1..=900)]
    pub timeout: Seconds,
    /// Space for files in `/tmp`. Left out, 512 MB.
    #[field(computed)]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Environment of the code.
    pub environment: Option<FunctionEnvironment>,
    /// Key that encrypts the environment. Left out, AWS's own.
    pub kms_key_arn: Option<KeyRef>,
    /// Layers, by the ARNs of their versions, the first below the others; at most 5.
    pub layers: Vec<AnyArn>,
    /// Network that the code can reach. Left out, the internet alone.
    pub vpc_config: Option<VpcConfig>,
    /// File system that the code sees; with a network only.
    pub file_system_config: Option<FileSystemConfig>,
    /// Where events go that could not be processed.
    pub dead_letter_config: Option<DeadLetterConfig>,
    /// How invocations are traced. Left out, as their callers say.
    #[field(computed)]
    pub tracing_config: Option<TracingConfig>,
    /// Whether published versions start from a snapshot.
    pub snap_start: Option<SnapStart>,
    /// How logs are written. Left out, as text into the group `/aws/lambda/NAME`.
    #[field(computed)]
    pub logging_config: Option<LoggingConfig>,
    /// Invocations at once that are set aside for the function; 0 lets none through, -1 sets none
    /// aside.
    #[field(default = -1, range = -1..=2_147_483_647)]
    pub reserved_concurrent_executions: i32,
    /// Publish a version after each change.
    #[field(default = false, write_only)]
    pub publish: bool,
    /// Leave the function where it is when it is no longer declared.
    #[field(default = false, write_only)]
    pub skip_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// What the code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PackageType {
    /// An image.
    #[choice("Image")]
    Image,
    /// A zip file.
    #[choice("Zip")]
    Zip,
}

/// Processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum Architecture {
    /// Graviton.
    #[choice("arm64")]
    Arm64,
    /// Intel and AMD.
    #[choice("x86_64")]
    X8664,
}

/// What is run in an image.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ImageConfig {
    /// Program.
    pub entry_point: Vec<String>,
    /// Its arguments.
    pub command: Vec<String>,
    /// Folder that it is started in.
    pub working_directory: Option<String>,
}

/// Space for files in `/tmp`.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EphemeralStorage {
    /// How much, in MB.
    #[field(range = 512..=10240)]
    pub size: u32,
}

/// Environment of the code.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FunctionEnvironment {
    /// Variables, at most 4 KB together. A value that is sensitive stays so.
    #[field(required)]
    pub variables: BTreeMap<String, String>,
}

/// Network that the code can reach.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct VpcConfig {
    /// Subnets.
    #[field(required)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Security groups.
    #[field(required)]
    pub security_group_ids: BTreeSet<SecurityGroupId>,
    /// Let IPv6 out where the subnets have both.
    #[field(default = false)]
    pub ipv6_allowed_for_dual_stack: bool,
}

/// File system that the code sees.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FileSystemConfig {
    /// Access point of EFS.
    pub arn: AnyArn,
    /// Where the code sees it: `/mnt/data`.
    pub local_mount_path: String,
}

/// Where events go that could not be processed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DeadLetterConfig {
    /// Queue or topic.
    pub target_arn: AnyArn,
}

/// How invocations are traced.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TracingConfig {
    /// Which of them.
    pub mode: TracingMode,
}

/// Which invocations are traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TracingMode {
    /// Some that X-Ray chooses.
    #[choice("Active")]
    Active,
    /// Those whose callers ask for it.
    #[choice("PassThrough")]
    PassThrough,
}

/// Whether versions start from a snapshot.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SnapStart {
    /// Which of them.
    pub apply_on: SnapStartOn,
}

/// Which versions start from a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SnapStartOn {
    /// Those that are published.
    #[choice("PublishedVersions")]
    PublishedVersions,
}

/// How logs are written.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LoggingConfig {
    /// Their form.
    pub log_format: LogFormat,
    /// The least level of what the code logs; for JSON. Left out, `INFO`.
    #[field(computed)]
    pub application_log_level: Option<ApplicationLogLevel>,
    /// The least level of what Lambda logs; for JSON. Left out, `INFO`.
    #[field(computed)]
    pub system_log_level: Option<SystemLogLevel>,
    /// Log group. Left out, `/aws/lambda/NAME`.
    #[field(computed)]
    pub log_group: Option<String>,
}

/// Forms of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogFormat {
    /// JSON.
    #[choice("JSON")]
    Json,
    /// Text.
    #[choice("Text")]
    Text,
}

/// Levels of what code logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ApplicationLogLevel {
    /// All but traces.
    #[choice("DEBUG")]
    Debug,
    /// Errors.
    #[choice("ERROR")]
    Error,
    /// What ends the program.
    #[choice("FATAL")]
    Fatal,
    /// What is of interest, and more.
    #[choice("INFO")]
    Info,
    /// All.
    #[choice("TRACE")]
    Trace,
    /// Warnings, and more.
    #[choice("WARN")]
    Warn,
}

/// Levels of what Lambda logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SystemLogLevel {
    /// All.
    #[choice("DEBUG")]
    Debug,
    /// What is of interest, and more.
    #[choice("INFO")]
    Info,
    /// Warnings, and more.
    #[choice("WARN")]
    Warn,
}

/// What AWS assigns to a [`Function`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct FunctionOutputs {
    /// The function's name.
    pub id: FunctionName,
    /// The function's ARN.
    pub arn: Arn<Function>,
    /// ARN by which an API of API Gateway invokes it.
    pub invoke_arn: String,
    /// The newest version: `$LATEST`, or with `publish` its number.
    pub version: String,
    /// ARN of the newest version.
    pub qualified_arn: String,
    /// SHA-256 of the code in base64.
    pub code_sha256: String,
    /// Size of the zip file in bytes.
    pub source_code_size: i64,
    /// When it was changed last.
    pub last_modified: String,
    /// `Active`, `Inactive`, or what it waits for.
    pub state: String,
    /// Why it is not ready, where AWS says it.
    pub state_reason: Option<String>,
}
