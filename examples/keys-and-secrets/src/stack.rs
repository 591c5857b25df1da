//! What is secret, what encrypts it, and who may read it.

use infra_aws::iam::{
    Operator, PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicy, Statement,
};
use infra_aws::kms::{Alias, Key, KeyHandle};
use infra_aws::secretsmanager::{Secret, SecretHandle, SecretVersion};
use infra_aws::ssm::{Parameter, ParameterHandle, ParameterName, ParameterType};
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// The service whose role reads the secrets: `lambda.amazonaws.com`.
    #[setting(default = "ecs-tasks.amazonaws.com")]
    pub reader: String,
    /// Days in which a deleted secret can be had back, 7 to 30; 0 for not at all, so that its name is
    /// free at once.
    #[setting(default = Days(30))]
    pub recovery_window: Days,
}

/// Declares the key, what it encrypts, and the role.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let name = format!("vault-{}", stack.env().name());
    let key = key(stack, &name)?;
    let token = token(stack, &name, &key, settings);
    let webhook = webhook(stack, &name, &key);
    let reader = reader(stack, &name, settings, &key, &token, &webhook);
    stack.output("token_secret", token.arn());
    stack.output("webhook_parameter", webhook.id());
    stack.output("reader_role", reader.arn());
    Ok(())
}

/// The account administers the key, and uses it through Secrets Manager and Systems Manager only: who of
/// the account may do either, IAM says. Source: KMS developer guide, `kms:ViaService`.
fn key(stack: &mut Stack, name: &str) -> Result<KeyHandle> {
    let (account, region) = (stack.lookup(CallerIdentity)?.account_id, stack.region());
    let root = || Principal::aws(format!("arn:aws:iam::{account}:root"));
    let services = ["secretsmanager", "ssm"].map(|name| format!("{name}.{region}.amazonaws.com"));
    let policy = PolicyDocument::new()
        .statement(
            Statement::allow()
                .sid("Administration")
                .principal(root())
                .actions([
                    "kms:CancelKeyDeletion",
                    "kms:CreateAlias",
                    "kms:DeleteAlias",
                    "kms:Describe*",
                    "kms:Disable*",
                    "kms:Enable*",
                    "kms:Get*",
                    "kms:List*",
                    "kms:PutKeyPolicy",
                    "kms:ScheduleKeyDeletion",
                    "kms:TagResource",
                    "kms:UntagResource",
                    "kms:UpdateAlias",
                    "kms:UpdateKeyDescription",
                ])
                .resource("*"),
        )
        .statement(
            Statement::allow()
                .sid("ThroughServices")
                .principal(root())
                .actions(["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"])
                .resource("*")
                .conditions(Operator::StringEquals, "kms:ViaService", services),
        );
    let key = Key::new()
        .description(format!("Encrypts the secrets of {name}"))
        .policy(policy)
        .enable_key_rotation(true)
        .deletion_window_in_days(Days(7));
    let key = stack.add("key", key);
    stack.add("key-alias", Alias::new(key.id()).name(format!("alias/{name}")));
    Ok(key)
}

/// A token that nobody has ever seen: made here, sealed in the state, shown to no one.
fn token(stack: &mut Stack, name: &str, key: &KeyHandle, settings: &Settings) -> SecretHandle {
    let value = stack.add("token", random::Password::new(48).special(false)).result();
    let secret = Secret::new()
        .name(format!("{name}/token"))
        .description("Signs the tokens of the service")
        .kms_key_id(key.arn())
        .recovery_window_in_days(settings.recovery_window)
        .waive("baseline::secret-rotation", "`infra apply --replace token` makes a new one");
    let secret = stack.add("token-secret", secret);
    stack.add("token-value", SecretVersion::new(secret.id()).secret_string(value));
    secret
}

/// A value that somebody sets by hand: it begins as a placeholder, and `infra` leaves alone what it is
/// set to later.
fn webhook(stack: &mut Stack, name: &str, key: &KeyHandle) -> ParameterHandle {
    let parameter =
        Parameter::new(ParameterName::new(format!("/{name}/webhook")), ParameterType::SecureString);
    let parameter = parameter
        .description("Where messages are sent; set by hand")
        .key_id(key.arn())
        .value("https://example.com/")
        .ignore_changes(["value"]);
    stack.add("webhook", parameter)
}

/// The role of the service that reads: these two and nothing else.
fn reader(
    stack: &mut Stack,
    name: &str,
    settings: &Settings,
    key: &KeyHandle,
    token: &SecretHandle,
    webhook: &ParameterHandle,
) -> RoleHandle {
    let trust = Statement::allow()
        .principal(Principal::service(settings.reader.as_str()))
        .action("sts:AssumeRole");
    let role = Role::new(PolicyDocument::new().statement(trust));
    let role = stack.add("reader", role.name(RoleName::new(format!("{name}-reader"))));
    let rights = PolicyDocument::new()
        .statement(
            Statement::allow()
                .sid("Secret")
                .action("secretsmanager:GetSecretValue")
                .resource(token.arn()),
        )
        .statement(
            Statement::allow().sid("Parameter").action("ssm:GetParameter").resource(webhook.arn()),
        )
        .statement(Statement::allow().sid("Key").action("kms:Decrypt").resource(key.arn()));
    stack.add("reader-rights", RolePolicy::new(role.name(), rights));
    role
}
