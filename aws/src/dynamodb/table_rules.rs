//! What goes together in the arguments of a [`Table`](super::Table).
//!
//! Source: DynamoDB API Reference, CreateTable; developer guide, quotas.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Value};

use super::names::NAMES;
use crate::rules::{Rules, wrong_length};

const GLOBAL: &str = "global_secondary_index";
const LOCAL: &str = "local_secondary_index";
const CAPACITY: [&str; 2] = ["read_capacity", "write_capacity"];
const LIMITS: &str = "on_demand_throughput";

pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let mode = rules.text("billing_mode");
    check_billing(&mut rules, mode);
    rules.blocks(LIMITS, check_limits);
    if rules.is_true("stream_enabled") {
        rules.required(&["stream_view_type"], "with `stream_enabled`");
    } else if !rules.may_be_true("stream_enabled") {
        rules.without(&["stream_view_type"], "without `stream_enabled`");
    }
    rules.blocks("server_side_encryption", |rules| {
        if !rules.may_be_true("enabled") {
            rules.without(&["kms_key_arn"], "where `enabled` is `false`");
        }
    });
    rules.blocks("point_in_time_recovery", |rules| {
        if !rules.may_be_true("enabled") {
            rules.without(&["recovery_period_in_days"], "where `enabled` is `false`");
        }
    });
    rules.blocks("ttl", |rules| {
        if let Some(wrong) = rules.text("attribute_name").and_then(|t| wrong_length(t, 1, 255)) {
            rules.refuse("attribute_name", wrong);
        }
    });
    for (list, most) in [(GLOBAL, 20), (LOCAL, 5)] {
        let count = blocks(inputs, list).len();
        if count > most {
            rules.refuse(list, format!("must be at most {most}, not {count}"));
        }
        rules.blocks(list, |rules| {
            rules.follows("name", &NAMES);
            check_projection(rules);
        });
    }
    rules.blocks(GLOBAL, |rules| {
        check_billing(rules, mode);
        rules.blocks(LIMITS, check_limits);
    });
    if !blocks(inputs, LOCAL).is_empty() && !rules.has("range_key") {
        rules.refuse("range_key", "is required with a local index");
    }
    check_names(&mut rules, inputs);
    check_attributes(&mut rules, inputs);
    rules.finish()
}

fn check_billing(rules: &mut Rules<'_>, mode: Option<&str>) {
    match mode {
        Some("PROVISIONED") => {
            rules.required(&CAPACITY, "with the billing mode `PROVISIONED`");
            rules.without(&[LIMITS], "with the billing mode `PROVISIONED`");
        }
        Some(mode) => rules.without(&CAPACITY, &format!("with the billing mode `{mode}`")),
        None => {}
    }
}

fn check_limits(rules: &mut Rules<'_>) {
    if !rules.has("max_read_request_units") && !rules.has("max_write_request_units") {
        rules.missing(&["max_read_request_units", "max_write_request_units"]);
    }
}

fn check_projection(rules: &mut Rules<'_>) {
    match rules.text("projection_type") {
        Some("INCLUDE") => rules.required(&["non_key_attributes"], "with `INCLUDE`"),
        Some(other) => rules.without(&["non_key_attributes"], &format!("with `{other}`")),
        None => {}
    }
}

/// No two indexes have one name.
fn check_names(rules: &mut Rules<'_>, inputs: &Object) {
    let mut names = BTreeSet::new();
    for list in [GLOBAL, LOCAL] {
        for name in blocks(inputs, list).iter().filter_map(|index| text(index, "name")) {
            if !names.insert(name) {
                rules.refuse(list, format!("`{name}` stands twice"));
            }
        }
    }
}

/// Every attribute of a key is declared, and no other.
fn check_attributes(rules: &mut Rules<'_>, inputs: &Object) {
    let indexes = || blocks(inputs, GLOBAL).iter().chain(blocks(inputs, LOCAL));
    let keys = ["hash_key", "range_key"];
    let of = |entries: &Object| -> Vec<Value> {
        keys.iter().filter_map(|key| entries.get(*key).cloned()).collect()
    };
    let mut used = of(inputs);
    used.extend(indexes().filter_map(Value::as_map).flat_map(of));
    let declared = blocks(inputs, "attribute");
    if used.iter().chain(declared).any(Value::has_unknown)
        || [GLOBAL, LOCAL, "attribute"]
            .iter()
            .any(|list| inputs.get(*list).is_some_and(|v| matches!(v.reveal(), Value::Unknown)))
    {
        return;
    }
    let used: BTreeSet<_> = used.iter().filter_map(Value::as_str).collect();
    let names: Vec<_> = declared.iter().filter_map(|entry| text(entry, "name")).collect();
    let known: BTreeSet<_> = names.iter().copied().collect();
    if names.len() != known.len() {
        rules.refuse("attribute", "must have each name once");
    }
    for name in used.difference(&known) {
        rules.refuse("attribute", format!("must declare `{name}`, which a key is made of"));
    }
    for name in known.difference(&used) {
        rules.refuse("attribute", format!("must not declare `{name}`, which no key is made of"));
    }
}

