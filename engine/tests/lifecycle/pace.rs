//! How long operations take: recorded, estimated, decisive for the order, and told.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_engine::{Estimate, Event, Forecast, Stop};
use infra_sdk::durations::Sort;
use infra_sdk::provider::{Failure, FailureClass, Place};
use infra_sdk::store::{Edit, Operation, Store as _};
use infra_testkit::fake::{Fault, Verb};
use proptest::prelude::*;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, tell};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn estimate(p50: u64, p90: u64) -> Estimate {
    Estimate { p50: seconds(p50), p90: seconds(p90) }
}

fn sort(type_name: &str, operation: Operation, region: Option<&str>) -> Sort {
    let place = Place { region: region.map(str::to_owned), provider: None };
    Sort { type_name: type_name.to_owned(), operation, place }
}

/// Says what earlier runs took.
async fn remember(bench: &Bench, edits: &[Edit]) {
    bench.open().commit(None, edits).await.expect("written");
}

fn one() -> Sheet {
    Sheet::new().add("network", "test_network", json!({"cidr": "10.0.0.0/16"}))
}

#[tokio::test(start_paused = true)]
async fn what_operations_took_is_kept_by_type_operation_and_place() {
    let bench = Bench::new();
    let here = |cidr: &str, dns: bool| {
        Sheet::new().add("here", "test_network", json!({"cidr": cidr, "dns": dns})).add_with(
            "there",
            "test_network",
            json!({"cidr": "10.9.0.0/16"}),
            |options| options.region = Some("eu-west-1".to_owned()),
        )
    };
    bench.fake.delay(Verb::Create, "here", seconds(90));
    bench.fake.delay(Verb::Create, "there", seconds(70));
    bench.fake.delay(Verb::Update, "here", seconds(20));
    bench.fake.delay(Verb::Delete, "here", seconds(30));
    // Readiness is part of it: five looks, one second apart.
    bench.fake.slow("here", 5);
    bench.apply(&here("10.0.0.0/16", true)).await;
    bench.apply(&here("10.0.0.0/16", false)).await;
    bench.apply(&here("10.1.0.0/16", false)).await;
    let kept = bench.state().durations;
    let of = |operation, region| kept[&sort("test_network", operation, region)].clone();
    assert_eq!(of(Operation::Create, None), [seconds(95), seconds(90)]);
    assert_eq!(of(Operation::Create, Some("eu-west-1")), [seconds(70)]);
    assert_eq!(of(Operation::Update, None), [seconds(20)]);
    assert_eq!(of(Operation::Delete, None), [seconds(30)]);
    assert_eq!(kept.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_failed_or_was_only_waited_for_says_nothing_about_durations() {
    let bench = Bench::new();
    let refuse = Failure::new(FailureClass::Denied, "no");
    bench.fake.inject(Verb::Create, "network", 1, Fault::Fail(refuse));
    let plan = bench.plan(&one()).await;
    assert_eq!(bench.run(plan).await.summary.failed.len(), 1);
    assert!(bench.state().durations.is_empty());

    bench.fake.slow("network", 60);
    let plan = bench.plan(&one()).await;
    let ran = bench.run_with(plan, |event, stop| {
        if matches!(event, Event::Progress { .. }) {
            stop.send_replace(Stop::Stopping);
        }
    });
    assert_eq!(ran.await.summary.waiting.len(), 1);
    bench.stops.send_replace(Stop::Running);
    let ran = bench.apply(&one()).await;
    assert!(ran.summary.is_complete());
    assert!(bench.state().durations.is_empty(), "{:?}", bench.state().durations);
}

#[tokio::test(start_paused = true)]
async fn a_plan_tells_how_long_it_will_take_and_what_it_does_not_know() {
    let bench = Bench::new();
    let sheet = one().add("first", "test_note", json!({"links": ["$network.id"]})).add(
        "second",
        "test_note",
        json!({"links": ["$network.id"]}),
    );
    // Nothing is recorded: what the provider says is usual, with room.
    let forecast = |estimate| Forecast { estimate, ..Forecast::default() };
    let plan = bench.plan(&sheet).await;
    assert_eq!(plan.forecast(10), forecast(estimate(120, 180)));
    assert_eq!(plan.forecast(1), forecast(estimate(180, 270)), "one after another");

    let network = sort("test_network", Operation::Create, None);
    let samples = [500, 520, 540, 560, 580, 600, 620, 640, 660, 900].map(seconds).to_vec();
    remember(&bench, &[Edit::Durations(network, samples)]).await;
    assert_eq!(bench.plan(&sheet).await.forecast(10), forecast(estimate(580 + 60, 660 + 90)));

    // What is known of another place is better than nothing.
    let elsewhere = sort("test_note", Operation::Create, Some("eu-west-1"));
    remember(&bench, &[Edit::Durations(elsewhere, vec![seconds(10); 5])]).await;
    assert_eq!(bench.plan(&sheet).await.forecast(10), forecast(estimate(580 + 10, 660 + 10)));

    bench.fake.set_usual(None);
    let plan = bench.plan(&sheet.clone().add("bucket", "test_bucket", json!({"name": "b"}))).await;
    let told = plan.forecast(10);
    assert_eq!(told.estimate, estimate(590, 670));
    assert_eq!(told.unknown.iter().collect::<Vec<_>>(), ["test_bucket"]);
    let empty = bench.plan(&Sheet::new()).await.forecast(10);
    assert_eq!(empty, Forecast::default());
}

#[tokio::test(start_paused = true)]
async fn what_takes_longest_goes_first_and_not_what_has_most_steps() {
    let bench = Bench::new();
    let note = |above: &str| json!({"parent_ids": [format!("${above}.id")]});
    let sheet = Sheet::new()
        .add("a", "test_note", json!({}))
        .add("b", "test_note", note("a"))
        .add("c", "test_note", note("b"))
        .add("network", "test_network", json!({"cidr": "10.0.0.0/16"}));
    let created = |log: String| log.lines().next().expect("a call").to_owned();
    assert_eq!(created(bench.apply(&sheet).await.log), "create a");

    let bench = Bench::new();
    let took = |name: &str, time| Edit::Durations(sort(name, Operation::Create, None), vec![time]);
    remember(&bench, &[took("test_note", seconds(3)), took("test_network", seconds(10))]).await;
    assert_eq!(created(bench.apply(&sheet).await.log), "create network");
}

#[tokio::test(start_paused = true)]
async fn a_run_tells_how_long_it_goes_on_and_what_is_slow() {
    let bench = Bench { parallelism: 10, ..Bench::new() };
    let took = |name: &str, time| {
        Edit::Durations(sort(name, Operation::Create, None), vec![seconds(time); 5])
    };
    remember(&bench, &[took("test_network", 35), took("test_note", 20)]).await;
    bench.fake.delay(Verb::Create, "network", seconds(55));
    bench.fake.delay(Verb::Create, "note", seconds(20));
    let sheet = one().add("note", "test_note", json!({"links": ["$network.id"]}));
    let ran = bench.apply(&sheet).await;
    let left = ran.events.iter().filter_map(|event| match event {
        Event::Remaining(left) => {
            Some((left.estimate.p50.as_secs(), left.operations, left.unknown))
        }
        _ => None,
    });
    let left: Vec<_> = left.collect();
    // While the network takes longer than it should, what comes after it is still to come.
    assert_eq!(left[..5], [(45, 2, 0), (35, 2, 0), (25, 2, 0), (20, 2, 0), (20, 2, 0)]);
    assert_eq!(left[5..], [(15, 1, 0), (5, 1, 0)]);
    let told = tell(&ran.events);
    let slow: Vec<_> = told.lines().filter(|line| line.starts_with("slow")).collect();
    assert_eq!(slow, ["slow create network after 40s"]);
    let expected = ran.events.iter().find_map(|event| match event {
        Event::Started { address, expected, .. } if *address == at("note") => *expected,
        _ => None,
    });
    assert_eq!(expected, Some(estimate(20, 20)));
}

#[tokio::test(start_paused = true)]
async fn a_run_tells_why_calls_wait_when_that_changes() {
    let bench = Bench::new();
    bench.fake.delay(Verb::Create, "network", seconds(35));
    let throttled = "ec2 throttles";
    bench.fake.hold_up(&[throttled]);
    let network = one();
    let over = async {
        tokio::time::sleep(seconds(25)).await;
        bench.fake.hold_up(&[]);
    };
    let (ran, ()) = tokio::join!(bench.apply(&network), over);
    let told = tell(&ran.events);
    let held_up: Vec<_> = told.lines().filter(|line| line.starts_with("held up")).collect();
    assert_eq!(held_up, [format!("held up [\"{throttled}\"]"), "held up []".to_owned()]);
}

/// A resource: how many seconds its creation takes, and which of the earlier ones it needs.
type Node = (u64, Vec<prop::sample::Index>);

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let needs = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    prop::collection::vec((1..600_u64, needs), 1..14)
}

/// The needs of each as positions of earlier ones.
fn needs(nodes: &[Node]) -> Vec<Vec<usize>> {
    let of = |(number, (_, needs)): (usize, &Node)| {
        let needs = needs.iter().filter(|_| number > 0);
        needs.map(|index| index.index(number)).collect()
    };
    nodes.iter().enumerate().map(of).collect()
}

/// How long an apply takes whose operations take what earlier runs say.
async fn makespan(nodes: &[Node], parallelism: usize) -> (Duration, Duration) {
    let bench = Bench { parallelism, ..Bench::new() };
    let mut sheet = Sheet::new();
    let mut edits = Vec::new();
    for (number, ((time, _), needs)) in nodes.iter().zip(needs(nodes)).enumerate() {
        let links: Vec<_> = needs.iter().map(|other| format!("$n{other}.id")).collect();
        // A place of its own, so that each has durations of its own.
        let region = format!("r{number}");
        let name = format!("n{number}");
        bench.fake.delay(Verb::Create, &name, seconds(*time));
        let own = sort("test_note", Operation::Create, Some(&region));
        edits.push(Edit::Durations(own, vec![seconds(*time); 5]));
        sheet = sheet.add_with(&name, "test_note", json!({"links": links}), |options| {
            options.region = Some(region.clone());
        });
    }
    remember(&bench, &edits).await;
    let plan = bench.plan(&sheet).await;
    let forecast = plan.forecast(parallelism).estimate.p50;
    let begun = tokio::time::Instant::now();
    let ran = bench.run(plan).await;
    assert!(ran.summary.is_complete());
    (begun.elapsed(), forecast)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Graham's bound for every list schedule, and the critical path where nothing waits for a place.
    #[test]
    fn an_apply_takes_no_longer_than_a_list_schedule_may(nodes in nodes(), parallelism in 1..5_usize) {
        let mut ends: BTreeMap<usize, u64> = BTreeMap::new();
        for (number, needs) in needs(&nodes).iter().enumerate() {
            let begin = needs.iter().map(|other| ends[other]).max().unwrap_or_default();
            ends.insert(number, begin + nodes[number].0);
        }
        let path = seconds(ends.values().copied().max().expect("one at least"));
        let work = seconds(nodes.iter().map(|(time, _)| time).sum());
        let rows = u32::try_from(parallelism).expect("few");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let (took, forecast) = runtime.block_on(makespan(&nodes, parallelism));
        prop_assert!(took <= path + (work - path) / rows, "{took:?}, {path:?}, {work:?}");
        prop_assert!(took >= forecast && forecast >= path.max(work / rows), "{took:?}, {forecast:?}");
        let (took, forecast) = runtime.block_on(makespan(&nodes, nodes.len()));
        prop_assert_eq!((took, forecast), (path, path));
    }
}
