//! Tests of [`Function`] and [`Permission`] against the sandbox.

use std::collections::BTreeMap;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::{Arn, Global, Output, Seconds, Stack, text};

use super::*;
use crate::AnyArn;
use crate::conformance::{Fixture, conforms};
use crate::ec2::{SecurityGroup, Subnet, Vpc};
use crate::iam::Role;
use crate::iam::fixtures::trust;
use crate::kms::Key;

/// A zip file without files, told from others by its comment. Source: PKWARE APPNOTE, 4.3.16.
fn zip(comment: &str) -> ZipFile {
    let length = u8::try_from(comment.len()).expect("a short comment");
    let end = [b"PK\x05\x06".as_slice(), &[0; 16], &[length, 0], comment.as_bytes()].concat();
    let name = format!("infra-code-{}-{comment}.zip", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, end).expect("written");
    ZipFile::read(path).expect("read")
}

fn role(stack: &mut Stack, name: &str) -> Output<Arn<Role>, Global> {
    let role = Role::new(trust("lambda.amazonaws.com")).name(format!("{name}-code"));
    stack.add("role", role).arn()
}

fn function(role: Output<Arn<Role>, Global>, name: &str, code: &ZipFile) -> FunctionArguments {
    Function::new(format!("{name}-resize"), role)
        .filename(code.filename())
        .source_code_hash(code.digest())
        .runtime("provided.al2023")
        .handler("bootstrap")
}

conforms!(
    aws_lambda_function,
    Fixture {
        base: |stack, name| {
            let role = role(stack, name);
            let key = stack.add("key", Key::new().description("code"));
            let range = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
            let vpc = stack.add("vpc", Vpc::new(range("10.0.0.0/16")));
            let subnet = stack.add("subnet", Subnet::new(vpc.id(), range("10.0.0.0/24")));
            let group = SecurityGroup::new().vpc_id(vpc.id()).description("code");
            let group = stack.add("group", group);
            let variables = BTreeMap::from([("VPC", text!(vpc.id())), ("MODE", text!("fast"))]);
            let function = function(role, name, &zip("first"))
                .description("makes pictures small")
                .architectures([Architecture::Arm64])
                .memory_size(256_u32)
                .timeout(Seconds(30))
                .ephemeral_storage(EphemeralStorage::new(1024_u32))
                .environment(FunctionEnvironment::new(variables))
                .kms_key_arn(key.arn())
                .vpc_config(VpcConfig::new([subnet.id()], [group.id()]))
                .dead_letter_config(DeadLetterConfig::new(AnyArn::new(
                    "arn:aws:sqs:us-west-2:123456789012:lost",
                )))
                .tracing_config(TracingConfig::new(TracingMode::Active))
                .logging_config(LoggingConfig::new(LogFormat::Json).log_group("/pictures"))
                .snap_start(SnapStart::new(SnapStartOn::PublishedVersions))
                .reserved_concurrent_executions(5)
                .publish(true);
            stack.add("it", function.tag("Name", name));
        },
        update: Some(|stack, name| {
            let role = role(stack, name);
            stack.add("key", Key::new().description("code"));
            let range = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
            let vpc = stack.add("vpc", Vpc::new(range("10.0.0.0/16")));
            stack.add("subnet", Subnet::new(vpc.id(), range("10.0.0.0/24")));
            let group = SecurityGroup::new().vpc_id(vpc.id()).description("code");
            stack.add("group", group);
            let variables = BTreeMap::from([("MODE", "slow")]);
            let function = function(role, name, &zip("second"))
                .architectures([Architecture::X8664])
                .environment(FunctionEnvironment::new(variables))
                .tracing_config(TracingConfig::new(TracingMode::PassThrough))
                .publish(true);
            stack.add("it", function.tag("purpose", "changed"));
        }),
        replace: Some(|stack, name| {
            let function = Function::new(format!("{name}-resize"), role(stack, name))
                .package_type(PackageType::Image)
                .image_uri("123456789012.dkr.ecr.us-west-2.amazonaws.com/resize:1")
                .image_config(ImageConfig::new().command(["serve".to_owned()]));
            stack.add("it", function);
        }),
        gaps: &[],
    }
);

fn invoked(stack: &mut Stack, name: &str) -> FunctionHandle {
    let role = role(stack, name);
    stack.add("function", function(role, name, &zip("first")))
}

conforms!(
    aws_lambda_permission,
    Fixture {
        base: |stack, name| {
            let function = invoked(stack, name);
            let bucket = AnyArn::new("arn:aws:s3:::pictures");
            let permission = Permission::new(function.arn(), "s3.amazonaws.com");
            stack.add("it", permission.source_arn(bucket).statement_id("pictures"));
        },
        update: None,
        replace: Some(|stack, name| {
            let function = invoked(stack, name);
            let permission = Permission::new(function.id(), "events.amazonaws.com");
            stack.add("it", permission.source_account("123456789012"));
        }),
        gaps: &[],
    }
);
