//! Logs and traces: what is told to whoever watches, that no secret is in it, and that nothing leaves
//! without being asked for.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::http::{Request, request};

use crate::support::{Project, Run, with_credentials};

/// A part of the headers that nobody may see.
const KEY: &str = "T0PS3CRET";

/// A collector that answers, or never does, and what it was sent.
struct Collector {
    url: String,
    requests: Receiver<(String, Value)>,
}

impl Collector {
    fn new(answers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let Request { head, body } = request(&mut reader).expect("a request");
                sender.send((head, serde_json::from_str(&body).expect("JSON"))).ok();
                if answers {
                    let answer =
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
                    reader.get_mut().write_all(answer.as_bytes()).expect("written");
                } else {
                    held.push(reader);
                }
            }
        });
        Self { url, requests }
    }
}

/// A stack with a secret that is made here, and one that is sent to AWS, which refuses it.
const STACK: &str = "desired(\n\
    \x20   resource('password', 'random_password', 4, length=24, special=False),\n\
    \x20   resource('copy', 'infra_data', 5, input={'$ref': ['password', 'result']}),\n\
    \x20   resource('parameter', 'aws_ssm_parameter', 6, name='/shop/key', type='SecureString',\n\
    \x20            value={'$ref': ['password', 'result']}),\n\
    \x20   outputs=[('password', {'$ref': ['password', 'result']})],\n\
    )";

fn project() -> Project {
    let project = Project::with_cloud();
    project.program(STACK);
    project
}

fn apply(project: &Project, words: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = project.command(&["apply", "--env", "dev", "--auto-approve"]);
    command.args(["--preflight=false", "--program", "program"]).args(words);
    with_credentials(&mut command);
    command.envs(variables.iter().copied());
    project.run(&mut command)
}

/// The secret of the stack, as only `--reveal` shows it.
fn secret(project: &Project) -> String {
    let run = project.infra("output --env dev password --reveal");
    let secret = run.stdout.trim().trim_matches('"').to_owned();
    assert_eq!(secret.len(), 24, "{}", run.shown());
    secret
}

#[test]
fn a_log_of_everything_has_every_call_and_no_secret() {
    let project = project();
    let run = apply(&project, &[], &[("INFRA_LOG", "trace")]);
    assert_eq!(run.code, Some(3), "{}", run.shown());
    let line = |part: &str| run.stderr.lines().find(|line| line.contains(part)).unwrap_or_default();
    let call = line("SSM/PutParameter");
    assert!(call.contains("DEBUG infra_aws::frame::answered"), "{}", run.shown());
    for fact in
        ["rpc.service=SSM", "http.response.status_code=403", "aws.request_id=r-2", "took_ms="]
    {
        assert!(call.contains(fact), "{fact}: {call}");
    }
    assert!(line("create random_password").contains("infra.address=password"), "{}", run.shown());
    assert!(line("infra apply").contains("process.exit.code=3"), "{}", run.shown());
    for hidden in [secret(&project).as_str(), "not-a-secret", "AKIDEXAMPLE", "/shop/key"] {
        assert!(!run.stderr.contains(hidden), "{hidden}: {}", run.shown());
    }
    // Without the variable nothing of it is there.
    let run = apply(&project, &[], &[]);
    assert!(!run.stderr.contains("took_ms"), "{}", run.shown());
}

#[test]
fn a_log_in_json_is_one_object_a_line_with_the_facts_of_what_failed() {
    let project = project();
    let run = apply(&project, &["--log-format", "json"], &[("INFRA_LOG", "info")]);
    assert_eq!(run.code, Some(3), "{}", run.shown());
    let lines: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let find = |key: &str, value: &str| lines.iter().find(|line| line[key] == value);
    let ended = find("message", "infra apply").expect("the run");
    assert_eq!((&ended["level"], &ended["process.exit.code"]), (&"INFO".into(), &3.into()));
    let failed = lines.iter().find(|line| line["infra.address"] == "parameter").expect("a span");
    assert_eq!(failed["error.type"], "apply::create", "{failed}");
    let mut wrong = project.command(&["plan", "--env", "nope", "--log-format=json"]);
    let wrong = project.run(&mut wrong);
    let problem: Value = serde_json::from_str(wrong.stderr.trim()).expect("one object");
    assert_eq!(
        (&problem["level"], &problem["code"]),
        (&"ERROR".into(), &"config::environment".into())
    );
    assert!(problem["hints"].as_array().is_some_and(|hints| !hints.is_empty()), "{problem}");
}

#[test]
fn what_other_crates_log_cannot_be_asked_for() {
    let project = project();
    for odd in ["aws_smithy_runtime=trace", "debug,hyper=trace", "loud"] {
        let run = apply(&project, &[], &[("INFRA_LOG", odd)]);
        assert_eq!(run.code, Some(64), "{}", run.shown());
        assert!(run.stderr.starts_with("error[cli::log]"), "{}", run.shown());
    }
    assert!(!project.has_state());
}

fn text<'v>(span: &'v Value, key: &str) -> &'v Value {
    let attributes = span["attributes"].as_array().expect("attributes");
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    found.map_or(&Value::Null, |found| {
        found["value"].as_object().and_then(|value| value.values().next()).expect("a value")
    })
}

