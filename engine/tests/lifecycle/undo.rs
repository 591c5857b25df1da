//! Undo: a run is taken back by a plan of its inverse, and what cannot come back is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_engine::{Undo, is_digest};
use infra_sdk::store::{RunRecord, Store as _};
use infra_sdk::{Address, Diagnostic, Expr, Function, Value};
use infra_testkit::fake::{Fault, Verb};
use serde_json::json;

use crate::harness::{Bench, Ran, Sheet, at, owner, problems, reference, show};

async fn undo(bench: &Bench, run: &str, accepted: &[Address]) -> Result<Undo, Vec<Diagnostic>> {
    let store = bench.open();
    let (provider, owner) = (bench.provider(), Arc::new(owner()));
    infra_engine::undo(&provider, &store, &owner, &bench.state(), run, accepted).await
}

/// Undoes a run and is sure that everything was done and that it leaves nothing to do.
async fn undone(bench: &Bench, run: &str) -> (String, Vec<Diagnostic>, Ran) {
    let Undo { goal, lost } =
        undo(bench, run, &[]).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    let plan = bench.try_plan(goal.clone()).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    let shown = show(&plan);
    let ran = bench.run(plan).await;
    assert!(ran.summary.is_complete(), "{:#?}", ran.summary);
    assert!(bench.fake.out_of_order().is_empty(), "{:?}", bench.fake.out_of_order());
    bench.assert_nothing_lost();
    (shown, lost, ran)
}

/// What is in the cloud, with addresses in place of ids.
fn world(bench: &Bench) -> BTreeMap<String, String> {
    let live = bench.fake.live();
    let mut ids: Vec<_> = live.iter().collect();
    ids.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
    let describe = |id: &String| {
        let inputs = format!("{:?}", bench.fake.inputs_of(id).expect("there"));
        ids.iter().fold(inputs, |text, (id, address)| text.replace(*id, &format!("<{address}>")))
    };
    live.iter().map(|(id, address)| (address.clone(), describe(id))).collect()
}

fn first() -> Sheet {
    Sheet::new()
        .add("network", "test_network", json!({"cidr": "one", "name": "n"}))
        .add(
            "machine",
            "test_machine",
            json!({"network_id": "$network.id", "size": "small", "password": "!hunter2",
                   "zone": "z", "policy": "{\"a\":1}"}),
        )
        .add("edge", "test_network", json!({"cidr": "edge", "tags": {"team": "a"}}))
        .add("peer", "test_note", json!({"text": "before", "links": ["$edge.id"], "shade": "s"}))
        .add("vpc", "test_network", json!({"cidr": "gone", "dns": false}))
        .add("vm", "test_machine", json!({"network_id": "$vpc.id", "size": "huge", "zone": "y"}))
        .add("watcher", "test_note", json!({"links": ["$vm.id"], "text": "$vm.arn", "shade": "s"}))
}

/// Creates `fresh`, updates `machine` and `watcher`, replaces `edge`, deletes `vpc` and `vm`.
fn second() -> Sheet {
    Sheet::new()
        .add("network", "test_network", json!({"cidr": "one", "name": "n"}))
        .add(
            "machine",
            "test_machine",
            json!({"network_id": "$network.id", "size": "large", "password": "!hunter2",
                   "zone": "z", "policy": "{\"a\":2}"}),
        )
        .add("edge", "test_network", json!({"cidr": "other", "tags": {"team": "b"}}))
        .add("peer", "test_note", json!({"text": "after", "links": ["$edge.id"], "shade": "s"}))
        .add("watcher", "test_note", json!({"shade": "s"}))
        .add("fresh", "test_note", json!({"links": ["$machine.id"]}))
}

