//! The gate before emulators that say what the test wants: routing, accounts, faults, control.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do: by a panic"
)]

mod support;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use infra_sandbox::gate::{
    BucketSettings, FaultKind, FaultRule, Gate, GateSettings, HoldAt, OverlaySettings,
    ThrottleSettings,
};
use infra_sandbox::{Control, SandboxError};
use tokio::net::TcpListener;

use support::{Caller, text};

/// What a fake emulator was asked: target, authorization, body.
type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

/// Status, content type and body by request body.
type Script = fn(&str) -> (u16, &'static str, &'static str);

/// An emulator that follows a script.
async fn fake(script: Script) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let noted = Arc::clone(&noted);
            let service = service_fn(move |request| answer(request, Arc::clone(&noted), script));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, asked)
}

async fn answer(
    request: Request<Incoming>,
    asked: Asked,
    script: Script,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let (status, kind, answer) = script(&body);
    let authorization =
        parts.headers.get("authorization").map_or("", |value| value.to_str().unwrap()).to_owned();
    asked.lock().unwrap().push((parts.uri.to_string(), authorization, body));
    let response = Response::builder().status(status).header("content-type", kind);
    Ok(response.body(Full::new(Bytes::from(answer))).unwrap())
}

struct Scene {
    gate: Gate,
    moto: Asked,
    ministack: Asked,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(script: Script) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (moto_address, moto) = fake(script).await;
        let (ministack_address, ministack) = fake(script).await;
        let gate = Gate::start(GateSettings {
            port: 0,
            moto: moto_address,
            ministack: ministack_address,
            log: folder.path().join("log"),
            overlays: OverlaySettings::default(),
        })
        .await
        .unwrap();
        Self { gate, moto, ministack, _folder: folder }
    }

    fn aws(&self) -> Caller {
        Caller::new(&self.gate.endpoint())
    }

    fn control(&self) -> Control {
        Control::new(self.gate.endpoint())
    }
}

fn any(kind: FaultKind) -> FaultRule {
    FaultRule {
        service: None,
        operation: None,
        mutating: false,
        nth: Vec::new(),
        probability: None,
        seed: 0,
        times: None,
        kind,
    }
}

const XML: Script = |_| (200, "text/xml", "<R><ok>yes</ok></R>");

#[tokio::test]
async fn services_reach_their_emulator_in_one_account() {
    let scene = Scene::new(XML).await;
    let aws = scene.aws();
    for service in ["ec2", "iam"] {
        aws.query(service, "1", "Describe", &[]).await.unwrap();
    }
    aws.query("rds", "1", "DescribeDBInstances", &[]).await.unwrap();
    aws.send(Method::GET, "/bucket/key?x=%2F", "s3", &[], String::new()).await.unwrap();

    let moto = scene.moto.lock().unwrap().clone();
    assert_eq!(moto.len(), 2);
    // moto has one account whatever the key; the signature goes on as it came.
    assert!(moto.iter().all(|(_, signature, _)| signature.contains("Credential=AKIDEXAMPLE/")));
    let ministack = scene.ministack.lock().unwrap().clone();
    assert_eq!(ministack.len(), 2);
    assert!(
        ministack
            .iter()
            .all(|(_, signature, _)| signature.contains("=123456789012/20260101/eu-west-1/"))
    );
    assert_eq!(ministack[1].0, "/bucket/key?x=%2F");
    assert!(ministack[0].2.starts_with("Action=DescribeDBInstances"));
}

#[tokio::test]
async fn a_role_of_another_account_has_that_account_in_both() {
    let scene = Scene::new(|_| {
        (
            200,
            "text/xml",
            "<R><Credentials><AccessKeyId>AKIDEXAMPLE</AccessKeyId></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser></R>",
        )
    })
    .await;
    let aws = scene.aws();
    aws.query("sts", "2011-06-15", "AssumeRole", &[]).await.unwrap();
    aws.send(Method::GET, "/bucket", "s3", &[], String::new()).await.unwrap();
    let ministack = scene.ministack.lock().unwrap().clone();
    assert!(ministack[0].1.contains("Credential=111122223333/"), "{}", ministack[0].1);
}