#[test]
fn a_collector_gets_the_run_its_resources_and_its_calls() {
    let (project, collector) = (project(), Collector::new(true));
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let run = apply(
        &project,
        &[],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
            ("OTEL_EXPORTER_OTLP_HEADERS", &format!("x-key={KEY}")),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=shop"),
            ("TRACEPARENT", &format!("00-{trace}-{parent}-01")),
        ],
    );
    assert_eq!(run.code, Some(3), "{}", run.shown());
    assert!(!run.shown().contains(KEY) && !run.stderr.contains("warning[watch"), "{}", run.shown());
    let (mut spans, mut all) = (Vec::new(), String::new());
    // Everything was taken before the command ended.
    for (head, body) in collector.requests.try_iter() {
        assert!(head.starts_with("POST /v1/traces "), "{head}");
        assert!(head.contains(&format!("x-key: {KEY}")), "{head}");
        let resource = &body["resourceSpans"][0]["resource"];
        assert_eq!(text(resource, "service.name"), "infra");
        assert_eq!(text(resource, "team"), "shop");
        all.push_str(&body.to_string());
        let batch = body["resourceSpans"][0]["scopeSpans"][0]["spans"].clone();
        spans.extend(batch.as_array().expect("spans").clone());
    }
    let named = |name: &str| {
        let found = spans.iter().find(|span| span["name"] == name);
        found.unwrap_or_else(|| panic!("no span `{name}`: {spans:?}"))
    };
    assert!(spans.iter().all(|span| span["traceId"] == trace), "{spans:?}");
    let (run_span, made) = (named("infra apply"), named("create random_password"));
    let (refused, call) = (named("create aws_ssm_parameter"), named("SSM/PutParameter"));
    assert_eq!(run_span["parentSpanId"], parent);
    assert_eq!(text(run_span, "deployment.environment.name"), "dev");
    assert_eq!(made["parentSpanId"], run_span["spanId"]);
    assert_eq!((&made["kind"], &made["status"]), (&1.into(), &Value::Null));
    assert_eq!(text(made, "infra.address"), "password");
    assert_eq!(
        (&refused["status"]["code"], text(refused, "error.type")),
        (&2.into(), &"apply::create".into())
    );
    assert_eq!(call["parentSpanId"], refused["spanId"]);
    assert_eq!(call["kind"], 3);
    for (key, value) in [
        ("rpc.system", "aws-api"),
        ("rpc.service", "SSM"),
        ("rpc.method", "PutParameter"),
        ("http.response.status_code", "403"),
        ("aws.request_id", "r-2"),
        ("cloud.region", "us-west-2"),
    ] {
        assert_eq!(text(call, key), value, "{call}");
    }
    let begun = |span: &Value| span["startTimeUnixNano"].as_str().expect("a text").parse::<u128>();
    assert!(begun(run_span).expect("a number") <= begun(call).expect("a number"));
    for hidden in [secret(&project).as_str(), "not-a-secret", "AKIDEXAMPLE", "/shop/key"] {
        assert!(!all.contains(hidden), "{hidden}: {all}");
    }
}

#[test]
fn a_collector_that_is_down_or_slow_costs_a_warning_and_no_run() {
    let silent = Collector::new(false);
    for (url, expected) in [("http://127.0.0.1:1", "cannot be reached"), (&silent.url, "1 seconds")]
    {
        let project = Project::with_cloud();
        project.program("desired(outputs=[('name', 'x')])");
        let began = Instant::now();
        let variables =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", url), ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")];
        let run = apply(&project, &[], &variables);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert_eq!(run.stderr.matches("warning[watch::undelivered]").count(), 1, "{}", run.shown());
        assert!(run.stderr.contains(expected), "{expected}: {}", run.shown());
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    }
    silent.requests.recv_timeout(Duration::from_secs(1)).expect("the slow one was asked");
}

#[test]
fn nothing_leaves_where_nobody_asks_for_it() {
    let (project, collector) = (project(), Collector::new(true));
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str());
    for off in [
        vec![endpoint, ("OTEL_SDK_DISABLED", "true")],
        vec![endpoint, ("OTEL_TRACES_EXPORTER", "none")],
        // A service, a header, a log: none of them is an endpoint.
        vec![
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=b"),
            ("INFRA_LOG", "trace"),
        ],
    ] {
        let run = apply(&project, &[], &off);
        assert_eq!(run.code.map(|code| code > 3), Some(false), "{}", run.shown());
        assert!(!run.stderr.contains("watch::"), "{}", run.shown());
    }
    assert!(collector.requests.try_recv().is_err(), "somebody was told");
    // The same command does tell where it is asked to, so that the above is no accident.
    let run = apply(&project, &[], &[endpoint]);
    assert_eq!(run.code, Some(1), "only what AWS refuses is left: {}", run.shown());
    collector.requests.recv_timeout(Duration::from_secs(5)).expect("told");
}

#[test]
fn codes_are_explained() {
    let project = Project::new();
    let run = project.infra("explain apply::create");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.starts_with("apply::create\n\n") && run.stdout.contains("What to do: "));
    assert_eq!(project.infra("explain error[apply::create]").stdout, run.stdout);
    assert!(project.infra("explain").stdout.lines().any(|line| line == "infra::bug"));
    let run = project.infra("explain aply::create");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    let run = project.infra("explain apply::creat");
    assert!(run.stderr.contains("write `apply::create`"), "{}", run.shown());
}
