//! Waits that say what goes on: the cloud's last word and how long they usually take, for people and
//! in JSON. Against a sandbox whose gate holds the states for some reads.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::sandboxed::Sandboxed;
use crate::support::Run;

/// Lets objects on their way be seen so for some reads.
fn slow(endpoint: &str, reads: u32) {
    let address = endpoint.strip_prefix("http://").expect("plain").trim_end_matches('/');
    let body = json!({ "states": { "reads": reads } }).to_string();
    let request = format!(
        "PUT /_gate/overlays HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("the gate");
    stream.write_all(request.as_bytes()).expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

const DATABASE: &str = "resource('database', 'aws_db_instance', identifier='main', engine='postgres',\n\
    \x20            instance_class='db.t4g.micro', allocated_storage=20, username='main',\n\
    \x20            password={'$sensitive': 'correct-horse'}, skip_final_snapshot=True)";

const STACK: &str = "\
    container = {'name': 'app', 'image': 'app:1', 'memory': 128}\n\
    task = resource('task', 'aws_ecs_task_definition', family='app', container_definitions=[container])\n\
    desired(\n\
    \x20   resource('cluster', 'aws_ecs_cluster', name='main'),\n\
    \x20   task,\n\
    \x20   resource('service', 'aws_ecs_service', name='api', desired_count=2,\n\
    \x20            cluster={'$ref': ['cluster', 'arn']}, task_definition={'$ref': ['task', 'arn']},\n\
    \x20            deployment_circuit_breaker={'enable': True, 'rollback': True}),\n\
    \x20   ";

/// The JSON lines of a run that ended well.
fn events(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The line of a type about a resource.
fn about<'a>(events: &'a [Value], kind: &str, address: &str) -> &'a Value {
    let found = events
        .iter()
        .find(|event| event["type"] == kind && event["hook"]["resource"]["addr"] == address);
    found.unwrap_or_else(|| panic!("{kind} of {address}: {events:#?}"))
}

/// What is said about how long it will take.
fn expected(events: &[Value]) -> &Value {
    let found = events.iter().find(|event| event["type"] == "change_summary");
    &found.expect("the numbers")["expected"]
}

#[test]
fn a_wait_says_what_the_cloud_says() {
    let sandboxed = Sandboxed::new();
    // For more reads than there are before the first word.
    slow(&sandboxed.endpoint, 8);
    let project = &sandboxed.project;
    project.program(&format!("{STACK}{DATABASE})\n"));
    let first = events(&project.stacks("apply --env dev --auto-approve --format json"));
    let word = |address: &str| {
        let event = about(&first, "apply_progress", address);
        let word = event["hook"]["status"].as_str().expect("a word").to_owned();
        assert!(event["@message"].as_str().is_some_and(|text| text.ends_with(&word)), "{event}");
        word
    };
    assert_eq!(word("database"), "creating");
    let service = word("service");
    assert!(service.contains("of 2 tasks run"), "{service}");
    assert!(service.contains("0 failed, the circuit breaker rolls back at 3"), "{service}");
    // Nothing is known of earlier runs: what AWS is known to take, eight minutes a database.
    let service = json!(["aws_ecs_service"]);
    assert_eq!(expected(&first)["seconds"], 480);
    assert_eq!(expected(&first)["unknown_types"], service);
    let unknown = &about(&first, "apply_start", "service")["hook"]["expected"];
    assert_eq!(*unknown, Value::Null);
    let left = first.iter().find(|event| event["type"] == "apply_remaining").expect("a word");
    let seconds = left["remaining"]["seconds"].as_u64().expect("a number");
    assert!((400..480).contains(&seconds), "{left}");

    let run = project.stacks("destroy --env dev --auto-approve");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let told = "Takes about 6 to 9 minutes, and longer if aws_ecs_service takes longer";
    assert!(run.stdout.contains(told), "{}", run.shown());
    let told = "database: still destroying, 10s (usually 6m00s): deleting";
    assert!(run.stderr.contains(told), "{}", run.shown());

    // By now it is known what a database takes here.
    slow(&sandboxed.endpoint, 0);
    project.program(&format!("desired({DATABASE})\n"));
    let took = &about(&first, "apply_complete", "database")["hook"]["elapsed_seconds"];
    let second = events(&project.stacks("apply --env dev --auto-approve --format json"));
    assert_eq!(expected(&second)["seconds"], *took);
    assert_eq!(expected(&second)["unknown_types"], json!([]));
    assert_eq!(about(&second, "apply_start", "database")["hook"]["expected"]["seconds"], *took);
}
