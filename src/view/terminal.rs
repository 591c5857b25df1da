//! The two streams, and the questions.
//!
//! The main type is [`Terminal`]. A reader that went away ends the printing and nothing else: an
//! apply goes on without anybody who looks.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anstream::{AutoStream, ColorChoice};
use infra_sdk::Diagnostic;

use super::human::diagnostic;
use super::text::{FAINT, paint, plain, plain_lines};

/// Where answers, diagnostics and questions go.
pub(crate) struct Terminal {
    answers: Mutex<Stream<std::io::Stdout>>,
    notes: Mutex<Stream<std::io::Stderr>>,
    sources: Mutex<Vec<PathBuf>>,
}

struct Stream<S: anstream::stream::RawStream> {
    stream: AutoStream<S>,
    trouble: Option<std::io::Error>,
}

impl<S: anstream::stream::RawStream + anstream::stream::AsLockedWrite> Stream<S> {
    fn new(raw: S, colour: bool) -> Self {
        let stream =
            if colour { AutoStream::auto(raw) } else { AutoStream::new(raw, ColorChoice::Never) };
        Self { stream, trouble: None }
    }

    fn write(&mut self, text: &str) {
        // What broke once stays broken.
        if self.trouble.is_none() {
            let written = self.stream.write_all(text.as_bytes());
            self.trouble = written.and_then(|()| self.stream.flush()).err();
        }
    }
}

impl Terminal {
    /// The streams of this process. Colour is used where a terminal reads and nothing forbids it.
    pub(crate) fn new(colour: bool) -> Self {
        Self {
            answers: Mutex::new(Stream::new(std::io::stdout(), colour)),
            notes: Mutex::new(Stream::new(std::io::stderr(), colour)),
            sources: Mutex::default(),
        }
    }

    /// Adds a folder in which the source files of diagnostics are looked for.
    pub(crate) fn look_for_sources_in(&self, folder: &Path) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(folder.to_owned());
    }

    /// Writes to standard output: the answer.
    pub(crate) fn answer(&self, text: &str) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).write(text);
    }

    /// Writes to standard error: everything else.
    pub(crate) fn note(&self, text: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).write(text);
    }

    /// Writes a line about what happens to standard error; whatever is in it is made safe.
    pub(crate) fn say(&self, line: &str) {
        self.note(&format!("{}\n", plain(line)));
    }

    /// Shows diagnostics, each with the source line it points at.
    pub(crate) fn diagnostics<'d>(&self, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) {
        let folders = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for diagnostic in diagnostics {
            self.note(&diagnostic::render(diagnostic, &folders));
        }
    }

    /// Shows lines that a program printed.
    pub(crate) fn log(&self, source: &str, text: &str) {
        for line in plain_lines(text) {
            self.note(&format!("{} {line}\n", paint(FAINT, &format!("{} |", plain(source)))));
        }
    }

    /// Whether somebody is there to answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Whether standard error is a terminal, which can show lines that change.
    pub(crate) fn is_live(&self) -> bool {
        std::io::stderr().is_terminal()
    }

    /// Asks, and returns the line that was typed; `None` when the input has ended.
    pub(crate) fn ask(&self, question: &str) -> Option<String> {
        self.note(question);
        let mut line = String::new();
        match std::io::stdin().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }

    /// Why the answer could not be written. A reader that went away is no trouble.
    pub(crate) fn trouble(&self) -> Option<Diagnostic> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = answers.trouble.take()?;
        (trouble.kind() != std::io::ErrorKind::BrokenPipe).then(|| {
            Diagnostic::error("output::unwritable", "the answer cannot be written")
                .detail(format!("standard output: {trouble}"))
                .hint("check what standard output leads to, such as a disk that is full")
        })
    }
}
