//! A secret: a name, a key and copies in other regions. What it holds is a version of its own.
//!
//! - Deleting one schedules its deletion; from then on it counts as deleted. A secret of the same
//!   address that is scheduled to be deleted is restored, and made what is wanted.
//! - Copies in other regions are taken away before a secret is deleted.
//! - Its policy and its rotation are types of their own.
//!
//! The handler is in `secret_handler`.
//!
//! API: CreateSecret, DescribeSecret, UpdateSecret, DeleteSecret, RestoreSecret,
//! ReplicateSecretToRegions, RemoveRegionsFromReplication, TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Days, Object, Outputs, Resource, Tags, Value};

use super::SecretName;
use super::names::NAME_RULE;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// Something that is kept encrypted and read by those who may.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_secretsmanager_secret",
    outputs = SecretOutputs,
    stateful,
    validate = validate
)]
pub struct Secret {
    /// Name, unique in the region, at most 512 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<SecretName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, at most 2048 characters.
    pub description: Option<String>,
    /// Key that encrypts it. Left out, AWS's own.
    pub kms_key_id: Option<KeyRef>,
    /// How long a deleted secret can still be saved: 7 to 30 days, or 0 for not at all.
    #[field(default = Days(30), range = 0..=30, write_only)]
    pub recovery_window_in_days: Days,
    /// Copies in other regions.
    pub replica: BlockSet<SecretReplica>,
    /// Let a copy take the place of a secret of the same name in its region.
    #[field(default = false, write_only)]
    pub force_overwrite_replica_secret: bool,
    /// Tags.
    pub tags: Tags,
}

/// A copy of a secret in another region.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SecretReplica {
    /// Region.
    pub region: String,
    /// Key of that region that encrypts the copy. Left out, AWS's own.
    #[field(computed)]
    pub kms_key_id: Option<KeyRef>,
}

/// What AWS assigns to a [`Secret`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SecretOutputs {
    /// The secret's ARN, which ends in six characters that AWS chooses.
    pub id: Arn<Secret>,
    /// The ARN, once more.
    pub arn: Arn<Secret>,
}

/// The shortest recovery window, in days. Source: Secrets Manager API Reference, DeleteSecret.
const SHORTEST_RECOVERY: i64 = 7;

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAME_RULE);
    if rules.text("description").is_some_and(|text| text.chars().count() > 2048) {
        rules.refuse("description", "must have at most 2048 characters");
    }
    if rules.number("recovery_window_in_days").is_some_and(|d| (1..SHORTEST_RECOVERY).contains(&d))
    {
        rules.refuse("recovery_window_in_days", "must be 0, or 7 to 30");
    }
    let replicas = inputs.get("replica").and_then(Value::as_list).unwrap_or_default();
    let regions: Vec<_> =
        replicas.iter().filter_map(|r| r.as_map()?.get("region")?.as_str()).collect();
    let twice = regions.iter().enumerate().find(|(at, region)| regions[..*at].contains(region));
    if let Some((_, region)) = twice {
        rules.refuse("replica", format!("`{region}` stands twice"));
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn a_window_is_none_or_a_week_and_more() {
        let check = |days: i64| {
            let window = ("recovery_window_in_days".to_owned(), Value::Int(days));
            validate(&Object::from([window])).len()
        };
        assert_eq!((check(0), check(7), check(30)), (0, 0, 0));
        assert_eq!((check(1), check(6)), (1, 1));
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Address;
    use infra_sdk::provider::Owner;

    use super::*;
    use crate::Connection;
    use crate::conformance::{Fixture, conforms};
    use crate::frame::clients::configure;
    use crate::frame::handler::Told;
    use crate::frame::tags::ownership;
    use crate::kms::Key;
    use crate::prelude::*;

    /// A secret of the owner at that address, by a name of its own.
    fn secret(name: &str, address: &str, description: &str) -> Secret {
        let owner = Owner { stack: "restored".to_owned(), environment: "test".to_owned() };
        Secret {
            name: Some(SecretName::new(name)),
            name_prefix: None,
            description: Some(description.to_owned()),
            kms_key_id: None,
            recovery_window_in_days: Days(7),
            replica: BlockSet(Vec::new()),
            force_overwrite_replica_secret: false,
            tags: Tags(ownership(&owner, &Address::parse(address).expect("an address"))),
        }
    }

    #[tokio::test]
    async fn a_secret_that_is_being_deleted_is_restored_for_its_owner_alone() {
        let connection = Connection {
            region: "us-west-2".to_owned(),
            endpoint_url: Some(crate::test_endpoint::endpoint().await),
            credentials: Some(("123456789012".to_owned(), "test".to_owned())),
            ..Connection::default()
        };
        let aws = Aws::new(configure(&connection).await);
        let name = format!("restored-{}", std::process::id());
        let create = async |want: &Secret| {
            Secret::create(&aws, want, Creating::new("t", "", &Told::default())).await
        };
        let mut want = secret(&name, "secret", "first");
        want.tags.0.insert("old".to_owned(), "yes".to_owned());
        let arn = create(&want).await.expect("made");
        Secret::delete(&aws, &arn, &want).await.expect("it is going");
        assert_eq!(Secret::find(&aws, &want).await.expect("asked").len(), 0, "it counts as gone");

        let refused = create(&secret(&name, "other", "theirs")).await.expect_err("not theirs");
        let code = refused.code.as_deref();
        assert!(matches!(code, Some("InvalidRequestException" | "ResourceExistsException")));
        let want = secret(&name, "secret", "second");
        assert_eq!(create(&want).await.expect("restored"), arn);

        let known = Known { id: arn.clone(), recorded: Object::new(), outputs: Object::new() };
        let seen = Secret::read(&aws, &[known]).await.pop().expect("one answer");
        let seen = seen.expect("it is read").expect("it is there");
        assert_eq!(seen.inputs.tags, want.tags, "tags of before are gone");
        let now = Secret { recovery_window_in_days: Days(0), ..want };
        Secret::delete(&aws, &arn, &now).await.expect("deleted");
    }

    conforms!(
        aws_secretsmanager_secret,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new().description("secrets"));
                let secret = Secret::new().name(format!("{name}/production"));
                let secret = secret.description("what the application needs").kms_key_id(key.arn());
                let secret = secret.replica([SecretReplica::new("us-east-1")]);
                stack.add("it", secret.tag("Name", name));
            },
            update: Some(|stack, name| {
                stack.add("key", Key::new().description("secrets"));
                let secret = Secret::new().name(format!("{name}/production"));
                let secret = secret.description("changed").recovery_window_in_days(Days(0));
                let secret = secret.replica([SecretReplica::new("eu-west-1")]);
                stack.add("it", secret.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", Secret::new().name_prefix(format!("{name}-")));
            }),
            gaps: &[],
        }
    );
}
