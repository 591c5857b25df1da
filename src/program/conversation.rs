//! One conversation with a running stack program, from the hello to its last message.
//!
//! Start reading at [`hold`]. Lines without the marker, and standard error, are the program's own
//! prints: they are logged and never end the conversation.

use std::collections::VecDeque;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use infra_sdk::protocol::messages::{
    FromProgram, Hello, MARKER, PROTOCOL, ToProgram, WireDiagnostic, WireLocation, declarations,
};
use infra_sdk::protocol::wire::{value_from_json, value_to_json};
use infra_sdk::provider::{LookupRequest, Place};
use infra_sdk::{Declarations, Diagnostic, Location};
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::environment::scrub;
use super::host::{Answers, Program};
use super::lines::{Line, Lines};

/// More than any stack needs, and less than hurts.
const OUTPUT_LIMIT: u64 = 64 << 20;

/// How many of its last lines are shown of a program that failed.
const LAST_LINES: usize = 12;

/// How long a program that said everything may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// The last message of the program.
pub(super) enum Reply {
    /// The names of its stacks.
    Stacks(Vec<String>),
    /// What the stack declares.
    Desired(Declarations),
}

/// Logs lines, and keeps the last ones for a diagnostic.
struct Log<'a> {
    sink: &'a (dyn Fn(&str) + Sync),
    last: Mutex<VecDeque<String>>,
}

impl Log<'_> {
    fn line(&self, line: &str) {
        // The program ends an unfinished line before each message: empty lines say nothing.
        if line.is_empty() {
            return;
        }
        (self.sink)(line);
        if let Ok(mut last) = self.last.lock() {
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line.to_owned());
        }
    }

    fn last(&self) -> String {
        self.last.lock().map_or_else(
            |_| String::new(),
            |last| last.iter().map(|line| format!("\n{line}")).collect(),
        )
    }
}

/// Starts the program, says hello, answers its questions and returns its last message.
pub(super) async fn hold(
    program: &Program,
    hello: &Hello,
    answers: &mut dyn Answers,
    log: &(dyn Fn(&str) + Sync),
) -> Result<Reply, Diagnostic> {
    let mut child = start(program)?;
    let log = Log { sink: log, last: Mutex::default() };
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(cannot_start(program, "its pipes are missing"));
    };
    let mut forwarding = std::pin::pin!(forward(stderr, &log));
    let mut forwarded = false;
    let talking = talk(stdin, Lines::new(stdout, OUTPUT_LIMIT), hello, answers, &log, program);
    let mut talking = std::pin::pin!(talking);
    let said = loop {
        tokio::select! {
            said = &mut talking => break said?,
            () = &mut forwarding, if !forwarded => forwarded = true,
        }
    };
    if !forwarded {
        // A child of the program may hold the pipe open for ever.
        let _ = timeout(GRACE, forwarding).await;
    }
    let status = end(&mut child).await;
    said.ok_or_else(|| silent(status, &log))
}

fn start(program: &Program) -> Result<Child, Diagnostic> {
    let mut command = Command::new(&program.executable);
    command
        .current_dir(&program.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    scrub(&mut command);
    command.spawn().map_err(|error| cannot_start(program, &error.to_string()))
}

fn cannot_start(program: &Program, why: &str) -> Diagnostic {
    Diagnostic::error("program::start", "the stack program cannot be started")
        .detail(format!("`{}`: {why}", program.executable.display()))
        .hint("check that the file is there, may be executed, and was built for this machine")
}

/// The conversation itself; `None` when the program closed it without its last message.
async fn talk<R: AsyncRead + Unpin>(
    stdin: ChildStdin,
    mut lines: Lines<R>,
    hello: &Hello,
    answers: &mut dyn Answers,
    log: &Log<'_>,
    program: &Program,
) -> Result<Option<Reply>, Diagnostic> {
    let mut stdin = stdin;
    send(&mut stdin, &ToProgram::Hello(hello.clone())).await?;
    loop {
        let message = match timeout(program.timeout, message(&mut lines, log)).await {
            Err(_) => return Err(hangs(program.timeout)),
            Ok(Err(diagnostic)) => return Err(diagnostic),
            Ok(Ok(None)) => return Ok(None),
            Ok(Ok(Some(message))) => message,
        };
        match message {
            FromProgram::Stacks { protocol, stacks } => {
                same_version(protocol)?;
                return Ok(Some(Reply::Stacks(stacks)));
            }
            FromProgram::Desired { protocol, resources, forgotten, outputs, diagnostics } => {
                same_version(protocol)?;
                let declared = declarations(resources, forgotten, outputs, diagnostics)
                    .map_err(|w| malformed(&w))?;
                return Ok(Some(Reply::Desired(declared)));
            }
            FromProgram::Lookup { id, name, arguments, region, location } => {
                let arguments = arguments
                    .into_iter()
                    .map(|(name, json)| Ok((name, value_from_json(&json)?)))
                    .collect::<Result<_, String>>()
                    .map_err(|why| malformed(&why))?;
                let request =
                    LookupRequest { name, arguments, place: Place { region, provider: None } };
                let answer = answer(id, &request, location, answers).await;
                send(&mut stdin, &answer).await?;
            }
        }
    }
}

async fn answer(
    id: u64,
    request: &LookupRequest,
    location: WireLocation,
    answers: &mut dyn Answers,
) -> ToProgram {
    match answers.answer(request, &Location::from(location)).await {
        Ok(value) => ToProgram::Answer { id, value: value_to_json(&value) },
        Err(diagnostic) => ToProgram::Refusal { id, diagnostic: WireDiagnostic::from(&diagnostic) },
    }
}

/// The next message; other lines are logged. `None` at the end of the output.
async fn message<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    log: &Log<'_>,
) -> Result<Option<FromProgram>, Diagnostic> {
    loop {
        let line = match lines.next().await {
            Ok(Line::Text(line)) => line,
            Ok(Line::End) => return Ok(None),
            Ok(Line::TooMuch) => {
                return Err(Diagnostic::error(
                    "program::output",
                    "the stack program says too much",
                )
                .detail(format!("more than {} MiB on standard output", OUTPUT_LIMIT >> 20))
                .hint("look for a print or a declaration in an endless loop"));
            }
            Err(error) => return Err(malformed(&error.to_string())),
        };
        let Some(json) = line.strip_prefix(MARKER) else {
            log.line(&line);
            continue;
        };
        return read(json).map(Some);
    }
}

