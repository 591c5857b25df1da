//! What Lambda says of a [`Function`], as our structs.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{
    EnvironmentResponse, FunctionConfiguration, ImageConfigResponse, LastUpdateStatus,
    LoggingConfig as WireLogging, PackageType as WirePackage, SnapStartApplyOn, State,
    VpcConfigResponse,
};
use infra_sdk::{Arn, Object, Seconds, Tags, Value};

use super::FunctionName;
use super::function::{
    DeadLetterConfig, EphemeralStorage, FileSystemConfig, Function, FunctionEnvironment,
    FunctionOutputs, ImageConfig, LoggingConfig, SnapStart, SnapStartOn, TracingConfig, VpcConfig,
};
use crate::AnyArn;
use crate::ec2::{SecurityGroupId, SubnetId};
use crate::kms::KeyRef;
use crate::prelude::*;

/// The version that is not published.
const LATEST: &str = "$LATEST";

pub(super) async fn get(aws: &Aws, name: &str) -> Result<GetFunctionOutput> {
    aws.call(|| aws.lambda().get_function().function_name(name).send()).await
}

pub(super) async fn read(aws: &Aws, known: Known) -> Result<Option<Seen<Function>>> {
    let answer = get(aws, &known.id).await?;
    let publishes = known.recorded.get("publish").and_then(Value::as_bool) == Some(true);
    let version = if publishes { newest(aws, &known.id).await? } else { None };
    see(aws, answer, version, &known.recorded).map(Some)
}

/// The number of the newest version that is published.
async fn newest(aws: &Aws, name: &str) -> Result<Option<String>> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.lambda().list_versions_by_function().function_name(name);
                call.set_marker(marker).send()
            },
            |page| page.next_marker(),
        )
        .await?;
    let versions = pages.into_iter().flat_map(|page| page.versions.unwrap_or_default());
    let numbers = versions.filter_map(|version| version.version?.parse::<u64>().ok());
    Ok(numbers.max().map(|number| number.to_string()))
}

pub(super) fn see(
    aws: &Aws,
    answer: GetFunctionOutput,
    version: Option<String>,
    recorded: &Object,
) -> Result<Seen<Function>> {
    let wire = answer.configuration.ok_or_else(|| missing("Configuration"))?;
    let outputs = outputs(aws, &wire, version)?;
    let image = wire.package_type == Some(WirePackage::Image);
    let code = answer.code.filter(|_| image);
    let text = |name: &str| recorded.get(name).and_then(Value::as_str).map(str::to_owned);
    let package = wire.package_type.as_ref().map_or("Zip", WirePackage::as_str);
    let inputs = Function {
        function_name: outputs.id.clone(),
        role: Arn::new(wire.role.ok_or_else(|| missing("Role"))?),
        package_type: parsed(Some(package), "PackageType")?,
        // Where the code came from is not told.
        filename: text("filename"),
        source_code_hash: wire.code_sha256,
        s3_bucket: text("s3_bucket"),
        s3_key: text("s3_key"),
        s3_object_version: text("s3_object_version"),
        image_uri: code.and_then(|code| code.image_uri),
        image_config: wire.image_config_response.and_then(image_config),
        runtime: wire.runtime.map(|runtime| runtime.as_str().to_owned()),
        handler: filled(wire.handler),
        architectures: wire
            .architectures
            .unwrap_or_default()
            .iter()
            .map(|one| parsed(Some(one.as_str()), "Architectures"))
            .collect::<Result<_>>()?,
        description: filled(wire.description),
        memory_size: number(wire.memory_size).ok_or_else(|| missing("MemorySize"))?,
        timeout: number(wire.timeout).map(Seconds).ok_or_else(|| missing("Timeout"))?,
        ephemeral_storage: wire
            .ephemeral_storage
            .and_then(|storage| number(Some(storage.size)))
            .map(|size| EphemeralStorage { size }),
        environment: wire.environment.and_then(environment),
        kms_key_arn: filled(wire.kms_key_arn).map(KeyRef::new),
        layers: wire
            .layers
            .unwrap_or_default()
            .into_iter()
            .filter_map(|layer| layer.arn.map(AnyArn::new))
            .collect(),
        vpc_config: wire.vpc_config.and_then(network),
        file_system_config: wire.file_system_configs.and_then(|mut all| all.pop()).map(|wire| {
            FileSystemConfig { arn: AnyArn::new(wire.arn), local_mount_path: wire.local_mount_path }
        }),
        dead_letter_config: wire
            .dead_letter_config
            .and_then(|config| filled(config.target_arn))
            .map(|arn| DeadLetterConfig { target_arn: AnyArn::new(arn) }),
        tracing_config: wire
            .tracing_config
            .and_then(|config| config.mode)
            .map(|mode| parsed(Some(mode.as_str()), "TracingConfig.Mode"))
            .transpose()?
            .map(|mode| TracingConfig { mode }),
        snap_start: wire
            .snap_start
            .filter(|snap| snap.apply_on == Some(SnapStartApplyOn::PublishedVersions))
            .map(|_| SnapStart { apply_on: SnapStartOn::PublishedVersions }),
        logging_config: wire.logging_config.map(logging).transpose()?,
        reserved_concurrent_executions: answer
            .concurrency
            .and_then(|concurrency| concurrency.reserved_concurrent_executions)
            .unwrap_or(-1),
        publish: false,
        skip_destroy: false,
        tags: Tags(answer.tags.unwrap_or_default().into_iter().collect()),
    };
    Ok(Seen::new(inputs, outputs))
}

