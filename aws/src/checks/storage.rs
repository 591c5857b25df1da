//! Buckets.

use infra_sdk::Value;
use infra_sdk::checks::{PlanView, Planned, Report, Rule, Severity};

use crate::s3::{
    Bucket, BucketPolicy, BucketPublicAccessBlock, BucketServerSideEncryptionConfiguration,
    BucketVersioning,
};

/// A policy or an ACL that opens a bucket by mistake is how most data leaks; the block stands before
/// both. S3 blocks new buckets by itself, which nobody would notice being switched off.
pub(super) fn public_bucket() -> Rule {
    Rule::new(
        "baseline::public-bucket",
        Severity::High,
        "buckets block public access",
        |plan, report| {
            for bucket in plan.resources::<Bucket>() {
                let blocks =
                    plan.attached::<BucketPublicAccessBlock, _, _>(&bucket, |block| block.bucket());
                let Some(block) = blocks.first() else {
                    report
                        .finding(&bucket, "has no public access block")
                        .hint("add an `s3::BucketPublicAccessBlock` with all four settings on");
                    continue;
                };
                let off = [
                    ("block_public_acls", block.get(|b| b.block_public_acls())),
                    ("block_public_policy", block.get(|b| b.block_public_policy())),
                    ("ignore_public_acls", block.get(|b| b.ignore_public_acls())),
                    ("restrict_public_buckets", block.get(|b| b.restrict_public_buckets())),
                ];
                let off: Vec<_> =
                    off.into_iter().filter(|(_, on)| on.clone().is_off()).map(|(n, _)| n).collect();
                if !off.is_empty() {
                    report
                        .finding(block, format!("lets public access through: {}", off.join(", ")))
                        .severity(Severity::Critical)
                        .hint("switch all four settings on");
                }
            }
        },
    )
    .sources(&["AWS Security Hub S3.2", "AWS Security Hub S3.3", "AWS Security Hub S3.8"])
}

/// S3 answers without TLS too, unless the bucket's policy refuses.
pub(super) fn bucket_tls() -> Rule {
    Rule::new(
        "baseline::bucket-tls",
        Severity::Medium,
        "buckets refuse requests without TLS",
        without_tls,
    )
    .sources(&["AWS Security Hub S3.5"])
}

/// What is deleted or overwritten by mistake, or by ransomware, can be brought back.
pub(super) fn bucket_versioning() -> Rule {
    Rule::new(
        "baseline::bucket-versioning",
        Severity::Low,
        "buckets keep versions",
        without_versions,
    )
    .sources(&["AWS Security Hub S3.14"])
}

/// S3's own keys encrypt for everybody who may read the bucket. A key of KMS has a policy and an audit
/// trail of its own, and what it encrypted can be made unreadable.
pub(super) fn hipaa_bucket_keys() -> Rule {
    Rule::new(
        "hipaa::bucket-keys",
        Severity::High,
        "buckets are encrypted with keys of KMS",
        |plan, report| {
            for bucket in plan.resources::<Bucket>() {
                let configurations = plan
                    .attached::<BucketServerSideEncryptionConfiguration, _, _>(&bucket, |c| {
                        c.bucket()
                    });
                if !configurations.iter().any(uses_kms) {
                    report
                        .finding(&bucket, "is not encrypted with a key of KMS")
                        .hint("name a key in an `s3::BucketServerSideEncryptionConfiguration`");
                }
            }
        },
    )
    .sources(&["HIPAA 164.312(a)(2)(iv)", "AWS Security Hub S3.17"])
}

/// As `baseline::bucket-tls`: health data must be guarded on its way.
pub(super) fn hipaa_bucket_tls() -> Rule {
    Rule::new(
        "hipaa::bucket-tls",
        Severity::High,
        "buckets refuse requests without TLS",
        without_tls,
    )
    .sources(&["HIPAA 164.312(e)(1)", "AWS Security Hub S3.5"])
}

/// As `baseline::bucket-versioning`: health data must not be altered or destroyed unnoticed.
pub(super) fn hipaa_bucket_versioning() -> Rule {
    Rule::new(
        "hipaa::bucket-versioning",
        Severity::Medium,
        "buckets keep versions",
        without_versions,
    )
    .sources(&["HIPAA 164.312(c)(1)", "AWS Security Hub S3.14"])
}

fn uses_kms(configuration: &Planned<'_, BucketServerSideEncryptionConfiguration>) -> bool {
    configuration.blocks(|c| c.rule()).iter().any(|rule| {
        let default = rule.get("apply_server_side_encryption_by_default").and_then(Value::as_map);
        let algorithm = default.and_then(|d| d.get("sse_algorithm")).and_then(Value::as_str);
        let key = default.and_then(|d| d.get("kms_master_key_id"));
        algorithm.is_some_and(|a| a.starts_with("aws:kms")) && key.is_some_and(|k| !k.is_null())
    })
}

fn without_tls(plan: &PlanView, report: &mut Report<'_>) {
    for bucket in plan.resources::<Bucket>() {
        let policies = plan.attached::<BucketPolicy, _, _>(&bucket, |policy| policy.bucket());
        // A policy of which nothing is known may well say it.
        let refuses = |policy: &Planned<'_, BucketPolicy>| {
            policy.json(|p| p.policy()).is_none_or(|document| denies_plain(&document))
        };
        if !policies.iter().any(refuses) {
            report
                .finding(&bucket, "answers requests without TLS")
                .hint("deny `s3:*` in its policy where `aws:SecureTransport` is `false`");
        }
    }
}

