//! `adopt_existing`: what has the name already is taken over and not made.

use infra_sdk::{Object, Value};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

fn bucket(address: &str, name: &str, versioning: bool) -> Sheet {
    let inputs = json!({"name": name, "versioning": versioning});
    Sheet::new().add_with(address, "test_bucket", inputs, |options| options.adopt_existing = true)
}

fn seeded() -> Bench {
    let bench = Bench::new();
    let inputs = [("name", Value::from("logs")), ("versioning", Value::Bool(true))];
    let inputs: Object = inputs.map(|(name, value)| (name.to_owned(), value)).into();
    bench.fake.seed("test_bucket", inputs);
    bench
}

#[tokio::test]
async fn what_is_there_is_taken_over_and_updated_and_what_is_not_is_made() {
    let bench = seeded();
    insta::assert_snapshot!(show(&bench.plan(&bucket("b", "logs", true)).await), @"import b logs: logs exists already");
    insta::assert_snapshot!(show(&bench.plan(&bucket("b", "other", true)).await), @"create b: not there yet");
    let sheet = bucket("b", "logs", false);
    let plan = bench.plan(&sheet).await;
    insta::assert_snapshot!(show(&plan), @r"
    update b logs: logs exists already; changed versioning
      versioning: true -> false
    ");
    assert_eq!(plan.counts().import, 1);
    let ran = bench.apply(&sheet).await;
    insta::assert_snapshot!(ran.log, @"update b [versioning]");
    assert_eq!(ran.summary.imported, [at("b")]);
    assert_eq!(bench.state().records[&at("b")].id, "logs");
}

#[tokio::test]
async fn what_another_stack_owns_is_refused_by_name() {
    let bench = Bench::new();
    bench.apply(&bucket("theirs", "logs", true)).await;
    let bench = bench.without_state();
    let owner = infra_sdk::provider::Owner {
        stack: "blog".to_owned(),
        environment: "production".to_owned(),
    };
    let goal = infra_engine::Goal::new(std::sync::Arc::new(owner), bucket("b", "logs", true).0);
    let refused = bench.try_plan(goal).await.expect_err("refused");
    insta::assert_snapshot!(problems(&refused), @r"
    [plan::import] b at stack.rs:1: an object cannot be taken over
      `logs` carries the tags of the stack `shop` in `test`, which owns it
      hint: give it another name, or read it from that stack instead
      hint: or let that stack forget it and take its `infra:` tags off first
    ");
    // Its own, after its state was lost, it takes up again.
    let plan = bench.plan(&bucket("theirs", "logs", true)).await;
    insta::assert_snapshot!(show(&plan), @"import theirs logs: logs exists already");
}

#[tokio::test]
async fn what_another_address_has_is_refused() {
    let bench = seeded();
    bench.apply(&bucket("b", "logs", true)).await;
    let mut both = bucket("b", "logs", true);
    both.0.resources.extend(bucket("c", "logs", true).0.resources);
    insta::assert_snapshot!(bench.refused(&both).await, @r#"
    [plan::import] c at stack.rs:1: an object cannot be taken over
      `logs` belongs to `b` already
      hint: use `moved_from("b")`, or give it another name
    "#);
}

#[tokio::test]
async fn a_type_without_a_name_is_refused_before_any_cloud() {
    let bench = Bench::new();
    let sheet = Sheet::new().add_with("n", "test_network", json!({"cidr": "c"}), |options| {
        options.adopt_existing = true;
    });
    insta::assert_snapshot!(problems(&infra_engine::validate(&bench.provider(), &sheet.0)), @r"
    [plan::adopt-existing] n at stack.rs:1: it cannot be told which object is meant
      `adopt_existing`: these arguments of the test_network do not name one object
      hint: give it a name if the type has one, or name the object with `import_id`
    ");
    let sheet = Sheet::new().add_with("b", "test_bucket", json!({"name": "n"}), |options| {
        options.adopt_existing = true;
        options.import_id = Some("n".to_owned());
    });
    let text = problems(&infra_engine::validate(&bench.provider(), &sheet.0));
    assert!(text.contains("remove one of the two"), "{text}");
}