fn outputs(
    aws: &Aws,
    wire: &FunctionConfiguration,
    version: Option<String>,
) -> Result<FunctionOutputs> {
    let arn = wire.function_arn.clone().ok_or_else(|| missing("FunctionArn"))?;
    let partition = arn.split(':').nth(1).unwrap_or("aws");
    // Source: API Gateway developer guide, `uri` of a Lambda integration.
    let invoke_arn = format!(
        "arn:{partition}:apigateway:{}:lambda:path/2015-03-31/functions/{arn}/invocations",
        aws.region()
    );
    let version = version.unwrap_or_else(|| LATEST.to_owned());
    let updating = wire.last_update_status.as_ref();
    let updating = updating.filter(|status| **status != LastUpdateStatus::Successful);
    let (state, reason) = match (wire.state.as_ref(), updating) {
        (Some(State::Active | State::Inactive) | None, Some(status)) => {
            (format!("update {}", status.as_str()), wire.last_update_status_reason.clone())
        }
        (Some(state), _) => (state.as_str().to_owned(), wire.state_reason.clone()),
        (None, None) => (State::Active.as_str().to_owned(), None),
    };
    Ok(FunctionOutputs {
        id: FunctionName::new(wire.function_name.clone().ok_or_else(|| missing("FunctionName"))?),
        invoke_arn,
        qualified_arn: format!("{arn}:{version}"),
        arn: Arn::new(arn),
        version,
        code_sha256: wire.code_sha256.clone().unwrap_or_default(),
        source_code_size: wire.code_size,
        last_modified: wire.last_modified.clone().unwrap_or_default(),
        state,
        state_reason: filled(reason),
    })
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn number(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

/// The environment; `None` where it has no variables.
fn environment(wire: EnvironmentResponse) -> Option<FunctionEnvironment> {
    let variables = wire.variables.filter(|variables| !variables.is_empty())?;
    Some(FunctionEnvironment { variables: variables.into_iter().collect() })
}

/// The network; `None` where the answer has no subnets.
fn network(wire: VpcConfigResponse) -> Option<VpcConfig> {
    let subnets = wire.subnet_ids.unwrap_or_default();
    (!subnets.is_empty()).then(|| VpcConfig {
        subnet_ids: subnets.into_iter().map(SubnetId::new).collect(),
        security_group_ids: wire
            .security_group_ids
            .unwrap_or_default()
            .into_iter()
            .map(SecurityGroupId::new)
            .collect(),
        ipv6_allowed_for_dual_stack: wire.ipv6_allowed_for_dual_stack.unwrap_or(false),
    })
}

/// What is run in the image; `None` where that is what the image says.
fn image_config(wire: ImageConfigResponse) -> Option<ImageConfig> {
    let wire = wire.image_config?;
    let config = ImageConfig {
        entry_point: wire.entry_point.unwrap_or_default(),
        command: wire.command.unwrap_or_default(),
        working_directory: filled(wire.working_directory),
    };
    let any = !config.entry_point.is_empty()
        || !config.command.is_empty()
        || config.working_directory.is_some();
    any.then_some(config)
}

fn logging(wire: WireLogging) -> Result<LoggingConfig> {
    let format = wire.log_format.as_ref().map(|format| format.as_str());
    let level = wire.application_log_level.as_ref().map(|level| level.as_str());
    let system = wire.system_log_level.as_ref().map(|level| level.as_str());
    Ok(LoggingConfig {
        log_format: parsed(format, "LogFormat")?,
        application_log_level: level
            .map(|level| parsed(Some(level), "ApplicationLogLevel"))
            .transpose()?,
        system_log_level: system.map(|level| parsed(Some(level), "SystemLogLevel")).transpose()?,
        log_group: filled(wire.log_group),
    })
}