/// Whether a statement of the policy denies everything that comes without TLS.
fn denies_plain(document: &Value) -> bool {
    let statements = document.as_map().and_then(|document| document.get("Statement"));
    each(statements).any(|statement| {
        let Some(statement) = statement.as_map() else { return false };
        let condition = statement.get("Condition").and_then(Value::as_map);
        let mut plain = condition
            .and_then(|condition| condition.get("Bool")?.as_map()?.get("aws:SecureTransport"))
            .into_iter()
            .flat_map(|value| each(Some(value)));
        statement.get("Effect").and_then(Value::as_str) == Some("Deny")
            && each(statement.get("Action")).any(|a| matches!(a.as_str(), Some("s3:*" | "*")))
            && plain.any(|value| value.as_str() == Some("false") || value.as_bool() == Some(false))
    })
}

/// One thing or a list of them: the language of policies takes both.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let items = value.map(|value| value.as_list().unwrap_or(std::slice::from_ref(value)));
    items.unwrap_or_default().iter()
}

fn without_versions(plan: &PlanView, report: &mut Report<'_>) {
    for bucket in plan.resources::<Bucket>() {
        let versionings = plan.attached::<BucketVersioning, _, _>(&bucket, |v| v.bucket());
        let enabled = |versioning: &Planned<'_, BucketVersioning>| {
            let blocks = versioning.blocks(|v| v.versioning_configuration());
            blocks.iter().any(|block| {
                matches!(block.get("status"), Some(Value::Unknown))
                    || block.get("status").and_then(Value::as_str) == Some("Enabled")
            })
        };
        if !versionings.iter().any(enabled) {
            report
                .finding(&bucket, "keeps no versions")
                .hint("add an `s3::BucketVersioning` that is enabled");
        }
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::checks::testing::{broken, severities};
    use crate::iam::{Operator, PolicyDocument, Principal, Statement};
    use crate::kms::Key;
    use crate::s3::{
        BucketHandle, EncryptionByDefault, EncryptionRule, SseAlgorithm, VersioningConfiguration,
        VersioningStatus,
    };

    fn bucket(stack: &mut Stack) -> BucketHandle {
        stack.add("bucket", Bucket::new("bucket"))
    }

    fn block(stack: &mut Stack, whole: bool) {
        let bucket = bucket(stack);
        let block = BucketPublicAccessBlock::new(bucket.id())
            .block_public_acls(true)
            .block_public_policy(whole)
            .ignore_public_acls(true)
            .restrict_public_buckets(true);
        stack.add("block", block);
    }

    fn policy(stack: &mut Stack, condition: &str) {
        let bucket = bucket(stack);
        let deny = Statement::deny()
            .principal(Principal::all())
            .action("s3:*")
            .resource(bucket.arn())
            .condition(Operator::Bool, "aws:SecureTransport", condition);
        let document = PolicyDocument::new().statement(deny);
        stack.add("policy", BucketPolicy::new(bucket.id(), document));
    }

    fn versioned(stack: &mut Stack, status: VersioningStatus) {
        let bucket = bucket(stack);
        let configuration = VersioningConfiguration::new(status);
        stack.add("versioning", BucketVersioning::new(bucket.id(), configuration));
    }

    #[test]
    fn public_access_is_blocked_in_all_four_ways() {
        let rule = public_bucket();
        assert_eq!(broken(&rule, |stack| block(stack, true)), [""; 0]);
        assert_eq!(broken(&rule, |stack| drop(bucket(stack))), ["bucket"]);
        assert_eq!(broken(&rule, |stack| block(stack, false)), ["block"]);
        assert_eq!(severities(&rule, |stack| block(stack, false)), [Severity::Critical]);
    }

    #[test]
    fn requests_without_tls_are_denied_by_a_policy_that_is_not_whole_yet() {
        for rule in [bucket_tls(), hipaa_bucket_tls()] {
            assert_eq!(broken(&rule, |stack| policy(stack, "false")), [""; 0]);
            assert_eq!(broken(&rule, |stack| policy(stack, "true")), ["bucket"]);
            assert_eq!(broken(&rule, |stack| drop(bucket(stack))), ["bucket"]);
        }
    }

    #[test]
    fn versions_are_kept() {
        for rule in [bucket_versioning(), hipaa_bucket_versioning()] {
            let enabled = |stack: &mut Stack| versioned(stack, VersioningStatus::Enabled);
            assert_eq!(broken(&rule, enabled), [""; 0]);
            let suspended = |stack: &mut Stack| versioned(stack, VersioningStatus::Suspended);
            assert_eq!(broken(&rule, suspended), ["bucket"]);
        }
    }

    #[test]
    fn a_key_of_kms_is_named() {
        let encrypted = |kms: bool| {
            move |stack: &mut Stack| {
                let (bucket, key) = (bucket(stack), stack.add("key", Key::new()));
                let default = if kms {
                    EncryptionByDefault::new(SseAlgorithm::AwsKms).kms_master_key_id(key.arn())
                } else {
                    EncryptionByDefault::new(SseAlgorithm::Aes256)
                };
                let rules = [EncryptionRule::new(default)];
                let configuration =
                    BucketServerSideEncryptionConfiguration::new(bucket.id(), rules);
                stack.add("encryption", configuration);
            }
        };
        assert_eq!(broken(&hipaa_bucket_keys(), encrypted(true)), [""; 0]);
        assert_eq!(broken(&hipaa_bucket_keys(), encrypted(false)), ["bucket"]);
    }
}
