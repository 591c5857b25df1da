//! What IAM's simulation says no to, and how that is told.

use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};
use infra_sdk::Diagnostic;

use super::permissions::Need;

/// An action that is not allowed.
#[derive(Debug)]
pub(super) struct Denial<'a> {
    /// `s3:CreateBucket`.
    pub(super) action: &'static str,
    /// What it is needed for.
    pub(super) need: &'a Need<'a>,
    /// What IAM says.
    pub(super) doubt: Doubt,
    /// The resource that it was judged for; `None` is any.
    pub(super) resource: Option<String>,
}

/// What IAM says of an action that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    explicit: bool,
    /// Whose policy it is that does not allow it.
    source: String,
    /// Condition keys that decide and whose values are not known before the call.
    missing: Vec<String>,
}

impl Doubt {
    /// Nothing where the action is allowed.
    pub(super) fn of(result: &EvaluationResult) -> Option<Self> {
        if result.eval_decision == PolicyEvaluationDecisionType::Allowed {
            return None;
        }
        let organization = result.organizations_decision_detail.as_ref();
        let boundary = result.permissions_boundary_decision_detail.as_ref();
        let explicit = result.eval_decision == PolicyEvaluationDecisionType::ExplicitDeny;
        let statements = result.matched_statements.iter().flatten();
        let policies: Vec<_> =
            statements.filter_map(|statement| statement.source_policy_id.clone()).collect();
        let source = if organization.is_some_and(|detail| !detail.allowed_by_organizations) {
            "a service control policy of the organization does not allow it".to_owned()
        } else if boundary.is_some_and(|detail| !detail.allowed_by_permissions_boundary) {
            "the permissions boundary does not allow it".to_owned()
        } else if !explicit {
            "no policy allows it".to_owned()
        } else if policies.is_empty() {
            "a policy forbids it".to_owned()
        } else {
            format!("forbidden by `{}`", policies.join("`, `"))
        };
        let missing = result.missing_context_values.clone().unwrap_or_default();
        Some(Self { explicit, source, missing })
    }

    /// Whether a policy forbids it, whatever others allow.
    pub(super) fn is_explicit(&self) -> bool {
        self.explicit
    }
}

impl Denial<'_> {
    /// Whether the call is sure to be made and to be refused.
    fn is_sure(&self) -> bool {
        self.need.certain
            && self.doubt.missing.is_empty()
            && (self.doubt.explicit || self.resource.is_some())
    }

    fn line(&self) -> String {
        let mut text = format!("`{}`: {}", self.action, self.doubt.source);
        match &self.resource {
            Some(arn) => text.push_str(&format!(" for {arn}")),
            None if !self.doubt.explicit => text.push_str(" for every resource"),
            None => {}
        }
        if !self.doubt.missing.is_empty() {
            let keys = self.doubt.missing.join(", ");
            text.push_str(&format!("; it depends on {keys}, which only the call has"));
        }
        text
    }

    fn users(&self) -> String {
        let mut users: Vec<_> =
            self.need.operations.iter().map(|o| format!("`{}`", o.address)).collect();
        users.dedup();
        let more = users.len().saturating_sub(3);
        users.truncate(3);
        let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("needed by {}{rest}", users.join(", "))
    }
}

/// Errors for what is sure to be refused, one an action, and one warning for what may be.
pub(super) fn told(caller: &str, denials: Vec<Denial<'_>>) -> Vec<Diagnostic> {
    let (sure, doubtful): (Vec<_>, Vec<_>) = denials.into_iter().partition(Denial::is_sure);
    let mut found: Vec<_> = sure
        .iter()
        .map(|denial| {
            let first = denial.need.operations.first();
            let error = Diagnostic::error("preflight::denied", "the caller may not do this")
                .detail(format!("{}\n{caller}; {}", denial.line(), denial.users()))
                .location(first.and_then(|operation| operation.location.clone()))
                .hint("ask for the permission, or use another role");
            first.map_or(error.clone(), |operation| error.address(&operation.address))
        })
        .collect();
    if !doubtful.is_empty() {
        let lines: Vec<_> = doubtful
            .iter()
            .map(|denial| format!("{}; {}", denial.line(), denial.users()))
            .collect();
        let summary = "the caller may lack permissions";
        found.push(
            Diagnostic::warning("preflight::denied", summary)
                .detail(format!("{caller}\n{}", lines.join("\n")))
                .hint("a policy for single resources may allow them all the same"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::{OrganizationsDecisionDetail, Statement};

    use super::*;

    fn result(decision: PolicyEvaluationDecisionType) -> EvaluationResult {
        EvaluationResult::builder()
            .eval_action_name("s3:CreateBucket")
            .eval_decision(decision)
            .build()
            .expect("whole")
    }

    fn denial<'a>(need: &'a Need<'a>, result: &EvaluationResult) -> Denial<'a> {
        let doubt = Doubt::of(result).expect("denied");
        Denial { action: "s3:CreateBucket", need, doubt, resource: None }
    }

    #[test]
    fn only_what_is_forbidden_outright_is_an_error() {
        use PolicyEvaluationDecisionType::{Allowed, ExplicitDeny, ImplicitDeny};
        let (sure, unsure) = (Need { certain: true, ..Need::default() }, Need::default());
        assert_eq!(Doubt::of(&result(Allowed)), None);
        let errors = |denial: Denial<'_>| told("arn", vec![denial])[0].is_error();
        assert!(errors(denial(&sure, &result(ExplicitDeny))));
        assert!(!errors(denial(&unsure, &result(ExplicitDeny))), "it may not be called");
        assert!(!errors(denial(&sure, &result(ImplicitDeny))), "for every resource");
        let here = Denial { resource: Some("arn".into()), ..denial(&sure, &result(ImplicitDeny)) };
        assert!(errors(here));
        let mut unknown = result(ExplicitDeny);
        unknown.missing_context_values = Some(vec!["aws:MultiFactorAuthPresent".to_owned()]);
        assert!(!errors(denial(&sure, &unknown)));
    }

    #[test]
    fn who_does_not_allow_it_is_told() {
        let mut result = result(PolicyEvaluationDecisionType::ExplicitDeny);
        let statement = Statement::builder().source_policy_id("guard").build();
        result.matched_statements = Some(vec![statement]);
        assert_eq!(Doubt::of(&result).expect("denied").source, "forbidden by `guard`");
        result.organizations_decision_detail =
            Some(OrganizationsDecisionDetail::builder().allowed_by_organizations(false).build());
        let source = Doubt::of(&result).expect("denied").source;
        assert!(source.contains("organization"), "{source}");
    }
}