#[tokio::test]
async fn a_page_of_html_is_a_gap_and_an_error_is_not() {
    let scene = Scene::new(|body| {
        if body.contains("Gap") {
            (500, "text/html; charset=utf-8", "<!doctype html><title>500</title>")
        } else {
            (
                503,
                "text/xml",
                "<Response><Errors><Error><Code>Unavailable</Code></Error></Errors></Response>",
            )
        }
    })
    .await;
    let aws = scene.aws();
    let (status, body) = aws.ec2("DescribeGap", &[]).await;
    assert_eq!((status, text(&body, "Code").as_str()), (501, "EmulatorGap"));
    assert!(text(&body, "Message").contains("moto does not play ec2:DescribeGap"), "{body}");
    let (status, body) = aws.ec2("DescribeOther", &[]).await;
    assert_eq!((status, text(&body, "Code").as_str()), (503, "Unavailable"));
    let log = scene.control().log(0).await.unwrap();
    let errors: Vec<Option<&str>> = log.iter().map(|entry| entry.error.as_deref()).collect();
    assert_eq!(errors, [Some("EmulatorGap"), Some("Unavailable")]);
    assert_eq!(log[0].notes, ["emulator gap"]);
}

#[tokio::test]
async fn faults_strike_before_within_and_after() {
    let scene = Scene::new(XML).await;
    let (aws, control) = (scene.aws(), scene.control());
    let served = || scene.moto.lock().unwrap().len();

    control.set_faults(&[any(FaultKind::ResetBefore)]).await.unwrap();
    assert_eq!((aws.try_ec2("DescribeX", &[]).await, served()), (None, 0));
    control.set_faults(&[any(FaultKind::ResetAfter)]).await.unwrap();
    assert_eq!((aws.try_ec2("DescribeX", &[]).await, served()), (None, 1));
    control.set_faults(&[any(FaultKind::Truncate { bytes: 5 })]).await.unwrap();
    assert_eq!((aws.try_ec2("DescribeX", &[]).await, served()), (None, 2));

    let error = FaultKind::Error { code: "Boom".to_owned(), status: 500, message: "m".to_owned() };
    control.set_faults(&[any(error), any(FaultKind::Delay { milliseconds: 60 })]).await.unwrap();
    let (status, body) = aws.ec2("DescribeX", &[]).await;
    assert_eq!((status, text(&body, "Code").as_str(), served()), (500, "Boom", 2));
    let log = control.log(3).await.unwrap();
    assert!(log[0].duration_ms.unwrap() >= 60.0);
    assert_eq!(log[0].notes, ["fault: error (rule 0)", "fault: delay (rule 1)"]);

    control.set_faults(&[]).await.unwrap();
    assert_eq!(aws.ec2("DescribeX", &[]).await.0, 200);
}

/// A rule that holds the first change there.
fn hold(at: HoldAt) -> FaultRule {
    FaultRule { mutating: true, nth: vec![1], ..any(FaultKind::Hold { at }) }
}

#[tokio::test]
async fn a_request_is_held_before_or_after_it_is_served_until_it_is_let_go() {
    let scene = Scene::new(XML).await;
    let (aws, control) = (scene.aws(), scene.control());
    let served = || scene.moto.lock().unwrap().len();
    for (at, seen_while_held) in [(HoldAt::Before, 0), (HoldAt::Served, 1)] {
        let before = served();
        control.set_faults(&[hold(at)]).await.unwrap();
        let test = async {
            let holding = control.held(Duration::from_secs(10)).await.unwrap();
            let held = (holding.held[0].operation.clone(), holding.held[0].at);
            assert_eq!(held, ("CreateX".to_owned(), at));
            assert_eq!(served() - before, seen_while_held);
            // Others are not held, reads least of all.
            assert_eq!(aws.ec2("DescribeX", &[]).await.0, 200);
            assert_eq!(aws.ec2("CreateX", &[]).await.0, 200);
            control.release_held().await.unwrap();
        };
        let (reply, ()) = tokio::join!(aws.ec2("CreateX", &[]), test);
        assert_eq!((reply.0, served() - before), (200, 3));
    }
    // What is dropped before it was served is never served.
    let before = served();
    control.set_faults(&[hold(HoldAt::Before)]).await.unwrap();
    let drop = async {
        assert_eq!(control.held(Duration::from_secs(10)).await.unwrap().held.len(), 1);
        control.drop_held().await.unwrap();
    };
    let (reply, ()) = tokio::join!(aws.try_ec2("CreateX", &[]), drop);
    assert_eq!((reply, served() - before), (None, 0));
    assert!(control.held(Duration::ZERO).await.unwrap().held.is_empty());
}

