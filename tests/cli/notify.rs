//! Who is told how a run ended: a receiver on this machine takes what Slack would take.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::http::{Request, request};

use crate::support::{ACCOUNT, Project, Run, with_credentials};

/// A part of the URL that nobody may see.
const SECRET: &str = "T0PS3CRET";

/// A receiver that answers with a status, or never where there is none, and what it was sent.
struct Receiving {
    url: String,
    messages: Receiver<Value>,
}

impl Receiving {
    fn new(status: Option<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/{SECRET}", listener.local_addr().expect("an address"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let Request { head, body } = request(&mut reader).expect("a request");
                let head = head.to_ascii_lowercase();
                assert!(head.starts_with(&format!("post /{SECRET} ").to_lowercase()), "{head}");
                assert!(head.contains("content-type: application/json"), "{head}");
                sender.send(serde_json::from_str(&body).expect("JSON")).ok();
                match status {
                    Some(status) => {
                        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                        reader.get_mut().write_all(answer.as_bytes()).expect("written");
                    }
                    None => held.push(reader),
                }
            }
        });
        Self { url, messages }
    }

    /// The next message.
    fn message(&self) -> Value {
        self.messages.recv_timeout(Duration::from_secs(5)).expect("a message")
    }
}

/// A project that tells somebody. Its endpoint stays.
fn telling(lines: &str) -> Project {
    let project = Project::with_cloud();
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    project.write("infra.toml", &format!("{text}\n[environments.dev.notify]\n{lines}\n"));
    project
}

fn apply(project: &Project, url: Option<&str>) -> Run {
    let mut command = project.command(&["apply", "--env", "dev", "--auto-approve"]);
    command.args(["--program", "program"]).env("USER", "ada");
    with_credentials(&mut command);
    if let Some(url) = url {
        command.env("CHAT_WEBHOOK", url);
    }
    let run = project.run(&mut command);
    assert!(!run.shown().contains(SECRET), "{}", run.shown());
    run
}

const WEBHOOK: &str = "webhook = \"env:CHAT_WEBHOOK\"";
const OUTPUT: &str = "desired(outputs=[('name', {'$sensitive': 'hunter2'})])";

#[test]
fn what_was_applied_is_told() {
    let (project, receiving) = (telling(WEBHOOK), Receiving::new(Some(200)));
    project.program(OUTPUT);
    let run = apply(&project, Some(&receiving.url));
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let message = receiving.message();
    assert_eq!(message["text"], "infra apply in dev: done");
    let text = message["blocks"][0]["text"]["text"].as_str().expect("a text");
    assert!(text.contains("• web: "), "{text}");
    let history = project.infra("history --env dev --format json").stdout;
    let run_id = text.split("(run ").nth(1).and_then(|rest| rest.split(')').next());
    assert!(history.contains(run_id.expect("a run")), "{text}: {history}");
    let context = message["blocks"][1]["elements"][0]["text"].as_str().expect("a text");
    assert!(context.starts_with("by ada on ") && context.ends_with(" s"), "{context}");
    assert!(!message.to_string().contains("hunter2"), "{message}");
    // Nothing to do is nothing to tell.
    let run = apply(&project, Some(&receiving.url));
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(receiving.messages.try_recv().is_err());
}

#[test]
fn what_failed_is_told_and_the_environment_says_what_is() {
    let (project, receiving) = (telling("on = [\"failed\"]"), Receiving::new(Some(200)));
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    project.write("infra.toml", &format!("[notify]\n{WEBHOOK}\n\n{text}"));
    project.program(OUTPUT);
    assert_eq!(apply(&project, Some(&receiving.url)).code, Some(0));
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/16'))");
    let run = apply(&project, Some(&receiving.url));
    assert_eq!(run.code, Some(1), "{}", run.shown());
    // The first that comes is of the failure: of the success nobody was told.
    let message = receiving.message();
    assert_eq!(message["text"], "infra apply in dev: did not complete");
    let text = message["blocks"][0]["text"]["text"].as_str().expect("a text");
    assert!(text.contains("1 failed") && !text.contains(ACCOUNT), "{text}");
}

#[test]
fn a_webhook_that_fails_is_a_warning_and_no_more() {
    let refusing = Receiving::new(Some(500));
    let silent = Receiving::new(None);
    let nobody = format!("http://127.0.0.1:1/{SECRET}");
    let odd = format!("ftp://127.0.0.1/{SECRET}");
    let broken = format!("http://{SECRET} {SECRET}/");
    let cases = [
        (Some(refusing.url.as_str()), "the receiver answered with status 500"),
        (Some(silent.url.as_str()), "the receiver did not answer within 5 seconds"),
        (Some(nobody.as_str()), "the receiver cannot be reached"),
        (Some(odd.as_str()), "`CHAT_WEBHOOK` holds is no URL"),
        (Some(broken.as_str()), "`CHAT_WEBHOOK` holds is no URL"),
        (None, "`CHAT_WEBHOOK` has no URL in it"),
    ];
    for (url, expected) in cases {
        let project = telling(WEBHOOK);
        project.program(OUTPUT);
        let started = Instant::now();
        let run = apply(&project, url);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert!(run.stderr.contains("warning[notify::failed]"), "{}", run.shown());
        assert!(run.stderr.contains(expected), "{expected}: {}", run.shown());
        assert!(started.elapsed() < Duration::from_secs(30), "{expected}");
    }
}

#[test]
fn a_url_in_the_file_is_refused_and_not_shown() {
    let project = telling(&format!("webhook = \"https://chat.example/{SECRET}\""));
    project.program(OUTPUT);
    let run = apply(&project, None);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[config::webhook]"), "{}", run.shown());
    assert!(run.stderr.contains("env:NAME"), "{}", run.shown());
}