#[tokio::test]
async fn a_run_that_did_everything_is_taken_back() {
    let bench = Bench::new();
    bench.apply(&first()).await;
    let before = world(&bench);
    let network = bench.fake.id_of("network");
    bench.apply(&second()).await;
    let between = world(&bench);
    assert_ne!(before, between);
    let (plan, lost, _) = undone(&bench, "run-2").await;
    assert_eq!(world(&bench), before);
    insta::assert_snapshot!(plan, @r#"
    replace edge network-8: cannot update cidr; changed tags
      cidr: "other" -> "edge" (forces replacement)
      tags: {"team": "b"} -> {"team": "a"}
    update machine machine-5: changed policy, size
      policy: "{\"a\":2}" -> "{\"a\":1}"
      size: "large" -> "small"
    update peer note-6: changed links, text
      links: ["network-8"] -> [(known after apply)]
      text: "after" -> "before"
    create vpc: not there yet
    create vm: not there yet
    update watcher note-7: changed links, text
      links: null -> [(known after apply)]
      text: null -> (known after apply)
    delete fresh note-9: no longer declared
    "#);
    insta::assert_snapshot!(problems(&lost), @"
    [undo::new-object] edge: an object does not come back, a new one does
      the test_network `network-3` is made anew: it gets another id, and what it held is not in it
      hint: restore its data from a backup, if there is any
    [undo::new-object] vm: an object does not come back, a new one does
      the test_machine `machine-4` is made anew: it gets another id, and what it held is not in it
      hint: restore its data from a backup, if there is any
    [undo::told-once] vm: a secret does not come back
      `secret` will be another one
      hint: give the new one to everybody who has the old one
    [undo::new-object] vpc: an object does not come back, a new one does
      the test_network `network-1` is made anew: it gets another id, and what it held is not in it
      hint: restore its data from a backup, if there is any
    ");
    // The program of then has nothing to do, and nothing was done to what had not changed.
    let left = bench.plan(&first()).await;
    assert!(left.is_empty(), "{}", show(&left));
    assert_eq!(bench.fake.id_of("network"), network);
    assert!(is_digest(&bench.state().records[&at("machine")].inputs["password"]));
}

#[tokio::test]
async fn an_undo_is_undone_as_any_other_run() {
    let bench = Bench::new();
    bench.apply(&first()).await;
    let before = world(&bench);
    bench.apply(&second()).await;
    let between = world(&bench);
    undone(&bench, "run-2").await;
    let run = bench.disk.history().last().expect("a run").id.clone();
    undone(&bench, &run).await;
    assert_eq!(world(&bench), between);
    let left = bench.plan(&second()).await;
    assert!(left.is_empty(), "{}", show(&left));
    let run = bench.disk.history().last().expect("a run").id.clone();
    undone(&bench, &run).await;
    assert_eq!(world(&bench), before);
}

#[tokio::test]
async fn a_first_run_is_taken_back_to_nothing_and_a_destruction_to_everything() {
    let bench = Bench::new();
    bench.apply(&first()).await;
    let before = world(&bench);
    bench.apply(&Sheet::new()).await;
    assert!(bench.fake.live().is_empty());
    undone(&bench, "run-2").await;
    let mut without_secret = before.clone();
    let machine = without_secret.get_mut("machine").expect("there");
    *machine = machine.replace("\"password\": \"hunter2\", ", "");
    assert_eq!(world(&bench), without_secret);
    let refused = undo(&bench, "run-1", &[]).await.expect_err("other objects stand there now");
    assert_eq!(refused.len(), 7);
    let bench = Bench::new();
    bench.apply(&first()).await;
    undone(&bench, "run-1").await;
    assert!(bench.fake.live().is_empty());
}

#[tokio::test]
async fn a_write_only_value_is_named_and_left_as_it_is() {
    let bench = Bench::new();
    let sheet = |password: &str, size: &str| {
        Sheet::new().add("network", "test_network", json!({"cidr": "c"})).add(
            "machine",
            "test_machine",
            json!({"network_id": "$network.id", "size": size,
                   "password": format!("!{password}")}),
        )
    };
    bench.apply(&sheet("hunter2", "small")).await;
    bench.apply(&sheet("hunter3", "large")).await;
    let (plan, lost, ran) = undone(&bench, "run-2").await;
    assert_eq!(ran.log, "update machine [size]", "{plan}");
    insta::assert_snapshot!(problems(&lost), @"
    [undo::write-only] machine at stack.rs:2: a write-only value is not known any more
      `password`: it stays as it is now
      hint: apply the program of that time, which has the value
    ");
    let id = bench.fake.id_of("machine").expect("there");
    assert_eq!(bench.fake.inputs_of(&id).expect("there")["password"], Value::from("hunter3"));
}

#[tokio::test]
async fn what_a_later_run_changed_again_is_refused_until_it_is_accepted() {
    let bench = Bench::new();
    bench.apply(&first()).await;
    bench.apply(&second()).await;
    let mut third = second();
    third.0.resources[1].arguments.set("size", Expr::Value(Value::from("giant")));
    bench.apply(&third).await;
    let refused = undo(&bench, "run-2", &[]).await.expect_err("a conflict");
    insta::assert_snapshot!(problems(&refused), @r"
    [undo::conflict] machine: a later run changed the same resource
      run `run-3`, at 2026-01-02T03:04:05Z
      hint: undo that run first, or lose what it did, with
    `--accept-conflict machine`
    ");
    let accepted = undo(&bench, "run-2", &[at("machine")]).await.expect("accepted");
    let plan = bench.try_plan(accepted.goal).await.expect("a plan");
    assert!(show(&plan).contains("size: \"giant\" -> \"small\""), "{}", show(&plan));
    // A change that was taken back by hand is none.
    bench.apply(&second()).await;
    undone(&bench, "run-2").await;
}

#[tokio::test]
async fn what_a_later_resource_refers_to_is_not_taken_away() {
    let bench = Bench::new();
    bench.apply(&first()).await;
    bench.apply(&second()).await;
    let third = second().add("late", "test_note", json!({"links": ["$fresh.id"]}));
    bench.apply(&third).await;
    let refused = undo(&bench, "run-2", &[]).await.expect_err("it is needed");
    insta::assert_snapshot!(problems(&refused), @"
    [undo::needed] fresh at stack.rs:6: what the run created is needed
      `late` refers to `fresh`
      hint: undo the run that made them refer to it first
    ");
    undone(&bench, "run-3").await;
    undone(&bench, "run-2").await;
}

#[tokio::test]
async fn names_inside_of_texts_follow_the_new_object_and_passwords_are_new() {
    let bench = Bench::new();
    let sheet = |there: bool| {
        let text = |attribute: &str| {
            let parts = ["<", ">"].map(|text| Expr::Value(Value::from(text)));
            let [open, close] = parts;
            Expr::Call(Function::Concat, vec![open, Expr::Reference(reference(attribute)), close])
        };
        let mut sheet = Sheet::new().add("network", "test_network", json!({"cidr": "c"}));
        if there {
            sheet = sheet
                .add("password", "random_password", json!({"length": 20}))
                .add("note", "test_note", json!({"shade": "s"}))
                .add("url", "infra_data", json!({}));
            sheet.0.resources[2].arguments.set("text", text("network.arn"));
            sheet.0.resources[3].arguments.set("input", text("password.result"));
        }
        sheet
    };
    bench.apply(&sheet(true)).await;
    let url = |bench: &Bench| bench.state().records[&at("url")].inputs["input"].clone();
    let result = |bench: &Bench| bench.state().records[&at("password")].outputs["result"].clone();
    let (old_url, old_result) = (url(&bench), result(&bench));
    bench.apply(&sheet(false)).await;
    let (_, lost, _) = undone(&bench, "run-2").await;
    assert_ne!(result(&bench), old_result);
    assert_ne!(url(&bench), old_url);
    let fits = format!("<{}>", result(&bench).as_str().expect("text"));
    assert_eq!(url(&bench), Value::String(fits).sensitive());
    assert!(lost.iter().any(|d| d.code == "undo::told-once"), "{}", problems(&lost));
    let left = bench.plan(&sheet(true)).await;
    assert!(left.is_empty(), "{}", show(&left));
}

#[tokio::test]
async fn outputs_stay_unless_what_they_name_goes() {
    let bench = Bench::new();
    bench.apply(&first().output("kept", json!("$network.arn"))).await;
    let sheet = second();
    let sheet = sheet.output("kept", json!("$network.arn")).output("made", json!("$fresh.id"));
    bench.apply(&sheet).await;
    undone(&bench, "run-2").await;
    let outputs = bench.state().outputs;
    assert_eq!(outputs.keys().collect::<Vec<_>>(), ["kept"]);
}

#[tokio::test]
async fn what_the_cloud_chose_is_not_asked_for_where_it_is_still_there() {
    let bench = Bench::new();
    let sheet = |there: bool| {
        let machine = json!({"network_id": "$network.id"});
        let mut sheet = Sheet::new().add("network", "test_network", json!({"cidr": "c"})).add(
            "machine",
            "test_machine",
            machine.clone(),
        );
        if there {
            sheet = sheet.add("other", "test_machine", machine);
        }
        sheet
    };
    bench.apply(&sheet(true)).await;
    bench.apply(&sheet(false)).await;
    let Undo { goal, .. } = undo(&bench, "run-2", &[]).await.expect("a way back");
    let asked = |address: &str| {
        let mut resources = goal.declarations.resources.iter();
        let declared = resources.find(|d| d.address == at(address)).expect("declared");
        declared.arguments.inputs.contains_key("zone")
    };
    // Of what is made anew, the choice of then is asked for.
    assert_eq!((asked("machine"), asked("other")), (false, true));
}

#[tokio::test]
async fn a_run_that_is_not_there_or_did_nothing_is_told() {
    let bench = Bench::new();
    bench.apply(&first().output("x", json!("y"))).await;
    let refused = undo(&bench, "run-9", &[]).await.expect_err("unknown");
    insta::assert_snapshot!(problems(&refused), @"
    [undo::run]: there is no such run
      `run-9`
      hint: write `run-1` if that is what you mean
      hint: `infra history` with the same `--env` lists all runs
    ");
    bench.apply(&first().output("x", json!("z"))).await;
    let nothing = undo(&bench, "run-2", &[]).await.expect("known");
    insta::assert_snapshot!(problems(&nothing.lost), @"
    [undo::nothing]: the run made no change to take back
      no resource was created, changed or deleted by it
    ");
    assert!(bench.try_plan(nothing.goal).await.expect("a plan").is_empty());
}

#[tokio::test]
async fn an_undo_that_was_cut_is_gone_on_with() {
    let bench = Bench::new();
    bench.apply(&first()).await;
    let before = world(&bench);
    bench.apply(&second()).await;
    let Undo { goal, .. } = undo(&bench, "run-2", &[]).await.expect("a way back");
    bench.fake.inject(Verb::Create, "vpc", 1, Fault::Panic);
    let ran = bench.run(bench.try_plan(goal).await.expect("a plan")).await;
    assert_eq!(ran.summary.failed.len(), 1, "{:#?}", ran.summary);
    assert!(!ran.summary.replaced.is_empty(), "{:#?}", ran.summary);
    bench.recover().await.expect("settled");
    // What is back already is no conflict, also where it is another object.
    undone(&bench, "run-2").await;
    assert_eq!(world(&bench), before);
}

#[tokio::test]
async fn a_run_that_changed_records_only_is_refused_with_what_to_use_instead() {
    let mut shown = String::new();
    for command in
        ["state mv vpc network.vpc", "state rm vpc", "state restore x.json", "state rekey"]
    {
        let bench = Bench::new();
        bench.apply(&first()).await;
        let store = bench.open();
        let run = RunRecord {
            id: "run-s".to_owned(),
            command: command.to_owned(),
            by: "ann".to_owned(),
            started: "2026-01-02T03:04:05Z".to_owned(),
            ended: None,
            complete: false,
        };
        store.start(&run).await.expect("started");
        store.finish(&run).await.expect("ended");
        drop(store);
        let refused = undo(&bench, "run-s", &[]).await.expect_err("records only");
        assert_eq!(refused[0].code, "undo::records");
        shown.push_str(&(problems(&refused) + "\n"));
    }
    insta::assert_snapshot!(shown, @r"
    [undo::records]: the run changed records, and no object
      run `run-s`: infra state mv vpc network.vpc
      hint: move it back:
    `infra state mv network.vpc vpc --env test --stack shop`
    [undo::records]: the run changed records, and no object
      run `run-s`: infra state rm vpc
      hint: record again what is declared and there:
    `infra plan --adopt --env test --stack shop`
    [undo::records]: the run changed records, and no object
      run `run-s`: infra state restore x.json
      hint: put another export in its place:
    `infra state restore FILE --env test --stack shop`
    [undo::records]: the run changed records, and no object
      run `run-s`: infra state rekey
      hint: there is nothing of it to take back
    ");
}
