//! Holding a plan against the rules that are for its stack.
//!
//! Start reading at [`run`]. A rule that panics is reported, and the others still look.

use std::collections::BTreeSet;

use super::{Finding, Pack, PlanView, Rule};
use crate::Diagnostic;
use crate::panics::caught;

/// What came of holding a plan against rules.
#[derive(Debug)]
pub struct Outcome<'r> {
    /// The rules that looked, in their order.
    pub rules: Vec<&'r Rule>,
    /// The codes of all rules, those for other stacks too.
    pub codes: BTreeSet<&'static str>,
    /// What they found.
    pub findings: Vec<Finding>,
    /// What is wrong with the rules themselves.
    pub diagnostics: Vec<Diagnostic>,
}

/// Holds a plan against the rules that are for its stack. `stacks` are all stacks of the program.
#[must_use]
pub fn run<'r>(packs: &'r [Pack], stacks: &[&str], plan: &PlanView) -> Outcome<'r> {
    let mut outcome = Outcome {
        rules: Vec::new(),
        codes: packs.iter().flat_map(Pack::rules).map(Rule::code).collect(),
        findings: Vec::new(),
        diagnostics: Vec::new(),
    };
    let named: BTreeSet<_> =
        packs.iter().filter_map(|pack| pack.stacks.as_ref()).flatten().collect();
    for name in named.into_iter().filter(|name| !stacks.contains(&name.as_str())) {
        outcome.diagnostics.push(
            Diagnostic::error("checks::stack", "checks are for a stack that the program has not")
                .detail(format!("`{name}` is not one of its stacks"))
                .hint(format!("its stacks are: {}", stacks.join(", "))),
        );
    }
    let mut codes = BTreeSet::new();
    for rule in packs.iter().filter(|pack| pack.covers(&plan.stack)).flat_map(Pack::rules) {
        if let Some(problem) = code_problem(rule, &mut codes) {
            outcome.diagnostics.push(problem);
            continue;
        }
        outcome.rules.push(rule);
        match caught(|| rule.look(plan)) {
            Ok(findings) => outcome.findings.extend(findings),
            Err(panic) => outcome.diagnostics.push(
                Diagnostic::error("checks::panic", "a check panicked")
                    .detail(format!("`{}`: {}", rule.code(), panic.message))
                    .location(panic.location)
                    .hint("mend the check: what it would have found is not known"),
            ),
        }
    }
    outcome
}

/// What is wrong with a code, by which a rule is waived and reported.
fn code_problem(rule: &Rule, codes: &mut BTreeSet<&'static str>) -> Option<Diagnostic> {
    let code = rule.code();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let mut parts = code.split("::");
    let whole = |part: Option<&str>| part.is_some_and(|p| !p.is_empty() && p.chars().all(allowed));
    let valid = whole(parts.next()) && whole(parts.next()) && parts.next().is_none();
    if !valid {
        return Some(
            Diagnostic::error("checks::code", "a check has an unusable code")
                .detail(format!("`{}`", code.escape_debug()))
                .hint("write it as `team::what`, in lower-case letters, digits and `-`"),
        );
    }
    (!codes.insert(code)).then(|| {
        Diagnostic::error("checks::code", "two checks have one code")
            .detail(format!("`{code}`"))
            .hint("register each rule once, or give one of them another code")
    })
}
