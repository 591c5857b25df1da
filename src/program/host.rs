//! The stack program as something to ask.
//!
//! The main types are [`Program`] and [`Answers`], which answers what the program looks up.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use infra_sdk::protocol::messages::{Hello, PROTOCOL};
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
        match conversation::hold(self, &hello, &mut Nobody, log).await? {
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
        match conversation::hold(self, hello, answers, log).await? {
            Reply::Desired(declared) => Ok(declared),
            Reply::Stacks(_) => Err(conversation::out_of_turn("the list of its stacks")),
        }
    }
}
