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
    // Of each the intent, its record, and that it is ready; beside them the run begins and ends,
    // and says how long they took.
    assert_eq!(bench.disk.writes().len(), 3 * count + 3);
    let ran = bench.apply(&Sheet::new()).await;
    assert_eq!(ran.summary.destroyed.len(), count);
    assert_eq!(bench.disk.writes().len(), 5 * count + 6);
    // One question about all, in each of the two plans that had records.
    assert_eq!(bench.fake.reads(), 2);
    assert!(bench.fake.out_of_order().is_empty());
}
