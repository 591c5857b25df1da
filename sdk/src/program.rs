//! The program's side of the conversation: what a stacks crate runs as its `main`.
//!
//! The main type is [`Program`]. It never links the engine or an AWS SDK.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Stdin, Write};
use std::process::ExitCode;
use std::rc::Rc;

use crate::checks::{self, Pack, Rule};
use crate::panics::caught;
use crate::protocol::checks::CheckRequest;
use crate::protocol::messages::{FromProgram, Hello, MARKER, PROTOCOL, ToProgram, WireLocation};
use crate::protocol::wire::{value_from_json, value_to_json};
use crate::settings::{SettingNode, Settings};
use crate::stack::Answerer;
use crate::{Declarations, Diagnostic, Location, Result, Stack, Value};

type Run = Box<dyn Fn(&mut Stack, &BTreeMap<String, SettingNode>, &mut Vec<Diagnostic>)>;

/// The stacks of a crate, by name, and the checks that their plans are held against.
#[derive(Default)]
pub struct Program {
    stacks: BTreeMap<String, Run>,
    packs: Vec<Pack>,
}

impl Program {
    /// A program without stacks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a stack: its name, and the function that declares it from its settings.
    #[must_use]
    pub fn stack<S: Settings + 'static>(
        mut self,
        name: &str,
        declare: impl Fn(&mut Stack, &S) -> Result<()> + 'static,
    ) -> Self {
        let run: Run = Box::new(move |stack, nodes, problems| {
            let Some(settings) = S::read("", nodes, problems) else { return };
            if let Err(error) = declare(stack, &settings) {
                problems.push(error.into_diagnostic());
            }
        });
        self.stacks.insert(name.to_owned(), run);
        self
    }

    /// Adds a rule that the plans of all stacks are held against.
    #[must_use]
    pub fn check(self, rule: Rule) -> Self {
        self.pack(Pack::new([rule]))
    }

    /// Adds rules that the plans of all stacks, or of those that the pack names, are held against.
    #[must_use]
    pub fn pack(mut self, pack: Pack) -> Self {
        self.packs.push(pack);
        self
    }

    /// Holds the conversation on stdin and stdout.
    ///
    /// Started by hand it explains itself; an end of input ends it.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let pipe = Rc::new(RefCell::new(Pipe { input: std::io::stdin(), next: 0 }));
        match self.converse(&pipe) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                let mut errors = std::io::stderr().lock();
                // Nobody is left to tell when stderr is closed too.
                let _ = writeln!(errors, "{message}");
                ExitCode::FAILURE
            }
        }
    }

    fn converse(&self, pipe: &Rc<RefCell<Pipe>>) -> std::result::Result<(), String> {
        let Some(line) = pipe.borrow_mut().line()? else {
            return Err("this program declares stacks for `infra`: run `infra plan`".to_owned());
        };
        // Before anything else: the messages of another version may look different.
        if let Some(protocol) = version(&line).filter(|version| *version != PROTOCOL) {
            let diagnostic = Diagnostic::error(
                "program::protocol",
                "the stack program and `infra` speak different versions of the protocol",
            )
            .detail(format!("infra speaks {protocol}, the program {PROTOCOL}"))
            .hint("build the stacks crate against the version of `infra-sdk` that `infra` is of");
            return pipe.borrow_mut().send(&failed(diagnostic));
        }
        let hello = match parse(&line)? {
            ToProgram::Hello(hello) => hello,
            ToProgram::Check(request) => {
                let reply = self.hold_against_checks(request)?;
                return pipe.borrow_mut().send(&reply);
            }
            other => return Err(format!("expected a hello, got {}", name_of(&other))),
        };
        let Some(name) = &hello.stack else {
            let stacks = self.stacks.keys().cloned().collect();
            return pipe.borrow_mut().send(&FromProgram::Stacks { protocol: PROTOCOL, stacks });
        };
        let Some(run) = self.stacks.get(name) else {
            let known = self.stacks.keys().cloned().collect::<Vec<_>>().join(", ");
            let diagnostic = Diagnostic::error("program::stack", "the program has no such stack")
                .detail(format!("`{name}` is not one of its stacks"))
                .hint(format!("its stacks are: {known}"));
            return pipe.borrow_mut().send(&failed(diagnostic));
        };
        let mut declared = declare(run, name, &hello, Rc::clone(pipe));
        declared.has_checks = self.packs.iter().any(|pack| pack.covers(name));
        pipe.borrow_mut().send(&FromProgram::desired(&declared))
    }

    fn hold_against_checks(
        &self,
        request: CheckRequest,
    ) -> std::result::Result<FromProgram, String> {
        let plan = request.read()?;
        let stacks: Vec<_> = self.stacks.keys().map(String::as_str).collect();
        Ok(FromProgram::findings(&checks::run(&self.packs, &stacks, &plan)))
    }
}

