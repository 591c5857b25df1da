//! The stack program as something to ask.
//!
//! The main types are [`Program`] and [`Answers`], which answers what the program looks up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use infra_sdk::checks::{Finding, PlanView};
use infra_sdk::protocol::checks::{CheckRequest, WireFinding, WireRule};
use infra_sdk::protocol::messages::{Hello, PROTOCOL, ToProgram, WireDiagnostic};
use infra_sdk::provider::{BoxFuture, LookupRequest};
use infra_sdk::{Declarations, Diagnostic, Location, Value};

use super::conversation::{self, Reply};

/// A built stack program.
#[derive(Debug)]
pub(crate) struct Program {
    /// The executable.
    pub(crate) executable: PathBuf,
    /// The folder it is started in.
    pub(crate) folder: PathBuf,
    /// How long it may be silent.
    pub(crate) timeout: Duration,
}

/// Answers what a program looks up.
pub(crate) trait Answers: Send {
    /// The answer, or why there is none. `location` is the line that asks.
    fn answer<'a>(
        &'a mut self,
        request: &'a LookupRequest,
        location: &'a Location,
    ) -> BoxFuture<'a, Result<Value, Diagnostic>>;
}

/// What the checks of a program found in a plan.
pub(crate) struct Findings {
    /// The rules that looked.
    pub(crate) rules: Vec<WireRule>,
    /// The codes of all rules of the program.
    pub(crate) codes: BTreeSet<String>,
    /// What they found.
    pub(crate) findings: Vec<Finding>,
    /// What is wrong with the rules themselves.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Findings {
    /// Reads the parts of the message.
    pub(super) fn read(
        rules: Vec<WireRule>,
        codes: Vec<String>,
        findings: Vec<WireFinding>,
        diagnostics: Vec<WireDiagnostic>,
    ) -> Result<Self, String> {
        Ok(Self {
            rules,
            codes: codes.into_iter().collect(),
            findings: findings.into_iter().map(WireFinding::read).collect::<Result<_, _>>()?,
            diagnostics: diagnostics
                .into_iter()
                .map(WireDiagnostic::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Nobody answers: a program that is asked for its list of stacks looks nothing up.
struct Nobody;

impl Answers for Nobody {
    fn answer<'a>(
        &'a mut self,
        request: &'a LookupRequest,
        location: &'a Location,
    ) -> BoxFuture<'a, Result<Value, Diagnostic>> {
        Box::pin(async {
            Err(Diagnostic::error("program::message", "the program asks before it has a stack")
                .detail(format!("it looks up `{}`", request.name))
                .location(Some(location.clone())))
        })
    }
}

impl Program {
    /// The names of its stacks, sorted.
    ///
    /// # Errors
    /// When the program does not hold the conversation.
    pub(crate) async fn stacks(
        &self,
        log: &(dyn Fn(&str) + Sync),
    ) -> Result<Vec<String>, Diagnostic> {
        let hello = Hello {
            protocol: PROTOCOL,
            stack: None,
            environment: String::new(),
            region: String::new(),
            protected: false,
            settings: BTreeMap::new(),
        };
        match conversation::hold(self, &ToProgram::Hello(hello), &mut Nobody, log).await? {
            Reply::Stacks(mut stacks) => {
                stacks.sort();
                Ok(stacks)
            }
            // A program of another version answers every hello with a diagnostic.
            Reply::Desired(declared) => Err(declared
                .diagnostics
                .into_iter()
                .next()
                .unwrap_or_else(|| conversation::out_of_turn("the finished stack"))),
            Reply::Findings(_) => Err(conversation::out_of_turn("findings")),
        }
    }

    /// What a stack declares, with the diagnostics of its own.
    ///
    /// # Errors
    /// When the program does not hold the conversation.
    pub(crate) async fn declare(
        &self,
        hello: &Hello,
        answers: &mut dyn Answers,
        log: &(dyn Fn(&str) + Sync),
    ) -> Result<Declarations, Diagnostic> {
        let hello = ToProgram::Hello(hello.clone());
        match conversation::hold(self, &hello, answers, log).await? {
            Reply::Desired(declared) => Ok(declared),
            Reply::Stacks(_) => Err(conversation::out_of_turn("the list of its stacks")),
            Reply::Findings(_) => Err(conversation::out_of_turn("findings")),
        }
    }

    /// What the checks of the program find in a plan.
    ///
    /// # Errors
    /// When the program does not hold the conversation.
    pub(crate) async fn check(
        &self,
        plan: &PlanView,
        log: &(dyn Fn(&str) + Sync),
    ) -> Result<Findings, Diagnostic> {
        let request = ToProgram::Check(CheckRequest::from(plan));
        match conversation::hold(self, &request, &mut Nobody, log).await? {
            Reply::Findings(findings) => Ok(findings),
            // A program of another version answers everything with a diagnostic.
            Reply::Desired(declared) => Err(declared
                .diagnostics
                .into_iter()
                .next()
                .unwrap_or_else(|| conversation::out_of_turn("the finished stack"))),
            Reply::Stacks(_) => Err(conversation::out_of_turn("the list of its stacks")),
        }
    }
}
