//! Drift: what somebody else changed is listed, and put right.

use infra_engine::Plan;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, show};

fn stack() -> Sheet {
    Sheet::new().add("network", "test_network", json!({"cidr": "10.0.0.0/16"})).add(
        "machine",
        "test_machine",
        json!({"network_id": "$network.id", "password": "!x"}),
    )
}

fn drift(plan: &Plan) -> String {
    let lines = plan.drift.iter().map(|drift| {
        let changes = drift.attributes.iter();
        let changes = changes.map(|a| format!(" {}: {:?} -> {:?}", a.name, a.before, a.after));
        let gone = if drift.after.is_none() { " gone" } else { "" };
        format!("{} {}{gone}{}", drift.address, drift.id, changes.collect::<String>())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_change_outside_is_listed_and_taken_back() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "size", "huge");
    let plan = bench.plan(&stack()).await;
    insta::assert_snapshot!(drift(&plan), @r#"machine machine-2 size: "small" -> "huge""#);
    insta::assert_snapshot!(show(&plan), @r#"
    update machine machine-2: changed size
      size: "huge" -> "small"
    "#);
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn another_choice_of_the_cloud_needs_only_the_record() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "zone", "elsewhere");
    let plan = bench.plan(&stack()).await;
    assert_eq!(drift(&plan), "");
    assert!(plan.is_empty() && plan.has_bookkeeping());
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn what_was_deleted_outside_is_made_again() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.delete_outside("machine");
    let plan = bench.plan(&stack()).await;
    insta::assert_snapshot!(drift(&plan), @"machine machine-2 gone");
    insta::assert_snapshot!(show(&plan), @"create machine: machine-2 is gone");
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn what_was_deleted_outside_is_made_again_under_its_name() {
    let bench = Bench::new();
    let sheet = Sheet::new().add("bucket", "test_bucket", json!({"name": "logs"}));
    bench.apply(&sheet).await;
    bench.fake.delete_outside("bucket");
    bench.apply(&sheet).await;
    assert_eq!(bench.state().records[&at("bucket")].id, "logs");
}

#[tokio::test]
async fn without_a_refresh_nothing_is_asked() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "size", "huge");
    let reads = bench.fake.reads();
    let goal = infra_engine::Goal { refresh: false, ..Bench::goal(&stack()) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    assert!(plan.is_empty() && plan.drift.is_empty());
    assert_eq!(bench.fake.reads(), reads);
}

#[tokio::test]
async fn a_change_has_the_same_digest_while_its_ground_does_not_move() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let mut changed = stack();
    changed.0.resources[1]
        .arguments
        .set("size", infra_sdk::Expr::Value(infra_sdk::Value::from("large")));
    let digests = |plan: &Plan| plan.changes.iter().map(|c| c.digest()).collect::<Vec<_>>();
    let saved = digests(&bench.plan(&changed).await);
    assert_eq!(digests(&bench.plan(&changed).await), saved);
    bench.fake.change_outside("machine", "size", "huge");
    let now = digests(&bench.plan(&changed).await);
    assert_eq!(now[0], saved[0]);
    assert_ne!(now[1], saved[1]);
}

#[tokio::test]
async fn what_the_cloud_chooses_is_no_change_outside_unless_it_was_asked_for() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "zone", "elsewhere");
    assert_eq!(drift(&bench.plan(&stack()).await), "");

    let bench = Bench::new();
    let asked =
        stack().add("other", "test_machine", json!({"network_id": "$network.id", "zone": "here"}));
    bench.apply(&asked).await;
    bench.fake.change_outside("other", "zone", "elsewhere");
    let found = drift(&bench.plan(&asked).await);
    assert!(found.contains(r#"zone: "here" -> "elsewhere""#), "{found}");
}

/// The report in a line for each attribute.
async fn report(bench: &Bench, sheet: &Sheet) -> String {
    let goal = Bench::goal(sheet);
    let (provider, state) = (bench.provider(), bench.state());
    let report = infra_engine::drift(&provider, &state, &goal).await.expect("a report");
    let mut lines = vec![format!("{} drift: {}", report.checked, report.has_drift())];
    for object in &report.objects {
        let gone = if object.gone { " gone" } else { "" };
        lines.push(format!("{} {}{gone}", object.address, object.id));
        lines.extend(object.attributes.iter().map(|a| {
            let code = a.code.as_ref().map(|code| format!("{code:?}"));
            let code = code.unwrap_or_else(|| "-".to_owned());
            format!("  {} {:?}: {code} | {:?} | {:?}", a.name, a.writer, a.applied, a.real)
        }));
    }
    let lost = |found: &infra_engine::Unrecorded| format!("{} {} lost", found.address, found.id);
    lines.extend(report.unrecorded.iter().map(lost));
    lines.join("\n")
}

#[tokio::test]
async fn a_report_has_three_views_and_an_owner() {
    let bench = Bench::new();
    let sheet = |size: &str| {
        Sheet::new().add("network", "test_network", json!({"cidr": "c"})).add_with(
            "machine",
            "test_machine",
            json!({"network_id": "$network.id", "size": size, "image": "a"}),
            |options| options.ignore_changes = vec!["image".to_owned()],
        )
    };
    bench.apply(&sheet("small")).await;
    insta::assert_snapshot!(report(&bench, &sheet("small")).await, @"2 drift: false");
    bench.fake.change_outside("machine", "image", "b");
    // What the cloud chooses is nobody's drift.
    bench.fake.change_outside("machine", "zone", "elsewhere");
    insta::assert_snapshot!(report(&bench, &sheet("small")).await, @r#"
    2 drift: false
    machine machine-2
      image Outside: "a" | "a" | "b"
    "#);
    assert_eq!(drift(&bench.plan(&sheet("small")).await), "");
    bench.fake.change_outside("machine", "size", "huge");
    insta::assert_snapshot!(report(&bench, &sheet("large")).await, @r#"
    2 drift: true
    machine machine-2
      image Outside: "a" | "a" | "b"
      size Infra: "large" | "small" | "huge"
    "#);
    // Nobody declares it any longer.
    let network = Sheet::new().add("network", "test_network", json!({"cidr": "c"}));
    insta::assert_snapshot!(report(&bench, &network).await, @r#"
    2 drift: true
    machine machine-2
      image Infra: - | "a" | "b"
      size Infra: - | "small" | "huge"
    "#);
    bench.fake.delete_outside("machine");
    insta::assert_snapshot!(report(&bench, &sheet("small")).await, @r"
    2 drift: true
    machine machine-2 gone
    ");
    assert!(bench.fake.take_log().iter().all(|call| !call.starts_with("update")));
}

#[tokio::test]
async fn a_report_names_what_is_there_and_not_recorded() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let bench = bench.without_state();
    insta::assert_snapshot!(report(&bench, &stack()).await, @r"
    0 drift: true
    network network-1 lost
    ");
}
