//! Updating in place: what is a difference and what is none.

use infra_sdk::Value;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, show, tell};

fn machine(inputs: serde_json::Value) -> Sheet {
    let mut all = json!({"network_id": "$network.id"});
    let entries = all.as_object_mut().expect("an object");
    entries.extend(inputs.as_object().expect("an object").clone());
    Sheet::new().add("network", "test_network", json!({"cidr": "10.0.0.0/16"})).add(
        "machine",
        "test_machine",
        all,
    )
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let bench = Bench::new();
    bench.apply(&machine(json!({"size": "small", "tags": {"team": "a"}}))).await;
    let changed = machine(json!({"size": "large", "tags": {"team": "a"}}));
    insta::assert_snapshot!(show(&bench.plan(&changed).await), @r#"
    update machine machine-2: changed size
      size: "small" -> "large"
    "#);
    let ran = bench.apply(&changed).await;
    insta::assert_snapshot!(ran.log, @"update machine [size]");
    assert_eq!(ran.summary.updated, [at("machine")]);
}

#[tokio::test]
async fn the_same_in_other_words_is_no_difference() {
    let bench = Bench::new();
    let one = machine(json!({"groups": ["a", "b"], "policy": "{\"a\":1,\"b\":[2]}"}));
    bench.apply(&one).await;
    let other = machine(json!({
        "groups": ["b", "a", "a"], "policy": "{ \"b\": [2], \"a\": 1 }", "peer_ids": [],
        "size": null,
    }));
    assert_eq!(show(&bench.plan(&other).await), "nothing");
}

#[tokio::test]
async fn what_the_cloud_chose_is_kept_also_inside_blocks() {
    let bench = Bench::new();
    let blocks = |extra: serde_json::Value| {
        let mut rules = vec![json!({"cidr": "a", "port": 1}), json!({"cidr": "b", "port": 2})];
        rules.extend(extra.as_array().expect("a list").clone());
        machine(json!({"port": [{"number": 80}, {"number": 81}], "rule": rules}))
    };
    bench.apply(&blocks(json!([]))).await;
    let before = bench.fake.inputs_of("machine-2").expect("made");
    bench.apply(&blocks(json!([{"cidr": "c", "port": 3}]))).await;
    let after = bench.fake.inputs_of("machine-2").expect("made");
    assert_eq!(before["port"], after["port"]);
    let rules = |value: &Value| value.as_list().expect("a list").to_vec();
    for rule in rules(&before["rule"]) {
        assert!(rules(&after["rule"]).contains(&rule), "{rule:?} lost its id");
    }
    assert_eq!(rules(&after["rule"]).len(), 3);
}

#[tokio::test]
async fn taking_an_attribute_out_takes_its_value_away_unless_the_cloud_chooses() {
    let bench = Bench::new();
    bench.apply(&machine(json!({"groups": ["a"], "zone": "z"}))).await;
    insta::assert_snapshot!(show(&bench.plan(&machine(json!({}))).await), @r#"
    update machine machine-2: changed groups
      groups: ["a"] -> null
    "#);
    bench.apply(&machine(json!({}))).await;
    let inputs = bench.fake.inputs_of("machine-2").expect("made");
    assert_eq!((inputs.get("groups"), &inputs["zone"]), (None, &Value::from("z")));
}

#[tokio::test]
async fn what_the_cloud_never_tells_is_compared_with_the_record() {
    let bench = Bench::new();
    let with = |password: &str, rule: &str| {
        machine(json!({
            "password": password, "rule": [{"cidr": "a", "port": 1, "secret": rule}],
        }))
    };
    bench.apply(&with("!one", "!two")).await;
    assert_eq!(show(&bench.plan(&with("!one", "!two")).await), "nothing");
    insta::assert_snapshot!(show(&bench.plan(&with("!new", "!two")).await), @"
    update machine machine-2: changed password
      password: (sensitive value) -> (sensitive value)
    ");
    insta::assert_snapshot!(show(&bench.plan(&with("!one", "!new")).await), @r#"
    update machine machine-2: changed rule
      rule: [{"cidr": "a", "port": 1, "rule_id": "rule_id-3", "secret": (sensitive value)}] -> [{"cidr": "a", "port": 1, "rule_id": "rule_id-3", "secret": (sensitive value)}]
    "#);
    bench.apply(&with("!new", "!newer")).await;
    assert_eq!(bench.fake.inputs_of("machine-2").expect("made")["password"], Value::from("new"));
}

#[tokio::test]
async fn a_call_that_turns_out_to_be_unnecessary_is_not_made() {
    let sheet = Sheet::new().add("bucket", "test_bucket", json!({"name": "shop"})).add(
        "note",
        "test_note",
        json!({"text": "$bucket.domain"}),
    );
    let bench = Bench::new();
    bench.apply(&sheet).await;
    let goal = infra_engine::Goal { replace: vec![at("bucket")], ..Bench::goal(&sheet) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    insta::assert_snapshot!(show(&plan), @r#"
    replace bucket shop: replacement requested
    update note note-1: changed text
      text: "domain:shop" -> (known after apply)
    "#);
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start delete bucket shop
    done delete bucket shop
    start create bucket
    done create bucket shop
    start update note note-1
    done update note note-1 (unchanged)
    ");
    assert!(ran.summary.updated.is_empty());
    assert!(ran.summary.is_complete());
    bench.assert_settled(&sheet).await;
}

#[tokio::test]
async fn dependencies_are_recorded_although_no_call_is_made() {
    let bench = Bench::new();
    let note = |depends: &[&str]| {
        let depends = depends.iter().map(|name| at(name)).collect();
        Sheet::new().add("base", "test_note", json!({})).add_with(
            "note",
            "test_note",
            json!({}),
            |options| options.depends_on = depends,
        )
    };
    bench.apply(&note(&[])).await;
    let plan = bench.plan(&note(&["base"])).await;
    assert!(plan.is_empty() && plan.has_bookkeeping());
    let ran = bench.apply(&note(&["base"])).await;
    assert_eq!(ran.log, "");
    assert_eq!(bench.state().records[&at("note")].dependencies, [at("base")]);
}
