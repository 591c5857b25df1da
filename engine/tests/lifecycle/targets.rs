//! `--target` and `--exclude`: a part of the stack.

use infra_engine::{Goal, Mode};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

fn stack(text: &str) -> Sheet {
    Sheet::new()
        .add("net.base", "test_note", json!({"text": text}))
        .add("net.middle", "test_note", json!({"links": ["$net.base.id"], "text": text}))
        .add("top", "test_note", json!({"links": ["$net.middle.id"], "text": text}))
        .add("alone", "test_note", json!({"text": text}))
        .output("top", json!("$top.id"))
}

async fn planned(bench: &Bench, goal: Goal) -> String {
    show(&bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d))))
}

#[tokio::test]
async fn a_target_brings_what_it_needs() {
    let bench = Bench::new();
    let goal = |sheet: &Sheet| Goal { targets: vec![at("net.middle")], ..Bench::goal(sheet) };
    let plan = bench.try_plan(goal(&stack("x"))).await.expect("a plan");
    insta::assert_snapshot!(show(&plan), @"
    create net.base: not there yet
    create net.middle: not there yet
    ");
    bench.run(plan).await;
    bench.apply(&stack("x")).await;
    insta::assert_snapshot!(planned(&bench, goal(&stack("y"))).await, @r#"
    update net.base note-1: changed text
      text: "x" -> "y"
    update net.middle note-3: changed text
      text: "x" -> "y"
    "#);
    // What is recorded and not asked for is not deleted either.
    let rest = Sheet::new().add("net.middle", "test_note", json!({"text": "x"}));
    insta::assert_snapshot!(planned(&bench, goal(&rest)).await, @r#"
    update net.middle note-3: changed links
      links: ["note-1"] -> null
    output top: Some("note-5") -> None
    "#);
}

#[tokio::test]
async fn an_exclusion_excludes_what_needs_it() {
    let bench = Bench::new();
    let goal = Goal { excludes: vec![at("net")], ..Bench::goal(&stack("x")) };
    insta::assert_snapshot!(planned(&bench, goal).await, @"create alone: not there yet");
}

#[tokio::test]
async fn destroying_a_target_destroys_what_depends_on_it() {
    let bench = Bench::new();
    bench.apply(&stack("x")).await;
    let goal =
        Goal { mode: Mode::Destroy, targets: vec![at("net.middle")], ..Bench::goal(&Sheet::new()) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    insta::assert_snapshot!(show(&plan), @"
    delete top note-5: destruction requested
    delete net.middle note-3: destruction requested
    ");
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(ran.log, @"
    delete top (note-5)
    delete net.middle (note-3)
    ");
    bench.assert_nothing_lost();
}

#[tokio::test]
async fn a_target_that_is_nowhere_is_an_error() {
    let bench = Bench::new();
    let goal = Goal { targets: vec![at("alon")], ..Bench::goal(&stack("x")) };
    let refused = bench.try_plan(goal).await.expect_err("refused");
    insta::assert_snapshot!(problems(&refused), @"
    [plan::target]: an option names no resource
      `--target alon`: neither declared nor recorded
      hint: write `alone` if that is what you mean
    ");
}

#[tokio::test]
async fn a_replacement_of_what_is_left_out_is_an_error() {
    let bench = Bench::new();
    bench.apply(&stack("x")).await;
    let goal =
        Goal { targets: vec![at("alone")], replace: vec![at("top")], ..Bench::goal(&stack("x")) };
    let refused = bench.try_plan(goal).await.expect_err("refused");
    insta::assert_snapshot!(problems(&refused), @"
    [plan::target]: an option names what another leaves out
      `--replace top`: the plan is not about it
      hint: leave out `--replace`, or the `--target` or `--exclude` against it
    ");
}
