//! Circles among declarations.

use serde_json::json;

use crate::harness::{Bench, Sheet, at};

#[tokio::test]
async fn a_circle_is_shown_as_a_path_with_its_lines() {
    let sheet = Sheet::new()
        .add("a.x", "test_note", json!({"text": "$b.y.id"}))
        .add("b.y", "test_note", json!({"links": ["$c.id"]}))
        .add_with("c", "test_note", json!({}), |options| options.depends_on = vec![at("a.x")])
        .add("outside", "test_note", json!({"text": "$a.x.id"}))
        .add("self", "test_note", json!({"text": "$self.id"}));
    insta::assert_snapshot!(Bench::new().refused(&sheet).await, @"
    [plan::cycle] a.x at stack.rs:1: resources depend on one another in a circle
      a.x -> b.y -> c -> a.x
      `b.y` is declared at stack.rs:2
      `c` is declared at stack.rs:3
      `a.x` is declared at stack.rs:1
      hint: take one of the references out, or make it a resource of its own
    [plan::cycle] self at stack.rs:5: resources depend on one another in a circle
      self -> self
      `self` is declared at stack.rs:5
      hint: take one of the references out, or make it a resource of its own
    ");
}
