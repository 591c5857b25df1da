//! The two streams, and the questions.
//!
//! The main type is [`Terminal`]. A reader that went away ends the printing and nothing else: an
//! run hears of it ([`Terminal::reader_gone`]) and ends in order.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};
use infra_sdk::Diagnostic;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::watch;

use super::human::diagnostic::{self, Frame};
use super::log::{LogFormat, LogLine};
use super::text::{FAINT, paint, plain, plain_lines};
use super::wrap::{wrap, wrap_words};

/// Lines are not made shorter than this, however narrow the terminal is.
const NARROWEST: usize = 40;

/// Where answers, diagnostics and questions go.
pub(crate) struct Terminal {
    answers: Mutex<Stream<std::io::Stdout>>,
    notes: Mutex<Stream<std::io::Stderr>>,
    sources: Mutex<Vec<PathBuf>>,
    /// Lines that change; `None` where nothing goes on.
    live: Mutex<Option<Live>>,
    gone: watch::Sender<bool>,
    /// How notes are written.
    log: LogFormat,
}

/// Lines that change, below everything else. The cursor stands at the beginning of the line after them,
/// so that what is typed meanwhile does not move them.
#[derive(Default)]
struct Live {
    lines: Vec<String>,
    /// How many of them the terminal shows.
    drawn: usize,
}

impl Live {
    /// A text in the place of what is shown: nothing is blank in between, so nothing flickers.
    fn over(&self, text: &str) -> String {
        let up = match self.drawn {
            0 => String::new(),
            lines => format!("\u{1b}[{lines}A"),
        };
        // Each line takes away what is longer of the one that it covers, the last one all that is below.
        format!("\r{up}{}\u{1b}[J", text.replace('\n', "\u{1b}[K\n"))
    }
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
    pub(crate) fn new(colour: bool, log: LogFormat) -> Self {
        Self {
            log,
            answers: Mutex::new(Stream::new(std::io::stdout(), colour)),
            notes: Mutex::new(Stream::new(std::io::stderr(), colour)),
            sources: Mutex::default(),
            live: Mutex::default(),
            gone: watch::Sender::new(false),
        }
    }

    /// From now on there are lines that change, below all that is written.
    pub(crate) fn make_room(&self) {
        *self.lock_live() = Some(Live::default());
    }

    /// Shows these as the lines that change, each of which fits the terminal; nothing where no room was
    /// made for any.
    pub(crate) fn draw(&self, lines: Vec<String>) {
        let mut live = self.lock_live();
        if let Some(live) = live.as_mut().filter(|live| live.lines != lines) {
            live.lines = lines;
            self.repaint(live, "");
        }
    }

    /// Takes the lines that change away for good: whoever drew them may not know that all is over.
    pub(crate) fn settle(&self) {
        let live = self.lock_live().take();
        if let Some(mut live) = live {
            live.lines.clear();
            self.repaint(&mut live, "");
        }
    }

    fn lock_live(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes in one go what is above the lines that change, and them.
    fn repaint(&self, live: &mut Live, above: &str) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from(above);
        live.lines.iter().for_each(|line| text.extend([line, "\n"]));
        if notes.stream.current_choice() == ColorChoice::Never {
            text = anstream::adapter::strip_str(&text).to_string();
        }
        let painted = live.over(&text);
        live.drawn = live.lines.len();
        // Where colour is taken out the cursor could not be moved: this goes past that.
        if notes.trouble.is_none() {
            notes.trouble = std::io::stderr().write_all(painted.as_bytes()).err();
        }
        if notes.is_closed() {
            self.gone.send_replace(true);
        }
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

    /// Where diagnostics are shown: the folders of source files, and the width of standard error.
    pub(crate) fn frame(&self) -> Frame {
        let folders = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Frame { folders, columns: columns_of(std::io::stderr()) }
    }

    /// Writes to standard output: the answer.
    pub(crate) fn answer(&self, text: &str) {
        let mut live = self.lock_live();
        let Some(live) = live.as_mut() else { return self.write(&self.answers, text) };
        let lines = std::mem::take(&mut live.lines);
        self.repaint(live, "");
        self.write(&self.answers, text);
        live.lines = lines;
        self.repaint(live, "");
    }

    /// Writes to standard output text that is read: on a terminal, in lines that fit it. What is not
    /// read on a terminal is as long as it is.
    pub(crate) fn answer_readably(&self, text: &str) {
        match self.columns() {
            Some(columns) => self.answer(&wrap(text, columns.max(NARROWEST))),
            None => self.answer(text),
        }
    }

    /// Writes to standard output sentences, with names and commands that may be copied: on a terminal,
    /// in lines that are broken between words only.
    pub(crate) fn answer_in_words(&self, text: &str) {
        match self.columns() {
            Some(columns) => self.answer(&wrap_words(text, columns.max(NARROWEST))),
            None => self.answer(text),
        }
    }

    /// Writes bytes for a program to standard output as they are: a shell parts words by what no
    /// terminal shows.
    pub(crate) fn verbatim(&self, bytes: &[u8]) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stream = std::io::stdout();
        let written = stream.write_all(bytes).and_then(|()| stream.flush());
        answers.trouble = answers.trouble.take().or(written.err());
    }