fn blocks<'a>(inputs: &'a Object, name: &str) -> &'a [Value] {
    inputs.get(name).and_then(Value::as_list).unwrap_or_default()
}

fn text<'a>(block: &'a Value, name: &str) -> Option<&'a str> {
    block.as_map()?.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect())
    }

    fn attributes(names: &[&str]) -> (&'static str, Value) {
        let list = names.iter().map(|name| map(&[("name", name), ("type", "S")]));
        ("attribute", Value::List(list.collect()))
    }

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|p| p.path).collect()
    }

    fn demand() -> (&'static str, Value) {
        ("billing_mode", "PAY_PER_REQUEST".into())
    }

    #[test]
    fn attributes_are_those_of_keys() {
        let table =
            |names: &[&str]| check(&[demand(), ("hash_key", "a".into()), attributes(names)]);
        assert_eq!(table(&["a"]), [""; 0]);
        assert_eq!(table(&[]), ["attribute"]);
        assert_eq!(table(&["a", "b"]), ["attribute"]);
        assert_eq!(table(&["a", "a"]), ["attribute"]);
        let unknown = [demand(), ("hash_key", Value::Unknown), attributes(&["b"])];
        assert_eq!(check(&unknown), [""; 0]);
    }

    #[test]
    fn capacities_go_with_the_mode_that_has_them() {
        let keys = [("hash_key", Value::from("a")), attributes(&["a"])];
        let with = |more: &[(&'static str, Value)]| check(&[&keys[..], more].concat());
        let provisioned = ("billing_mode", Value::from("PROVISIONED"));
        let read = ("read_capacity", Value::Int(1));
        let write = ("write_capacity", Value::Int(1));
        assert_eq!(with(&[provisioned.clone(), read.clone(), write]), [""; 0]);
        assert_eq!(with(&[provisioned, read.clone()]), ["write_capacity"]);
        assert_eq!(with(&[demand(), read]), ["read_capacity"]);
        let limits = ("on_demand_throughput", Value::Map(Object::new()));
        assert_eq!(with(&[demand(), limits]), ["on_demand_throughput.max_read_request_units"]);
    }

    #[test]
    fn indexes_have_names_and_projections() {
        let index = |name: &str, projection: &str| {
            map(&[("name", name), ("hash_key", "a"), ("projection_type", projection)])
        };
        let table = |indexes: Vec<Value>| {
            let indexes = (GLOBAL, Value::List(indexes));
            check(&[demand(), ("hash_key", "a".into()), attributes(&["a"]), indexes])
        };
        assert_eq!(table(vec![index("one", "ALL"), index("two", "KEYS_ONLY")]), [""; 0]);
        assert_eq!(table(vec![index("one", "ALL"), index("one", "ALL")]), [GLOBAL]);
        assert_eq!(
            table(vec![index("1", "INCLUDE")]),
            ["global_secondary_index[0].name", "global_secondary_index[0].non_key_attributes"]
        );
        let local = map(&[("name", "one"), ("range_key", "b"), ("projection_type", "ALL")]);
        let local = (LOCAL, Value::List(vec![local]));
        let table = [demand(), ("hash_key", "a".into()), attributes(&["a", "b"]), local];
        assert_eq!(check(&table), ["range_key"]);
    }

    #[test]
    fn streams_say_what_they_show() {
        let base = [demand(), ("hash_key", Value::from("a")), attributes(&["a"])];
        let with = |more: &[(&'static str, Value)]| check(&[&base[..], more].concat());
        let (on, off) = (("stream_enabled", Value::Bool(true)), ("stream_enabled", false.into()));
        let view = ("stream_view_type", Value::from("NEW_IMAGE"));
        assert_eq!(with(&[on.clone(), view.clone()]), [""; 0]);
        assert_eq!(with(&[on]), ["stream_view_type"]);
        assert_eq!(with(&[off, view]), ["stream_view_type"]);
    }
}
