//! `ignore_changes`: differences of some attributes are left alone.

use infra_sdk::Value;
use serde_json::json;

use crate::harness::{Bench, Sheet, show};

fn stack(size: &str, image: &str) -> Sheet {
    Sheet::new().add("network", "test_network", json!({"cidr": "c"})).add_with(
        "machine",
        "test_machine",
        json!({"network_id": "$network.id", "size": size, "image": image}),
        |options| options.ignore_changes = vec!["size".to_owned()],
    )
}

#[tokio::test]
async fn what_is_ignored_is_used_to_create_and_then_left_alone() {
    let bench = Bench::new();
    bench.apply(&stack("small", "a")).await;
    assert_eq!(bench.fake.inputs_of("machine-2").expect("made")["size"], Value::from("small"));
    assert_eq!(show(&bench.plan(&stack("large", "a")).await), "nothing");
    bench.fake.change_outside("machine", "size", "huge");
    assert_eq!(show(&bench.plan(&stack("large", "a")).await), "nothing");
    bench.apply(&stack("large", "a")).await;
}

#[tokio::test]
async fn what_is_ignored_is_kept_by_a_replacement() {
    let bench = Bench::new();
    bench.apply(&stack("small", "a")).await;
    bench.fake.change_outside("machine", "size", "huge");
    let changed = stack("large", "b");
    insta::assert_snapshot!(show(&bench.plan(&changed).await), @r#"
    replace machine machine-2: cannot update image
      image: "a" -> "b" (forces replacement)
    "#);
    bench.apply(&changed).await;
    let id = bench.fake.id_of("machine").expect("made");
    assert_eq!(bench.fake.inputs_of(&id).expect("made")["size"], Value::from("huge"));
}
