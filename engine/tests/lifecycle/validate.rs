//! Checking without a cloud: everything that is wrong, at once.

use infra_sdk::{Diagnostic, Expr, Function, Value};
use infra_testkit::fake::FakeProvider;
use serde_json::json;

use crate::harness::{Sheet, at, problems, reference};

fn check(sheet: &Sheet) -> String {
    let fake = FakeProvider::new();
    let found = infra_engine::validate(&fake, &sheet.0);
    assert_eq!(fake.reads(), 0);
    problems(&found)
}

#[test]
fn all_problems_of_a_stack_are_reported_at_once() {
    let sheet = Sheet::new()
        .add("network", "test_netwrk", json!({}))
        .add("note", "test_note", json!({"text": "$nte.id", "colour": "red"}))
        .add("note", "test_note", json!({"text": "$note.idd"}))
        .add("machine", "test_machine", json!({"port": [{"number": 0}, {"number": "x"}]}))
        .add_with("last", "test_note", json!({"links": "x"}), |options| {
            options.depends_on = vec![at("machne")];
            options.ignore_changes = vec!["txt".to_owned()];
            options.replace_triggered_by = vec![reference("note.shape")];
            options.moved_from = Some("Bad".to_owned());
        })
        .output("id", json!("$machine.private_i"));
    insta::assert_snapshot!(check(&sheet), @"
    [plan::unknown-type] network at stack.rs:1: there is no such resource type
      `test_netwrk`
      hint: write `test_network` if that is what you mean
    [plan::duplicate] note at stack.rs:3: two resources have the same address
      the first is declared at stack.rs:2
      hint: give one of them another name
    [plan::reference] note at stack.rs:2: a reference leads nowhere
      the stack declares no `nte`
      hint: write `note` if that is what you mean
    [plan::reference] note at stack.rs:3: a reference leads nowhere
      `note` (test_note) has no attribute `idd`
      hint: write `id` if that is what you mean
    [plan::reference] last at stack.rs:5: a reference leads nowhere
      the stack declares no `machne`
      hint: write `machine` if that is what you mean
    [plan::reference] last at stack.rs:5: a reference leads nowhere
      `note` (test_note) has no attribute `shape`
      hint: write `shade` if that is what you mean
    [plan::reference]: a reference leads nowhere
      `machine` (test_machine) has no attribute `private_i`
      hint: write `private_ip` if that is what you mean
    [plan::move] last at stack.rs:5: a resource cannot be moved
      `Bad` is not an address: a segment starts with a lower-case letter or a digit
    [plan::argument] note at stack.rs:2: an argument is wrong
      `colour` is not an argument of this type
    [plan::argument] machine at stack.rs:4: an argument is wrong
      `network_id` is required
    [plan::argument] machine at stack.rs:4: an argument is wrong
      `port[0].number` must be between 1 and 65535, not 0
    [plan::argument] machine at stack.rs:4: an argument is wrong
      `port[1].number` must be a whole number, not text
    [plan::argument] last at stack.rs:5: an argument is wrong
      `links` must be a set of text, not text
    [plan::argument] last at stack.rs:5: an argument is wrong
      `ignore_changes` names `txt`, which is not an argument of test_note
      hint: write `text` if that is what you mean
    ");
}

#[test]
fn a_sensitive_value_is_not_quoted() {
    let secret = json!({"network_id": "n", "port": [{"number": "!hunter2"}], "password": "!x"});
    let found = check(&Sheet::new().add("machine", "test_machine", secret));
    assert!(!found.contains("hunter2"), "{found}");
    insta::assert_snapshot!(found, @"
    [plan::argument] machine at stack.rs:1: an argument is wrong
      `port[0].number` must be a whole number, not text
    ");
}

#[test]
fn a_function_that_cannot_work_is_reported_at_its_declaration() {
    let mut sheet = Sheet::new().add("note", "test_note", json!({}));
    let call = Expr::Call(Function::Lower, vec![Expr::Value(Value::Int(1))]);
    sheet.0.resources[0].arguments.set("text", call);
    insta::assert_snapshot!(check(&sheet), @"
    [plan::evaluate] note at stack.rs:1: an argument has no value
      `text`: `lower` needs text, and was given a whole number
    ");
}

#[test]
fn what_is_right_is_right_and_warnings_of_the_program_are_kept() {
    let mut sheet = Sheet::new().add("network", "test_network", json!({"cidr": "c"})).add(
        "machine",
        "test_machine",
        json!({"network_id": "$network.id"}),
    );
    assert_eq!(check(&sheet), "");
    sheet.0.diagnostics.push(Diagnostic::warning("stack::old", "an old setting"));
    insta::assert_snapshot!(check(&sheet), @"[stack::old]: an old setting");
}
