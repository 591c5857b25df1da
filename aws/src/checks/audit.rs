//! Logs and trails: what can be told afterwards.

use infra_sdk::checks::{PlanView, Report, Rule, Severity};

use crate::cloudtrail::Trail;
use crate::ec2::{FlowLog, Vpc};
use crate::logs::LogGroup;

/// Days that Security Hub asks for.
const YEAR: u32 = 365;

/// Six years, for which HIPAA wants documentation kept: 164.316(b)(2)(i).
const SIX_YEARS: u32 = 6 * 365;

/// Most break-ins are noticed months later, and then the logs of the first day are wanted.
pub(super) fn log_retention() -> Rule {
    Rule::new(
        "baseline::log-retention",
        Severity::Medium,
        "logs of protected environments are kept for a year",
        |plan, report| {
            if plan.env().is_protected() {
                kept_less_than(YEAR, plan, report);
            }
        },
    )
    .sources(&["AWS Security Hub CloudWatch.16"])
}

/// Who talked to whom, when there is a suspicion.
pub(super) fn flow_logs() -> Rule {
    Rule::new("baseline::flow-logs", Severity::Medium, "networks have flow logs", without_flow_logs)
        .sources(&["AWS Security Hub EC2.6"])
}

/// The record of activity in systems with health data is documentation that is kept six years.
pub(super) fn hipaa_retention() -> Rule {
    Rule::new(
        "hipaa::audit-retention",
        Severity::High,
        "logs are kept for six years",
        |plan, report| kept_less_than(SIX_YEARS, plan, report),
    )
    .sources(&["HIPAA 164.312(b)", "HIPAA 164.316(b)(2)(i)"])
}

/// Logs of applications have health data in them sooner or later.
pub(super) fn hipaa_log_keys() -> Rule {
    Rule::new(
        "hipaa::log-keys",
        Severity::High,
        "logs are encrypted with keys of their own",
        |plan, report| {
            for group in plan.resources::<LogGroup>() {
                if group.get(|g| g.kms_key_id()).is_absent() {
                    report
                        .finding(&group, "is encrypted with AWS's key")
                        .hint("name a key with `kms_key_id`, and let CloudWatch Logs use it");
                }
            }
        },
    )
    .sources(&["HIPAA 164.312(a)(2)(iv)"])
}

/// Who did what in the account, the record that an audit begins with.
pub(super) fn hipaa_trail() -> Rule {
    Rule::new(
        "hipaa::audit-trail",
        Severity::High,
        "a trail records the account in all regions",
        |plan, report| {
            let trails = plan.resources::<Trail>();
            let whole = trails.iter().any(|trail| {
                trail.get(|t| t.enable_logging()).is_on()
                    && trail.get(|t| t.is_multi_region_trail()).is_on()
            });
            if !whole {
                report
                    .stack("has no trail that records all regions")
                    .hint("add a `cloudtrail::Trail`, or say where the account has one: waive");
            }
        },
    )
    .sources(&["HIPAA 164.312(b)", "AWS Security Hub CloudTrail.1"])
}

/// A record that can be changed unnoticed proves nothing.
pub(super) fn hipaa_trail_integrity() -> Rule {
    Rule::new(
        "hipaa::audit-trail-integrity",
        Severity::Medium,
        "files of a trail can be validated and are encrypted",
        |plan, report| {
            for trail in plan.resources::<Trail>() {
                if trail.get(|t| t.enable_log_file_validation()).is_off() {
                    report
                        .finding(&trail, "writes files that cannot be validated")
                        .hint("set `enable_log_file_validation` to `true`");
                }
                if trail.get(|t| t.kms_key_id()).is_absent() {
                    report
                        .finding(&trail, "is not encrypted with a key of its own")
                        .hint("name a key with `kms_key_id`");
                }
            }
        },
    )
    .sources(&[
        "HIPAA 164.312(c)(1)",
        "AWS Security Hub CloudTrail.2",
        "AWS Security Hub CloudTrail.4",
    ])
}

