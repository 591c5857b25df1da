//! A cloud that throttles, fails, hangs up and forgets: a run gets through, or the next one does.

use std::collections::{BTreeMap, BTreeSet};

use infra_sandbox::gate::{FaultKind, FaultRule, LogEntry};

use crate::figures;
use crate::kills::{LIFE, Step};
use crate::ledger::Tally;
use crate::world::World;

/// A way in which the cloud is unwell.
struct Weather {
    name: &'static str,
    /// Whether the run itself must get through, and not only the next one.
    through: bool,
    rules: fn(&Operations, u64) -> Vec<FaultRule>,
}

/// What the stack asks for that changes something, by service.
type Operations = BTreeSet<(String, String)>;

const WEATHERS: [Weather; 8] = [
    Weather { name: "22: 30 % of all calls are throttled", through: true, rules: throttled },
    Weather { name: "10 % of all calls end with a 500", through: false, rules: failing },
    Weather {
        name: "9: the answer to the first call of each operation is lost, the connection is reset",
        through: false,
        rules: |operations, _| first_of_each(operations, &FaultKind::ResetAfter),
    },
    Weather {
        name: "the first call of each operation is cut off before it is served",
        through: false,
        rules: |operations, _| first_of_each(operations, &FaultKind::ResetBefore),
    },
    Weather {
        name: "9: the answer to the first call of each operation is cut in half",
        through: false,
        rules: |operations, _| first_of_each(operations, &FaultKind::Truncate { bytes: 20 }),
    },
    Weather {
        name: "24: the first call of each operation is refused",
        through: false,
        rules: |operations, _| first_of_each(operations, &error("AccessDenied", 403)),
    },
    Weather {
        name: "20 % of all calls take 400 ms longer",
        through: true,
        rules: |_, seed| vec![by_chance(None, 0.2, seed, FaultKind::Delay { milliseconds: 400 })],
    },
    Weather { name: "the first two reads miss a fresh object", through: true, rules: forgetful },
];

/// The describe operations whose first reads miss what was made.
const MISSING: [&str; 6] = [
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeSecurityGroups",
    "DescribeSecurityGroupRules",
    "DescribeRouteTables",
    "DescribeInternetGateways",
];