fn failed(diagnostic: Diagnostic) -> FromProgram {
    FromProgram::desired(&Declarations { diagnostics: vec![diagnostic], ..Declarations::default() })
}

/// Runs a stack function; a panic in it becomes a diagnostic.
fn declare(run: &Run, name: &str, hello: &Hello, pipe: Rc<RefCell<Pipe>>) -> Declarations {
    let mut stack = Stack::new(hello.to_environment(), Box::new(Asker { pipe })).named(name);
    let mut problems = Vec::new();
    let outcome = caught(|| run(&mut stack, &hello.settings, &mut problems));
    let mut declared = stack.take_declarations();
    declared.diagnostics.append(&mut problems);
    if let Err(panic) = outcome {
        declared.diagnostics.push(
            Diagnostic::error("program::panic", "the stack function panicked")
                .detail(panic.message)
                .location(panic.location),
        );
    }
    declared
}

/// The pipe to `infra`.
struct Pipe {
    input: Stdin,
    next: u64,
}

impl Pipe {
    fn send(&mut self, message: &FromProgram) -> std::result::Result<(), String> {
        let json = serde_json::to_string(message).map_err(|error| error.to_string())?;
        // The stack's own prints may have left a line unfinished.
        let mut output = std::io::stdout().lock();
        writeln!(output, "\n{MARKER}{json}")
            .and_then(|()| output.flush())
            .map_err(|error| format!("infra closed the conversation: {error}"))
    }

    /// The next line, or `None` at the end.
    fn line(&mut self) -> std::result::Result<Option<String>, String> {
        let mut line = String::new();
        let read = self.input.read_line(&mut line).map_err(|error| error.to_string())?;
        Ok((read > 0).then_some(line))
    }

    /// The next message.
    fn receive(&mut self) -> std::result::Result<ToProgram, String> {
        let line = self.line()?.ok_or("infra closed the conversation without an answer")?;
        parse(&line)
    }
}

/// The version of the protocol that a hello names, whatever else is in it.
fn version(line: &str) -> Option<u32> {
    #[derive(serde::Deserialize)]
    struct Version {
        protocol: u32,
    }
    serde_json::from_str::<Version>(line).ok().map(|version| version.protocol)
}

/// Reads a message. What is wrong with one is said without its words: they may be secret.
fn parse(line: &str) -> std::result::Result<ToProgram, String> {
    serde_json::from_str(line).map_err(|error| {
        let column = error.column();
        format!("not the protocol of infra: {:?} error in column {column}", error.classify())
    })
}

/// What a message is, without what is in it.
fn name_of(message: &ToProgram) -> &'static str {
    match message {
        ToProgram::Hello(_) => "a hello",
        ToProgram::Check(_) => "a plan to check",
        ToProgram::Answer { .. } => "an answer to another question",
        ToProgram::Refusal { .. } => "a refusal of another question",
    }
}

/// Asks `infra` over the pipe.
struct Asker {
    pipe: Rc<RefCell<Pipe>>,
}

impl Answerer for Asker {
    fn answer(
        &mut self,
        name: &str,
        arguments: &BTreeMap<String, Value>,
        region: Option<&str>,
        location: &Location,
    ) -> std::result::Result<Value, Diagnostic> {
        let mut pipe = self.pipe.borrow_mut();
        let id = pipe.next;
        pipe.next += 1;
        let question = FromProgram::Lookup {
            id,
            name: name.to_owned(),
            arguments: arguments.iter().map(|(k, v)| (k.clone(), value_to_json(v))).collect(),
            region: region.map(str::to_owned),
            location: WireLocation::from(location),
        };
        let broken = |why: String| {
            Diagnostic::error("program::protocol", "the conversation with `infra` broke")
                .detail(why)
                .location(Some(location.clone()))
        };
        pipe.send(&question).map_err(broken)?;
        match pipe.receive().map_err(broken)? {
            ToProgram::Answer { id: answered, value } if answered == id => {
                value_from_json(&value).map_err(broken)
            }
            ToProgram::Refusal { id: answered, diagnostic } if answered == id => {
                Err(diagnostic.read().map_err(broken)?)
            }
            other => {
                Err(broken(format!("expected the answer to lookup {id}, got {}", name_of(&other))))
            }
        }
    }
}
