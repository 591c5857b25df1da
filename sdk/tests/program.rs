//! The program's side of the conversation, as a process: what `infra` hears for what it says.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use infra_sdk::protocol::messages::{WireDesired, WireDiagnostic};
use infra_sdk::protocol::{FromProgram, Hello, MARKER, PROTOCOL, ToProgram};
use infra_sdk::settings::{Origin, SettingNode, SettingValue};
use infra_sdk::{Declarations, Diagnostic, Expr, Location, Value};
use serde_json::json;

const SOURCE: &str = include_str!("program/stacks.rs");

/// How long a program may think; far more than it ever does.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program. Killed if a test fails in the middle of the conversation.
struct Conversation {
    child: Child,
    input: Option<ChildStdin>,
    /// Lines of the program, read by a thread so that a silent program fails a test and does not
    /// hang it.
    output: Receiver<Vec<u8>>,
    /// What the program printed that is not the protocol.
    log: Vec<String>,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // It has usually ended by itself, and then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Conversation {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_infra-sdk-test-program"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_clear()
            .spawn()
            .unwrap_or_else(|error| panic!("the program does not start: {error}"));
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("the program has no pipes")
        };
        let (lines, heard) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0)
                && lines.send(std::mem::take(&mut line)).is_ok()
            {}
        });
        Self { child, input: Some(input), output: heard, log: Vec::new() }
    }

    /// Starts a program and asks for a stack.
    fn about(stack: &str) -> Self {
        let mut conversation = Self::start();
        conversation.say(&hello(Some(stack)));
        conversation
    }

    fn say(&mut self, message: &ToProgram) {
        let mut line = serde_json::to_string(message)
            .unwrap_or_else(|error| panic!("a message is JSON: {error}"));
        line.push('\n');
        self.write(line.as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap_or_else(|| panic!("stdin is closed already"));
        input.write_all(bytes).unwrap_or_else(|error| panic!("the program hears nothing: {error}"));
    }

    fn close_input(&mut self) {
        self.input = None;
    }

    /// The next message, or `None` at the end.
    fn hear(&mut self) -> Option<FromProgram> {
        loop {
            let line = match self.output.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("the program said only {:?}", self.log),
            };
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\n');
            match line.strip_prefix(MARKER) {
                Some(json) => {
                    return Some(
                        serde_json::from_str(json)
                            .unwrap_or_else(|error| panic!("not the protocol: {error} in {json}")),
                    );
                }
                None if line.is_empty() => {}
                None => self.log.push(line.to_owned()),
            }
        }
    }

    /// The next message, which is a lookup: its number, region and place.
    fn hear_lookup(&mut self) -> (u64, Option<String>, Location) {
        match self.hear() {
            Some(FromProgram::Lookup { id, name, arguments, region, location }) => {
                assert_eq!(name, "aws_availability_zones");
                assert_eq!(arguments, BTreeMap::from([("state".to_owned(), json!("available"))]));
                (id, region, location.into())
            }
            other => panic!("a lookup, not {other:?}"),
        }
    }

    /// The last message, after which the program has to end well by itself.
    fn hear_desired(&mut self) -> Declarations {
        let declared = match self.hear() {
            Some(FromProgram::Desired(desired)) => {
                assert_eq!(desired.protocol, PROTOCOL);
                desired.read().unwrap_or_else(|error| panic!("not the protocol: {error}"))
            }
            other => panic!("the desired set, not {other:?}"),
        };
        assert!(self.hear().is_none(), "the desired set is the last message");
        let (status, errors) = self.end();
        assert!(status.success(), "{status}: {errors}");
        declared
    }

    /// How it ended, and what it said on stderr.
    fn end(&mut self) -> (ExitStatus, String) {
        let mut errors = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut errors).unwrap_or_else(|error| panic!("stderr: {error}"));
        }
        (self.child.wait().unwrap_or_else(|error| panic!("no exit status: {error}")), errors)
    }
}

fn hello(stack: Option<&str>) -> ToProgram {
    with_settings(stack, BTreeMap::new())
}

