//! A version of a secret: what it holds.
//!
//! - What it holds cannot be changed: another value is another version, and AWS moves the label
//!   `AWSCURRENT` to it and gives the one before `AWSPREVIOUS`.
//! - Deleting one takes its labels away, but never `AWSCURRENT`: a secret keeps its last value until
//!   it is deleted itself.
//! - A version without labels counts as gone: AWS deletes it when it likes.
//!
//! API: PutSecretValue, DescribeSecret, GetSecretValue, UpdateSecretVersionStage.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource};

use super::Secret;
use crate::rules::Rules;

infra_sdk::id_types! {
    /// Identifies a version of a secret: the secret's ARN and the version's id, with a `|` between.
    SecretVersionId("secret version id", "arn:");
}

/// What a secret holds, by one of three arguments.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_secretsmanager_secret_version", outputs = SecretVersionOutputs, validate = validate)]
pub struct SecretVersion {
    /// The secret.
    #[field(force_new)]
    pub secret_id: Arn<Secret>,
    /// Text, at most 65536 bytes; most often JSON.
    #[field(force_new, sensitive)]
    pub secret_string: Option<String>,
    /// Text that is never read back, and never recorded in clear.
    #[field(force_new, sensitive, write_only)]
    pub secret_string_wo: Option<String>,
    /// Change it to have `secret_string_wo` set once more.
    #[field(force_new, write_only)]
    pub secret_string_wo_version: Option<u32>,
    /// Bytes, in base64.
    #[field(force_new, sensitive)]
    pub secret_binary: Option<String>,
    /// Labels, each of which one version of the secret has. Left out, `AWSCURRENT`.
    #[field(computed)]
    pub version_stages: BTreeSet<String>,
}

/// What AWS assigns to a [`SecretVersion`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SecretVersionOutputs {
    /// The secret's ARN and the version's id.
    pub id: SecretVersionId,
    /// The secret's ARN.
    pub arn: Arn<Secret>,
    /// The version's id.
    pub version_id: String,
}

