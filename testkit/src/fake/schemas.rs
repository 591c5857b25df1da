//! The types of the fake provider, written by hand: one of every fact that a field can have.

use infra_sdk::kind::{JSON, TEXT};
use infra_sdk::schema::no_rules;
use infra_sdk::{Field, Kind, Schema, Value};

/// All types, sorted by name.
pub static TYPES: &[&Schema] = &[&BUCKET, &MACHINE, &NETWORK, &NOTE];

/// Attributes whose value is the id of another object, which has to be there first; and whether it
/// cannot be deleted while this one lives.
pub static REFERENCES: &[(&str, bool)] =
    &[("network_id", true), ("parent_ids", true), ("peer_ids", false), ("links", false)];

static TEXTS: Kind = Kind::Text(&TEXT);

/// A network: few attributes, of which one fixes the object.
pub static NETWORK: Schema = Schema {
    type_name: "test_network",
    doc: "A network.",
    inputs: &[
        Field { required: true, force_new: true, ..Field::new("cidr", TEXTS) },
        Field { default: Some(|| Value::Bool(true)), ..Field::new("dns", Kind::Bool) },
        Field::new("name", TEXTS),
        Field::new("tags", Kind::Tags),
    ],
    outputs: &[Field::new("arn", TEXTS), Field::new("id", TEXTS)],
    validate: no_rules,
    stateful: false,
};

/// A machine in a network: one attribute of every sort.
pub static MACHINE: Schema = Schema {
    type_name: "test_machine",
    doc: "A machine.",
    inputs: &[
        Field::new("groups", Kind::Set(&TEXTS)),
        Field { force_new: true, ..Field::new("image", TEXTS) },
        Field { required: true, force_new: true, ..Field::new("network_id", TEXTS) },
        Field { write_only: true, sensitive: true, ..Field::new("password", TEXTS) },
        Field::new("peer_ids", Kind::List(&TEXTS)),
        Field::new("policy", Kind::Text(&JSON)),
        Field::new("port", Kind::List(&PORT)),
        Field::new("renew", Kind::Bool),
        Field::new("rule", Kind::Set(&RULE)),
        Field { force_new_if: Some("renew"), ..Field::new("script", TEXTS) },
        Field { default: Some(|| Value::from("small")), ..Field::new("size", TEXTS) },
        Field::new("tags", Kind::Tags),
        Field { computed: true, ..Field::new("zone", TEXTS) },
    ],
    outputs: &[
        Field::new("arn", TEXTS),
        Field::new("id", TEXTS),
        Field::new("private_ip", TEXTS),
        Field { sensitive: true, ..Field::new("secret", TEXTS) },
    ],
    validate: no_rules,
    stateful: false,
};

static PORT: Kind = Kind::Block(&[
    Field { computed: true, ..Field::new("description", TEXTS) },
    Field { required: true, range: Some((1, 65_535)), ..Field::new("number", Kind::Int) },
    Field { default: Some(|| Value::from("tcp")), ..Field::new("protocol", TEXTS) },
]);

static RULE: Kind = Kind::Block(&[
    Field { required: true, ..Field::new("cidr", TEXTS) },
    Field { required: true, range: Some((1, 65_535)), ..Field::new("port", Kind::Int) },
    Field { computed: true, ..Field::new("rule_id", TEXTS) },
    Field { write_only: true, sensitive: true, ..Field::new("secret", TEXTS) },
]);

/// A note that refers to other notes in both ways: for graphs of any shape.
pub static NOTE: Schema = Schema {
    type_name: "test_note",
    doc: "A note.",
    inputs: &[
        Field { force_new: true, ..Field::new("label", TEXTS) },
        Field::new("links", Kind::Set(&TEXTS)),
        Field { force_new: true, ..Field::new("parent_ids", Kind::Set(&TEXTS)) },
        Field { computed: true, force_new: true, ..Field::new("shade", TEXTS) },
        Field::new("tags", Kind::Tags),
        Field::new("text", TEXTS),
    ],
    outputs: &[Field::new("id", TEXTS)],
    validate: no_rules,
    stateful: false,
};

/// A bucket: its name is its id, and there can be but one of a name.
pub static BUCKET: Schema = Schema {
    type_name: "test_bucket",
    doc: "A bucket.",
    inputs: &[
        Field { required: true, force_new: true, ..Field::new("name", TEXTS) },
        Field::new("versioning", Kind::Bool),
    ],
    outputs: &[Field::new("domain", TEXTS), Field::new("id", TEXTS)],
    validate: no_rules,
    stateful: true,
};
