//! Diagnostics: what went wrong, where, and what to do. Data only; `src/view` renders it.

use crate::Address;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing stops.
    Warning,
    /// The command fails.
    Error,
}

/// A place in a source or settings file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Path as the compiler or the loader knows it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 where it is not known.
    pub column: u32,
}

impl Location {
    /// The place that called the function this is called from.
    #[must_use]
    #[track_caller]
    pub fn caller() -> Self {
        let place = std::panic::Location::caller();
        Self { file: place.file().to_owned(), line: place.line(), column: place.column() }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One message to the user. The summary is constant text; what varies stands in the detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, `area::what`, listed in docs/errors.md.
    pub code: String,
    /// What went wrong: a lower-case fragment without a full stop.
    pub summary: String,
    /// Values, causes, the answer of AWS. May have several lines; may be empty.
    pub detail: String,
    /// The resource it is about.
    pub address: Option<Address>,
    /// Where it was declared.
    pub location: Option<Location>,
    /// What to do about it: imperative sentences.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// An error with a code and a summary.
    #[must_use]
    pub fn error(code: &str, summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.to_owned(),
            summary: summary.into(),
            detail: String::new(),
            address: None,
            location: None,
            hints: Vec::new(),
        }
    }

    /// A warning with a code and a summary.
    #[must_use]
    pub fn warning(code: &str, summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, summary) }
    }

    /// Adds the varying part of the message.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says which resource it is about.
    #[must_use]
    pub fn address(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    /// Says where to look.
    #[must_use]
    pub fn location(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Whether the command fails because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
