//! Waits that say what goes on: the cloud's last word, for people and in JSON. Against a sandbox
//! whose gate holds the states for some reads.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::sandboxed::Sandboxed;

/// Lets objects on their way be seen so for more reads than there are before the first word.
fn slow(endpoint: &str) {
    let address = endpoint.strip_prefix("http://").expect("plain").trim_end_matches('/');
    let body = json!({ "states": { "reads": 8 } }).to_string();
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

const STACK: &str = "\
    container = {'name': 'app', 'image': 'app:1', 'memory': 128}\n\
    task = resource('task', 'aws_ecs_task_definition', family='app', container_definitions=[container])\n\
    desired(\n\
    \x20   resource('database', 'aws_db_instance', identifier='main', engine='postgres',\n\
    \x20            instance_class='db.t4g.micro', allocated_storage=20, username='main',\n\
    \x20            password={'$sensitive': 'correct-horse'}, skip_final_snapshot=True),\n\
    \x20   resource('cluster', 'aws_ecs_cluster', name='main'),\n\
    \x20   task,\n\
    \x20   resource('service', 'aws_ecs_service', name='api', desired_count=2,\n\
    \x20            cluster={'$ref': ['cluster', 'arn']}, task_definition={'$ref': ['task', 'arn']},\n\
    \x20            deployment_circuit_breaker={'enable': True, 'rollback': True}),\n\
    )\n";

#[test]
fn a_wait_says_what_the_cloud_says() {
    let sandboxed = Sandboxed::new();
    slow(&sandboxed.endpoint);
    let project = &sandboxed.project;
    project.program(STACK);
    let run = project.stacks("apply --env dev --auto-approve --format json");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let events = run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let events: Vec<_> = events.filter(|event| event["type"] == "apply_progress").collect();
    let word = |address: &str| {
        let of = |event: &&Value| event["hook"]["resource"]["addr"] == address;
        let event = events.iter().find(of).unwrap_or_else(|| panic!("{}", run.shown()));
        let word = event["hook"]["status"].as_str().expect("a word").to_owned();
        assert!(event["@message"].as_str().is_some_and(|text| text.ends_with(&word)), "{event}");
        word
    };
    assert_eq!(word("database"), "creating");
    let service = word("service");
    assert!(service.contains("of 2 tasks run"), "{service}");
    assert!(service.contains("0 failed, the circuit breaker rolls back at 3"), "{service}");
    let run = project.stacks("destroy --env dev --auto-approve");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stderr.contains("database: still destroying, 10s: deleting"), "{}", run.shown());
}
