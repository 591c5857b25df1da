//! Keys of KMS, and secrets.

use infra_sdk::checks::{Rule, Severity};

use crate::kms::{Key, KeySpec, KeyUsage};
use crate::secretsmanager::{Secret, SecretRotation};

/// A key that leaked unnoticed opens only what was encrypted until the next rotation.
pub(super) fn rotation() -> Rule {
    Rule::new("baseline::key-rotation", Severity::Medium, "keys are rotated", |plan, report| {
        for key in plan.resources::<Key>() {
            // Only these can be rotated by KMS, and not those of other stores of keys.
            let symmetric = key
                .get(|k| k.customer_master_key_spec())
                .is_known_and(|spec| spec == KeySpec::SymmetricDefault)
                && key.get(|k| k.key_usage()).is_known_and(|u| u == KeyUsage::EncryptDecrypt)
                && key.get(|k| k.custom_key_store_id()).is_absent();
            if symmetric && key.get(|k| k.enable_key_rotation()).is_off() {
                report
                    .finding(&key, "is never rotated")
                    .hint("set `enable_key_rotation` to `true`; nothing has to be encrypted anew");
            }
        }
    })
    .sources(&["AWS Security Hub KMS.4"])
}

/// A password that leaked unnoticed works until somebody changes it.
pub(super) fn secret_rotation() -> Rule {
    Rule::new(
        "baseline::secret-rotation",
        Severity::Medium,
        "secrets are rotated",
        |plan, report| {
            for secret in plan.resources::<Secret>() {
                if plan.attached::<SecretRotation, _, _>(&secret, |r| r.secret_id()).is_empty() {
                    report.finding(&secret, "is not rotated by Secrets Manager").hint(
                        "add a `secretsmanager::SecretRotation`, or say who rotates it: waive",
                    );
                }
            }
        },
    )
    .sources(&["AWS Security Hub SecretsManager.1", "AWS Security Hub SecretsManager.4"])
}

/// A key of one's own says who may read a secret, beside the policies of those who ask.
pub(super) fn hipaa_secret_keys() -> Rule {
    Rule::new(
        "hipaa::secret-keys",
        Severity::Medium,
        "secrets are encrypted with keys of their own",
        |plan, report| {
            for secret in plan.resources::<Secret>() {
                if secret.get(|s| s.kms_key_id()).is_absent() {
                    report
                        .finding(&secret, "is encrypted with AWS's key")
                        .hint("name a key with `kms_key_id`");
                }
            }
        },
    )
    .sources(&["HIPAA 164.312(a)(2)(iv)"])
}

#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::checks::testing::broken;
    use crate::secretsmanager::RotationRules;

    #[test]
    fn keys_that_can_be_are_rotated() {
        let found = broken(&rotation(), |stack| {
            stack.add("rotated", Key::new().enable_key_rotation(true));
            let signs = Key::new()
                .key_usage(KeyUsage::SignVerify)
                .customer_master_key_spec(KeySpec::EccNistP256);
            stack.add("signs", signs);
        });
        assert_eq!(found, [""; 0]);
        assert_eq!(broken(&rotation(), |stack| drop(stack.add("key", Key::new()))), ["key"]);
    }

    #[test]
    fn secrets_have_a_rotation_and_a_key() {
        let whole = |stack: &mut Stack| {
            let key = stack.add("key", Key::new());
            let secret = stack.add("secret", Secret::new().kms_key_id(key.arn()));
            let rules = RotationRules::new().automatically_after_days(30);
            stack.add("rotation", SecretRotation::new(secret.id(), rules));
        };
        let bare = |stack: &mut Stack| drop(stack.add("secret", Secret::new()));
        for rule in [secret_rotation(), hipaa_secret_keys()] {
            assert_eq!(broken(&rule, whole), [""; 0]);
            assert_eq!(broken(&rule, bare), ["secret"]);
        }
    }
}
