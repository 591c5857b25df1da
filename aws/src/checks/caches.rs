//! Caches of ElastiCache.

use infra_sdk::checks::{PlanView, Planned, Report, Rule, Severity};

use crate::elasticache::ReplicationGroup;

/// A cache holds copies of what is encrypted everywhere else, sessions and tokens among it.
pub(super) fn encryption() -> Rule {
    Rule::new(
        "baseline::cache-encryption",
        Severity::High,
        "caches encrypt what they hold",
        |plan, report| {
            for cache in plan.resources::<ReplicationGroup>() {
                if cache.get(|c| c.at_rest_encryption_enabled()).is_off() && is_own(&cache) {
                    report.finding(&cache, "does not encrypt what it holds").hint(
                        "set `at_rest_encryption_enabled` to `true`; it makes the cache anew",
                    );
                }
            }
        },
    )
    .sources(&["AWS Security Hub ElastiCache.4"])
}

/// Without TLS sessions and tokens go over the network in clear, and so does the password.
pub(super) fn tls() -> Rule {
    Rule::new("baseline::cache-tls", Severity::High, "caches speak TLS", |plan, report| {
        for cache in plan.resources::<ReplicationGroup>() {
            if cache.get(|c| c.transit_encryption_enabled()).is_off() {
                report
                    .finding(&cache, "speaks without TLS")
                    .hint("set `transit_encryption_enabled` to `true`");
            }
        }
    })
    .sources(&["AWS Security Hub ElastiCache.5", "HIPAA 164.312(e)(1)"])
}

/// Whoever gets into the network would read and write everything.
pub(super) fn authentication() -> Rule {
    Rule::new(
        "baseline::cache-authentication",
        Severity::Medium,
        "caches ask who is there",
        |plan, report| {
            for cache in plan.resources::<ReplicationGroup>() {
                let nobody = cache.get(|c| c.auth_token()).is_absent()
                    && cache.get(|c| c.auth_token_wo()).is_absent()
                    && !cache.inputs.contains_key("user_group_ids");
                if nobody {
                    report
                        .finding(&cache, "lets everybody in the network read and write")
                        .hint("set `auth_token`, or name users with `user_group_ids`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ElastiCache.6"])
}

/// A cache in one zone is gone as long as its zone is.
pub(super) fn failover() -> Rule {
    Rule::new(
        "baseline::cache-multi-az",
        Severity::Medium,
        "caches of protected environments fail over to another zone",
        |plan, report| {
            if !plan.env().is_protected() {
                return;
            }
            for cache in plan.resources::<ReplicationGroup>() {
                let stays = cache.get(|c| c.automatic_failover_enabled()).is_off()
                    || cache.get(|c| c.multi_az_enabled()).is_off();
                if stays {
                    report
                        .finding(&cache, "does not fail over to another zone")
                        .hint("set `automatic_failover_enabled` and `multi_az_enabled` to `true`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ElastiCache.3"])
}

/// A cache that is more than a cache, such as a store of sessions, is lost with its last node.
pub(super) fn backups() -> Rule {
    Rule::new(
        "baseline::cache-backups",
        Severity::Medium,
        "caches of protected environments keep snapshots",
        without_snapshots,
    )
    .sources(&["AWS Security Hub ElastiCache.1"])
}

/// A key of one's own has a policy and an audit trail, and what it encrypted can be made unreadable.
pub(super) fn hipaa_keys() -> Rule {
    Rule::new(
        "hipaa::cache-keys",
        Severity::High,
        "caches are encrypted with keys of their own",
        |plan, report| {
            for cache in plan.resources::<ReplicationGroup>() {
                if cache.get(|c| c.kms_key_id()).is_absent() {
                    report
                        .finding(&cache, "is encrypted with AWS's key, if at all")
                        .hint("name a key with `kms_key_id`; it makes the cache anew");
                }
            }
        },
    )
    .sources(&["HIPAA 164.312(a)(2)(iv)", "AWS Security Hub ElastiCache.4"])
}

/// A data backup plan is required, not addressable.
pub(super) fn hipaa_backups() -> Rule {
    Rule::new(
        "hipaa::cache-backups",
        Severity::High,
        "caches of protected environments keep snapshots",
        without_snapshots,
    )
    .sources(&["HIPAA 164.308(a)(7)(ii)(A)", "AWS Security Hub ElastiCache.1"])
}

/// Whether it is made of nothing that says how it is encrypted.
fn is_own(cache: &Planned<'_, ReplicationGroup>) -> bool {
    !cache.inputs.contains_key("snapshot_name") && !cache.inputs.contains_key("snapshot_arns")
}

fn without_snapshots(plan: &PlanView, report: &mut Report<'_>) {
    if !plan.env().is_protected() {
        return;
    }
    for cache in plan.resources::<ReplicationGroup>() {
        if cache.get(|c| c.snapshot_retention_limit()).is_known_and(|days| days.0 == 0) {
            report
                .finding(&cache, "keeps no snapshots")
                .hint("set `snapshot_retention_limit` to a number of days");
        }
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Days, Stack};

    use super::*;
    use crate::checks::testing::{broken, broken_when_protected};
    use crate::elasticache::{ReplicationGroupArguments, ReplicationGroupId};
    use crate::kms::Key;

    fn cache() -> ReplicationGroupArguments {
        ReplicationGroup::new(ReplicationGroupId::new("cache"), "a cache", "cache.t4g.medium")
    }

    fn add(cache: ReplicationGroupArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("cache", cache))
    }

    #[test]
    fn what_is_held_and_sent_is_encrypted() {
        let rule = encryption();
        assert_eq!(broken(&rule, add(cache().at_rest_encryption_enabled(true))), [""; 0]);
        assert_eq!(broken(&rule, add(cache())), ["cache"]);
        assert_eq!(broken(&rule, add(cache().snapshot_name("old"))), [""; 0]);
        assert_eq!(broken(&tls(), add(cache().transit_encryption_enabled(true))), [""; 0]);
        assert_eq!(broken(&tls(), add(cache())), ["cache"]);
    }

    #[test]
    fn a_token_or_users_are_asked_for() {
        assert_eq!(broken(&authentication(), add(cache().auth_token("hunter2"))), [""; 0]);
        assert_eq!(broken(&authentication(), add(cache())), ["cache"]);
    }

    #[test]
    fn protected_caches_fail_over_and_keep_snapshots() {
        let whole = || cache().automatic_failover_enabled(true).multi_az_enabled(true);
        assert_eq!(broken_when_protected(&failover(), add(whole())), [""; 0]);
        let half = cache().automatic_failover_enabled(true);
        assert_eq!(broken_when_protected(&failover(), add(half)), ["cache"]);
        assert_eq!(broken(&failover(), add(cache())), [""; 0]);
        for rule in [backups(), hipaa_backups()] {
            let kept = cache().snapshot_retention_limit(Days(7));
            assert_eq!(broken_when_protected(&rule, add(kept)), [""; 0]);
            assert_eq!(broken_when_protected(&rule, add(cache())), ["cache"]);
            assert_eq!(broken(&rule, add(cache())), [""; 0]);
        }
    }

    #[test]
    fn a_key_of_its_own_is_named() {
        let with_key = |stack: &mut Stack| {
            let key = stack.add("key", Key::new());
            stack.add("cache", cache().kms_key_id(key.arn()));
        };
        assert_eq!(broken(&hipaa_keys(), with_key), [""; 0]);
        assert_eq!(broken(&hipaa_keys(), add(cache())), ["cache"]);
    }
}
