//! The rotation of a secret: a function that makes its next value, and when.
//!
//! API: RotateSecret, DescribeSecret, CancelRotateSecret.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Object, Outputs, Resource};

use super::Secret;
use crate::AnyArn;
use crate::rules::Rules;

/// How a secret gets its next value.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_secretsmanager_secret_rotation", outputs = SecretRotationOutputs, validate = validate)]
pub struct SecretRotation {
    /// The secret.
    #[field(force_new)]
    pub secret_id: Arn<Secret>,
    /// When it is rotated.
    pub rotation_rules: RotationRules,
    /// Function that rotates it. Left out for secrets that another service of AWS manages.
    pub rotation_lambda_arn: Option<AnyArn>,
    /// Rotate it at once, and not only when it is next due.
    #[field(default = true, write_only)]
    pub rotate_immediately: bool,
}

/// When a secret is rotated.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RotationRules {
    /// Days between rotations.
    #[field(range = 1..=1000)]
    pub automatically_after_days: Option<u32>,
    /// How long the rotation may take, in hours: `3h`.
    pub duration: Option<String>,
    /// When, as an expression in UTC: `rate(30 days)`, `cron(0 16 1 * ? *)`.
    pub schedule_expression: Option<String>,
}

/// What AWS assigns to a [`SecretRotation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SecretRotationOutputs {
    /// The secret's ARN.
    pub id: Arn<Secret>,
    /// Whether it is rotated.
    pub rotation_enabled: bool,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.blocks("rotation_rules", |rules| {
        rules.exactly_one(&["automatically_after_days", "schedule_expression"]);
        // Source: Secrets Manager API Reference, RotationRulesType.
        let hours = |text: &str| text.strip_suffix('h')?.parse::<u32>().ok();
        if rules
            .text("duration")
            .is_some_and(|text| !hours(text).is_some_and(|n| (1..=24).contains(&n)))
        {
            rules.refuse("duration", "must be 1 to 24 hours, like `3h`");
        }
        let is_schedule = |text: &str| {
            (text.starts_with("rate(") || text.starts_with("cron(")) && text.ends_with(')')
        };
        if rules.text("schedule_expression").is_some_and(|text| !is_schedule(text)) {
            rules.refuse(
                "schedule_expression",
                "must be like `rate(30 days)` or `cron(0 16 1 * ? *)`",
            );
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_secretsmanager::types::RotationRulesType;

    use super::*;
    use crate::prelude::*;
    use crate::secretsmanager::common::{GONE, living};

    const OPERATIONS: &[&str] = &[
        "secretsmanager:CancelRotateSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:RotateSecret",
    ];
    /// The operations, and the function that is called. Source: Secrets Manager user guide,
    /// permissions for rotation.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["lambda:InvokeFunction"]);

    impl Handler for SecretRotation {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "secretsmanager:RotateSecret",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            // The function's permission may have been given a moment ago.
            not_yet: &[("AccessDeniedException", "cannot invoke the specified Lambda function")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            rotate(aws, want).await?;
            Ok(want.secret_id.as_str().to_owned())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| see(aws, item)).await
        }

        async fn update(
            aws: &Aws,
            _: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            // What is said of the call alone changes nothing.
            if changed.any(&["rotation_rules", "rotation_lambda_arn"]) {
                rotate(aws, want).await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let rotated = living(aws, id).await?.and_then(|secret| secret.rotation_enabled);
            if rotated != Some(true) {
                return Ok(());
            }
            let cancel = || aws.secretsmanager().cancel_rotate_secret().secret_id(id).send();
            aws.call(cancel).await.map(drop)
        }

        async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
            Ok(vec![want.secret_id.as_str().to_owned()])
        }
    }

    async fn rotate(aws: &Aws, want: &SecretRotation) -> Result<()> {
        let rules = RotationRulesType::builder()
            .set_automatically_after_days(
                want.rotation_rules.automatically_after_days.map(i64::from),
            )
            .set_duration(want.rotation_rules.duration.clone())
            .set_schedule_expression(want.rotation_rules.schedule_expression.clone())
            .build();
        let function = want.rotation_lambda_arn.as_ref().map(ToString::to_string);
        aws.call(|| {
            aws.secretsmanager()
                .rotate_secret()
                .secret_id(want.secret_id.as_str())
                .set_rotation_lambda_arn(function.clone())
                .rotation_rules(rules.clone())
                .rotate_immediately(want.rotate_immediately)
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<SecretRotation>>> {
        let Some(secret) = living(aws, &item.id).await? else { return Ok(None) };
        if secret.rotation_enabled != Some(true) {
            return Ok(None);
        }
        let arn = secret.arn.ok_or_else(|| missing("ARN"))?;
        let rules = secret.rotation_rules;
        let rules = rules.unwrap_or_else(|| RotationRulesType::builder().build());
        let schedule = rules.schedule_expression.filter(|text| !text.is_empty());
        // The days follow from an expression and are shown beside it.
        let days = rules.automatically_after_days.filter(|_| schedule.is_none());
        let inputs = SecretRotation {
            secret_id: Arn::new(&arn),
            rotation_rules: RotationRules {
                automatically_after_days: days.and_then(|days| u32::try_from(days).ok()),
                duration: rules.duration,
                schedule_expression: schedule,
            },
            rotation_lambda_arn: secret
                .rotation_lambda_arn
                .filter(|arn| !arn.is_empty())
                .map(AnyArn::new),
            rotate_immediately: true,
        };
        let outputs = SecretRotationOutputs { id: Arn::new(arn), rotation_enabled: true };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_rotation_has_days_or_a_schedule() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let rules = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let rules = Value::Map(rules.collect());
            let inputs = Object::from([("rotation_rules".to_owned(), rules)]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        let days = ("automatically_after_days", Value::Int(30));
        let schedule = ("schedule_expression", Value::from("rate(30 days)"));
        assert_eq!(check(&[days.clone(), ("duration", "3h".into())]), [""; 0]);
        assert_eq!(check(std::slice::from_ref(&schedule)), [""; 0]);
        assert_eq!(check(&[]), ["rotation_rules.automatically_after_days"]);
        assert_eq!(check(&[days.clone(), schedule]), ["rotation_rules.schedule_expression"]);
        assert_eq!(check(&[days, ("duration", "25h".into())]), ["rotation_rules.duration"]);
        assert_eq!(
            check(&[("schedule_expression", "30 days".into())]),
            ["rotation_rules.schedule_expression"]
        );
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Output, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn secret(stack: &mut Stack, name: &str) -> Output<Arn<Secret>> {
        stack.add("secret", Secret::new().name(format!("{name}-rotated"))).arn()
    }

    fn function(name: &str) -> AnyArn {
        AnyArn::new(format!("arn:aws:lambda:us-west-2:123456789012:function:{name}"))
    }

    conforms!(
        aws_secretsmanager_secret_rotation,
        Fixture {
            base: |stack, name| {
                let rules = RotationRules::new().automatically_after_days(30_u32).duration("3h");
                let rotation = SecretRotation::new(secret(stack, name), rules);
                let rotation = rotation.rotation_lambda_arn(function("rotate"));
                stack.add("it", rotation.rotate_immediately(false));
            },
            update: Some(|stack, name| {
                let rules = RotationRules::new().schedule_expression("cron(0 16 1 * ? *)");
                let rotation = SecretRotation::new(secret(stack, name), rules);
                stack.add("it", rotation.rotation_lambda_arn(function("turn")));
            }),
            replace: None,
            gaps: &[],
        }
    );
}
