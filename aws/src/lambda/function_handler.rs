//! The AWS calls of [`Function`]: creating, finding, waiting, deleting. Changing and reading have
//! files of their own.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_lambda::types::PackageType as WirePackage;
use futures_util::FutureExt as _;
use infra_sdk::provider::Readiness;

use super::function::{Function, SnapStart};
use super::function_code::code;
use super::function_read::{get, read};
use super::function_update::{
    architectures, dead_letters, environment, files, image, logging, memory, network, seconds,
    snap_start, storage, tracing, update,
};
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "lambda:CreateFunction",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionConcurrency",
    "lambda:GetFunction",
    "lambda:ListVersionsByFunction",
    "lambda:PublishVersion",
    "lambda:PutFunctionConcurrency",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
];
/// The operations, handing over the role, and what networks, keys, images, layers and files in S3
/// need. Source: Lambda developer guide, identity-based policies; Service Authorization Reference.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    [
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetRepositoryPolicy",
        "ecr:SetRepositoryPolicy",
        "elasticfilesystem:DescribeMountTargets",
        "iam:PassRole",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:Encrypt",
        "lambda:GetLayerVersion",
        "lambda:ListTags",
        "s3:GetObject",
        "s3:GetObjectVersion"
    ]
);

pub(super) const GONE: &[&str] = &["ResourceNotFoundException"];
/// A change is under way. A name that is taken has the same code.
const BUSY: (&str, &str) = ("ResourceConflictException", "cannot be performed at this time");
const INVALID: &str = "InvalidParameterValueException";

impl Handler for Function {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("function_name"),
        create: "lambda:CreateFunction",
        operations: OPERATIONS,
        actions: ACTIONS,
        after_create: &["reserved_concurrent_executions"],
        gone: GONE,
        not_yet: &[
            BUSY,
            // Roles, their policies and grants of keys that were made a moment ago.
            (INVALID, "cannot be assumed by Lambda"),
            (INVALID, "execution role does not have permissions"),
            (INVALID, "KMS key is invalid for CreateGrant"),
            (INVALID, "throttled by EC2"),
        ],
        lingering: &[BUSY],
        patience: Patience {
            create: Duration::from_secs(10 * 60),
            update: Duration::from_secs(10 * 60),
            delete: Duration::from_secs(10 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        create(aws, want).boxed().await?;
        Ok(want.function_name.to_string())
    }

    /// The list of functions has neither tags nor what is set aside.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |known| read(aws, known)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        update(aws, id, want, changed).boxed().await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.lambda().delete_function().function_name(id).send()).await.map(drop)
    }

    fn is_kept(was: &Self) -> bool {
        was.skip_destroy
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        let outputs = &seen.outputs;
        match outputs.state.as_str() {
            // An idle function wakes up when it is invoked.
            "Active" | "ActiveNonInvocable" | "Inactive" => Readiness::Ready,
            failed @ ("Failed" | "update Failed") => {
                let reason = outputs.state_reason.as_deref().unwrap_or("AWS says no reason");
                Readiness::Failed(format!("its state is `{failed}`: {reason}"))
            }
            busy => Readiness::Waiting(busy.to_owned()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = absent(get(aws, want.function_name.as_str()).await.map(Some), GONE)?;
        let tags = found.and_then(|found| found.tags).unwrap_or_default().into_iter().collect();
        let ours = is_ours(&want.tags.0, &tags);
        Ok(ours.then(|| want.function_name.to_string()).into_iter().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let configuration = get(aws, id).await?.configuration;
        let arn = configuration.and_then(|wire| wire.function_arn);
        let arn = arn.ok_or_else(|| missing("FunctionArn"))?;
        if !change.remove.is_empty() {
            aws.call(|| {
                let call = aws.lambda().untag_resource().resource(&arn);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        if !change.set.is_empty() {
            let tags = change.set.clone().into_iter().collect::<HashMap<_, _>>();
            aws.call(|| {
                aws.lambda().tag_resource().resource(&arn).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

async fn create(aws: &Aws, want: &Function) -> Result<()> {
    let code = code(want, true).await?.wire;
    let storage = storage(want)?;
    let files = Some(files(want)?).filter(|files| !files.is_empty());
    let layers = want.layers.iter().map(ToString::to_string).collect::<Vec<_>>();
    let layers = Some(layers).filter(|layers| !layers.is_empty());
    let tags = want.tags.0.clone().into_iter().collect::<HashMap<_, _>>();
    let snap = want.snap_start.as_ref().map(|_: &SnapStart| snap_start(want));
    aws.call(|| {
        aws.lambda()
            .create_function()
            .function_name(want.function_name.as_str())
            .role(want.role.as_str())
            .package_type(WirePackage::from(want.package_type.as_str()))
            .code(code.clone())
            .publish(want.publish)
            .set_handler(want.handler.clone())
            .set_runtime(want.runtime.as_deref().map(Into::into))
            .set_architectures(architectures(want))
            .set_description(want.description.clone())
            .memory_size(memory(want))
            .timeout(seconds(want))
            .set_ephemeral_storage(storage.clone())
            .set_environment(want.environment.as_ref().map(|_| environment(want)))
            .set_kms_key_arn(want.kms_key_arn.as_ref().map(|key| key.as_str().to_owned()))
            .set_layers(layers.clone())
            .set_vpc_config(want.vpc_config.as_ref().map(|config| network(Some(config))))
            .set_file_system_configs(files.clone())
            .set_dead_letter_config(dead_letters(want))
            .set_tracing_config(tracing(want))
            .set_snap_start(snap.clone())
            .set_logging_config(logging(want))
            .set_image_config(want.image_config.as_ref().map(|config| image(Some(config))))
            .set_tags(Some(tags.clone()))
            .send()
    })
    .await
    .map(drop)
}
