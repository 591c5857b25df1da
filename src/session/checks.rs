//! Plans held against the checks of the program, and whether what they find is let through.
//!
//! Start reading at [`review`]. The rules run in the program; waivers and thresholds are applied here,
//! so that no rule can wave itself through.

use std::collections::BTreeMap;

use infra_engine::{Action as Planned, Change};
use infra_sdk::checks::{Action, Finding, PlanView, PlannedResource, Severity};
use infra_sdk::protocol::checks::WireRule;
use infra_sdk::provider::Provider;
use infra_sdk::{
    Address, Declaration, Declarations, Diagnostic, Environment, Location, Object, Reference,
    Value, Waiver,
};

use super::prepare::Prepared;
use super::select::Selection;
use crate::cli::Context;
use crate::config::{Thresholds, near};
use crate::error::{CommandError, Result};
use crate::program::Findings;

/// What the checks found in the plans of some stacks.
pub(crate) struct Review {
    /// The environment.
    pub(crate) environment: String,
    /// The line of `infra.toml` that begins it.
    pub(crate) place: Location,
    /// How many findings are let through.
    pub(crate) limits: Thresholds,
    /// The stacks that have checks.
    pub(crate) stacks: Vec<StackReview>,
}

/// What the checks found in the plan of one stack.
pub(crate) struct StackReview {
    /// Its name.
    pub(crate) stack: String,
    /// The rules that looked.
    pub(crate) rules: Vec<WireRule>,
    /// What they found, the worst first.
    pub(crate) findings: Vec<Found>,
}

/// A finding with where it is.
pub(crate) struct Found {
    /// What the rule said.
    pub(crate) finding: Finding,
    /// Terraform's name of the resource's type.
    pub(crate) type_name: Option<String>,
    /// Where the resource is declared.
    pub(crate) location: Option<Location>,
    /// Why it may be so, where it is waived.
    pub(crate) waived: Option<String>,
}

impl Review {
    /// All findings with their stacks, the worst first; `waived` chooses which.
    pub(crate) fn findings(&self, waived: bool) -> Vec<(&str, &Found)> {
        let all = self
            .stacks
            .iter()
            .flat_map(|stack| stack.findings.iter().map(|found| (stack.stack.as_str(), found)));
        let mut all: Vec<_> = all.filter(|(_, f)| f.waived.is_some() == waived).collect();
        all.sort_by_key(|(_, found)| found.finding.severity);
        all
    }