    /// Writes to standard error: everything else. On a terminal, lines are broken between words only.
    pub(crate) fn note(&self, text: &str) {
        match columns_of(std::io::stderr()) {
            Some(columns) if self.log == LogFormat::Text => {
                self.beside_live(&wrap_words(text, columns.max(NARROWEST)));
            }
            _ => self.note_as_is(text),
        }
    }

    /// Writes to standard error what has its lines already.
    fn note_as_is(&self, text: &str) {
        match self.log {
            LogFormat::Text => self.beside_live(text),
            LogFormat::Json if text.trim().is_empty() => {}
            LogFormat::Json => self.logged(&LogLine::said(text)),
        }
    }

    /// Writes a line of the log to standard error.
    pub(crate) fn logged(&self, line: &LogLine) {
        self.beside_live(&line.render(self.log));
    }

    /// Writes to standard error; lines that change step aside.
    fn beside_live(&self, text: &str) {
        match self.lock_live().as_mut() {
            Some(_) if text.is_empty() => {}
            Some(live) => self.repaint(live, text),
            None => self.write(&self.notes, text),
        }
    }

    /// The one way out, but for lines that change.
    fn write<S>(&self, stream: &Mutex<Stream<S>>, text: &str)
    where
        S: anstream::stream::RawStream + anstream::stream::AsLockedWrite,
    {
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write(text);
        if stream.is_closed() {
            self.gone.send_replace(true);
        }
    }

    /// Writes a line about what happens to standard error; whatever is in it is made safe.
    pub(crate) fn say(&self, line: &str) {
        self.note(&format!("{}\n", plain(line)));
    }

    /// Shows diagnostics, each with the source line it points at.
    pub(crate) fn diagnostics<'d>(&self, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) {
        let frame = self.frame();
        for diagnostic in diagnostics {
            match self.log {
                LogFormat::Text => self.note_as_is(&diagnostic::render(diagnostic, &frame)),
                LogFormat::Json => self.logged(&LogLine::diagnostic(diagnostic)),
            }
        }
    }

    /// Shows lines that a program printed.
    pub(crate) fn log(&self, source: &str, text: &str) {
        for line in plain_lines(text) {
            let source = paint(FAINT, &format!("{} |", plain(source)));
            self.note_as_is(&format!("{source} {line}\n"));
        }
    }

    /// How many columns the terminal has that shows answers; `None` where it is something else.
    pub(crate) fn columns(&self) -> Option<usize> {
        columns_of(std::io::stdout())
    }

    /// Whether somebody is there to answer a question. A log for programs asks none.
    pub(crate) fn can_ask(&self) -> bool {
        self.log == LogFormat::Text
            && std::io::stdin().is_terminal()
            && std::io::stderr().is_terminal()
    }

    /// Whether standard error is a terminal, which can show lines that change.
    pub(crate) fn is_live(&self) -> bool {
        self.log == LogFormat::Text
            && std::io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Columns and rows of the terminal that shows lines that change.
    pub(crate) fn live_size(&self) -> (usize, usize) {
        let size = tcgetwinsize(std::io::stderr()).ok().filter(|size| size.ws_col > 0);
        size.map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row).max(2)))
    }

    /// Whether more than ASCII can be shown, by the variables of the locale.
    pub(crate) fn is_unicode(&self) -> bool {
        speaks_unicode(["LC_ALL", "LC_CTYPE", "LANG"].map(std::env::var_os))
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

fn columns_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    let size = tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// Whether a locale has more than ASCII: the first variable that says anything counts. Source: POSIX,
/// "Environment variables", 8.2.
fn speaks_unicode(variables: [Option<OsString>; 3]) -> bool {
    let said = variables.into_iter().flatten().find(|value| !value.is_empty());
    said.is_some_and(|value| {
        let value = value.to_string_lossy().to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_change_are_painted_over_one_another() {
        let live = Live { lines: Vec::new(), drawn: 2 };
        assert_eq!(live.over("a\nb\n"), "\r\u{1b}[2Aa\u{1b}[K\nb\u{1b}[K\n\u{1b}[J");
        assert_eq!(Live::default().over("a\n"), "\ra\u{1b}[K\n\u{1b}[J");
    }

    #[test]
    fn the_first_variable_of_the_locale_that_says_anything_counts() {
        let says = |variables: [&str; 3]| {
            speaks_unicode(variables.map(|value| Some(OsString::from(value))))
        };
        assert!(says(["", "", "en_US.UTF-8"]));
        assert!(says(["C.utf8", "C", "C"]));
        assert!(!says(["C", "en_US.UTF-8", "en_US.UTF-8"]));
        assert!(!says(["", "de_DE.ISO-8859-1", "en_US.UTF-8"]));
        assert!(!speaks_unicode([None, None, None]));
    }
}
