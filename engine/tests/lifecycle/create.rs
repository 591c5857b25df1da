//! Creating: order, values that become known, records.

use infra_sdk::Value;
use infra_sdk::store::{Operation, Status};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, show, tell};

fn stack() -> Sheet {
    Sheet::new()
        .add(
            "machine",
            "test_machine",
            json!({
                "network_id": "$network.id", "password": "!hunter2", "groups": ["b", "a"],
                "port": [{"number": 80}], "policy": "{ \"b\": 1, \"a\": 2 }",
            }),
        )
        .add("network", "test_network", json!({"cidr": "10.0.0.0/16"}))
        .output("address", json!("$machine.private_ip"))
        .output("secret", json!("$machine.secret"))
}

#[tokio::test]
async fn a_plan_shows_what_is_not_known_yet() {
    let bench = Bench::new();
    let plan = bench.plan(&stack()).await;
    insta::assert_snapshot!(show(&plan), @"
    create network: not there yet
    create machine: not there yet
    output address: None -> Some((known after apply))
    output secret: None -> Some((sensitive value))
    ");
    let machine = plan.changes.iter().find(|c| c.address == at("machine")).expect("planned");
    insta::assert_snapshot!(format!("{:#?}", machine.after), @r#"
    Some(
        {
            "arn": (known after apply),
            "groups": [
                "b",
                "a",
            ],
            "id": (known after apply),
            "network_id": (known after apply),
            "password": (sensitive value),
            "policy": "{ \"b\": 1, \"a\": 2 }",
            "port": [
                {
                    "description": (known after apply),
                    "number": 80,
                    "protocol": "tcp",
                },
            ],
            "private_ip": (known after apply),
            "secret": (sensitive value),
            "size": "small",
            "zone": (known after apply),
        },
    )
    "#);
    assert_eq!(plan.counts().add, 2);
    assert!(bench.fake.log().is_empty(), "planning changes nothing");
}

#[tokio::test]
async fn what_is_referred_to_is_made_first_and_its_values_flow() {
    let bench = Bench::new();
    let ran = bench.apply(&stack()).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start create network
    done create network network-1
    start create machine
    done create machine machine-2
    ");
    assert_eq!(ran.summary.created, [at("network"), at("machine")]);
    assert_eq!(ran.summary.outputs["address"], Value::from("private_ip:machine-2"));
    assert_eq!(ran.summary.outputs["secret"], Value::from("secret-of-machine-2").sensitive());
    let id = bench.fake.id_of("machine").expect("made");
    let inputs = bench.fake.inputs_of(&id).expect("made");
    assert_eq!(inputs["network_id"], Value::from("network-1"));
    assert_eq!(inputs["password"], Value::from("hunter2"));
}

#[tokio::test]
async fn a_record_holds_what_was_asked_for_and_what_the_cloud_chose() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let record = &bench.state().records[&at("machine")];
    assert_eq!(record.status, Status::Ready);
    assert_eq!(record.dependencies, [at("network")]);
    assert_eq!(record.inputs["zone"], Value::from("zone-4"));
    assert_eq!(record.inputs["size"], Value::from("small"));
    assert!(infra_engine::is_digest(&record.inputs["password"]));
    assert!(matches!(record.outputs["secret"], Value::Sensitive(_)));
}

#[tokio::test]
async fn a_run_is_remembered_and_an_empty_one_is_not() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let history = bench.disk.history();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].command.as_str(), history[0].complete), ("apply", true));
    assert!(history[0].ended.is_some());
    let changes = bench.disk.changes(&history[0].id);
    let made: Vec<_> = changes.iter().map(|change| (change.operation, &change.before)).collect();
    assert_eq!(made, [(Operation::Create, &None); 2]);
    assert_eq!(bench.state().serial, 1);
    bench.apply(&stack()).await;
    assert_eq!(bench.disk.history().len(), 1);
}

#[tokio::test]
async fn everything_recorded_is_read_in_one_call() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let before = bench.fake.reads();
    bench.plan(&stack()).await;
    assert_eq!(bench.fake.reads(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_allowed() {
    let mut sheet = Sheet::new();
    for number in 0..20 {
        sheet = sheet.add(&format!("note-{number}"), "test_note", json!({"text": "x"}));
    }
    for parallelism in [1, 4] {
        let bench = Bench { parallelism, ..Bench::new() };
        bench.apply(&sheet).await;
        assert_eq!(bench.fake.peak(), parallelism);
    }
}

#[tokio::test]
async fn the_longest_path_goes_first() {
    let sheet = Sheet::new()
        .add("short", "test_note", json!({}))
        .add("long", "test_note", json!({}))
        .add("longer", "test_note", json!({"links": ["$long.id"]}))
        .add("longest", "test_note", json!({"links": ["$longer.id"]}));
    let bench = Bench::new();
    let ran = bench.apply(&sheet).await;
    insta::assert_snapshot!(ran.log, @"
    create long
    create longer
    create short
    create longest
    ");
}

#[tokio::test]
async fn planning_and_applying_can_be_left_to_another_thread() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let bench = Bench::new();
    let plan = sendable(bench.try_plan(Bench::goal(&stack()))).await.expect("a plan");
    let ran = sendable(bench.run(plan)).await;
    assert!(ran.summary.is_complete());
    sendable(bench.recover()).await.expect("nothing is open");
}
