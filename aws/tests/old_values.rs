//! What a service says right after a change may be what was there before: it is not believed at once.
//!
//! No emulator is late, so a server of the test's own answers.
#![cfg(feature = "provider")]
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do: by a panic")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use infra_aws::{AwsProvider, Connection};
use infra_sdk::provider::{Owner, Place, Provider, Target, UNHEARD};
use infra_sdk::{Address, Object, Value};

/// How many answers are old.
const OLD: u32 = 3;

fn versioning(status: &str) -> Object {
    let block = Object::from([("status".to_owned(), Value::from(status))]);
    Object::from([
        ("bucket".to_owned(), Value::from("logs")),
        ("versioning_configuration".to_owned(), Value::Map(block)),
    ])
}

/// Answers one request for the versioning of a bucket. Source: S3 API reference,
/// GetBucketVersioning.
fn answer(stream: TcpStream, count: u32) {
    let status = if count < OLD { "Suspended" } else { "Enabled" };
    let body = format!(
        "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Status>{status}</Status></VersioningConfiguration>"
    );
    let mut reader = BufReader::new(stream);
    let mut line = String::from("?");
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line).expect("a request");
    }
    let head =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    reader.get_mut().write_all((head + &body).as_bytes()).expect("answered");
}

#[tokio::test]
async fn an_old_value_after_a_change_is_not_believed_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, count.fetch_add(1, Ordering::SeqCst));
        }
    });
    let provider = AwsProvider::connect(Connection {
        region: "us-west-2".to_owned(),
        endpoint_url: Some(endpoint),
        credentials: Some(("123456789012".to_owned(), "test".to_owned())),
        ..Connection::default()
    })
    .await;
    let target = Target {
        address: Address::parse("it").expect("valid"),
        type_name: "aws_s3_bucket_versioning".to_owned(),
        place: Place::default(),
        id: "logs".to_owned(),
        recorded: versioning("Suspended"),
        outputs: Object::new(),
        owner: Arc::new(Owner { stack: "s".to_owned(), environment: "e".to_owned() }),
    };
    let seen = provider.await_ready(&target, &versioning("Enabled"), None, UNHEARD).await;
    let seen = seen.expect("it is ready");
    let block = seen.inputs.get("versioning_configuration").and_then(Value::as_map);
    let status = block.and_then(|block| block.get("status"));
    assert_eq!(status, Some(&Value::from("Enabled")));
    assert_eq!(asked.load(Ordering::SeqCst), OLD + 1);
}
