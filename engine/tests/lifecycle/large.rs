//! A large stack: the same, only more of it.

use serde_json::json;

use crate::harness::{Bench, Sheet};

#[tokio::test]
async fn ten_thousand_resources_are_planned_applied_and_destroyed() {
    let count = 10_000;
    let mut sheet = Sheet::new();
    for number in 0..count {
        // A broad tree with chains in it.
        let parent = format!("$n{}.id", if number % 100 == 0 { number / 2 } else { number - 1 });
        let inputs = if number == 0 { json!({}) } else { json!({"parent_ids": [parent]}) };
        sheet = sheet.add(&format!("n{number}"), "test_note", inputs);
    }
    let bench = Bench { parallelism: 50, ..Bench::new() };
    let ran = bench.apply(&sheet).await;
    assert_eq!(ran.summary.created.len(), count);
    let ran = bench.apply(&Sheet::new()).await;
    assert_eq!(ran.summary.destroyed.len(), count);
    assert!(bench.fake.out_of_order().is_empty());
}
