//! Replacing: when, in which order, and what is left when it breaks off.

use infra_engine::Goal;
use infra_sdk::provider::{Failure, FailureClass};
use infra_testkit::fake::{Fault, Verb};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, reference, show};

fn stack(cidr: &str, network_first: bool, machine_first: bool) -> Sheet {
    Sheet::new()
        .add_with("network", "test_network", json!({"cidr": cidr}), |options| {
            options.create_before_destroy = network_first;
        })
        .add_with("machine", "test_machine", json!({"network_id": "$network.id"}), |options| {
            options.create_before_destroy = machine_first;
        })
        .add("note", "test_note", json!({"links": ["$network.id"]}))
}

#[tokio::test]
async fn what_depends_on_a_replaced_object_goes_first_and_comes_back_last() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16", false, false)).await;
    let changed = stack("10.1.0.0/16", false, false);
    insta::assert_snapshot!(show(&bench.plan(&changed).await), @r#"
    replace network network-1: cannot update cidr
      cidr: "10.0.0.0/16" -> "10.1.0.0/16" (forces replacement)
    replace machine machine-2: network_id refers to network.id, made anew
      network_id: "network-1" -> (known after apply) (forces replacement)
    update note note-4: changed links
      links: ["network-1"] -> [(known after apply)]
    "#);
    let ran = bench.apply(&changed).await;
    insta::assert_snapshot!(ran.log, @"
    delete machine (machine-2)
    delete network (network-1)
    create network
    update note [links]
    create machine
    ");
    assert_eq!(ran.summary.replaced, [at("network"), at("machine")]);
    assert!(ran.summary.created.is_empty() && ran.summary.destroyed.is_empty());
}

#[tokio::test]
async fn a_change_replaces_where_another_input_asks_for_it() {
    let bench = Bench::new();
    let machine = |script: &str, renew: bool| {
        let inputs = json!({"network_id": "$network.id", "script": script, "renew": renew});
        Sheet::new().add("network", "test_network", json!({"cidr": "10.0.0.0/16"})).add(
            "machine",
            "test_machine",
            inputs,
        )
    };
    bench.apply(&machine("one", false)).await;
    let ran = bench.apply(&machine("two", false)).await;
    insta::assert_snapshot!(ran.log, @"update machine [script]");
    // What asks for it is no cause by itself.
    let ran = bench.apply(&machine("two", true)).await;
    insta::assert_snapshot!(ran.log, @"update machine [renew]");
    insta::assert_snapshot!(show(&bench.plan(&machine("three", true)).await), @r#"
    replace machine machine-2: cannot update script
      script: "two" -> "three" (forces replacement)
    "#);
    let ran = bench.apply(&machine("three", true)).await;
    insta::assert_snapshot!(ran.log, @"
    delete machine (machine-2)
    create machine
    ");
}

#[tokio::test]
async fn created_first_the_old_one_goes_after_everything_has_moved() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16", true, false)).await;
    let ran = bench.apply(&stack("10.1.0.0/16", true, false)).await;
    insta::assert_snapshot!(ran.log, @"
    create network
    update note [links]
    delete machine (machine-2)
    delete network (network-1)
    create machine
    ");
    assert!(bench.fake.out_of_order().is_empty());
}

#[tokio::test]
async fn creating_first_extends_to_what_is_needed() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16", false, true)).await;
    assert!(bench.state().records[&at("network")].create_before_destroy);
    let ran = bench.apply(&stack("10.1.0.0/16", false, true)).await;
    insta::assert_snapshot!(ran.log, @"
    create network
    update note [links]
    create machine
    delete machine (machine-2)
    delete network (network-1)
    ");
}

#[tokio::test]
async fn an_old_object_that_cannot_be_deleted_yet_is_left_over_and_not_lost() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16", true, true)).await;
    let changed = stack("10.1.0.0/16", true, true);
    let refuse = Failure::new(FailureClass::Denied, "no");
    bench.fake.inject(Verb::Delete, "machine", 1, Fault::Fail(refuse));
    let plan = bench.plan(&changed).await;
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.created, [at("network"), at("machine")]);
    bench.assert_nothing_lost();
    assert_eq!(bench.state().records[&at("machine")].deposed.len(), 1);
    assert_eq!(bench.state().records[&at("network")].deposed.len(), 1);
    insta::assert_snapshot!(show(&bench.plan(&changed).await), @"
    delete machine machine-2: left over
    delete network network-1: left over
    ");
    let ran = bench.apply(&changed).await;
    insta::assert_snapshot!(ran.log, @"
    delete machine (machine-2)
    delete network (network-1)
    ");
    assert_eq!(bench.fake.live().len(), 3);
}

#[tokio::test]
async fn a_second_replacement_takes_the_left_over_along() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16", true, true)).await;
    let refuse = Failure::new(FailureClass::Denied, "no");
    bench.fake.inject(Verb::Delete, "machine", 1, Fault::Fail(refuse));
    let plan = bench.plan(&stack("10.1.0.0/16", true, true)).await;
    bench.run(plan).await;
    let ran = bench.apply(&stack("10.2.0.0/16", true, true)).await;
    insta::assert_snapshot!(ran.log, @"
    create network
    create machine
    delete machine (machine-7)
    delete machine (machine-2)
    update note [links]
    delete network (network-6)
    delete network (network-1)
    ");
    assert_eq!(bench.fake.live().len(), 3);
    assert!(bench.fake.out_of_order().is_empty());
}

#[tokio::test]
async fn a_left_over_of_what_is_no_longer_declared_goes_too() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16", true, true)).await;
    let refuse = Failure::new(FailureClass::Denied, "no");
    bench.fake.inject(Verb::Delete, "machine", 1, Fault::Fail(refuse));
    let plan = bench.plan(&stack("10.1.0.0/16", true, true)).await;
    bench.run(plan).await;
    let ran = bench.apply(&Sheet::new()).await;
    insta::assert_snapshot!(ran.log, @"
    delete machine (machine-2)
    delete machine (machine-7)
    delete note (note-4)
    delete network (network-1)
    delete network (network-6)
    ");
    assert!(bench.fake.live().is_empty());
    assert!(bench.fake.out_of_order().is_empty());
}

#[tokio::test]
async fn an_attribute_of_another_resource_can_trigger_a_replacement() {
    let bench = Bench::new();
    let sheet = |text: &str| {
        Sheet::new().add("base", "test_note", json!({"text": text})).add_with(
            "note",
            "test_note",
            json!({}),
            |options| options.replace_triggered_by = vec![reference("base.text")],
        )
    };
    bench.apply(&sheet("one")).await;
    insta::assert_snapshot!(show(&bench.plan(&sheet("two")).await), @r#"
    update base note-1: changed text
      text: "one" -> "two"
    replace note note-3: triggered by base.text
    "#);
    let ran = bench.apply(&sheet("two")).await;
    insta::assert_snapshot!(ran.log, @"
    update base [text]
    delete note (note-3)
    create note
    ");
}

#[tokio::test]
async fn another_type_or_region_at_the_same_address_is_another_object() {
    let bench = Bench::new();
    bench.apply(&Sheet::new().add("thing", "test_note", json!({"text": "x"}))).await;
    let typed = Sheet::new().add("thing", "test_network", json!({"cidr": "c"}));
    insta::assert_snapshot!(show(&bench.plan(&typed).await), @r#"
    replace thing note-1: cannot update type, cidr; changed dns
      cidr: null -> "c" (forces replacement)
      dns: null -> true
    "#);
    bench.apply(&typed).await;
    let moved = Sheet::new().add_with("thing", "test_network", json!({"cidr": "c"}), |options| {
        options.region = Some("eu-west-1".to_owned());
    });
    insta::assert_snapshot!(show(&bench.plan(&moved).await), @"replace thing network-3: cannot update region");
    let ran = bench.apply(&moved).await;
    insta::assert_snapshot!(ran.log, @"
    delete thing (network-3)
    create thing
    ");
}

#[tokio::test]
async fn a_replacement_can_be_asked_for() {
    let bench = Bench::new();
    let sheet = stack("10.0.0.0/16", false, false);
    bench.apply(&sheet).await;
    let goal = Goal { replace: vec![at("machine")], ..Bench::goal(&sheet) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    insta::assert_snapshot!(show(&plan), @"replace machine machine-2: replacement requested");
}

#[tokio::test]
async fn a_failed_second_half_is_made_good_by_the_next_run() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16", false, false)).await;
    let changed = stack("10.1.0.0/16", false, false);
    let refuse = Failure::new(FailureClass::Quota, "no more");
    bench.fake.inject(Verb::Create, "network", 1, Fault::Fail(refuse));
    let plan = bench.plan(&changed).await;
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.destroyed, [at("machine"), at("network")]);
    bench.assert_nothing_lost();
    insta::assert_snapshot!(show(&bench.plan(&changed).await), @r#"
    create network: not there yet
    create machine: not there yet
    update note note-4: changed links
      links: ["network-1"] -> [(known after apply)]
    "#);
    bench.apply(&changed).await;
}

#[tokio::test]
async fn what_the_cloud_chooses_anew_is_not_the_cause() {
    let note = |label: &str| Sheet::new().add("note", "test_note", json!({"label": label}));
    let bench = Bench::new();
    bench.apply(&note("one")).await;
    insta::assert_snapshot!(show(&bench.plan(&note("two")).await), @r#"
    replace note note-1: cannot update label
      label: "one" -> "two" (forces replacement)
    "#);
    bench.apply(&note("two")).await;
}