/// Source: Secrets Manager API Reference, PutSecretValue.
const LONGEST: usize = 65536;
const MOST_STAGES: usize = 20;

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&["secret_string", "secret_string_wo", "secret_binary"]);
    if rules.has("secret_string_wo_version") && !rules.has("secret_string_wo") {
        rules.refuse("secret_string_wo_version", "needs `secret_string_wo`");
    }
    for name in ["secret_string", "secret_string_wo"] {
        let text = inputs.get(name).and_then(|value| value.reveal().as_str());
        if text.is_some_and(|text| text.len() > LONGEST) {
            rules.refuse(name, format!("must have at most {LONGEST} bytes"));
        }
    }
    let stages = rules.texts("version_stages");
    if stages.len() > MOST_STAGES {
        rules.refuse("version_stages", format!("must have at most {MOST_STAGES} labels"));
    }
    if stages.iter().any(|stage| !(1..=256).contains(&stage.chars().count())) {
        rules.refuse("version_stages", "must be made of labels of 1 to 256 characters");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
    use aws_sdk_secretsmanager::primitives::Blob;
    use aws_smithy_types::base64;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;
    use crate::secretsmanager::common::{GONE, living};

    /// The label of the version that is read where none is named.
    const CURRENT: &str = "AWSCURRENT";
    /// The length of a version's id. Source: API Reference, PutSecretValue, 32 to 64.
    const ID_LENGTH: usize = 32;

    const OPERATIONS: &[&str] = &[
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ];
    /// The operations, and the use of the key that encrypts. Source: Secrets Manager user guide,
    /// encryption and decryption.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["kms:Decrypt", "kms:GenerateDataKey"]);

    impl Handler for SecretVersion {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "secretsmanager:PutSecretValue",
            operations: OPERATIONS,
            actions: ACTIONS,
            vanishes: false,
            gone: GONE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let version = version_id(creating.token);
            let text = want.secret_string.clone().or_else(|| want.secret_string_wo.clone());
            let bytes = want.secret_binary.as_deref().map(decoded).transpose()?;
            let stages = (!want.version_stages.is_empty())
                .then(|| want.version_stages.iter().cloned().collect::<Vec<_>>());
            let answer = aws
                .call(|| {
                    aws.secretsmanager()
                        .put_secret_value()
                        .secret_id(want.secret_id.as_str())
                        .client_request_token(&version)
                        .set_secret_string(text.clone())
                        .set_secret_binary(bytes.clone())
                        .set_version_stages(stages.clone())
                        .send()
                })
                .await?;
            let arn = answer.arn.ok_or_else(|| missing("ARN"))?;
            Ok(joined(&arn, &answer.version_id.ok_or_else(|| missing("VersionId"))?))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |known| see(aws, known)).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if !changed.has("version_stages") {
                return Ok(());
            }
            let (arn, version) = parts(id)?;
            let stages = stages(aws, arn).await?;
            let empty = BTreeSet::new();
            let now = stages.iter().find(|(id, _)| id == version).map_or(&empty, |(_, now)| now);
            for stage in want.version_stages.difference(now) {
                let holder = stages.iter().find(|(_, all)| all.contains(stage));
                let holder = holder.map(|(id, _)| id.as_str());
                move_stage(aws, arn, stage, holder, Some(version)).await?;
            }
            // A label that only AWS moves is not taken away.
            let aws_own = |stage: &&String| *stage == CURRENT || *stage == "AWSPREVIOUS";
            for stage in now.difference(&want.version_stages).filter(|stage| !aws_own(stage)) {
                move_stage(aws, arn, stage, Some(version), None).await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (arn, version) = parts(id)?;
            if living(aws, arn).await?.is_none() {
                return Ok(());
            }
            let stages = stages(aws, arn).await?;
            let own = stages.into_iter().filter(|(id, _)| id == version);
            for stage in own.flat_map(|(_, stages)| stages).filter(|stage| stage != CURRENT) {
                move_stage(aws, arn, &stage, Some(version), None).await?;
            }
            Ok(())
        }

        /// The version that has the wanted label, if it holds what is wanted.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let arn = want.secret_id.as_str();
            if absent(living(aws, arn).await, GONE)?.is_none() {
                return Ok(Vec::new());
            }
            let stage = want.version_stages.first().map_or(CURRENT, String::as_str);
            let get =
                || aws.secretsmanager().get_secret_value().secret_id(arn).version_stage(stage);
            let found = absent(aws.call(|| get().send()).await.map(Some), GONE)?;
            let text = want.secret_string.as_ref().or(want.secret_string_wo.as_ref());
            let bytes = want.secret_binary.as_deref().map(decoded).transpose()?;
            let same = found.filter(|found| {
                found.secret_string.as_ref() == text && found.secret_binary == bytes
            });
            let id = same.and_then(|found| Some(joined(&found.arn?, &found.version_id?)));
            Ok(id.into_iter().collect())
        }
    }

    /// The id of a version that a create makes, the same for every try.
    fn version_id(token: &str) -> String {
        blake3::hash(token.as_bytes()).to_hex()[..ID_LENGTH].to_owned()
    }

    fn joined(arn: &str, version: &str) -> String {
        format!("{arn}|{version}")
    }

    fn parts(id: &str) -> Result<(&str, &str)> {
        id.split_once('|').ok_or_else(|| {
            let message = format!("`{id}` is not a secret's ARN and a version's id: `ARN|VERSION`");
            Failure::new(FailureClass::Invalid, message)
        })
    }

    fn decoded(text: &str) -> Result<Blob> {
        base64::decode(text).map(Blob::new).map_err(|_| {
            Failure::new(FailureClass::Invalid, "`secret_binary` must be in base64".to_owned())
        })
    }

    /// The labels of each version of a secret that has some.
    async fn stages(aws: &Aws, arn: &str) -> Result<Vec<(String, BTreeSet<String>)>> {
        let secret = living(aws, arn).await?;
        let stages = secret.and_then(|secret| secret.version_ids_to_stages).unwrap_or_default();
        Ok(stages.into_iter().map(|(id, all)| (id, all.into_iter().collect())).collect())
    }

    async fn move_stage(
        aws: &Aws,
        arn: &str,
        stage: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<()> {
        aws.call(|| {
            aws.secretsmanager()
                .update_secret_version_stage()
                .secret_id(arn)
                .version_stage(stage)
                .set_remove_from_version_id(from.map(str::to_owned))
                .set_move_to_version_id(to.map(str::to_owned))
                .send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, known: Known) -> Result<Option<Seen<SecretVersion>>> {
        let (arn, version) = parts(&known.id)?;
        let all = stages(aws, arn).await?;
        let own = all.into_iter().find(|(id, stages)| id == version && !stages.is_empty());
        let Some((_, version_stages)) = own else { return Ok(None) };
        // What must not be read back is not asked for.
        let hidden = known.recorded.get("secret_string_wo").is_some_and(|value| !value.is_null());
        let value = if hidden {
            GetSecretValueOutput::builder().build()
        } else {
            aws.call(|| {
                let call = aws.secretsmanager().get_secret_value().secret_id(arn);
                call.version_id(version).send()
            })
            .await?
        };
        let inputs = SecretVersion {
            secret_id: Arn::new(arn),
            secret_string: value.secret_string,
            secret_string_wo: None,
            secret_string_wo_version: None,
            secret_binary: value.secret_binary.map(base64::encode),
            version_stages,
        };
        let outputs = SecretVersionOutputs {
            id: SecretVersionId::new(&known.id),
            arn: Arn::new(arn),
            version_id: version.to_owned(),
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_version_has_the_same_id_for_every_try() {
            let id = version_id("archon-secret");
            assert_eq!(id.len(), ID_LENGTH);
            assert_eq!(id, version_id("archon-secret"));
            assert_ne!(id, version_id("archon-other"));
            assert_eq!(parts("arn:a|1").ok(), Some(("arn:a", "1")));
            assert!(parts("arn:a").is_err());
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_version_holds_one_value() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let text = ("secret_string", Value::from("x").sensitive());
        let wo = ("secret_string_wo", Value::from("x").sensitive());
        let count = ("secret_string_wo_version", Value::Int(1));
        assert_eq!(check(std::slice::from_ref(&text)), [""; 0]);
        assert_eq!(check(&[wo.clone(), count.clone()]), [""; 0]);
        assert_eq!(check(&[]), ["secret_string"]);
        assert_eq!(check(&[text.clone(), wo]), ["secret_string_wo"]);
        assert_eq!(check(&[text, count]), ["secret_string_wo_version"]);
        let long = Value::String("x".repeat(LONGEST + 1)).sensitive();
        assert_eq!(check(&[("secret_string", long)]), ["secret_string"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Stack, text};

    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn secret(stack: &mut Stack, name: &str) -> super::super::SecretHandle {
        let secret = Secret::new().name(format!("{name}-held"));
        stack.add("secret", secret.recovery_window_in_days(infra_sdk::Days(0)))
    }

    conforms!(
        aws_secretsmanager_secret_version,
        Fixture {
            base: |stack, name| {
                let secret = secret(stack, name);
                let version = SecretVersion::new(secret.arn());
                let url = text!("{\"secret\":\"", secret.arn(), "\"}");
                stack.add("it", version.secret_string(url));
            },
            update: Some(|stack, name| {
                let secret = secret(stack, name);
                let version = SecretVersion::new(secret.arn());
                let url = text!("{\"secret\":\"", secret.arn(), "\"}");
                let stages = ["AWSCURRENT".to_owned(), "blue".to_owned()];
                stack.add("it", version.secret_string(url).version_stages(stages));
            }),
            replace: Some(|stack, name| {
                let secret = secret(stack, name);
                let version = SecretVersion::new(secret.arn());
                stack.add("it", version.secret_string_wo("hidden").secret_string_wo_version(2_u32));
            }),
            gaps: &[],
        }
    );
}
