//! What passwords of an account's users must be like. An account has one such policy; without it
//! AWS's own counts. What is left out goes back to AWS's default.
//!
//! API: UpdateAccountPasswordPolicy, GetAccountPasswordPolicy, DeleteAccountPasswordPolicy.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Outputs, Resource};

use crate::rules::Rules;

/// What passwords of an account's users must be like.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_account_password_policy",
    outputs = AccountPasswordPolicyOutputs,
    global,
    validate = validate
)]
pub struct AccountPasswordPolicy {
    /// Whether users may change their own passwords.
    #[field(default = true)]
    pub allow_users_to_change_password: bool,
    /// Whether a password that is too old can only be changed by an administrator; with
    /// `max_password_age`.
    #[field(default = false)]
    pub hard_expiry: bool,
    /// How old a password may be, in days. Left out, as old as it gets.
    #[field(range = 1..=1095)]
    pub max_password_age: Option<i32>,
    /// The fewest characters.
    #[field(default = 6, range = 6..=128)]
    pub minimum_password_length: i32,
    /// How many old passwords may not be used again. Left out, none.
    #[field(range = 1..=24)]
    pub password_reuse_prevention: Option<i32>,
    /// Whether a small letter is asked for.
    #[field(default = false)]
    pub require_lowercase_characters: bool,
    /// Whether a digit is asked for.
    #[field(default = false)]
    pub require_numbers: bool,
    /// Whether one of `!@#$%^&*()_+-=[]{}|'` is asked for.
    #[field(default = false)]
    pub require_symbols: bool,
    /// Whether a capital letter is asked for.
    #[field(default = false)]
    pub require_uppercase_characters: bool,
}

/// What AWS says of an [`AccountPasswordPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct AccountPasswordPolicyOutputs {
    /// `iam-account-password-policy`, always.
    pub id: String,
    /// Whether passwords become too old.
    pub expire_passwords: bool,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.is_true("hard_expiry") {
        rules.required(&["max_password_age"], "with `hard_expiry`");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use super::*;
    use crate::iam::common::{GONE, PATIENCE};
    use crate::prelude::*;

    /// The id of the one that there is, as Terraform calls it.
    const ID: &str = "iam-account-password-policy";
    const OPERATIONS: &[&str] = &[
        "iam:DeleteAccountPasswordPolicy",
        "iam:GetAccountPasswordPolicy",
        "iam:UpdateAccountPasswordPolicy",
    ];

    impl Handler for AccountPasswordPolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "iam:UpdateAccountPasswordPolicy",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(ID.to_owned())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |_| see(aws)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, _: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.iam().delete_account_password_policy().send()).await.map(drop)
        }

        async fn find(aws: &Aws, _: &Self) -> Result<Vec<String>> {
            let found = absent(see(aws).await, GONE)?;
            Ok(found.map(|seen| seen.outputs.id).into_iter().collect())
        }
    }

    async fn put(aws: &Aws, want: &AccountPasswordPolicy) -> Result<()> {
        aws.call(|| {
            aws.iam()
                .update_account_password_policy()
                .allow_users_to_change_password(want.allow_users_to_change_password)
                .hard_expiry(want.hard_expiry)
                .set_max_password_age(want.max_password_age)
                .minimum_password_length(want.minimum_password_length)
                .set_password_reuse_prevention(want.password_reuse_prevention)
                .require_lowercase_characters(want.require_lowercase_characters)
                .require_numbers(want.require_numbers)
                .require_symbols(want.require_symbols)
                .require_uppercase_characters(want.require_uppercase_characters)
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws) -> Result<Option<Seen<AccountPasswordPolicy>>> {
        let answer = aws.call(|| aws.iam().get_account_password_policy().send()).await?;
        let policy = answer.password_policy.ok_or_else(|| missing("PasswordPolicy"))?;
        // 0 is none.
        let given = |number: Option<i32>| number.filter(|number| *number > 0);
        let inputs = AccountPasswordPolicy {
            allow_users_to_change_password: policy.allow_users_to_change_password,
            hard_expiry: policy.hard_expiry.unwrap_or(false),
            max_password_age: given(policy.max_password_age),
            minimum_password_length: policy.minimum_password_length.unwrap_or(6),
            password_reuse_prevention: given(policy.password_reuse_prevention),
            require_lowercase_characters: policy.require_lowercase_characters,
            require_numbers: policy.require_numbers,
            require_symbols: policy.require_symbols,
            require_uppercase_characters: policy.require_uppercase_characters,
        };
        let outputs = AccountPasswordPolicyOutputs {
            id: ID.to_owned(),
            expire_passwords: policy.expire_passwords,
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn what_expires_has_an_age() {
        let hard = ("hard_expiry".to_owned(), Value::Bool(true));
        let age = ("max_password_age".to_owned(), Value::Int(90));
        assert_eq!(validate(&Object::from([hard.clone()])).len(), 1);
        assert_eq!(validate(&Object::from([hard, age])), []);
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_iam_account_password_policy,
        Fixture {
            base: |stack, _| {
                let policy = AccountPasswordPolicy::new()
                    .allow_users_to_change_password(false)
                    .hard_expiry(true)
                    .max_password_age(90)
                    .minimum_password_length(14)
                    .password_reuse_prevention(24)
                    .require_lowercase_characters(true)
                    .require_numbers(true)
                    .require_symbols(true)
                    .require_uppercase_characters(true);
                stack.add("it", policy);
            },
            update: Some(|stack, _| {
                stack.add("it", AccountPasswordPolicy::new().minimum_password_length(20));
            }),
            replace: None,
            gaps: &[],
        }
    );
}
