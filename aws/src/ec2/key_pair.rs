//! A public key for SSH, made elsewhere. AWS has but the public half.
//!
//! API: ImportKeyPair, DescribeKeyPairs, DeleteKeyPair.

use infra_sdk::kind::{Problem, Text, as_written};
use infra_sdk::{
    Arn, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Object, Output, Outputs,
    Resource, Scope, Tags, Value,
};

use super::KeyPairId;
use crate::iam::names::text_types;
use crate::rules::{NameRule, Rules};

text_types! {
    /// Names a key pair.
    KeyName(KEY_NAME = Text {
        name: "key pair name",
        check: |text| NAMES.check(text),
        canonical: as_written,
    });
    /// A public key as OpenSSH writes it. The comment behind it means nothing.
    PublicKey(PUBLIC_KEY = Text { name: "public key", check: check_key, canonical: bare });
}

/// Source: EC2 API Reference, ImportKeyPair.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii() && !c.is_ascii_control(),
    characters: "ASCII characters",
};

/// The kinds of keys that EC2 takes. Source: EC2 user guide, "Create a key pair".
const KINDS: [&str; 2] = ["ssh-rsa", "ssh-ed25519"];

fn check_key(text: &str) -> Result<(), String> {
    let mut words = text.split_whitespace();
    if words.next().is_some_and(|kind| KINDS.contains(&kind)) && words.next().is_some() {
        return Ok(());
    }
    Err("must be an RSA or ED25519 key as OpenSSH writes it: `ssh-ed25519 AAAA…`".to_owned())
}

/// Kind and key, without the comment.
fn bare(text: &str) -> String {
    text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// Lets people onto instances by SSH.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_key_pair", outputs = KeyPairOutputs, validate = validate)]
pub struct KeyPair {
    /// The public key.
    #[field(force_new)]
    pub public_key: PublicKey,
    /// Name, unique in the region, at most 255 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub key_name: Option<KeyName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub key_name_prefix: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`KeyPair`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct KeyPairOutputs {
    /// The key pair's name.
    pub id: KeyName,
    /// ARN.
    pub arn: Arn<KeyPair>,
    /// Fingerprint of the public key.
    pub fingerprint: Option<String>,
    /// The key pair's id.
    pub key_pair_id: KeyPairId,
    /// `rsa` or `ed25519`.
    pub key_type: Option<String>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.at_most_one(&["key_name", "key_name_prefix"]);
    rules.follows("key_name_prefix", &NameRule { longest: 229, ..NAMES });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::primitives::Blob;
    use aws_sdk_ec2::types::{Filter, KeyPairInfo, ResourceType as Tagged};

    use super::*;
    use crate::ec2::common::{by_ids, filter, is_owned, retag, tag_specification, tags_of};
    use crate::frame::names::prefix_of;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:CreateTags",
        "ec2:DeleteKeyPair",
        "ec2:DeleteTags",
        "ec2:DescribeKeyPairs",
        "ec2:ImportKeyPair",
    ];

    impl Handler for KeyPair {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("key_name"),
            create: "ec2:ImportKeyPair",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(Naming { name: "key_name", prefix: "key_name_prefix", start: "infra-" }),
            gone: &["InvalidKeyPair.NotFound"],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .import_key_pair()
                        .set_key_name(want.key_name.as_ref().map(ToString::to_string))
                        .public_key_material(Blob::new(want.public_key.as_str()))
                        .set_tag_specifications(tag_specification(Tagged::KeyPair, &want.tags))
                        .send()
                })
                .await?;
            answer.key_name.ok_or_else(|| missing("keyName"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let account = aws.account().await?.id.clone();
                let found = list(aws, by_ids("key-name", &chunk)).await?.into_iter();
                let seen = found.map(|key| see(aws, &account, key));
                seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                    .collect::<Result<HashMap<_, _>>>()
            })
            .await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ec2().delete_key_pair().key_name(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(name) = &want.key_name else { return Ok(Vec::new()) };
            let found = list(aws, filter("key-name", [name.as_str()])).await?.into_iter();
            let ours = found.filter(|key| is_owned(&key.tags, &want.tags));
            Ok(ours.filter_map(|key| key.key_name).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let found = list(aws, filter("key-name", [id])).await?.into_iter().next();
            let key = found.and_then(|key| key.key_pair_id);
            retag(aws, &key.ok_or_else(|| missing("keyPairId"))?, change).await
        }
    }

    async fn list(aws: &Aws, filter: Filter) -> Result<Vec<KeyPairInfo>> {
        let call = || {
            let call = aws.ec2().describe_key_pairs().filters(filter.clone());
            call.include_public_key(true).send()
        };
        Ok(aws.call(call).await?.key_pairs.unwrap_or_default())
    }

    fn see(aws: &Aws, account: &str, key: KeyPairInfo) -> Result<Seen<KeyPair>> {
        let name = key.key_name.ok_or_else(|| missing("keyName"))?;
        let outputs = KeyPairOutputs {
            id: KeyName::new(&name),
            arn: aws.arn("ec2", account, &format!("key-pair/{name}")),
            fingerprint: key.key_fingerprint,
            key_pair_id: KeyPairId::new(key.key_pair_id.ok_or_else(|| missing("keyPairId"))?),
            key_type: key.key_type.map(|kind| kind.as_str().to_owned()),
        };
        let inputs = KeyPair {
            public_key: PublicKey::new(key.public_key.ok_or_else(|| missing("publicKey"))?),
            key_name_prefix: prefix_of(&name),
            key_name: Some(KeyName::new(name)),
            tags: tags_of(key.tags),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn keys_are_the_same_whatever_their_comment() {
        let same = |a: &str, b: &str| PublicKey::KIND.same(&Value::from(a), &Value::from(b));
        assert!(same("ssh-ed25519 AAAA me@home", "ssh-ed25519 AAAA\n"));
        assert!(!same("ssh-ed25519 AAAA", "ssh-ed25519 AAAB"));
        assert!(check_key("ecdsa-sha2-nistp256 AAAA").is_err());
        assert!(check_key("ssh-rsa").is_err());
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    /// Made for these tests; nobody has the other half.
    const KEYS: [&str; 2] = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN/ZHbbPnjAL2efW9wd796IHZcndI6Qt5ivw4951IJDi one@infra",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILLaQxly+ceDUOyca4UR9tdGm43jrmeM6P3PnGqTGwWF",
    ];

    conforms!(
        aws_key_pair,
        Fixture {
            base: |stack, name| {
                let it = KeyPair::new(KEYS[0]).key_name(format!("{name}-key"));
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let it = KeyPair::new(KEYS[0]).key_name(format!("{name}-key"));
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                stack.add("it", KeyPair::new(KEYS[1]).key_name_prefix("people-"));
            }),
            gaps: &[],
        }
    );
}
