//! The error of a command: what to show, and how to end.

use infra_sdk::Diagnostic;

use crate::exit::Exit;

/// Result of what a command does.
pub(crate) type Result<T, E = CommandError> = std::result::Result<T, E>;

/// Why a command ends early.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// How it ends.
    pub(crate) exit: Exit,
    /// What is shown; never empty, except when everything was shown already.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl CommandError {
    /// The command line is wrong.
    pub(crate) fn usage(diagnostic: Diagnostic) -> Self {
        Self { exit: Exit::Usage, diagnostics: vec![diagnostic] }
    }

    /// Another run holds the state.
    pub(crate) fn locked(diagnostic: Diagnostic) -> Self {
        Self { exit: Exit::Locked, diagnostics: vec![diagnostic] }
    }
}

impl From<Diagnostic> for CommandError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { exit: Exit::Failed, diagnostics: vec![diagnostic] }
    }
}

impl From<Vec<Diagnostic>> for CommandError {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self { exit: Exit::Failed, diagnostics }
    }
}