fn read(json: &str) -> Result<FromProgram, Diagnostic> {
    serde_json::from_str(json).map_err(|error| {
        // A later version may have messages that this one cannot read; its number it can.
        let version = serde_json::from_str::<serde_json::Value>(json)
            .ok()
            .and_then(|message| message.get("protocol")?.as_u64())
            .and_then(|version| u32::try_from(version).ok());
        match version.map(same_version) {
            Some(Err(diagnostic)) => diagnostic,
            _ => malformed(&error.to_string()),
        }
    })
}

/// Sends a message. A program that has ended is no error here: how it ended says more.
async fn send(stdin: &mut ChildStdin, message: &ToProgram) -> Result<(), Diagnostic> {
    let mut line = serde_json::to_string(message).map_err(|error| malformed(&error.to_string()))?;
    line.push('\n');
    match stdin.write_all(line.as_bytes()).await {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(malformed(&error.to_string()))
        }
        _ => Ok(()),
    }
}

async fn forward<R: AsyncRead + Unpin>(pipe: R, log: &Log<'_>) {
    let mut lines = Lines::new(pipe, OUTPUT_LIMIT);
    loop {
        match lines.next().await {
            Ok(Line::Text(line)) => log.line(&line),
            // Dropping the pipe ends a program that goes on writing.
            Ok(Line::End | Line::TooMuch) | Err(_) => return,
        }
    }
}

/// Waits a moment for the program to end, and ends it otherwise.
async fn end(child: &mut Child) -> Option<ExitStatus> {
    if let Ok(status) = timeout(GRACE, child.wait()).await {
        return status.ok();
    }
    child.kill().await.ok()?;
    child.wait().await.ok()
}

fn same_version(found: u32) -> Result<(), Diagnostic> {
    if found == PROTOCOL {
        return Ok(());
    }
    Err(Diagnostic::error(
        "program::protocol",
        "the stack program and `infra` speak different versions of the protocol",
    )
    .detail(format!("infra speaks {PROTOCOL}, the program {found}"))
    .hint("build the stacks against the version of `infra-sdk` that `infra` is of"))
}

fn malformed(why: &str) -> Diagnostic {
    Diagnostic::error("program::message", "a message of the stack program cannot be read")
        .detail(why)
        .hint("build the stacks against the version of `infra-sdk` that `infra` is of")
}

/// A message that does not answer what was asked.
pub(super) fn out_of_turn(what: &str) -> Diagnostic {
    malformed(&format!("it answers with {what}, which was not asked for"))
}

fn hangs(silence: Duration) -> Diagnostic {
    Diagnostic::error("program::timeout", "the stack program does not answer")
        .detail(format!("no message for {} seconds; it was ended", silence.as_secs()))
        .hint("look for a loop or a wait in the stack")
        .hint("or allow more with `program_timeout` under `[project]` in `infra.toml`")
}

/// The program closed its output without its last message.
fn silent(status: Option<ExitStatus>, log: &Log<'_>) -> Diagnostic {
    let status = status.map_or_else(|| "its end is unknown".to_owned(), |s| s.to_string());
    Diagnostic::error("program::exit", "the stack program ended without an answer")
        .detail(format!("{status}{}", log.last()))
        .hint("check that it is a stack program: its `main` runs `infra_sdk::Program`")
}
