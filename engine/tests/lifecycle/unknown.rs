//! Unknown values: what is known, when, and what follows.

use infra_sdk::provider::{Failure, FailureClass};
use infra_testkit::fake::{Fault, Verb};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

#[tokio::test]
async fn attributes_of_an_unchanged_or_updated_resource_are_known() {
    let bench = Bench::new();
    let base = |text: &str| Sheet::new().add("base", "test_note", json!({"text": text}));
    bench.apply(&base("one")).await;
    let more = base("two").add(
        "note",
        "test_note",
        json!({"text": "$base.shade", "label": "$base.text", "links": ["$base.id"]}),
    );
    let plan = bench.plan(&more).await;
    let note = plan.changes.iter().find(|c| c.address == at("note")).expect("planned");
    insta::assert_snapshot!(format!("{:?}", note.after), @r#"Some({"id": (known after apply), "label": "two", "links": ["note-1"], "shade": (known after apply), "text": "shade-2"})"#);
    bench.apply(&more).await;
}

#[tokio::test]
async fn what_is_made_anew_makes_unknown_what_refers_to_it() {
    let bench = Bench::new();
    let sheet = Sheet::new()
        .add("base", "test_note", json!({}))
        .add("updated", "test_note", json!({"text": "$base.id"}))
        .add("replaced", "test_note", json!({"parent_ids": ["$base.id"]}))
        .add("further", "test_note", json!({"label": "$replaced.id"}))
        .add("input", "test_note", json!({"label": "$updated.label"}))
        .output("base", json!("$base.id"));
    bench.apply(&sheet).await;
    bench.fake.delete_outside("replaced");
    bench.fake.delete_outside("base");
    insta::assert_snapshot!(show(&bench.plan(&sheet).await), @r#"
    create base: note-1 is gone
    update updated note-3: changed text
      text: "note-1" -> (known after apply)
    create replaced: note-5 is gone
    replace further note-7: label refers to replaced.id, made anew
      label: "note-5" -> (known after apply) (forces replacement)
    output base: Some("note-1") -> Some((known after apply))
    "#);
    bench.apply(&sheet).await;
}

#[tokio::test]
async fn an_output_keeps_its_value_while_its_source_is_not_made() {
    let bench = Bench::new();
    let sheet = Sheet::new().add("base", "test_note", json!({})).output("base", json!("$base.id"));
    bench.apply(&sheet).await;
    bench.fake.delete_outside("base");
    let refuse = Failure::new(FailureClass::Quota, "no more");
    bench.fake.inject(Verb::Create, "base", 1, Fault::Fail(refuse));
    let plan = bench.plan(&sheet).await;
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.outputs["base"], infra_sdk::Value::from("note-1"));
}

#[tokio::test]
async fn what_the_plan_did_not_show_is_not_done() {
    let sheet = |text: &str| {
        Sheet::new()
            .add("base", "test_note", json!({"text": text}))
            .add("updated", "test_note", json!({"text": text, "label": "$base.shade"}))
            .add("created", "test_note", json!({"label": "$base.shade"}))
    };
    let bench = Bench::new();
    let mut first = sheet("one");
    first.0.resources.truncate(2);
    bench.apply(&first).await;
    let plan = bench.plan(&sheet("two")).await;
    bench.fake.change_outside("base", "shade", "another");
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(ran.log, @"update base [text]");
    let failed: Vec<_> = ran.summary.failed.into_iter().map(|(_, d)| d).collect();
    insta::assert_snapshot!(problems(&failed), @"
    [apply::moved] updated at stack.rs:2: the plan does not fit any more
      `label` has another value than the plan showed
      hint: run the command again for a new plan; nothing was changed for this one
    [apply::moved] created at stack.rs:3: the plan does not fit any more
      `label` has another value than the plan showed
      hint: run the command again for a new plan; nothing was changed for this one
    ");
    bench.apply(&sheet("two")).await;
}
