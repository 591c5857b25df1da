//! Load balancers and their listeners.

use infra_sdk::checks::{PlanView, Planned, Report, Rule, Severity};
use infra_sdk::{Object, Value};

use crate::elbv2::{Listener, LoadBalancer, LoadBalancerType, Protocol};
use crate::wafv2::WebAclAssociation;

/// Passwords and sessions go over the internet in clear to whoever listens on HTTP.
pub(super) fn https() -> Rule {
    Rule::new(
        "baseline::https",
        Severity::High,
        "listeners on HTTP do nothing but redirect to HTTPS",
        plain_http,
    )
    .sources(&["AWS Security Hub ELB.1"])
}

/// Left out, AWS takes a policy that still speaks TLS 1.0.
pub(super) fn tls_policy() -> Rule {
    Rule::new(
        "baseline::tls-policy",
        Severity::Medium,
        "listeners speak TLS 1.2 and later",
        |plan, report| {
            for listener in plan.resources::<Listener>() {
                let tls = |protocol| matches!(protocol, Protocol::Https | Protocol::Tls);
                let policy = listener.get(|l| l.ssl_policy());
                let old = policy.is_absent()
                    || policy.is_known_and(|name| {
                        !["-1-2-", "-1-3-"].iter().any(|version| name.contains(version))
                    });
                if listener.get(|l| l.protocol()).is_known_and(tls) && old {
                    report
                        .finding(&listener, "speaks versions of TLS that are broken")
                        .hint("set `ssl_policy`, such as `ELBSecurityPolicy-TLS13-1-2-2021-06`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ELB.17"])
}

/// Headers that a balancer and a server read in different ways let requests be smuggled.
pub(super) fn invalid_headers() -> Rule {
    Rule::new(
        "baseline::invalid-headers",
        Severity::Medium,
        "load balancers drop invalid headers",
        |plan, report| {
            for balancer in applications(plan) {
                if balancer.get(|b| b.drop_invalid_header_fields()).is_off() {
                    report
                        .finding(&balancer, "passes invalid headers on")
                        .hint("set `drop_invalid_header_fields` to `true`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ELB.4"])
}

/// Who asked for what, when there is a suspicion.
pub(super) fn access_logs() -> Rule {
    Rule::new(
        "baseline::access-logs",
        Severity::Medium,
        "load balancers write access logs",
        |plan, report| {
            for balancer in applications(plan) {
                let blocks = balancer.blocks(|b| b.access_logs());
                let on = |log: &&Object| {
                    matches!(log.get("enabled"), Some(Value::Bool(true) | Value::Unknown))
                };
                if !blocks.iter().any(on) {
                    report
                        .finding(&balancer, "writes no access logs")
                        .hint("name a bucket with `access_logs`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ELB.5"])
}

/// The host name of a balancer that was deleted never comes back.
pub(super) fn deletion_protection() -> Rule {
    Rule::new(
        "baseline::load-balancer-deletion",
        Severity::Medium,
        "load balancers of protected environments refuse to be deleted",
        |plan, report| {
            for balancer in plan.resources::<LoadBalancer>() {
                let off = balancer.get(|b| b.enable_deletion_protection()).is_off();
                if plan.env().is_protected() && off {
                    report
                        .finding(&balancer, "can be deleted")
                        .hint("set `enable_deletion_protection` to `true`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub ELB.6"])
}

/// As `baseline::https`: health data must be guarded on its way.
pub(super) fn hipaa_https() -> Rule {
    Rule::new(
        "hipaa::https",
        Severity::Critical,
        "listeners on HTTP do nothing but redirect to HTTPS",
        plain_http,
    )
    .sources(&["HIPAA 164.312(e)(1)", "AWS Security Hub ELB.1"])
}

/// Most attacks on what is reached from the internet are known, and can be stopped before it.
pub(super) fn hipaa_firewall() -> Rule {
    Rule::new(
        "hipaa::web-firewall",
        Severity::High,
        "load balancers on the internet have a web firewall",
        |plan, report| {
            for balancer in applications(plan) {
                let guards =
                    plan.attached::<WebAclAssociation, _, _>(&balancer, |a| a.resource_arn());
                if balancer.get(|b| b.internal()).is_off() && guards.is_empty() {
                    report
                        .finding(&balancer, "has no web firewall")
                        .hint("add a `wafv2::WebAclAssociation`");
                }
            }
        },
    )
    .sources(&["HIPAA 164.308(a)(1)(ii)(B)", "AWS Security Hub ELB.16"])
}

fn applications(plan: &PlanView) -> Vec<Planned<'_, LoadBalancer>> {
    let mut balancers = plan.resources::<LoadBalancer>();
    let application = |kind| kind == LoadBalancerType::Application;
    balancers.retain(|b| b.get(|b| b.load_balancer_type()).is_known_and(application));
    balancers
}

fn plain_http(plan: &PlanView, report: &mut Report<'_>) {
    for listener in plan.resources::<Listener>() {
        let http = listener.get(|l| l.protocol()).is_known_and(|p| p == Protocol::Http);
        if http && !listener.blocks(|l| l.default_action()).into_iter().all(is_redirect) {
            report.finding(&listener, "serves HTTP").hint("redirect it to HTTPS, and serve there");
        }
    }
}

fn is_redirect(action: &Object) -> bool {
    let redirect = action.get("redirect").and_then(Value::as_map);
    let protocol = redirect.and_then(|redirect| redirect.get("protocol"));
    action.get("type").and_then(Value::as_str) == Some("redirect")
        && protocol.and_then(Value::as_str) == Some("HTTPS")
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Arn, Stack};

    use super::*;
    use crate::AnyArn;
    use crate::checks::testing::{broken, broken_when_protected};
    use crate::elbv2::{
        Action, ActionArguments, ActionType, BalancerLogs, FixedResponse, ListenerArguments,
        LoadBalancerArguments, Redirect, RedirectStatus,
    };
    use crate::s3::BucketName;

    const BALANCER: &str =
        "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/web/1";

    fn listener(protocol: Protocol, action: ActionArguments) -> ListenerArguments {
        Listener::new(Arn::new(BALANCER), 80_u16, protocol, [action])
    }

    fn redirect(protocol: &str) -> ActionArguments {
        let redirect = Redirect::new(RedirectStatus::MovedPermanently).protocol(protocol);
        Action::new(ActionType::Redirect).redirect(redirect)
    }

    fn answer() -> ActionArguments {
        Action::new(ActionType::FixedResponse)
            .fixed_response(FixedResponse::new("text/plain", "200"))
    }

    fn listen(listener: ListenerArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("listener", listener))
    }

    fn balance(balancer: LoadBalancerArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("balancer", balancer))
    }

    #[test]
    fn http_only_redirects() {
        for rule in [https(), hipaa_https()] {
            let http = |action| listen(listener(Protocol::Http, action));
            assert_eq!(broken(&rule, http(redirect("HTTPS"))), [""; 0]);
            assert_eq!(broken(&rule, listen(listener(Protocol::Https, answer()))), [""; 0]);
            assert_eq!(broken(&rule, http(answer())), ["listener"]);
            assert_eq!(broken(&rule, http(redirect("HTTP"))), ["listener"]);
        }
    }

    #[test]
    fn only_new_versions_of_tls_are_spoken() {
        let policy =
            |name: &'static str| listen(listener(Protocol::Https, answer()).ssl_policy(name));
        let rule = tls_policy();
        assert_eq!(broken(&rule, policy("ELBSecurityPolicy-TLS13-1-2-2021-06")), [""; 0]);
        assert_eq!(broken(&rule, policy("ELBSecurityPolicy-TLS-1-1-2017-01")), ["listener"]);
        assert_eq!(broken(&rule, policy("ELBSecurityPolicy-2016-08")), ["listener"]);
        assert_eq!(broken(&rule, listen(listener(Protocol::Https, answer()))), ["listener"]);
        assert_eq!(broken(&rule, listen(listener(Protocol::Http, answer()))), [""; 0]);
    }

    #[test]
    fn balancers_drop_headers_write_logs_and_are_kept() {
        let whole = || {
            LoadBalancer::new()
                .drop_invalid_header_fields(true)
                .access_logs(BalancerLogs::new(BucketName::new("logs")).enabled(true))
                .enable_deletion_protection(true)
        };
        for rule in [invalid_headers(), access_logs(), deletion_protection()] {
            assert_eq!(broken_when_protected(&rule, balance(whole())), [""; 0]);
            let bare = balance(LoadBalancer::new());
            assert_eq!(broken_when_protected(&rule, bare), ["balancer"], "{rule:?}");
        }
        assert_eq!(broken(&deletion_protection(), balance(LoadBalancer::new())), [""; 0]);
    }

    #[test]
    fn what_is_on_the_internet_has_a_web_firewall() {
        let guarded = |stack: &mut Stack| {
            let balancer = stack.add("balancer", LoadBalancer::new());
            let acl = Arn::new("arn:aws:wafv2:us-west-2:111122223333:regional/webacl/web/1");
            stack.add("guard", WebAclAssociation::new(balancer.arn(), acl));
        };
        assert_eq!(broken(&hipaa_firewall(), guarded), [""; 0]);
        assert_eq!(broken(&hipaa_firewall(), balance(LoadBalancer::new().internal(true))), [""; 0]);
        assert_eq!(broken(&hipaa_firewall(), balance(LoadBalancer::new())), ["balancer"]);
        let elsewhere = |stack: &mut Stack| {
            stack.add("balancer", LoadBalancer::new());
            let acl = Arn::new("arn:aws:wafv2:us-west-2:111122223333:regional/webacl/web/1");
            stack.add("guard", WebAclAssociation::new(AnyArn::new(BALANCER), acl));
        };
        assert_eq!(broken(&hipaa_firewall(), elsewhere), ["balancer"]);
    }
}
