//! A secret of Secrets Manager: named values as one JSON object.

use std::collections::BTreeMap;

use infra_aws::kms::KeyHandle;
use infra_aws::secretsmanager::{
    Secret as Declared, SecretHandle, SecretVersion, SecretVersionHandle,
};
use infra_sdk::{Expr, Function, IntoText, prelude::*};

/// Handles of a secret.
pub(crate) struct Secret {
    /// The secret.
    pub(crate) secret: SecretHandle,
    /// What it holds now: its id changes with it.
    pub(crate) version: SecretVersionHandle,
}

impl Secret {
    /// Where ECS takes one of the values from. Source: ECS developer guide, Secrets Manager environment
    /// variables.
    pub(crate) fn value(&self, name: &str) -> Output<String, Global> {
        text!(self.secret.arn(), ":", name, "::")
    }
}

/// Declares a secret. `full` is its name in AWS: `faultmaven/staging/application`. What is deleted can
/// be saved for 30 days in a protected environment, and not at all elsewhere, where the name is to be
/// free at once.
pub(crate) fn declare(
    stack: &mut Stack,
    name: &str,
    full: String,
    key: &KeyHandle,
    values: BTreeMap<&str, Output<String, Global>>,
) -> Secret {
    let window = if stack.env().is_protected() { Days(30) } else { Days(0) };
    let secret = Declared::new().name(full).kms_key_id(key.arn()).recovery_window_in_days(window);
    let secret = stack.add(name, secret);
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.into_text()));
    let values = Expr::Call(Function::JsonEncode, vec![Expr::Map(values.collect())]);
    let values: Output<String, Global> = Output::from_expr(values);
    // There is always a current one, since AWS never takes that label away. To ask for the new one
    // first would ask the same of databases and caches, whose names are taken until they are gone.
    let version = SecretVersion::new(secret.id()).secret_string(values);
    let version = stack.add(format!("{name}-values"), version);
    Secret { secret, version }
}