fn with_settings(stack: Option<&str>, settings: BTreeMap<String, SettingNode>) -> ToProgram {
    ToProgram::Hello(Hello {
        protocol: PROTOCOL,
        stack: stack.map(str::to_owned),
        environment: "staging".to_owned(),
        region: "us-west-2".to_owned(),
        protected: false,
        settings,
    })
}

fn zones(names: &[&str]) -> serde_json::Value {
    json!({ "names": names })
}

/// The line of the program's source that has this text.
fn line(text: &str) -> u32 {
    let found = SOURCE.lines().position(|line| line.contains(text));
    let index = found.unwrap_or_else(|| panic!("the program has no `{text}`"));
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// Asserts that a diagnostic points at the line of the program with this text.
fn assert_at(diagnostic: &Diagnostic, text: &str) {
    let at = diagnostic.location.as_ref().unwrap_or_else(|| panic!("no place: {diagnostic:?}"));
    assert!(at.file.ends_with("program/stacks.rs"), "{at}");
    assert_eq!((at.line, at.column > 0), (line(text), true), "{diagnostic:?}");
}

fn codes(declared: &Declarations) -> Vec<&str> {
    declared.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

fn addresses(declared: &Declarations) -> Vec<&str> {
    declared.resources.iter().map(|resource| resource.address.as_str()).collect()
}

#[test]
fn a_hello_is_answered_with_the_desired_set() {
    let place = |line| Origin::File { file: "staging.toml".to_owned(), line, column: 1 };
    let text = |text: &str| SettingValue::Text(text.to_owned());
    let names = ["orders", "mails"].map(|n| SettingNode { value: text(n), origin: place(2) });
    let names = SettingNode { value: SettingValue::List(names.into()), origin: place(1) };
    let prefix = SettingNode { value: text("x-"), origin: Origin::Argument };
    let settings = BTreeMap::from([("names".to_owned(), names), ("prefix".to_owned(), prefix)]);

    let mut conversation = Conversation::start();
    conversation.say(&with_settings(Some("queues"), settings));
    let declared = conversation.hear_desired();

    assert_eq!(declared.diagnostics, []);
    assert_eq!(addresses(&declared), ["orders", "mails"]);
    let orders = &declared.resources[0];
    assert_eq!(orders.type_name, "aws_sqs_queue");
    let expected = BTreeMap::from([
        ("name".to_owned(), Expr::Value(Value::from("x-orders"))),
        ("password".to_owned(), Expr::Value(Value::from("hunter2").sensitive())),
    ]);
    assert_eq!(orders.arguments.inputs, expected);
    assert_eq!(orders.location.as_ref().map(|at| at.line), Some(line("stack.add(name, queue)")));
    let outputs: Vec<_> = declared.outputs.iter().map(|o| (o.name.as_str(), &o.expr)).collect();
    assert_eq!(outputs[0], ("orders", &Expr::reference(&orders.address, "id")));
    assert_eq!(outputs[2], ("environment", &Expr::Value(Value::from("staging"))));
    assert_eq!(conversation.log, Vec::<String>::new());
}

#[test]
fn wrong_settings_are_reported_and_nothing_is_declared() {
    let place = Origin::File { file: "staging.toml".to_owned(), line: 3, column: 9 };
    let names = SettingNode { value: SettingValue::Bool(true), origin: place };
    let mut conversation = Conversation::start();
    let settings = BTreeMap::from([("names".to_owned(), names)]);
    conversation.say(&with_settings(Some("queues"), settings));
    let declared = conversation.hear_desired();
    assert_eq!((addresses(&declared), codes(&declared)), (vec![], vec!["settings::value"]));
    let at = declared.diagnostics[0].location.as_ref().map(|at| (at.file.as_str(), at.line));
    assert_eq!(at, Some(("staging.toml", 3)));
}

#[test]
fn a_hello_without_a_stack_is_answered_with_all_of_them() {
    let mut conversation = Conversation::start();
    conversation.say(&hello(None));
    let Some(FromProgram::Stacks { protocol, stacks }) = conversation.hear() else {
        panic!("the list of stacks")
    };
    assert_eq!(protocol, PROTOCOL);
    let expected =
        "fails mistakes panics panics-in-a-thread prints publishes queues reads waives zones"
            .split(' ');
    assert_eq!(stacks, expected.collect::<Vec<_>>());
    assert!(conversation.end().0.success());
}

#[test]
fn an_unknown_stack_is_a_diagnostic_with_the_known_ones() {
    let declared = Conversation::about("queue").hear_desired();
    assert_eq!(codes(&declared), ["program::stack"]);
    let hints = declared.diagnostics[0].hints.join("\n");
    assert!(hints.contains("queues") && hints.contains("zones"), "{hints}");
}

#[test]
fn another_version_of_the_protocol_is_refused_with_both_versions() {
    let ToProgram::Hello(mut hello) = hello(Some("queues")) else { panic!("a hello") };
    hello.protocol = PROTOCOL + 1;
    let mut conversation = Conversation::start();
    conversation.say(&ToProgram::Hello(hello));
    let declared = conversation.hear_desired();
    assert_eq!(codes(&declared), ["program::protocol"]);
    let detail = &declared.diagnostics[0].detail;
    assert_eq!(*detail, format!("infra speaks {}, the program {PROTOCOL}", PROTOCOL + 1));
}

#[test]
fn a_hello_of_a_later_version_need_not_look_like_ours() {
    let mut conversation = Conversation::start();
    conversation.write(b"{\"type\":\"hello\",\"protocol\":99,\"wishes\":[]}\n");
    let declared = conversation.hear_desired();
    assert_eq!(codes(&declared), ["program::protocol"]);
}

#[test]
fn a_panic_is_a_diagnostic_with_its_line() {
    let mut conversation = Conversation::about("panics");
    let declared = conversation.hear_desired();
    assert_eq!(codes(&declared), ["program::panic"]);
    assert_at(&declared.diagnostics[0], "&names[0]");
    let detail = &declared.diagnostics[0].detail;
    assert!(detail.contains("the len is 0 but the index is 0"), "{detail}");
    assert_eq!(addresses(&declared), ["before"]);
}

#[test]
fn a_panic_of_another_thread_is_the_stacks_own_affair_but_is_not_hidden() {
    let mut conversation = Conversation::about("panics-in-a-thread");
    let Some(FromProgram::Desired(WireDesired { diagnostics, outputs, .. })) = conversation.hear()
    else {
        panic!("the desired set")
    };
    assert_eq!((diagnostics.len(), outputs.len()), (0, 1));
    let (status, errors) = conversation.end();
    assert!(status.success() && errors.contains("out of luck"), "{status}: {errors}");
}

#[test]
fn an_error_points_at_the_question_mark() {
    let declared = Conversation::about("fails").hear_desired();
    assert_eq!(codes(&declared), ["stack::failed"]);
    assert_at(&declared.diagnostics[0], "\"three\".parse()?");
}

#[test]
fn mistakes_are_collected_with_their_lines() {
    let declared = Conversation::about("mistakes").hear_desired();
    assert_eq!(codes(&declared), ["stack::duplicate", "stack::address"]);
    assert_at(&declared.diagnostics[0], "Queue::new(\"other\")");
    assert_at(&declared.diagnostics[1], "Queue::new(\"upper\")");
}

#[test]
fn lookups_are_answered_while_the_program_runs() {
    let mut conversation = Conversation::about("zones");
    let (id, region, place) = conversation.hear_lookup();
    assert_eq!((region, place.line), (None, line("in stack.lookup(Zones)?")));
    conversation.say(&ToProgram::Answer { id, value: zones(&["a", "b"]) });
    let (next, region, _) = conversation.hear_lookup();
    assert_ne!(next, id);
    assert_eq!(region.as_deref(), Some("us-east-1"));
    conversation.say(&ToProgram::Answer { id: next, value: zones(&["c"]) });
    let declared = conversation.hear_desired();
    assert_eq!(declared.diagnostics, []);
    assert_eq!(addresses(&declared), ["here-a", "here-b", "there-c"]);
    let regions: Vec<_> =
        declared.resources.iter().map(|r| r.arguments.options.region.as_deref()).collect();
    assert_eq!(regions, [None, None, Some("us-east-1")]);
}

#[test]
fn a_refused_lookup_ends_the_stack_with_the_reason() {
    let mut conversation = Conversation::about("zones");
    let (id, _, place) = conversation.hear_lookup();
    let reason = Diagnostic::error("lookup::denied", "AWS refused a lookup").location(Some(place));
    let diagnostic = WireDiagnostic::from(&reason);
    conversation.say(&ToProgram::Refusal { id, diagnostic });
    let declared = conversation.hear_desired();
    assert_eq!(declared.diagnostics, [reason]);
    assert_eq!(addresses(&declared), Vec::<&str>::new());
}

#[test]
fn an_answer_of_another_shape_points_at_the_lookup() {
    let mut conversation = Conversation::about("zones");
    let (id, ..) = conversation.hear_lookup();
    conversation.say(&ToProgram::Answer { id, value: json!({ "names": [1] }) });
    let declared = conversation.hear_desired();
    assert_eq!(codes(&declared), ["stack::lookup"]);
    assert_at(&declared.diagnostics[0], "in stack.lookup(Zones)?");
    let detail = &declared.diagnostics[0].detail;
    assert_eq!(detail, "aws_availability_zones: `names[0]` must be text, not a whole number");
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let mut conversation = Conversation::about("zones");
    let (id, ..) = conversation.hear_lookup();
    conversation.say(&ToProgram::Answer { id: id + 7, value: zones(&["secret"]) });
    let declared = conversation.hear_desired();
    assert_eq!(codes(&declared), ["program::protocol"]);
    assert_at(&declared.diagnostics[0], "in stack.lookup(Zones)?");
    let shown = format!("{:?}", declared.diagnostics);
    assert!(!shown.contains("secret"), "an answer may hold anything: {shown}");
}

#[test]
fn prints_are_log_lines_and_break_nothing() {
    let mut conversation = Conversation::about("prints");
    let (id, ..) = conversation.hear_lookup();
    conversation.say(&ToProgram::Answer { id, value: zones(&[]) });
    let declared = conversation.hear_desired();
    assert_eq!(declared.diagnostics, []);
    let name = &declared.resources[0].arguments.inputs["name"];
    assert_eq!(*name, Expr::Value(Value::from("a\n@infra {}\n")));
    assert_eq!(conversation.log, ["no end of line", "a line", "\u{fffd} no text, and no end"]);
}

#[test]
fn started_by_hand_it_explains_itself() {
    let mut conversation = Conversation::start();
    conversation.close_input();
    assert!(conversation.hear().is_none());
    let (status, errors) = conversation.end();
    assert_eq!(status.code(), Some(1));
    assert!(errors.contains("run `infra plan`"), "{errors}");
}

#[test]
fn what_is_not_the_protocol_is_refused_without_repeating_it() {
    let answer = br#"{"type":"answer","id":1,"value":"s3cret"}"#;
    let lines: [&[u8]; 4] = [b"s3cret", answer, br#"{"type":"s3cret"}"#, b"\xff"];
    for line in lines {
        let mut conversation = Conversation::start();
        conversation.write(line);
        conversation.write(b"\n");
        assert!(conversation.hear().is_none());
        let (status, errors) = conversation.end();
        assert_eq!(status.code(), Some(1), "{errors}");
        assert!(!errors.is_empty() && !errors.contains("s3cret"), "{errors}");
    }
}

#[test]
fn input_that_ends_in_the_middle_is_a_broken_conversation() {
    let mut conversation = Conversation::about("zones");
    conversation.hear_lookup();
    conversation.close_input();
    let declared = conversation.hear_desired();
    assert_eq!(codes(&declared), ["program::protocol"]);
    assert_at(&declared.diagnostics[0], "in stack.lookup(Zones)?");
    let detail = &declared.diagnostics[0].detail;
    assert!(!detail.contains("run `infra plan`"), "it was not started by hand: {detail}");
}

#[test]
fn what_another_stack_publishes_is_a_reference_with_its_place() {
    let mut conversation = Conversation::start();
    conversation.say(&hello(Some("reads")));
    let declared = conversation.hear_desired();
    assert_eq!(declared.diagnostics, []);
    let [first, second] = declared.reads.as_slice() else { panic!("{:?}", declared.reads) };
    assert_eq!(first.external.to_string(), "publishes.address");
    assert_eq!(first.location.as_ref().map(|at| at.line), Some(line("stack.read(ADDRESS)")));
    assert_eq!(second.external.to_string(), "publishes.names");
    let name = &declared.resources[0].arguments.inputs["name"];
    assert_eq!(name.externals(), [&first.external]);
    assert_eq!(name.evaluate(&|_| None), Ok(Value::Unknown));
    let mut bound = declared.clone();
    let value = Value::List(vec![Value::from("a"), Value::Unknown]);
    bound.bind(&[(second.external.clone(), value)].into());
    let element = &bound.resources[1].arguments.inputs["name"];
    assert_eq!(element.evaluate(&|_| None), Ok(Value::from("a")), "what is known is known");
}

#[test]
fn a_stack_publishes_its_own_outputs_and_reads_those_of_others() {
    let mut conversation = Conversation::start();
    conversation.say(&hello(Some("publishes")));
    let declared = conversation.hear_desired();
    let names: Vec<_> = declared.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["address", "names", "other"]);
    assert_eq!(codes(&declared), ["stack::publish", "stack::read"]);
    assert_at(&declared.diagnostics[0], "stack.publish(OTHER");
    assert_at(&declared.diagnostics[1], "stack.read(NAMES); // its own");
    assert_eq!(declared.reads, []);
}

#[test]
fn waivers_travel_with_what_they_are_for() {
    let declared = Conversation::about("waives").hear_desired();
    assert!(declared.has_checks);
    let waived: Vec<_> = declared.waivers.iter().map(|w| (&*w.code, &*w.reason)).collect();
    assert_eq!(waived, [("team::prefix", "it is an example")]);
    let queue = &declared.resources[0];
    assert_eq!(queue.arguments.options.waivers[0].code, "team::prefix");
    assert_eq!(codes(&declared), ["stack::waiver"]);
    assert_eq!(declared.diagnostics[0].address.as_ref(), Some(&queue.address));
    assert_at(&declared.diagnostics[0], "it has no reason");
}

/// A plan with one queue.
fn request() -> serde_json::Value {
    json!({
        "type": "check", "protocol": PROTOCOL, "stack": "queues", "environment": "staging",
        "region": "us-west-2", "protected": false,
        "resources": [{
            "address": "orders", "resource_type": "aws_sqs_queue", "action": "create",
            "region": "us-west-2", "location": null, "before": null,
            "after": { "name": "orders", "password": { "$sensitive": null } },
            "inputs": { "name": [], "password": [] },
        }],
    })
}

#[test]
fn a_plan_is_answered_with_findings() {
    let mut conversation = Conversation::start();
    conversation.write(format!("{}\n", request()).as_bytes());
    match conversation.hear() {
        Some(FromProgram::Findings { protocol, rules, codes, findings, diagnostics }) => {
            assert_eq!((protocol, diagnostics.len()), (PROTOCOL, 0));
            assert_eq!(codes, ["team::prefix"]);
            assert_eq!(rules[0].code, "team::prefix");
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].address.as_deref(), Some("orders"));
        }
        other => panic!("findings, not {other:?}"),
    }
    assert!(conversation.hear().is_none());
}

#[test]
fn a_plan_of_another_version_is_refused_by_name() {
    let mut conversation = Conversation::start();
    let mut other = request();
    other["protocol"] = json!(PROTOCOL + 1);
    conversation.write(format!("{other}\n").as_bytes());
    assert_eq!(codes(&conversation.hear_desired()), ["program::protocol"]);
}
