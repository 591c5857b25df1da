//! Tests of [`Rules`](crate::rules::Rules).

use infra_sdk::{Object, Value};

use crate::rules::*;

fn problems(given: &[(&str, Value)], rule: fn(&mut Rules<'_>)) -> Vec<String> {
    let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let inputs: Object = inputs.collect();
    let mut rules = Rules::new(&inputs);
    rule(&mut rules);
    rules.finish().into_iter().map(|p| format!("{} {}", p.path, p.message)).collect()
}

#[test]
fn exactly_one_counts_what_is_not_known_yet_and_not_what_is_empty() {
    let rule: fn(&mut Rules<'_>) = |rules| rules.exactly_one(&["a", "b"]);
    assert_eq!(problems(&[], rule), ["a is missing: give one of `a`, `b`"]);
    assert_eq!(problems(&[("b", Value::Unknown)], rule), [""; 0]);
    assert_eq!(
        problems(&[("a", Value::from("x")), ("b", Value::Unknown)], rule),
        ["b cannot be given together with `a`"]
    );
    assert_eq!(problems(&[("a", Value::List(vec![])), ("b", Value::from("x"))], rule), [""; 0]);
    assert_eq!(problems(&[("a", Value::Null), ("b", Value::Unknown)], rule), [""; 0]);
    let three: fn(&mut Rules<'_>) = |rules| rules.exactly_one(&["a", "b", "c"]);
    assert_eq!(problems(&[], three), ["a is missing: give one of `a`, `b`, `c`"]);
    let most: fn(&mut Rules<'_>) = |rules| rules.at_most_one(&["a", "b"]);
    assert_eq!(problems(&[], most), [""; 0]);
    assert_eq!(problems(&[("a", Value::Unknown), ("b", Value::Unknown)], most).len(), 1);
}

#[test]
fn what_is_required_is_given_or_not_known_yet() {
    let rule: fn(&mut Rules<'_>) = |rules| rules.required(&["a", "b"], "with `x`");
    assert_eq!(
        problems(&[("a", Value::Null)], rule),
        ["a is required with `x`", "b is required with `x`"]
    );
    assert_eq!(problems(&[("a", Value::Unknown), ("b", Value::Int(0))], rule), [""; 0]);
}

#[test]
fn numbers_are_in_order() {
    let rule: fn(&mut Rules<'_>) = |rules| rules.ordered("a", "b");
    let check = |a, b| problems(&[("a", a), ("b", b)], rule);
    assert_eq!(check(Value::Int(1), Value::Int(1)), [""; 0]);
    assert_eq!(check(Value::Int(2), Value::Unknown), [""; 0]);
    assert_eq!(check(Value::Int(2), Value::Int(1)), ["b must not be less than `a`, 2"]);
}

#[test]
fn a_switch_that_is_not_known_yet_may_be_on() {
    let rule: fn(&mut Rules<'_>) = |rules| {
        if rules.may_be_true("a") {
            rules.refuse("a", if rules.is_true("a") { "is" } else { "may be" });
        }
    };
    assert_eq!(problems(&[("a", Value::Bool(true))], rule), ["a is"]);
    assert_eq!(problems(&[("a", Value::Unknown)], rule), ["a may be"]);
    assert_eq!(problems(&[("a", Value::Bool(false))], rule), [""; 0]);
    assert_eq!(problems(&[], rule), [""; 0]);
}

#[test]
fn names_have_a_length_and_an_alphabet() {
    let rule: fn(&mut Rules<'_>) = |rules| {
        rules.names(&NameRule {
            shortest: 1,
            longest: 30,
            allows: |c| c.is_ascii_lowercase(),
            characters: "letters",
        });
        rules.names_not_from("aws", "which is AWS's");
    };
    let check = |name, text: &str| problems(&[(name, Value::from(text))], rule);
    assert_eq!(check("name", "web"), [""; 0]);
    assert_eq!(check("name", "w b"), ["name must be made of letters, without ` `"]);
    assert_eq!(check("name", &"x".repeat(30)), [""; 0]);
    assert_eq!(check("name_prefix", "pref"), [""; 0]);
    assert_eq!(check("name_prefix", "prefix"), ["name_prefix must have 1 to 4 characters, not 6"]);
    assert_eq!(check("name", ""), ["name must have 1 to 30 characters, not 0"]);
    for name in ["name", "name_prefix"] {
        let expected = format!("{name} must not start with `aws`, which is AWS's");
        assert_eq!(check(name, "awsx"), [expected]);
    }
    let both = [("name", Value::from("a")), ("name_prefix", Value::from("b"))];
    assert_eq!(problems(&both, rule), ["name_prefix cannot be given together with `name`"]);
}

#[test]
fn what_keeps_an_order_is_named_so() {
    let rule: fn(&mut Rules<'_>) = |rules| {
        let allows = |c: char| c.is_ascii_lowercase();
        let rule = NameRule { shortest: 1, longest: 40, allows, characters: "letters" };
        rules.fifo_names(&rule, "fifo");
    };
    let check = |name: &str, fifo: Value| problems(&[("name", name.into()), ("fifo", fifo)], rule);
    assert_eq!(check("web.fifo", Value::Bool(true)), [""; 0]);
    assert_eq!(check("web.fifo", Value::Unknown), [""; 0]);
    assert_eq!(check("web", Value::Unknown), [""; 0]);
    assert_eq!(check("web", Value::Bool(false)), [""; 0]);
    let wrong = ["name must end with `.fifo` to keep the order of messages"];
    assert_eq!(check("web", Value::Bool(true)), wrong);
    let dot = ["name must be made of letters, without `.`"];
    assert_eq!(check("web.fifo", Value::Bool(false)), dot);
    let long = ["name must have 1 to 35 characters, not 36"];
    assert_eq!(check(&format!("{}.fifo", "x".repeat(36)), Value::Bool(true)), long);
    let prefix = |fifo| problems(&[("name_prefix", "x".repeat(10).as_str().into()), fifo], rule);
    assert_eq!(prefix(("fifo", Value::Bool(false))), [""; 0]);
    assert_eq!(prefix(("fifo", Value::Bool(true))).len(), 1);
}

#[test]
fn problems_in_blocks_say_which_block() {
    let rule: fn(&mut Rules<'_>) = |rules| {
        rules.blocks("a", |outer| outer.blocks("b", |inner| inner.exactly_one(&["x", "y"])));
    };
    let block = |name: &str, value| Value::Map(Object::from([(name.to_owned(), value)]));
    let wrong = block("b", block("z", Value::Null));
    let right = block("b", Value::List(vec![block("x", Value::Unknown)]));
    assert_eq!(problems(&[("a", wrong.clone())], rule), ["a.b.x is missing: give one of `x`, `y`"]);
    // What is not known yet counts, or the place would be that of another block.
    let list = Value::List(vec![Value::Unknown, right, wrong]);
    assert_eq!(problems(&[("a", list)], rule), ["a[2].b.x is missing: give one of `x`, `y`"]);
    assert_eq!(problems(&[("a", Value::Unknown)], rule), [""; 0]);
}

#[test]
fn addresses_are_checked() {
    let rule: fn(&mut Rules<'_>) = |rules| rules.ipv4("a");
    assert_eq!(problems(&[("a", Value::from("10.0.0.1"))], rule), [""; 0]);
    assert_eq!(
        problems(&[("a", Value::from("10.0.0"))], rule),
        ["a `10.0.0` is not an IPv4 address"]
    );
    // What is sensitive is checked and not shown.
    let secret = Value::from("10.0.0").sensitive();
    assert_eq!(problems(&[("a", secret)], rule), ["a (sensitive value) is not an IPv4 address"]);
}
