//! The error of stack functions: any error, with the place where `?` met it.

use crate::{Diagnostic, Location};

/// Result of a stack function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with the line of the `?` that it went through.
///
/// Not itself a `std::error::Error`, so that every such error converts into it.
#[derive(Debug)]
pub struct Error {
    diagnostic: Box<Diagnostic>,
}

impl Error {
    /// An error with a message, located at the caller.
    #[must_use]
    #[track_caller]
    pub fn new(message: impl Into<String>) -> Self {
        Self::from(
            Diagnostic::error("stack::failed", "the stack function returned an error")
                .detail(message)
                .location(Some(Location::caller())),
        )
    }

    /// What is shown to the user.
    #[must_use]
    pub fn into_diagnostic(self) -> Diagnostic {
        *self.diagnostic
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostic: Box::new(diagnostic) }
    }
}

impl<E: std::error::Error> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(&format!("\ncaused by: {cause}"));
            source = cause.source();
        }
        Self::new(message)
    }
}
