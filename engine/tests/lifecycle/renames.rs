//! Renames: what looks like one resource under two addresses is said, and never guessed.

use serde_json::json;

use crate::harness::{Bench, Sheet, problems};

fn network(address: &str, cidr: &str) -> Sheet {
    Sheet::new().add(address, "test_network", json!({"cidr": cidr}))
}

async fn warned(before: &Sheet, after: &Sheet) -> String {
    let bench = Bench::new();
    bench.apply(before).await;
    problems(&bench.plan(after).await.warnings)
}

#[tokio::test]
async fn a_rename_is_found_and_both_ways_out_are_shown() {
    insta::assert_snapshot!(warned(&network("old", "c"), &network("new", "c")).await, @r#"
    [plan::renamed] new at stack.rs:1: a resource looks renamed
      `old` (test_network network-1) is no longer declared and will be destroyed,
      `new` is declared as it was and will be created
      hint: to keep the object, say it in the code: `.moved_from("old")`
      hint: or move its record:
    `infra state mv old new --env test --stack shop`
    "#);
}

#[tokio::test]
async fn what_differs_where_it_cannot_be_changed_is_another() {
    assert_eq!(warned(&network("old", "c"), &network("new", "d")).await, "");
    let note = |address: &str| Sheet::new().add(address, "test_note", json!({"text": "t"}));
    assert_eq!(warned(&network("old", "c"), &note("new")).await, "");
    let shaded = |address: &str, shade: &str| {
        Sheet::new().add(address, "test_note", json!({"label": "l", "shade": shade}))
    };
    assert_eq!(warned(&shaded("old", "a"), &shaded("new", "b")).await, "");
    // What differs only in what can be changed is the same with a change.
    let named = |address: &str, name: &str| {
        Sheet::new().add(address, "test_network", json!({"cidr": "c", "name": name}))
    };
    let text = warned(&named("old", "a"), &named("new", "b")).await;
    assert!(text.contains("moved_from"), "{text}");
}

#[tokio::test]
async fn a_renamed_scope_is_one_warning() {
    let scope = |name: &str| {
        let id = format!("${name}.network.id");
        Sheet::new()
            .add(&format!("{name}.network"), "test_network", json!({"cidr": "c"}))
            .add(&format!("{name}.one"), "test_machine", json!({"network_id": id, "size": "s"}))
            .add(&format!("{name}.two"), "test_machine", json!({"network_id": id, "size": "s"}))
    };
    insta::assert_snapshot!(warned(&scope("app"), &scope("shop")).await, @r#"
    [plan::renamed] shop.network at stack.rs:1: a scope looks renamed
      what stood in `app` stands in `shop` now, and would be destroyed and made anew:
      `app.network` (test_network network-1) -> `shop.network`
      `app.one` (test_machine machine-2) -> `shop.one`
      `app.two` (test_machine machine-4) -> `shop.two`
      hint: to keep the objects, give each its `.moved_from("...")` in the code
      hint: or move their records:
    `infra state mv app shop --env test --stack shop`
    "#);
}

#[tokio::test]
async fn a_scope_in_which_something_stays_is_moved_one_by_one() {
    let sheet = |scope: &str| {
        Sheet::new()
            .add(&format!("{scope}.a"), "test_network", json!({"cidr": "c1"}))
            .add(&format!("{scope}.b"), "test_network", json!({"cidr": "c2"}))
            .add("app.stays", "test_network", json!({"cidr": "c3"}))
    };
    let text = warned(&sheet("app"), &sheet("shop")).await;
    for name in ["a", "b"] {
        let command = format!("`infra state mv app.{name} shop.{name} --env test --stack shop`");
        assert!(text.contains(&command), "{text}");
    }
    assert!(!text.contains("mv app shop"), "{text}");
}

#[tokio::test]
async fn where_several_could_be_meant_none_is_taken() {
    let two = network("a", "c").add("b", "test_network", json!({"cidr": "c"}));
    insta::assert_snapshot!(warned(&two, &network("new", "c")).await, @r#"
    [plan::renamed] new at stack.rs:1: a resource may be renamed, and several could be meant
      2 of those that are no longer declared could be `new`:
      `a` (test_network network-1)
      `b` (test_network network-2)
      hint: if it is one of them, say which in the code: `.moved_from("...")`
      hint: or move its record, such as
    `infra state mv a new --env test --stack shop`
    "#);
    let others = network("x", "c").add("y", "test_network", json!({"cidr": "c"}));
    insta::assert_snapshot!(warned(&network("old", "c"), &others).await, @r#"
    [plan::renamed] old at stack.rs:1: a resource may be renamed, and several could be meant
      `old` (test_network network-1) is no longer declared, and 2 of those that are new could be it:
      `x`, `y`
      hint: if it is one of them, say so there: `.moved_from("old")`
      hint: or move its record, such as
    `infra state mv old x --env test --stack shop`
    "#);
}

#[tokio::test]
async fn what_is_moved_or_forgotten_or_gone_is_not_renamed() {
    let moved = Sheet::new().add_with("new", "test_network", json!({"cidr": "c"}), |options| {
        options.moved_from = Some("old".to_owned());
    });
    assert_eq!(warned(&network("old", "c"), &moved).await, "");
    assert_eq!(warned(&network("old", "c"), &network("new", "c").forget("old")).await, "");
    let bench = Bench::new();
    bench.apply(&network("old", "c")).await;
    bench.fake.delete_outside("old");
    assert_eq!(problems(&bench.plan(&network("new", "c")).await.warnings), "");
}

#[tokio::test]
async fn of_very_many_only_those_of_one_name_are_compared() {
    let many = |address: &dyn Fn(usize) -> String| {
        (0..120).fold(Sheet::new(), |sheet, number| {
            sheet.add(&address(number), "test_note", json!({"label": "one for all"}))
        })
    };
    // Each could be any of the others, but for its name.
    let scope = |name: &'static str| many(&move |number| format!("{name}.n{number}"));
    let text = warned(&scope("app"), &scope("shop")).await;
    assert_eq!(text.matches("plan::renamed").count(), 1, "{text}");
    assert!(text.contains("a scope looks renamed") && text.contains("`app.n0`"), "{text}");
    // Where the name is the same too, nothing can be said.
    let scopes = |name: &'static str| many(&move |number| format!("{name}{number}.note"));
    assert_eq!(warned(&scopes("app"), &scopes("shop")).await, "");
}
