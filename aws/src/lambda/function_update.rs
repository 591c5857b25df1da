//! How a [`Function`] is changed: settings first, then code, then a version.
//!
//! While one change is under way Lambda refuses the next, and the frame calls again: what is left to
//! do is found out anew from what the function is by then.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_lambda::types::{
    Architecture as WireArchitecture, DeadLetterConfig as WireDead, Environment,
    EphemeralStorage as WireStorage, FileSystemConfig as WireFiles, ImageConfig as WireImage,
    LoggingConfig as WireLogging, SnapStart as WireSnap, SnapStartApplyOn,
    TracingConfig as WireTracing, TracingMode as WireMode, VpcConfig as WireNetwork,
};
use infra_sdk::{Object, Value};

use super::function::{Function, ImageConfig, LoggingConfig, VpcConfig};
use super::function_code::code;
use super::function_read::{get, see};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// What `UpdateFunctionConfiguration` sets.
const SETTINGS: &[&str] = &[
    "dead_letter_config",
    "description",
    "environment",
    "ephemeral_storage",
    "file_system_config",
    "handler",
    "image_config",
    "kms_key_arn",
    "layers",
    "logging_config",
    "memory_size",
    "role",
    "runtime",
    "snap_start",
    "timeout",
    "tracing_config",
    "vpc_config",
];
/// What `UpdateFunctionCode` sets.
const CODE: &[&str] = &[
    "architectures",
    "filename",
    "image_uri",
    "s3_bucket",
    "s3_key",
    "s3_object_version",
    "source_code_hash",
];

pub(super) async fn update(aws: &Aws, id: &str, want: &Function, changed: &Changed) -> Result<()> {
    if changed.has("reserved_concurrent_executions") {
        reserve(aws, id, want.reserved_concurrent_executions).await?;
    }
    let now = see(aws, get(aws, id).await?, None, &Object::new())?.inputs;
    let left = left(&now, want, changed);
    if !left.is_empty() {
        configure(aws, id, want, &left).await?;
    }
    let mut published = false;
    if changed.any(CODE) {
        published = replace_code(aws, id, &now, want, changed).await? && want.publish;
    }
    let due = changed.any(SETTINGS) || changed.any(CODE) || changed.has("publish");
    if want.publish && !published && due {
        // Without a change since the last version this makes none. Source: API Reference.
        aws.call(|| aws.lambda().publish_version().function_name(id).send()).await?;
    }
    Ok(())
}

/// Sets invocations aside; a number below 0 sets none aside.
async fn reserve(aws: &Aws, id: &str, number: i32) -> Result<()> {
    if number < 0 {
        let delete = || aws.lambda().delete_function_concurrency().function_name(id).send();
        return aws.call(delete).await.map(drop);
    }
    aws.call(|| {
        let call = aws.lambda().put_function_concurrency().function_name(id);
        call.reserved_concurrent_executions(number).send()
    })
    .await
    .map(drop)
}

/// Settings that are to be changed and are not as wanted.
fn left(now: &Function, want: &Function, changed: &Changed) -> BTreeSet<&'static str> {
    let want = Function {
        logging_config: want.logging_config.clone().map(|logs| completed(logs, now)),
        ..want.clone()
    };
    let (asked, there) = (want.to_object(), now.to_object());
    let fields = Function::SCHEMA.inputs.iter();
    fields
        .filter(|field| changed.has(field.name) && SETTINGS.contains(&field.name))
        .filter(|field| {
            let of = |object: &Object| object.get(field.name).cloned().unwrap_or(Value::Null);
            let (asked, there) = (of(&asked), of(&there));
            let is_left_out = field.computed && asked.is_null();
            !is_left_out && !field.kind.same(&asked.revealed(), &there)
        })
        .map(|field| field.name)
        .collect()
}

/// What was left out of the logging is as it is.
fn completed(want: LoggingConfig, now: &Function) -> LoggingConfig {
    let Some(now) = now.logging_config.as_ref().filter(|now| now.log_format == want.log_format)
    else {
        return want;
    };
    LoggingConfig {
        log_format: want.log_format,
        application_log_level: want.application_log_level.or(now.application_log_level),
        system_log_level: want.system_log_level.or(now.system_log_level),
        log_group: want.log_group.or_else(|| now.log_group.clone()),
    }
}

