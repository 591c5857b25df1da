//! The two streams, and the questions.
//!
//! The main type is [`Terminal`]. A reader that went away ends the printing and nothing else: an
//! run hears of it ([`Terminal::reader_gone`]) and ends in order.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anstream::{AutoStream, ColorChoice};
use indicatif::MultiProgress;
use infra_sdk::Diagnostic;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::watch;

use super::human::diagnostic;
use super::text::{FAINT, paint, plain, plain_lines};

/// Where answers, diagnostics and questions go.
pub(crate) struct Terminal {
    answers: Mutex<Stream<std::io::Stdout>>,
    notes: Mutex<Stream<std::io::Stderr>>,
    sources: Mutex<Vec<PathBuf>>,
    /// Live lines, which step aside while something is written.
    bars: Mutex<Option<MultiProgress>>,
    gone: watch::Sender<bool>,
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

    fn is_closed(&self) -> bool {
        self.trouble.as_ref().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl Terminal {
    /// The streams of this process. Colour is used where a terminal reads and nothing forbids it.
    pub(crate) fn new(colour: bool) -> Self {
        Self {
            answers: Mutex::new(Stream::new(std::io::stdout(), colour)),
            notes: Mutex::new(Stream::new(std::io::stderr(), colour)),
            sources: Mutex::default(),
            bars: Mutex::default(),
            gone: watch::Sender::new(false),
        }
    }

    /// From now on these lines step aside for whatever is written.
    pub(crate) fn make_room(&self, bars: MultiProgress) {
        *self.bars.lock().unwrap_or_else(PoisonError::into_inner) = Some(bars);
    }

    /// Waits until the reader of one of the streams has gone away.
    pub(crate) async fn reader_gone(&self) {
        // The sender lives as long as `self`.
        self.gone.subscribe().wait_for(|gone| *gone).await.ok();
    }

    /// Whether the reader of one of the streams has gone away.
    pub(crate) fn is_reader_gone(&self) -> bool {
        *self.gone.borrow()
    }

    /// Adds a folder in which the source files of diagnostics are looked for.
    pub(crate) fn look_for_sources_in(&self, folder: &Path) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(folder.to_owned());
    }

    /// The folders in which source files are looked for.
    pub(crate) fn sources(&self) -> Vec<PathBuf> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes to standard output: the answer.
    pub(crate) fn answer(&self, text: &str) {
        self.write(&self.answers, text);
    }

    /// Writes bytes for a program to standard output as they are: a shell parts words by what no
    /// terminal shows.
    pub(crate) fn verbatim(&self, bytes: &[u8]) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stream = std::io::stdout();
        let written = stream.write_all(bytes).and_then(|()| stream.flush());
        answers.trouble = answers.trouble.take().or(written.err());
    }

    /// Writes to standard error: everything else.
    pub(crate) fn note(&self, text: &str) {
        self.write(&self.notes, text);
    }

    /// The one way out.
    fn write<S>(&self, stream: &Mutex<Stream<S>>, text: &str)
    where
        S: anstream::stream::RawStream + anstream::stream::AsLockedWrite,
    {
        let closed = || {
            let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
            stream.write(text);
            stream.is_closed()
        };
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if bars.map_or_else(closed, |bars| bars.suspend(closed)) {
            self.gone.send_replace(true);
        }
    }

    /// Writes a line about what happens to standard error; whatever is in it is made safe.
    pub(crate) fn say(&self, line: &str) {
        self.note(&format!("{}\n", plain(line)));
    }

    /// Shows diagnostics, each with the source line it points at.
    pub(crate) fn diagnostics<'d>(&self, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) {
        let folders = self.sources();
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

    /// How many columns the terminal has that shows answers; `None` where it is something else.
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = tcgetwinsize(std::io::stdout()).ok()?;
        (size.ws_col > 0).then(|| usize::from(size.ws_col))
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
    pub(crate) async fn ask(&self, question: &str) -> Option<String> {
        self.note(question);
        read_line().await.map(|line| line.trim().to_owned())
    }

    /// Asks for a secret: what is typed does not show. `None` when the input has ended, and where the
    /// terminal would show it.
    pub(crate) async fn ask_hidden(&self, question: &str) -> Option<String> {
        let hidden = Hidden::new().ok()?;
        self.note(question);
        let line = read_line().await;
        drop(hidden);
        self.note("\n");
        line.map(|line| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Why the answer could not be written. A reader that went away is no trouble.
    pub(crate) fn trouble(&self) -> Option<Diagnostic> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.is_closed() {
            return None;
        }
        answers.trouble.take().map(|trouble| {
            Diagnostic::error("output::unwritable", "the answer cannot be written")
                .detail(format!("standard output: {trouble}"))
                .hint("check what standard output leads to, such as a disk that is full")
        })
    }
}

/// Nobody may ever answer, and an interrupt must be heard all the same.
async fn read_line() -> Option<String> {
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|read| (read > 0).then_some(line))
    });
    line.await.ok()?.ok()?
}

/// What is typed does not show as long as this lives, an interrupt included.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn new() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing back.
        tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before).ok();
    }
}