    /// How many findings of a severity there are that nobody waived.
    pub(crate) fn count(&self, severity: Severity) -> u64 {
        let of = |(_, found): &(&str, &Found)| found.finding.severity == severity;
        let count = self.findings(false).iter().filter(|found| of(found)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Whether any stack has checks.
    pub(crate) fn has_rules(&self) -> bool {
        self.stacks.iter().any(|stack| !stack.rules.is_empty())
    }

    /// Severities of which there are more findings than are let through: how many, and the limit.
    pub(crate) fn exceeded(&self) -> Vec<(Severity, u64, u64)> {
        let over = |severity| {
            let (count, limit) = (self.count(severity), self.limits.limit(severity)?);
            (count > limit).then_some((severity, count, limit))
        };
        Severity::ALL.into_iter().filter_map(over).collect()
    }

    /// Why the findings are not let through; `None` where they are.
    pub(crate) fn refusal(&self) -> Option<Diagnostic> {
        let exceeded = self.exceeded();
        if exceeded.is_empty() {
            return None;
        }
        let lines: Vec<_> = exceeded
            .iter()
            .map(|(severity, count, limit)| {
                format!("{severity}: {count} found, at most {limit} let through")
            })
            .collect();
        let diagnostic = Diagnostic::error("checks::threshold", "the checks found too much")
            .detail(lines.join("\n"))
            .hint("mend what they found, or waive it where it is declared: `.waive(CODE, REASON)`")
            .hint(format!(
                "how much is let through is said in `[environments.{}.checks]` of `infra.toml`",
                self.environment
            ));
        Some(diagnostic)
    }
}

/// Holds the plans of stacks against the checks of the program. Warnings are shown.
///
/// # Errors
/// When the program does not answer, and with everything that is wrong with the checks themselves.
pub(crate) async fn review(
    context: &Context,
    selection: &Selection,
    provider: &dyn Provider,
    stacks: &[Prepared],
) -> Result<Review> {
    let environment = &selection.environment;
    let mut reviewed = Vec::new();
    let mut problems = Vec::new();
    for stack in stacks.iter().filter(|stack| stack.goal.declarations.has_checks) {
        let view = PlanView {
            stack: stack.name.clone(),
            environment: Environment {
                name: environment.name.clone(),
                region: environment.region.clone(),
                protected: environment.protected,
            },
            all: resources(stack, provider, &environment.region),
        };
        let log = |line: &str| context.terminal.log(&stack.name, line);
        let mut found = selection.program.check(&view, &log).await?;
        problems.append(&mut found.diagnostics);
        context.terminal.diagnostics(&unknown_waivers(&stack.goal.declarations, &found));
        reviewed.push(apply_waivers(stack, found));
    }
    if problems.iter().any(Diagnostic::is_error) {
        return Err(CommandError::from(problems));
    }
    context.terminal.diagnostics(&problems);
    Ok(Review {
        environment: environment.name.clone(),
        place: environment.location.clone(),
        limits: environment.checks,
        stacks: reviewed,
    })
}

/// The planned resources as rules see them.
fn resources(stack: &Prepared, provider: &dyn Provider, region: &str) -> Vec<PlannedResource> {
    let declared: BTreeMap<_, _> =
        stack.goal.declarations.resources.iter().map(|d| (&d.address, d)).collect();
    let planned: BTreeMap<_, _> = stack
        .plan
        .changes
        .iter()
        .filter(|change| !change.deposed)
        .map(|change| (&change.address, change))
        .collect();
    let known = |reference: &Reference| -> Option<Value> {
        let after = planned.get(&reference.address)?.after.as_ref()?;
        Some(after.get(&reference.attribute).cloned().unwrap_or(Value::Unknown))
    };
    let view = |change: &&Change| {
        let resource = PlannedResource {
            address: change.address.clone(),
            type_name: change.type_name.clone(),
            action: action(change.action),
            region: change.place.region.clone().unwrap_or_else(|| region.to_owned()),
            location: change.location.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
            inputs: BTreeMap::new(),
            documents: Object::new(),
        };
        match declared.get(&change.address) {
            Some(declaration) => {
                resource.declared_as(declaration, provider.schema(&change.type_name), &known)
            }
            None => resource,
        }
    };
    planned.values().map(view).collect()
}

fn action(action: Planned) -> Action {
    match action {
        Planned::NoOp | Planned::Await => Action::Keep,
        Planned::Create | Planned::Import => Action::Create,
        Planned::Update => Action::Update,
        Planned::Replace { .. } => Action::Replace,
        Planned::Delete => Action::Delete,
        Planned::Forget => Action::Forget,
    }
}

/// Warnings about waivers of rules that the program has not: a code that was mistyped.
fn unknown_waivers(declarations: &Declarations, found: &Findings) -> Vec<Diagnostic> {
    let warn = |waiver: &Waiver, at: Option<&Declaration>| {
        if found.codes.contains(&waiver.code) {
            return None;
        }
        let mut diagnostic =
            Diagnostic::warning("checks::waiver", "a rule is waived that the program has not")
                .detail(format!("`{}` is the code of none of its rules", waiver.code))
                .location(at.and_then(|declaration| declaration.location.clone()))
                .hint(near(&waiver.code, found.codes.iter().map(String::as_str)));
        diagnostic.address = at.map(|declaration| declaration.address.clone());
        Some(diagnostic)
    };
    let of_stack = declarations.waivers.iter().filter_map(|waiver| warn(waiver, None));
    let of_resources = declarations.resources.iter().flat_map(|declaration| {
        let waivers = &declaration.arguments.options.waivers;
        waivers.iter().filter_map(move |waiver| warn(waiver, Some(declaration)))
    });
    of_stack.chain(of_resources).collect()
}

/// Finds each finding's place and waiver.
fn apply_waivers(stack: &Prepared, found: Findings) -> StackReview {
    let declared: BTreeMap<&Address, &Declaration> =
        stack.goal.declarations.resources.iter().map(|d| (&d.address, d)).collect();
    let locate = |finding: Finding| {
        let change = finding.address.as_ref().and_then(|address| {
            stack.plan.changes.iter().find(|change| change.address == *address && !change.deposed)
        });
        let waivers = match &finding.address {
            None => stack.goal.declarations.waivers.as_slice(),
            Some(address) => declared
                .get(address)
                .map(|declaration| declaration.arguments.options.waivers.as_slice())
                .unwrap_or_default(),
        };
        let waiver = waivers.iter().find(|waiver| waiver.code == finding.code);
        Found {
            waived: waiver.map(|waiver| waiver.reason.clone()),
            type_name: change.map(|change| change.type_name.clone()),
            location: change.and_then(|change| change.location.clone()),
            finding,
        }
    };
    let mut findings: Vec<_> = found.findings.into_iter().map(locate).collect();
    findings.sort_by_key(|found| found.finding.severity);
    StackReview { stack: stack.name.clone(), rules: found.rules, findings }
}