fn rule(kind: FaultKind) -> FaultRule {
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

fn by_chance(service: Option<&str>, probability: f64, seed: u64, kind: FaultKind) -> FaultRule {
    let service = service.map(str::to_owned);
    FaultRule { service, probability: Some(probability), seed, ..rule(kind) }
}

fn error(code: &str, status: u16) -> FaultKind {
    FaultKind::Error { code: code.to_owned(), status, message: "the test says so".to_owned() }
}

/// Each service says so in its own words. Source: the services' lists of common errors.
fn throttled(_: &Operations, seed: u64) -> Vec<FaultRule> {
    let codes = [
        ("ec2", "RequestLimitExceeded", 503),
        ("iam", "Throttling", 400),
        ("kms", "ThrottlingException", 400),
        ("logs", "ThrottlingException", 400),
        ("s3", "SlowDown", 503),
        ("sts", "Throttling", 400),
    ];
    codes
        .map(|(service, code, status)| by_chance(Some(service), 0.3, seed, error(code, status)))
        .into()
}

fn failing(_: &Operations, seed: u64) -> Vec<FaultRule> {
    let codes = [
        ("ec2", "InternalError"),
        ("iam", "ServiceFailure"),
        ("kms", "KMSInternalException"),
        ("logs", "InternalFailure"),
        ("s3", "InternalError"),
    ];
    codes.map(|(service, code)| by_chance(Some(service), 0.1, seed, error(code, 500))).into()
}

fn first_of_each(operations: &Operations, kind: &FaultKind) -> Vec<FaultRule> {
    let first = |(service, operation): &(String, String)| FaultRule {
        service: Some(service.clone()),
        operation: Some(operation.clone()),
        nth: vec![1],
        ..rule(kind.clone())
    };
    operations.iter().map(first).collect()
}

fn forgetful(_: &Operations, _: u64) -> Vec<FaultRule> {
    let missing = |operation: &str| FaultRule {
        service: Some("ec2".to_owned()),
        operation: Some(operation.to_owned()),
        ..rule(FaultKind::HideRead { reads: 2 })
    };
    MISSING.map(missing).into()
}

/// What each step asks for that changes something.
async fn operations(world: &mut World, steps: &[Step]) -> Vec<Operations> {
    let mut all = Vec::new();
    for step in steps {
        world.control.clear_log().await.unwrap();
        let ended = world.infra(&step.words()).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let log = world.control.log(0).await.unwrap();
        let changes = log.into_iter().filter(|entry| entry.mutating);
        all.push(changes.map(|entry| (entry.service, entry.operation)).collect());
    }
    world.reset().await;
    all
}

/// Calls sent for one that was needed.
fn sent_per_needed(log: &[LogEntry]) -> f64 {
    let spoiled =
        |entry: &&LogEntry| entry.notes.iter().any(|note| note.starts_with("fault: error"));
    let (all, spoiled) = (log.len() as f64, log.iter().filter(spoiled).count() as f64);
    all / (all - spoiled)
}

/// A step in that weather, and what there is after one more run in good weather.
async fn weather(
    world: &mut World,
    step: Step,
    weather: &Weather,
    operations: &Operations,
) -> (Tally, f64) {
    world.control.clear_log().await.unwrap();
    world.faults(&(weather.rules)(operations, figures::seed())).await;
    let first = world.infra(&step.words()).await;
    let reports = world.control.faults().await.unwrap();
    let hits: u64 = reports.iter().map(|report| report.hits).sum();
    let ratio = sent_per_needed(&world.control.log(0).await.unwrap());
    let mut tally = Tally { blows: usize::try_from(hits).unwrap(), ..Tally::default() };
    if weather.through && first.code != Some(0) {
        tally.stick(format!("the run ended with {:?}:\n{}", first.code, first.stderr));
    }
    if !matches!(first.code, Some(0 | 1 | 3)) {
        tally.stick(format!("it ended with {:?}:\n{}", first.code, first.stderr));
    }
    world.control.clear_log().await.unwrap();
    tally.add(step.recover(world, weather.name).await);
    let log = world.control.log(0).await.unwrap();
    // What was made in part is completed: making it never begins with deleting it.
    let deleted = log.iter().filter(|entry| entry.operation.starts_with("Delete"));
    let deleted: BTreeMap<&str, u64> =
        deleted.map(|e| (e.operation.as_str(), e.sequence)).collect();
    if step.is_first() && !deleted.is_empty() {
        tally.stick(format!("{}: the next run deleted: {deleted:?}", weather.name));
    }
    (tally, ratio)
}

#[tokio::test(flavor = "multi_thread")]
async fn in_any_weather_a_run_or_the_next_one_gets_through() {
    let mut world = World::new().await;
    // A sample makes and destroys; all of it goes through the whole life.
    let steps = if figures::whole() {
        LIFE.to_vec()
    } else {
        vec![LIFE[0], LIFE[3].with_settings_of(&LIFE[0])]
    };
    let operations = operations(&mut world, &steps).await;
    let mut all = Tally::default();
    for kind in &WEATHERS {
        let mut tally = Tally::default();
        let mut worst: f64 = 1.0;
        for (step, operations) in steps.iter().zip(&operations) {
            let (one, ratio) = weather(&mut world, *step, kind, operations).await;
            worst = worst.max(ratio);
            tally.add(one);
            if !tally.is_clean() {
                break;
            }
        }
        // Each must have struck, or it proves nothing.
        assert!(tally.blows > 0, "{} struck nothing", kind.name);
        figures::record(kind.name, &format_args!("{tally}, sent per needed call {worst:.2}"));
        if kind.name.starts_with("22") && worst >= 1.6 {
            tally.stick(format!("{worst:.2} calls were sent for one that was needed"));
        }
        world.reset().await;
        all.add(tally);
    }
    world.stop().await;
    all.assert_clean();
}