/// Sets what is left. What is not wanted any more is said to be empty.
async fn configure(
    aws: &Aws,
    id: &str,
    want: &Function,
    left: &BTreeSet<&'static str>,
) -> Result<()> {
    let has = |name: &str| left.contains(name);
    let files = if has("file_system_config") { Some(files(want)?) } else { None };
    let storage = storage(want)?;
    let layers = want.layers.iter().map(ToString::to_string).collect::<Vec<_>>();
    let key = want.kms_key_arn.as_ref().map_or("", |key| key.as_str()).to_owned();
    let description = want.description.clone().unwrap_or_default();
    let dead = has("dead_letter_config")
        .then(|| dead_letters(want).unwrap_or_else(|| WireDead::builder().target_arn("").build()));
    aws.call(|| {
        aws.lambda()
            .update_function_configuration()
            .function_name(id)
            .set_role(has("role").then(|| want.role.as_str().to_owned()))
            .set_handler(want.handler.clone().filter(|_| has("handler")))
            .set_description(has("description").then(|| description.clone()))
            .set_timeout(has("timeout").then(|| seconds(want)))
            .set_memory_size(has("memory_size").then(|| memory(want)))
            .set_runtime(want.runtime.as_deref().filter(|_| has("runtime")).map(Into::into))
            .set_vpc_config(has("vpc_config").then(|| network(want.vpc_config.as_ref())))
            .set_environment(has("environment").then(|| environment(want)))
            .set_dead_letter_config(dead.clone())
            .set_kms_key_arn(has("kms_key_arn").then(|| key.clone()))
            .set_tracing_config(tracing(want).filter(|_| has("tracing_config")))
            .set_layers(has("layers").then(|| layers.clone()))
            .set_file_system_configs(files.clone())
            .set_image_config(has("image_config").then(|| image(want.image_config.as_ref())))
            .set_ephemeral_storage(storage.clone().filter(|_| has("ephemeral_storage")))
            .set_snap_start(has("snap_start").then(|| snap_start(want)))
            .set_logging_config(logging(want).filter(|_| has("logging_config")))
            .send()
    })
    .await
    .map(drop)
}

/// Replaces the code, unless it is the wanted one already. Whether it did.
async fn replace_code(
    aws: &Aws,
    id: &str,
    now: &Function,
    want: &Function,
    changed: &Changed,
) -> Result<bool> {
    let code = code(want, changed.has("source_code_hash")).await?;
    let same_code = match (&want.image_uri, &code.digest) {
        (Some(image), _) => now.image_uri.as_ref() == Some(image),
        (None, Some(digest)) => now.source_code_hash.as_ref() == Some(digest),
        (None, None) => false,
    };
    let same_processor = want.architectures.is_empty() || want.architectures == now.architectures;
    if same_code && same_processor {
        return Ok(false);
    }
    let wire = code.wire;
    aws.call(|| {
        aws.lambda()
            .update_function_code()
            .function_name(id)
            .set_zip_file(wire.zip_file.clone())
            .set_image_uri(wire.image_uri.clone())
            .set_s3_bucket(wire.s3_bucket.clone())
            .set_s3_key(wire.s3_key.clone())
            .set_s3_object_version(wire.s3_object_version.clone())
            .set_architectures(architectures(want))
            .publish(want.publish)
            .send()
    })
    .await
    .map(|_| true)
}

pub(super) fn seconds(want: &Function) -> i32 {
    // The range of the field is far below the largest number.
    i32::try_from(want.timeout.0).unwrap_or(i32::MAX)
}

pub(super) fn memory(want: &Function) -> i32 {
    i32::try_from(want.memory_size).unwrap_or(i32::MAX)
}

