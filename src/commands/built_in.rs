//! The page of the reference about built-in types, made of their schemas: they are of no service of
//! AWS, which the pages of docs/reference are of.

use std::fmt::Write as _;
use std::sync::LazyLock;

use infra_sdk::builtin::{Data, RandomId, RandomPassword};
use infra_sdk::protocol::wire::value_to_json;
use infra_sdk::{Field, Schema};

/// What the page is asked for by, beside the services of AWS.
pub(super) const NAME: &str = "builtin";

/// Each type with its name in Rust and an example.
static TYPES: [(&Schema, &str, &str); 3] = [
    (
        &Data::SCHEMA,
        "Data",
        "let release = stack.add(\"release\", builtin::Data::new().input(\"2026-11\"));",
    ),
    (
        &RandomId::SCHEMA,
        "RandomId",
        "let suffix = stack.add(\"suffix\", builtin::RandomId::new(4)).hex();",
    ),
    (
        &RandomPassword::SCHEMA,
        "RandomPassword",
        "let password = stack.add(\"password\", builtin::RandomPassword::new(32)).result();",
    ),
];

/// The page, in the form of those of docs/reference.
pub(super) fn page() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let types = TYPES.iter().map(|(schema, name, example)| section(schema, name, example));
        format!("# {NAME}\n\n{}", types.collect::<String>())
    });
    &PAGE
}

fn section(schema: &Schema, name: &str, example: &str) -> String {
    let mut text = format!(
        "## {}\n\n`infra_sdk::builtin::{name}`. {}\n\n\
         | argument | kind | | |\n| --- | --- | --- | --- |\n",
        schema.type_name,
        cell(schema.doc)
    );
    for field in schema.inputs {
        let Field { name, kind, doc, .. } = field;
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} | {} |",
            kind.describe(),
            cell(&facts(field)),
            cell(doc)
        );
    }
    text.push_str("\n| attribute | kind | |\n| --- | --- | --- |\n");
    for Field { name, kind, doc, sensitive, .. } in schema.outputs {
        let secret = if *sensitive { " Sensitive." } else { "" };
        let _ = writeln!(text, "| `{name}` | {} | {}{secret} |", kind.describe(), cell(doc));
    }
    let _ = writeln!(
        text,
        "\nIt stands in no cloud: it is made once, kept in the state, and costs no call.\n\n\
         ```rust\n{example}\n```\n"
    );
    text
}

fn facts(field: &Field) -> String {
    let mut facts = Vec::new();
    if field.required {
        facts.push("required".to_owned());
    }
    if let Some(default) = field.default {
        facts.push(format!("default `{}`", value_to_json(&default())));
    }
    if field.force_new {
        facts.push("a change replaces".to_owned());
    }
    if let Some((least, most)) = field.range {
        facts.push(format!("{least} to {most}"));
    }
    facts.join(", ")
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
