//! The imprint of a plan: the same for the same ground, and what moved by name.

use infra_engine::{Goal, Imprint, Mode};
use serde_json::json;

use crate::harness::{Bench, Sheet, at};

fn stack(text: &str) -> Sheet {
    Sheet::new()
        .add("changed", "test_note", json!({"text": text}))
        .add("made", "test_note", json!({"text": "x", "links": ["$changed.id"]}))
        .add("secret", "random_password", json!({"length": 12}))
        .output("text", json!("$changed.text"))
}

async fn imprint(bench: &Bench, goal: Goal) -> Imprint {
    Imprint::of(&bench.try_plan(goal).await.expect("a plan"))
}

#[tokio::test]
async fn a_plan_that_is_made_again_does_the_same() {
    let bench = Bench::new();
    let first = Sheet::new().add("changed", "test_note", json!({"text": "one"})).add(
        "gone",
        "test_note",
        json!({"text": "x"}),
    );
    bench.apply(&first).await;
    let then = imprint(&bench, Bench::goal(&stack("two"))).await;
    assert_eq!(then.changes.len(), 4);
    let now = imprint(&bench, Bench::goal(&stack("two"))).await;
    assert_eq!(then.moved(&now), [] as [String; 0]);
    assert_eq!(then, now);
}

#[tokio::test]
async fn what_moved_is_named_and_what_is_left_alone_may_move() {
    let bench = Bench::new();
    bench.apply(&Sheet::new().add("changed", "test_note", json!({"text": "one"}))).await;
    let then = imprint(&bench, Bench::goal(&stack("two"))).await;
    bench.fake.change_outside("changed", "text", "by hand");
    let now = imprint(&bench, Bench::goal(&stack("two"))).await;
    assert_eq!(then.moved(&now), ["`changed`: it is not as it was: `text`"],);
    let now = imprint(&bench, Bench::goal(&stack("three"))).await;
    let moved = then.moved(&now);
    assert!(moved.contains(&"output `text`: its value is another".to_owned()), "{moved:?}");
    let replace = Goal { replace: vec![at("changed")], ..Bench::goal(&stack("two")) };
    let moved = then.moved(&imprint(&bench, replace).await);
    let what = "`changed`: it was to be updated, and would be replaced, the old one first";
    assert!(moved.contains(&what.to_owned()), "{moved:?}");
    bench.fake.delete_outside("changed");
    let moved = then.moved(&imprint(&bench, Bench::goal(&stack("two"))).await);
    let what = "`changed`: it was to be updated, and would be created";
    assert!(moved.contains(&what.to_owned()), "{moved:?}");
    let nothing = Imprint::default();
    let moved = then.moved(&nothing);
    let what = "`made`: it was to be created, and there is nothing to do any more";
    assert!(moved.contains(&what.to_owned()), "{moved:?}");
}

#[tokio::test]
async fn a_refresh_alone_has_what_it_records_in_its_imprint() {
    let bench = Bench::new();
    bench.apply(&stack("one")).await;
    let only = || Goal { mode: Mode::Refresh, ..Bench::goal(&stack("one")) };
    let nothing = imprint(&bench, only()).await;
    bench.fake.change_outside("changed", "text", "by hand");
    let something = imprint(&bench, only()).await;
    assert_eq!(
        nothing.moved(&something),
        [
            "`changed`: it was to stay, and would be recorded as it is",
            "output `text`: its value is another",
        ],
    );
    bench.fake.change_outside("changed", "text", "by another hand");
    let other = imprint(&bench, only()).await;
    let moved = something.moved(&other);
    assert!(moved.contains(&"`changed`: it would become another: `text`".to_owned()), "{moved:?}");
}