pub(super) fn architectures(want: &Function) -> Option<Vec<WireArchitecture>> {
    let all = want.architectures.iter().map(|one| WireArchitecture::from(one.as_str()));
    Some(all.collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

pub(super) fn network(config: Option<&VpcConfig>) -> WireNetwork {
    let subnets = config.map(|c| c.subnet_ids.iter().map(ToString::to_string).collect());
    let groups = config.map(|c| c.security_group_ids.iter().map(ToString::to_string).collect());
    WireNetwork::builder()
        .set_subnet_ids(Some(subnets.unwrap_or_default()))
        .set_security_group_ids(Some(groups.unwrap_or_default()))
        .set_ipv6_allowed_for_dual_stack(config.map(|c| c.ipv6_allowed_for_dual_stack))
        .build()
}

pub(super) fn environment(want: &Function) -> Environment {
    let variables = want.environment.as_ref().map(|block| block.variables.clone());
    let variables: HashMap<_, _> = variables.unwrap_or_default().into_iter().collect();
    Environment::builder().set_variables(Some(variables)).build()
}

pub(super) fn dead_letters(want: &Function) -> Option<WireDead> {
    let config = want.dead_letter_config.as_ref()?;
    Some(WireDead::builder().target_arn(config.target_arn.as_str()).build())
}

pub(super) fn tracing(want: &Function) -> Option<WireTracing> {
    let config = want.tracing_config.as_ref()?;
    Some(WireTracing::builder().mode(WireMode::from(config.mode.as_str())).build())
}

pub(super) fn files(want: &Function) -> Result<Vec<WireFiles>> {
    let Some(config) = &want.file_system_config else { return Ok(Vec::new()) };
    let wire = WireFiles::builder().arn(config.arn.as_str());
    let wire = wire.local_mount_path(&config.local_mount_path).build().map_err(incomplete)?;
    Ok(vec![wire])
}

pub(super) fn image(config: Option<&ImageConfig>) -> WireImage {
    let list = |pick: fn(&ImageConfig) -> &Vec<String>| {
        Some(config.map(pick).cloned().unwrap_or_default())
    };
    WireImage::builder()
        .set_entry_point(list(|config| &config.entry_point))
        .set_command(list(|config| &config.command))
        .set_working_directory(config.and_then(|config| config.working_directory.clone()))
        .build()
}

pub(super) fn storage(want: &Function) -> Result<Option<WireStorage>> {
    let Some(storage) = &want.ephemeral_storage else { return Ok(None) };
    let size = i32::try_from(storage.size).unwrap_or(i32::MAX);
    WireStorage::builder().size(size).build().map(Some).map_err(incomplete)
}

pub(super) fn snap_start(want: &Function) -> WireSnap {
    let on = want.snap_start.as_ref().map_or("None", |snap| snap.apply_on.as_str());
    WireSnap::builder().apply_on(SnapStartApplyOn::from(on)).build()
}

pub(super) fn logging(want: &Function) -> Option<WireLogging> {
    let config = want.logging_config.as_ref()?;
    let level = config.application_log_level.map(|level| level.as_str().into());
    let system = config.system_log_level.map(|level| level.as_str().into());
    let wire = WireLogging::builder()
        .log_format(config.log_format.as_str().into())
        .set_application_log_level(level)
        .set_system_log_level(system)
        .set_log_group(config.log_group.clone());
    Some(wire.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(entries: &[(&str, Value)]) -> Function {
        let base = [
            ("function_name", Value::from("f")),
            ("role", "arn:aws:iam::123456789012:role/f".into()),
        ];
        let all = base.iter().chain(entries);
        let inputs: Object = all.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Function::from_object(&inputs).expect("a function")
    }

    fn block(entries: &[(&str, &str)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect())
    }

    #[test]
    fn what_is_set_by_then_is_not_set_again() {
        let now = function(&[("timeout", Value::Int(3)), ("memory_size", Value::Int(256))]);
        let want = function(&[("timeout", Value::Int(9)), ("memory_size", Value::Int(256))]);
        let names = ["timeout", "memory_size", "filename"].map(str::to_owned);
        assert_eq!(left(&now, &want, &Changed::new(names.clone())), BTreeSet::from(["timeout"]));
        assert_eq!(left(&want, &want, &Changed::new(names)), BTreeSet::new());
        let other = Changed::new(["memory_size".to_owned()]);
        assert_eq!(left(&now, &want, &other), BTreeSet::new(), "only what is to be changed");
    }

    #[test]
    fn logs_that_are_partly_left_out_are_not_set_for_ever() {
        let logs = |entries: &[(&str, &str)]| function(&[("logging_config", block(entries))]);
        let now = logs(&[("log_format", "JSON"), ("log_group", "/aws/lambda/f")]);
        let changed = Changed::new(["logging_config".to_owned()]);
        assert!(left(&now, &logs(&[("log_format", "JSON")]), &changed).is_empty());
        assert!(!left(&now, &logs(&[("log_format", "Text")]), &changed).is_empty());
    }
}
