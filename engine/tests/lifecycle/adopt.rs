//! A state that was lost: noticed before anything is made a second time, and taken up again by tags.

use infra_engine::{Goal, Mode};
use infra_sdk::Address;
use infra_sdk::provider::{Failure, FailureClass};
use infra_testkit::fake::{Fault, Verb};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

fn stack() -> Sheet {
    Sheet::new()
        .add("network", "test_network", json!({"cidr": "c"}))
        .add("machine", "test_machine", json!({"network_id": "$network.id"}))
        .add("note", "test_note", json!({"links": ["$machine.id"]}))
        .output("arn", json!("$machine.arn"))
}

async fn lost() -> Bench {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.without_state()
}

#[tokio::test]
async fn an_empty_state_of_a_stack_that_exists_is_an_error_with_the_way_out() {
    let bench = lost().await;
    insta::assert_snapshot!(bench.refused(&stack()).await, @r"
    [plan::lost-state]: the state is empty, and objects of the stack are there
      at least 1 object carries the tags of `shop` in `test` and is not recorded:
      network: network-1
      hint: put an exported state back:
    `infra state restore FILE --env test --stack shop`
      hint: or record what is there, without an export:
    `infra plan --adopt --env test --stack shop`
      hint: or check `state` in `infra.toml`, if the state is kept elsewhere
    ");
    // To destroy nothing and say that it worked would be worse.
    let goal = Goal { mode: Mode::Destroy, ..Bench::goal(&stack()) };
    let refused = bench.try_plan(goal).await.expect_err("lost");
    assert_eq!(refused[0].code, "plan::lost-state");
    assert_eq!(bench.fake.live().len(), 3);
}

#[tokio::test]
async fn many_lost_objects_are_counted_and_ten_are_named() {
    let sheet = (0..12).fold(Sheet::new(), |sheet, number| {
        sheet.add(&format!("n{number:02}"), "test_network", json!({"cidr": "c"}))
    });
    let bench = Bench::new();
    bench.apply(&sheet).await;
    let text = bench.without_state().refused(&sheet).await;
    assert!(text.contains("at least 12 objects carry the tags"), "{text}");
    assert!(text.contains("n09: network-10\n  and 2 more"), "{text}");
}

#[tokio::test]
async fn a_stack_of_another_environment_is_none_of_ours() {
    let bench = lost().await;
    let owner = infra_sdk::provider::Owner {
        stack: "shop".to_owned(),
        environment: "production".to_owned(),
    };
    let goal = Goal::new(std::sync::Arc::new(owner), stack().0);
    let plan = bench.try_plan(goal).await.expect("a plan");
    assert_eq!(plan.counts().add, 3);
}

#[tokio::test]
async fn a_search_that_fails_is_no_leave_to_create_everything() {
    let bench = lost().await;
    let refuse = Failure::new(FailureClass::Denied, "you may not");
    bench.fake.inject(Verb::Find, "network", 1, Fault::Fail(refuse));
    insta::assert_snapshot!(bench.refused(&stack()).await, @"
    [plan::search] network at stack.rs:1: it cannot be told whether a resource is there already
      you may not
      hint: nothing was changed; run the command again once the cause is gone
    ");
}

#[tokio::test]
async fn what_is_there_is_taken_over_layer_by_layer_and_nothing_is_left_to_do() {
    let bench = lost().await;
    let adopted = bench.adopt(&stack()).await.expect("adopted");
    let addresses: Vec<Address> = adopted.into_iter().map(|adopted| adopted.address).collect();
    assert_eq!(addresses, [at("network"), at("machine"), at("note")]);
    assert_eq!(bench.state().records[&at("machine")].dependencies, [at("network")]);
    let [run] = bench.disk.history().try_into().expect("one run");
    assert_eq!((run.command.as_str(), run.complete), ("adopt", true));
    // Undoing the adoption must not delete what it took over.
    assert!(bench.disk.changes("run-0").is_empty());
    let plan = bench.plan(&stack()).await;
    assert!(plan.changes.iter().all(|c| c.action == infra_engine::Action::NoOp), "{}", show(&plan));
    let ran = bench.apply(&stack()).await;
    assert_eq!(ran.log, "");
    assert_eq!(bench.fake.live().len(), 3);
    let goal = Goal { mode: Mode::Destroy, ..Bench::goal(&stack()) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    bench.run(plan).await;
    assert!(bench.fake.live().is_empty());
}

#[tokio::test]
async fn what_differs_is_taken_over_as_it_is_and_planned() {
    let bench = lost().await;
    bench.fake.change_outside("machine", "size", "large");
    bench.adopt(&stack()).await.expect("adopted");
    insta::assert_snapshot!(show(&bench.plan(&stack()).await), @r#"
    update machine machine-2: changed size
      size: "large" -> "small"
    output arn: None -> Some("arn:machine-2")
    "#);
}

#[tokio::test]
async fn what_is_missing_from_a_state_is_taken_over_and_the_rest_stays() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    use infra_sdk::store::{Edit, Store as _};
    let store = bench.open();
    store.commit(None, &[Edit::Remove(at("machine"))]).await.expect("removed");
    drop(store);
    let before = bench.state().records[&at("network")].clone();
    let adopted = bench.adopt(&stack()).await.expect("adopted");
    assert_eq!(adopted.len(), 1);
    assert_eq!(adopted[0].id, "machine-2");
    assert_eq!(bench.state().records[&at("network")], before);
    bench.apply(&stack()).await;
    assert_eq!(bench.fake.live().len(), 3);
}

#[tokio::test]
async fn what_is_not_there_is_not_adopted_and_made_by_the_apply() {
    let bench = lost().await;
    bench.fake.delete_outside("note");
    bench.adopt(&stack()).await.expect("adopted");
    let ran = bench.apply(&stack()).await;
    assert_eq!(ran.log, "create note");
    let again = bench.adopt(&stack()).await.expect("nothing to adopt");
    assert!(again.is_empty());
}

#[tokio::test]
async fn several_objects_of_one_resource_are_shown_and_none_is_taken() {
    let bench = lost().await;
    // A second one of each, as a run with another state makes them.
    let plan = bench.plan(&Sheet::new().add("other", "test_note", json!({}))).await;
    bench.run(plan).await;
    let plan = bench.plan(&stack()).await;
    bench.run(plan).await;
    let bench = bench.without_state();
    let refused = bench.adopt(&stack()).await.expect_err("ambiguous");
    insta::assert_snapshot!(problems(&refused), @r"
    [adopt::ambiguous] network at stack.rs:1: several objects belong to one resource
      each of these may be the test_network that is declared: network-1, network-8
      hint: keep one: delete the others, or take the tag `infra:address` off them,
    and run the command again
    ");
    assert!(bench.state().records.is_empty());
}

#[tokio::test]
async fn what_was_moved_is_not_taken_for_what_stands_there_now() {
    let bench = Bench::new();
    bench.apply(&Sheet::new().add("old", "test_network", json!({"cidr": "c"}))).await;
    let moved = Sheet::new().add_with("new", "test_network", json!({"cidr": "c"}), |options| {
        options.moved_from = Some("old".to_owned());
    });
    bench.apply(&moved).await;
    // The object carries the tag of its old address, at which another is declared now.
    let both = Sheet::new().add("new", "test_network", json!({"cidr": "c"})).add(
        "old",
        "test_network",
        json!({"cidr": "c"}),
    );
    assert_eq!(bench.adopt(&both).await, Ok(Vec::new()));
    let unknown = Failure {
        effect: infra_sdk::provider::Effect::Unknown,
        ..Failure::new(FailureClass::Network, "connection reset")
    };
    bench.fake.inject(Verb::Create, "old", 1, Fault::Fail(unknown));
    let plan = bench.plan(&both).await;
    bench.run(plan).await;
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [infra_engine::Recovered::NotMade { address: at("old") }]);
    bench.apply(&both).await;
    assert_eq!(bench.fake.live().len(), 2);
}
