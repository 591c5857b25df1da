//! AWS throttles three calls of ten: a run takes longer and never fails by it, and the next one starts
//! with what it learned.

use std::os::unix::fs::PermissionsExt;

use infra_sandbox::gate::{FaultKind, FaultRule};
use serde_json::Value;

use crate::world::World;

/// Calls in flight that a bucket starts with: those of a plan all do.
const START: f64 = 16.0;

/// Each service says so in its own words. Source: the services' lists of common errors.
fn throttled(service: &str, code: &str, status: u16) -> FaultRule {
    let kind =
        FaultKind::Error { code: code.to_owned(), status, message: "the test says so".to_owned() };
    FaultRule {
        service: Some(service.to_owned()),
        operation: None,
        mutating: false,
        nth: Vec::new(),
        probability: Some(0.3),
        seed: 7,
        times: None,
        kind,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_costs_time_and_is_remembered() {
    let world = World::new().await;
    let rules =
        [throttled("ec2", "RequestLimitExceeded", 503), throttled("sts", "Throttling", 400)];
    world.control.set_faults(&rules).await.unwrap();
    let words = ["--stack", "network", "--var", "size=30"];
    world.infra(&[&["apply", "--auto-approve"][..], &words].concat()).await;
    let plan = [&["plan", "--detailed-exitcode"][..], &words].concat();
    world.infra(&plan).await;
    let used = world.control.faults().await.unwrap();
    assert!(used.iter().map(|report| report.hits).sum::<u64>() > 10, "{used:?}");

    let file = world.folder().join(".infra/limits.json");
    let mode = std::fs::metadata(&file).expect("limits are kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = || -> Value { serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap() };
    let windows = kept()["windows"].as_object().unwrap().clone();
    assert!(
        windows.iter().any(|(bucket, size)| {
            bucket.starts_with("123456789012/us-west-2/ec2:Describe")
                && size.as_f64().unwrap() < START
        }),
        "no window has shrunk: {windows:?}"
    );

    world.control.set_faults(&[]).await.unwrap();
    std::fs::write(&file, "{\"version\": 1, \"windows\": ").unwrap();
    let run = world.infra(&plan).await;
    assert!(run.stdout.contains("No changes"), "{}", run.stdout);
    let anew = kept()["windows"].as_object().unwrap().clone();
    let least = anew.values().filter_map(Value::as_f64).fold(f64::INFINITY, f64::min);
    assert!(least >= START, "a damaged file is as none: {anew:?}");
    world.stop().await;
}
