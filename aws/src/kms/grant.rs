//! A grant: it lets somebody use a key without the key's policy saying so.
//!
//! AWS gives a create with the same name and arguments the same grant, so that every grant has a
//! name: the user's or one that is made.
//!
//! API: CreateGrant, ListGrants, RetireGrant, RevokeGrant.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::kind::Problem;
use infra_sdk::{Block, Choice, Object, Outputs, Resource};

use super::KeyRef;
use crate::AnyArn;
use crate::rules::{NameRule, Rules};

/// Lets somebody use a key.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_kms_grant", outputs = GrantOutputs, validate = validate)]
pub struct Grant {
    /// The key, by id or ARN; by ARN if it is of another account.
    #[field(force_new)]
    pub key_id: KeyRef,
    /// Who may use it: the ARN of a role, a user or an account.
    #[field(force_new)]
    pub grantee_principal: AnyArn,
    /// What for.
    #[field(force_new, required)]
    pub operations: BTreeSet<GrantOperation>,
    /// Name, at most 256 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Who else may give the grant up: the ARN of a role or a user.
    #[field(force_new)]
    pub retiring_principal: Option<AnyArn>,
    /// With which encryption context alone; for symmetric keys.
    #[field(force_new)]
    pub constraints: Option<GrantConstraints>,
    /// Tokens of other grants that allow this one and may not be known everywhere yet.
    #[field(force_new, write_only)]
    pub grant_creation_tokens: BTreeSet<String>,
    /// Give the grant up instead of revoking it, which its retiring principal may do.
    #[field(default = false, write_only)]
    pub retire_on_delete: bool,
}

/// What a grant is for. Source: KMS API Reference, CreateGrant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum GrantOperation {
    /// Granting others what it grants.
    #[choice("CreateGrant")]
    CreateGrant,
    /// Decrypting.
    #[choice("Decrypt")]
    Decrypt,
    /// Agreeing on a secret.
    #[choice("DeriveSharedSecret")]
    DeriveSharedSecret,
    /// Seeing what kind of key it is.
    #[choice("DescribeKey")]
    DescribeKey,
    /// Encrypting.
    #[choice("Encrypt")]
    Encrypt,
    /// Making data keys.
    #[choice("GenerateDataKey")]
    GenerateDataKey,
    /// Making pairs of data keys.
    #[choice("GenerateDataKeyPair")]
    GenerateDataKeyPair,
    /// Making pairs of data keys that are encrypted.
    #[choice("GenerateDataKeyPairWithoutPlaintext")]
    GenerateDataKeyPairWithoutPlaintext,
    /// Making data keys that are encrypted.
    #[choice("GenerateDataKeyWithoutPlaintext")]
    GenerateDataKeyWithoutPlaintext,
    /// Making codes that authenticate.
    #[choice("GenerateMac")]
    GenerateMac,
    /// Reading its public half.
    #[choice("GetPublicKey")]
    GetPublicKey,
    /// Decrypting what another key then encrypts.
    #[choice("ReEncryptFrom")]
    ReEncryptFrom,
    /// Encrypting what another key decrypted.
    #[choice("ReEncryptTo")]
    ReEncryptTo,
    /// Giving the grant up.
    #[choice("RetireGrant")]
    RetireGrant,
    /// Signing.
    #[choice("Sign")]
    Sign,
    /// Checking signatures.
    #[choice("Verify")]
    Verify,
    /// Checking codes that authenticate.
    #[choice("VerifyMac")]
    VerifyMac,
}

/// With which encryption context a key may be used. One of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GrantConstraints {
    /// With just this.
    pub encryption_context_equals: BTreeMap<String, String>,
    /// With this and whatever else.
    pub encryption_context_subset: BTreeMap<String, String>,
}

/// What AWS assigns to a [`Grant`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct GrantOutputs {
    /// Key and grant: `key:grant`, which is also what Terraform imports by.
    pub id: String,
    /// The grant's id.
    pub grant_id: String,
    /// What lets the grant be used before it is known everywhere. AWS tells it once and says that
    /// it is no secret; not known of a grant that was imported.
    pub grant_token: Option<String>,
}

/// Source: KMS API Reference, CreateGrant.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 256,
    allows: |c| c.is_ascii_alphanumeric() || ":/_-".contains(c),
    characters: "letters, digits and `:/_-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    rules.blocks("constraints", |constraints| {
        constraints.exactly_one(&["encryption_context_equals", "encryption_context_subset"]);
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_grant_has_one_constraint_and_a_name_that_kms_takes() {
        let map = |name: &str, value| Value::Map(Object::from([(name.to_owned(), value)]));
        let context = |name: &str| map(name, map("a", "b".into()));
        let check = |name: &str, value| validate(&Object::from([(name.to_owned(), value)])).len();
        assert_eq!(check("constraints", context("encryption_context_equals")), 0);
        assert_eq!(check("constraints", Value::Map(Object::new())), 1);
        assert_eq!(check("name", "a:b/c".into()), 0);
        assert_eq!(check("name", "a b".into()), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::kms::Key;

    fn grant(
        stack: &mut infra_sdk::Stack,
        with: impl FnOnce(GrantArguments) -> GrantArguments,
        operations: &[GrantOperation],
    ) {
        let key = stack.add("key", Key::new());
        let role = AnyArn::new("arn:aws:iam::123456789012:role/app");
        stack.add("it", with(Grant::new(key.id(), role, operations.to_vec())));
    }

    conforms!(
        aws_kms_grant,
        Fixture {
            base: |stack, name| {
                let context: BTreeMap<_, _> = [("table", "users")].into_iter().collect();
                let constraints = GrantConstraints::new().encryption_context_equals(context);
                let retiring = AnyArn::new("arn:aws:iam::123456789012:role/ops");
                grant(
                    stack,
                    |grant| grant.name(name).constraints(constraints).retiring_principal(retiring),
                    &[GrantOperation::Encrypt, GrantOperation::Decrypt],
                );
            },
            update: Some(|stack, name| {
                let context: BTreeMap<_, _> = [("table", "users")].into_iter().collect();
                let constraints = GrantConstraints::new().encryption_context_equals(context);
                let retiring = AnyArn::new("arn:aws:iam::123456789012:role/ops");
                grant(
                    stack,
                    |grant| {
                        let grant = grant.name(name).constraints(constraints);
                        grant.retiring_principal(retiring).retire_on_delete(true)
                    },
                    &[GrantOperation::Encrypt, GrantOperation::Decrypt],
                );
            }),
            replace: Some(|stack, _| grant(stack, |it| it, &[GrantOperation::GenerateDataKey])),
            gaps: &[],
        }
    );
}
