//! Differences as they are read.

use infra_sdk::Field;

use super::*;
use crate::view::human::look::Detail;

fn shown(before: &Value, after: &Value, kind: Option<&Kind>, detail: Detail) -> String {
    let look = Look { detail, unicode: false };
    let text = difference(before, after, kind, look).join("\n");
    anstream::adapter::strip_str(&text).to_string()
}

fn json(before: &serde_json::Value, after: &serde_json::Value) -> String {
    let text = |json: &serde_json::Value| Value::from(json.to_string());
    shown(&text(before), &text(after), None, Detail::Usual)
}

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(crate::view::sample::object(entries))
}

#[test]
fn a_policy_is_told_by_statement() {
    let statement = |sid: &str, action: serde_json::Value, on: &str| serde_json::json!({ "Sid": sid, "Effect": "Allow", "Action": action, "Resource": on });
    let (read, list) = (serde_json::json!("s3:GetObject"), serde_json::json!("s3:ListBucket"));
    let several = serde_json::json!(["s3:GetObject", "s3:PutObject"]);
    let policy = |statements: serde_json::Value| serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
    // Without a name: `Deny` of everything, once for one bucket and once for two.
    let deny = |on: serde_json::Value| serde_json::json!({ "Effect": "Deny", "Action": "s3:*", "Principal": "*", "Resource": on });
    let before = policy(serde_json::json!([
        statement("Read", serde_json::json!(["s3:GetObject"]), "arn:a"),
        statement("List", list.clone(), "arn:a"),
        statement("Gone", read.clone(), "arn:a"),
        deny(serde_json::json!(["arn:a"])),
    ]));
    let after = policy(serde_json::json!([
        deny(serde_json::json!(["arn:a", "arn:b"])),
        statement("List", list, "arn:a"),
        statement("New", read, "arn:c"),
        statement("Read", several, "arn:a"),
    ]));
    insta::assert_snapshot!(json(&before, &after), @r#"
    ~ Statement
        - {
        -   Action = "s3:GetObject"
        -   Effect = "Allow"
        -   Resource = "arn:a"
        -   Sid = "Gone"
        - }
        ~ [0]
            ~ Resource
                + "arn:b"
                  # (1 unchanged)
              # (3 unchanged)
        + {
        +   Action = "s3:GetObject"
        +   Effect = "Allow"
        +   Resource = "arn:c"
        +   Sid = "New"
        + }
        ~ Sid "Read"
            ~ Action
                + "s3:PutObject"
                  # (1 unchanged)
              # (2 unchanged)
          # (1 unchanged)
      # (1 unchanged)
    "#);
}

#[test]
fn rules_are_told_by_name_and_else_by_priority() {
    let rule = |name: &str, priority: i64, limit: i64| {
        let rate = map(&[("limit", Value::Int(limit)), ("key", Value::from("IP"))]);
        map(&[("name", Value::from(name)), ("priority", Value::Int(priority)), ("rate", rate)])
    };
    let before = Value::List(vec![rule("common", 1, 100), rule("rate", 2, 100), rule("old", 3, 1)]);
    let after = Value::List(vec![rule("rate", 4, 200), rule("common", 1, 100), rule("new", 3, 1)]);
    insta::assert_snapshot!(shown(&before, &after, None, Detail::Usual), @r#"
    ~ name "rate"
        ~ priority = 2 -> 4
        ~ rate
            ~ limit = 100 -> 200
              # (1 unchanged)
    ~ priority 3
        ~ name = "old" -> "new"
          # (1 unchanged)
      # (1 unchanged)
    "#);
}

#[test]
fn containers_are_told_by_name_and_their_variables_too() {
    let container = |image: &str, variables: &[(&str, &str)]| {
        let variable =
            |(name, value): &(&str, &str)| serde_json::json!({ "name": name, "value": value });
        let variables: Vec<_> = variables.iter().map(variable).collect();
        serde_json::json!({ "name": "app", "image": image, "environment": variables, "cpu": 128 })
    };
    let sidecar = serde_json::json!({ "name": "proxy", "image": "envoy:1" });
    let before =
        serde_json::json!([container("app:1", &[("A", "1"), ("B", "2"), ("C", "3")]), sidecar]);
    let after =
        serde_json::json!([sidecar, container("app:2", &[("C", "4"), ("A", "1"), ("D", "5")])]);
    insta::assert_snapshot!(json(&before, &after), @r#"
    ~ name "app"
        ~ environment
            - B = "2"
            ~ C = "3" -> "4"
            + D = "5"
              # (1 unchanged)
        ~ image = "app:1" -> "app:2"
          # (1 unchanged)
      # (1 unchanged)
    "#);
}

#[test]
fn sets_are_told_by_element_and_maps_by_key() {
    static TEXT: Kind = Kind::Text(&infra_sdk::kind::TEXT);
    let set = |names: &[&str]| Value::List(names.iter().map(|name| Value::from(*name)).collect());
    let (before, after) = (set(&["c", "a", "b"]), set(&["a", "d", "c"]));
    let kind = Kind::Set(&TEXT);
    insta::assert_snapshot!(shown(&before, &after, Some(&kind), Detail::Usual), @r#"
    - "b"
    + "d"
      # (2 unchanged)
    "#);
    let tags = |team: &str| map(&[("team", Value::from(team)), ("cost", Value::from("7"))]);
    insta::assert_snapshot!(shown(&tags("web"), &tags("ops"), None, Detail::Usual), @r#"
    ~ team = "web" -> "ops"
      # (1 unchanged)
    "#);
    insta::assert_snapshot!(shown(&tags("web"), &tags("ops"), None, Detail::Verbose), @r#"
      cost = "7"
    ~ team = "web" -> "ops"
    "#);
    // Only a list has an order.
    let fields: &'static [Field] =
        Box::leak(Box::new([Field::new("names", kind), Field::new("size", Kind::Int)]));
    let block =
        |names: &[&str], size: i64| map(&[("names", set(names)), ("size", Value::Int(size))]);
    let shown = shown(
        &block(&["b", "a"], 1),
        &block(&["a", "b"], 2),
        Some(&Kind::Block(fields)),
        Detail::Usual,
    );
    insta::assert_snapshot!(shown, @r"
    ~ size = 1 -> 2
      # (1 unchanged)
    ");
    let same = "  # the same, in another order";
    assert_ne!(
        json(&serde_json::json!(["a", "b", "b"]), &serde_json::json!(["b", "a", "a"])),
        same
    );
    insta::assert_snapshot!(json(&serde_json::json!(["a", "b"]), &serde_json::json!(["b", "a"])), @"  # the same, in another order");
}

#[test]
fn a_block_of_which_there_is_one_is_changed_and_not_gone_and_new() {
    let before = serde_json::json!([{ "default": { "algorithm": "AES256" } }]);
    let after = serde_json::json!([{ "default": { "algorithm": "aws:kms" }, "key": true }]);
    insta::assert_snapshot!(json(&before, &after), @r#"
    ~ [0]
        ~ default
            ~ algorithm = "AES256" -> "aws:kms"
        + key = true
    "#);
    // What stands in its place is still told by it.
    let rule = |action: &str| serde_json::json!([{ "priority": 7, "action": action }]);
    insta::assert_snapshot!(json(&rule("count"), &rule("block")), @r#"
    ~ priority 7
        ~ action = "count" -> "block"
    "#);
    // One that has a name is another one under another name.
    let named = |name: &str| {
        let size = name.len();
        serde_json::json!([{ "name": name, "size": size, "port": size + 8000 }])
    };
    insta::assert_snapshot!(json(&named("web"), &named("jobs")), @r#"
    - {
    -   name = "web"
    -   port = 8003
    -   size = 3
    - }
    + {
    +   name = "jobs"
    +   port = 8004
    +   size = 4
    + }
    "#);
}

#[test]
fn texts_of_many_lines_are_told_by_line() {
    let script = |last: &str| Value::from(format!("#!/bin/sh\nset -e\na\nb\nc\n{last}\n"));
    let script = |last: &str| map(&[("user_data", script(last))]);
    insta::assert_snapshot!(shown(&script("d"), &script("e"), None, Detail::Usual), @r"
    ~ user_data
          # (3 unchanged lines)
          b
          c
        - d
        + e
    ");
}

#[test]
fn no_secret_is_told_not_even_as_a_name() {
    let secret = |text: &str| Value::from(text).sensitive();
    let part = |name: Value, value: &str| map(&[("name", name), ("value", secret(value))]);
    let before = Value::List(vec![
        part(Value::from("A"), "hunter1"),
        part(secret("hunter2"), "hunter3"),
        part(Value::from("B"), "hunter4").sensitive(),
    ]);
    let after = Value::List(vec![
        part(Value::from("A"), "hunter5"),
        part(secret("hunter2"), "hunter6"),
        part(Value::from("B"), "hunter7").sensitive(),
    ]);
    let text = shown(&before, &after, None, Detail::Verbose);
    assert!(!text.contains("hunter"), "{text}");
    insta::assert_snapshot!(text, @r#"
    - (sensitive value)
    ~ name "A"
        ~ value = (sensitive value) -> (sensitive value)
    ~ [1]
          name = (sensitive value)
        ~ value = (sensitive value) -> (sensitive value)
    + (sensitive value)
    "#);
    let text = shown(&before, &Value::Unknown, None, Detail::Usual);
    assert!(!text.contains("hunter") && text.contains("+ (known after apply)"), "{text}");
}

#[test]
fn what_is_huge_is_cut_and_does_not_take_forever() {
    let numbers = |from: i64| Value::List((from..from + 20_000).map(Value::Int).collect());
    let text = difference(&numbers(0), &numbers(90_000), None, Look::default());
    assert!(text.len() < 1_000, "{}", text.len());
    let parts = |from: i64| {
        let part = |n: i64| map(&[("a", Value::Int(n)), ("b", Value::Int(1))]);
        Value::List((from..from + 2_000).map(part).collect())
    };
    let text = difference(&parts(0), &parts(9_000), None, Look::default());
    assert!(text.last().is_some_and(|line| line.contains("more lines")), "{text:?}");
}

#[test]
fn what_a_canonical_form_has_in_lower_case_is_shown_as_it_is_written() {
    static LOWER: infra_sdk::kind::Text = infra_sdk::kind::Text {
        name: "lower",
        check: |_| Ok(()),
        canonical: |text| text.to_lowercase(),
    };
    let kind = Kind::Text(&LOWER);
    let before = Value::from("[\"s3:GetObject\",\"s3:CorrectHorse\"]");
    let after = Value::from("[\"S3:getobject\",\"sts:TagSession\"]");
    insta::assert_snapshot!(shown(&before, &after, Some(&kind), Detail::Usual), @r#"
    - "s3:CorrectHorse"
    + "sts:TagSession"
      # (1 unchanged)
    "#);
}
