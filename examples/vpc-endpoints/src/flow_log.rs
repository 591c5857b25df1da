//! Who talks with whom in a VPC: a flow log in CloudWatch Logs, encrypted with a key of its own.

use infra_aws::ec2::{FlowLog, TrafficType, VpcHandle};
use infra_aws::iam::{
    Operator, PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicy, Statement,
};
use infra_aws::kms::{Key, KeyHandle};
use infra_aws::logs::{LogGroup, LogGroupHandle};
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

/// Declares the flow log of a VPC.
pub fn declare(stack: &mut Stack, name: &str, vpc: &VpcHandle, kept: Days) -> Result<()> {
    let path = format!("/{name}/flow");
    let key = key(stack, &path)?;
    let group = LogGroup::new().name(path).retention_in_days(kept).kms_key_id(key.arn());
    let group = stack.add("group", group);
    let role = role(stack, name, &group);
    let log = FlowLog::new(group.arn())
        .vpc_id(vpc.id())
        .traffic_type(TrafficType::All)
        .iam_role_arn(role.arn());
    stack.add("log", log);
    Ok(())
}

/// The account administers the key; CloudWatch Logs uses it for this one group. Source: CloudWatch
/// Logs user guide, encrypt log data.
fn key(stack: &mut Stack, path: &str) -> Result<KeyHandle> {
    let (account, region) = (stack.lookup(CallerIdentity)?.account_id, stack.region());
    let policy = PolicyDocument::new()
        .statement(
            Statement::allow()
                .sid("Administration")
                .principal(Principal::aws(format!("arn:aws:iam::{account}:root")))
                .action("kms:*")
                .resource("*"),
        )
        .statement(
            Statement::allow()
                .sid("CloudWatchLogs")
                .principal(Principal::service(format!("logs.{region}.amazonaws.com")))
                .actions([
                    "kms:Encrypt*",
                    "kms:Decrypt*",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:Describe*",
                ])
                .resource("*")
                .condition(
                    Operator::ArnEquals,
                    "kms:EncryptionContext:aws:logs:arn",
                    format!("arn:aws:logs:{region}:{account}:log-group:{path}"),
                ),
        );
    let key = Key::new()
        .description(format!("Encrypts {path}"))
        .policy(policy)
        .enable_key_rotation(true)
        .deletion_window_in_days(Days(7));
    Ok(stack.add("key", key))
}

/// The role that VPC writes with. Source: VPC user guide, publish flow logs to CloudWatch Logs.
fn role(stack: &mut Stack, name: &str, group: &LogGroupHandle) -> RoleHandle {
    let trust = Statement::allow()
        .principal(Principal::service("vpc-flow-logs.amazonaws.com"))
        .action("sts:AssumeRole");
    let role = Role::new(PolicyDocument::new().statement(trust));
    let role = stack.add("role", role.name(RoleName::new(format!("{name}-flow-log"))));
    let write = Statement::allow()
        .actions([
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
        ])
        .resource(group.arn())
        .resource(text!(group.arn(), ":*"));
    stack.add("rights", RolePolicy::new(role.name(), PolicyDocument::new().statement(write)));
    role
}