/// As `baseline::flow-logs`: activity in systems with health data must be recorded.
pub(super) fn hipaa_flow_logs() -> Rule {
    Rule::new("hipaa::flow-logs", Severity::High, "networks have flow logs", without_flow_logs)
        .sources(&["HIPAA 164.312(b)", "AWS Security Hub EC2.6"])
}

/// 0 is for ever.
fn kept_less_than(least: u32, plan: &PlanView, report: &mut Report<'_>) {
    for group in plan.resources::<LogGroup>() {
        let days = group.get(|g| g.retention_in_days());
        if let Some(days) = days.known().map(|days| days.0).filter(|d| (1..least).contains(d)) {
            report
                .finding(&group, format!("keeps events for {days} days"))
                .hint(format!("set `retention_in_days` to {least} at least"));
        }
    }
}

fn without_flow_logs(plan: &PlanView, report: &mut Report<'_>) {
    for vpc in plan.resources::<Vpc>() {
        if plan.attached::<FlowLog, _, _>(&vpc, |log| log.vpc_id()).is_empty() {
            report.finding(&vpc, "has no flow log").hint("add an `ec2::FlowLog` of it");
        }
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Days, Stack};

    use super::*;
    use crate::checks::testing::{broken, broken_when_protected};
    use crate::cloudtrail::TrailArguments;
    use crate::kms::Key;
    use crate::s3::BucketName;

    fn group(days: u32) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("logs", LogGroup::new().retention_in_days(Days(days))))
    }

    #[test]
    fn logs_are_kept_long_enough_or_for_ever() {
        let rule = log_retention();
        assert_eq!(broken_when_protected(&rule, group(365)), [""; 0]);
        assert_eq!(broken_when_protected(&rule, group(0)), [""; 0]);
        assert_eq!(broken_when_protected(&rule, group(180)), ["logs"]);
        assert_eq!(broken(&rule, group(7)), [""; 0]);
        assert_eq!(broken(&hipaa_retention(), group(2557)), [""; 0]);
        assert_eq!(broken(&hipaa_retention(), group(365)), ["logs"]);
    }

    #[test]
    fn logs_have_keys_of_their_own() {
        let with_key = |stack: &mut Stack| {
            let key = stack.add("key", Key::new());
            stack.add("logs", LogGroup::new().kms_key_id(key.arn()));
        };
        assert_eq!(broken(&hipaa_log_keys(), with_key), [""; 0]);
        assert_eq!(broken(&hipaa_log_keys(), group(0)), ["logs"]);
    }

    #[test]
    fn networks_have_flow_logs() {
        let network = |logged: bool| {
            move |stack: &mut Stack| {
                let vpc = stack.add("vpc", Vpc::new(Ipv4Net::default()));
                if logged {
                    let group = stack.add("logs", LogGroup::new());
                    stack.add("flows", FlowLog::new(group.arn()).vpc_id(vpc.id()));
                }
            }
        };
        for rule in [flow_logs(), hipaa_flow_logs()] {
            assert_eq!(broken(&rule, network(true)), [""; 0]);
            assert_eq!(broken(&rule, network(false)), ["vpc"]);
        }
    }

    #[test]
    fn a_trail_records_all_regions_and_can_be_trusted() {
        let trail = || Trail::new("trail", BucketName::new("trails"));
        let add = |trail: TrailArguments| move |stack: &mut Stack| drop(stack.add("trail", trail));
        let whole = trail().is_multi_region_trail(true);
        assert_eq!(broken(&hipaa_trail(), add(whole.clone())), [""; 0]);
        assert_eq!(broken(&hipaa_trail(), add(trail())), ["stack"]);
        assert_eq!(broken(&hipaa_trail(), add(whole.enable_logging(false))), ["stack"]);
        let trusted = |stack: &mut Stack| {
            let key = stack.add("key", Key::new());
            stack.add("trail", trail().kms_key_id(key.arn()).enable_log_file_validation(true));
        };
        assert_eq!(broken(&hipaa_trail_integrity(), trusted), [""; 0]);
        assert_eq!(broken(&hipaa_trail_integrity(), add(trail())), ["trail", "trail"]);
    }
}