#[tokio::test]
async fn an_answer_that_was_sent_holds_what_comes_later() {
    let scene = Scene::new(XML).await;
    let (aws, control) = (scene.aws(), scene.control());
    control.set_faults(&[hold(HoldAt::Answered)]).await.unwrap();
    assert_eq!(aws.ec2("CreateX", &[]).await.0, 200);
    let holding = control.held(Duration::from_secs(10)).await.unwrap();
    assert_eq!((holding.held[0].at, holding.waiting), (HoldAt::Answered, 0));
    let test = async {
        while control.held(Duration::ZERO).await.unwrap().waiting == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(scene.moto.lock().unwrap().len(), 1);
        control.release_held().await.unwrap();
    };
    let (reply, ()) = tokio::join!(aws.ec2("DescribeX", &[]), test);
    assert_eq!(reply.0, 200);
    let log = control.log(0).await.unwrap();
    let mutating: Vec<bool> = log.iter().map(|entry| entry.mutating).collect();
    assert_eq!(mutating, [true, false]);
}

#[tokio::test]
async fn throttling_follows_its_buckets() {
    let scene = Scene::new(XML).await;
    let (aws, control) = (scene.aws(), scene.control());
    let bucket = BucketSettings {
        service: "ec2".to_owned(),
        operation: Some("CreateX".to_owned()),
        capacity: 1.0,
        per_second: 0.001,
    };
    let throttle = ThrottleSettings { enabled: true, buckets: vec![bucket] };
    control
        .set_overlays(&OverlaySettings { throttle, ..OverlaySettings::default() })
        .await
        .unwrap();
    assert_eq!(aws.ec2("CreateX", &[]).await.0, 200);
    let (status, body) = aws.ec2("CreateX", &[]).await;
    assert_eq!((status, text(&body, "Code").as_str()), (503, "RequestLimitExceeded"));
    assert_eq!(aws.ec2("CreateY", &[]).await.0, 200);
    // A reset fills the buckets and brings back the switches of the start.
    control.reset().await.unwrap();
    assert_eq!(control.overlays().await.unwrap(), OverlaySettings::default());
    assert_eq!(aws.ec2("CreateX", &[]).await.0, 200);
    let resets: Vec<String> = [&scene.moto, &scene.ministack]
        .iter()
        .flat_map(|asked| asked.lock().unwrap().clone())
        .map(|(target, _, _)| target)
        .filter(|target| target.ends_with("reset"))
        .collect();
    assert_eq!(resets, ["/moto-api/reset", "/_ministack/reset"]);
}

#[tokio::test]
async fn two_creates_with_one_token_at_once_make_one() {
    let scene = Scene::new(XML).await;
    let aws = scene.aws();
    let token = [("ClientToken", "t")];
    let (first, second) = tokio::join!(aws.ec2("CreateX", &token), aws.ec2("CreateX", &token));
    assert_eq!(first, second);
    assert_eq!(scene.moto.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_control_interface_refuses_what_it_does_not_know() {
    let scene = Scene::new(XML).await;
    let aws = scene.aws();
    let call = async |method, path: &str, body: &str| {
        aws.send(method, path, "s3", &[], body.to_owned()).await.unwrap()
    };
    assert_eq!(call(Method::GET, "/_gate/nothing", "").await.0, 404);
    assert_eq!(call(Method::PUT, "/_gate/overlays", "{\"paging\":1}").await.0, 400);
    let (status, body) = call(Method::PUT, "/_gate/overlays", "{\"pagin\":true}").await;
    assert_eq!(status, 400);
    assert!(body.contains("pagin"), "{body}");
    let hide = any(FaultKind::HideRead { reads: 1 });
    let error = scene.control().set_faults(&[hide]).await.unwrap_err();
    assert!(matches!(error, SandboxError::Control { .. }));
    assert!(error.to_string().contains("rule 0: hide_read is for service ec2"), "{error}");
    let health = scene.control().health().await.unwrap();
    assert_eq!((health.instance.as_str(), health.pid), (scene.gate.instance(), std::process::id()));
    // The control interface is not part of the log.
    assert!(scene.control().log(0).await.unwrap().is_empty());
    // What is left out of the switches has its default.
    assert_eq!(call(Method::PUT, "/_gate/overlays", "{\"paging\":false}").await.0, 200);
    let settings = scene.control().overlays().await.unwrap();
    assert_eq!(settings, OverlaySettings { paging: false, ..OverlaySettings::default() });
}

#[tokio::test]
async fn an_emulator_that_is_not_there_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let gate = Gate::start(GateSettings {
        port: 0,
        moto: nobody,
        ministack: nobody,
        log: folder.path().join("log"),
        overlays: OverlaySettings::default(),
    })
    .await
    .unwrap();
    let (status, body) = Caller::new(&gate.endpoint()).ec2("DescribeX", &[]).await;
    assert_eq!((status, text(&body, "Code").as_str()), (502, "EmulatorUnreachable"));
    gate.stop().await;
}
