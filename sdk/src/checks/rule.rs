//! Rules, packs of them, and what they find.
//!
//! The main type is [`Rule`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{PlanView, PlannedResource};
use crate::Address;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Open to the world, or lost for good: nothing should be applied with it.
    Critical,
    /// A protection is missing that everybody expects.
    High,
    /// A protection is missing that one may do without for a while.
    Medium,
    /// Good practice.
    Low,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Its name: `critical`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|severity| severity.name() == text);
        found.ok_or_else(|| format!("`{text}` is not a severity"))
    }
}

/// What a rule does: looks at a plan and reports.
type Look = Box<dyn Fn(&PlanView, &mut Report<'_>)>;

/// One rule that plans are held against.
///
/// ```
/// use infra_sdk::checks::{Rule, Severity};
///
/// Rule::new("team::owner", Severity::Medium, "everything has an owner", |plan, report| {
///     for resource in &plan.all {
///         let tags = resource.value("tags").as_map();
///         if resource.after.is_some() && tags.is_some_and(|tags| !tags.contains_key("owner")) {
///             report.finding(resource, "has no tag `owner`").hint("add `.tag(\"owner\", TEAM)`");
///         }
///     }
/// });
/// ```
pub struct Rule {
    code: &'static str,
    severity: Severity,
    title: &'static str,
    sources: &'static [&'static str],
    look: Look,
}

impl Rule {
    /// A rule: its code such as `team::owner`, how bad it is to break it, what it asks for as a
    /// lower-case sentence, and how it is told.
    #[must_use]
    pub fn new(
        code: &'static str,
        severity: Severity,
        title: &'static str,
        look: impl Fn(&PlanView, &mut Report<'_>) + 'static,
    ) -> Self {
        Self { code, severity, title, sources: &[], look: Box::new(look) }
    }

    /// Says where the rule is written: `AWS Security Hub S3.8`, `HIPAA 164.312(a)(2)(iv)`.
    #[must_use]
    pub fn sources(mut self, sources: &'static [&'static str]) -> Self {
        self.sources = sources;
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// How bad it is to break it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What it asks for.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Where it is written.
    #[must_use]
    pub fn written_in(&self) -> &'static [&'static str] {
        self.sources
    }

    /// What the rule finds in a plan.
    #[must_use]
    pub fn look(&self, plan: &PlanView) -> Vec<Finding> {
        let mut report = Report { rule: self, findings: Vec::new() };
        (self.look)(plan, &mut report);
        report.findings
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.code).finish()
    }
}

/// Rules that belong together, for all stacks or for some.
#[derive(Debug)]
pub struct Pack {
    pub(super) rules: Vec<Rule>,
    pub(super) stacks: Option<Vec<String>>,
}

impl Pack {
    /// Rules for all stacks.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect(), stacks: None }
    }

    /// The same rules for these stacks only.
    #[must_use]
    pub fn for_stacks<'a>(mut self, stacks: impl IntoIterator<Item = &'a str>) -> Self {
        self.stacks = Some(stacks.into_iter().map(str::to_owned).collect());
        self
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether the rules are for this stack.
    #[must_use]
    pub fn covers(&self, stack: &str) -> bool {
        self.stacks.as_ref().is_none_or(|stacks| stacks.iter().any(|name| name == stack))
    }
}

/// One place where a plan breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The code of the rule.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, as a fragment that goes on after the address.
    pub message: String,
    /// The resource; `None` for the stack as a whole.
    pub address: Option<Address>,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Finding {
    /// Adds a way out.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hints.push(hint.into());
        self
    }

    /// Makes it worse or less bad than the rule says.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Report<'r> {
    rule: &'r Rule,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// A finding about a resource. The message goes on after its address: `is not encrypted`.
    pub fn finding(
        &mut self,
        at: &impl AsRef<PlannedResource>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.add(Some(at.as_ref().address.clone()), message.into())
    }

    /// A finding about the stack as a whole, such as something that it does not have.
    pub fn stack(&mut self, message: impl Into<String>) -> &mut Finding {
        self.add(None, message.into())
    }

    fn add(&mut self, address: Option<Address>, message: String) -> &mut Finding {
        let at = self.findings.len();
        self.findings.push(Finding {
            code: self.rule.code.to_owned(),
            severity: self.rule.severity,
            message,
            address,
            hints: Vec::new(),
        });
        &mut self.findings[at]
    }
}
