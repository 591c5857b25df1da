//! The reference in docs/reference, made of the definitions: a page a service, and one of the
//! built-in types.
//!
//! A test holds the pages against the code; `INFRA_WRITE_DOCS=1 cargo test --workspace reference`
//! writes them. An example is the source of the type's conformance fixture, so it compiles and was
//! applied.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use infra_sdk::checks::preview;
use infra_sdk::protocol::wire::value_to_json;
use infra_sdk::stack::LookupSchema;
use infra_sdk::{Environment, Field, Kind, Schema, Value};

use super::built_in::{self, BuiltIn};
use crate::frame::adapter::AnyHandler;
use crate::frame::calls::CreateClass;
use crate::types::{LOOKUPS, TYPES};

/// Everything below `aws/src`, and the registry's lines.
struct Source {
    files: BTreeMap<PathBuf, String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

impl Source {
    fn read() -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![root()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = std::fs::read_to_string(&path).expect("text");
                    files.insert(path, text);
                }
            }
        }
        Self { files }
    }

    /// What stands between `before` and `after` in the registry, line by line.
    fn registered(&self, before: &str, after: &str) -> Vec<String> {
        let types = &self.files[&root().join("types.rs")];
        let paths = types.lines().filter_map(|line| line.trim().strip_prefix(before));
        paths.filter_map(|line| line.strip_suffix(after)).map(str::to_owned).collect()
    }

    /// The file with the conformance test of a type, and where the test begins.
    fn fixture(&self, type_name: &str) -> Option<(&Path, &str)> {
        let wanted = format!("{type_name},");
        self.files.iter().find_map(|(path, text)| {
            let mut tests = text.match_indices("conforms!(");
            let (at, _) = tests.find(|(at, test)| {
                let test = text[at + test.len()..].trim_start();
                test.strip_prefix(&wanted)
                    .is_some_and(|rest| rest.trim_start().starts_with("Fixture {\n"))
            })?;
            Some((path.as_path(), &text[at..]))
        })
    }

    /// The source that declares a type in its fixture.
    fn example(&self, type_name: &str) -> Option<String> {
        let (path, test) = self.fixture(type_name)?;
        let base = &test[test.find("base: ")? + 6..];
        let body = base.split_once("| ").filter(|_| base.starts_with('|')).map_or(base, |(_, b)| b);
        if body.starts_with('{') {
            return Some(dedent(inside(body)?));
        }
        let body = body.strip_prefix("drop(").unwrap_or(body);
        let helper = format!("fn {}(", body.split(['(', ',']).next()?.rsplit("::").next()?);
        let near = |other: &&PathBuf| {
            other.parent() == path.parent() && self.files[*other].contains(&helper)
        };
        let text = &self.files
            [Some(&path.to_path_buf()).filter(near).or_else(|| self.files.keys().find(near))?];
        let start = text.find(&helper)?;
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let length = text[start..].find('{')?;
        let end = start + length + inside(&text[start + length..])?.len() + 2;
        Some(dedent(&text[line..end]))
    }
}

/// What stands in the braces that a text begins with.
fn inside(text: &str) -> Option<&str> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[1..at]);
        }
    }
    None
}

fn dedent(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let width = |line: &&str| line.len() - line.trim_start().len();
    let margin = lines.iter().map(width).min().unwrap_or(0);
    lines.iter().map(|line| line[margin..].trim_end()).collect::<Vec<_>>().join("\n")
}

/// The fields of the blocks in a kind.
fn block(kind: &Kind) -> Option<&'static [Field]> {
    match kind {
        Kind::Block(fields) => Some(fields),
        Kind::List(of) | Kind::Set(of) | Kind::Map(of) => block(of),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    format!("`{}`", value_to_json(value))
}

fn facts(field: &Field) -> String {
    let mut facts = Vec::new();
    if field.required {
        facts.push("required".to_owned());
    }
    if let Some(default) = field.default {
        facts.push(format!("default {}", shown(&default())));
    }
    if field.computed {
        facts.push("left out, AWS chooses".to_owned());
    }
    if field.force_new {
        facts.push("a change replaces".to_owned());
    }
    if let Some(name) = field.force_new_if {
        facts.push(format!("a change replaces where `{name}` is true"));
    }
    if let Some((least, most)) = field.range {
        facts.push(match most {
            i64::MAX => format!("{least} or more"),
            _ => format!("{least} to {most}"),
        });
    }
    if field.sensitive {
        facts.push("sensitive".to_owned());
    }
    if field.write_only {
        facts.push("never shown by AWS".to_owned());
    }
    facts.join(", ")
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    without_paths(&text.split_whitespace().collect::<Vec<_>>().join(" ")).replace('|', "\\|")
}

/// Text whose links to Rust paths, which only rustdoc follows, are what they are called.
fn without_paths(text: &str) -> String {
    let mut parts = text.split("](super::");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some(open) = plain.rfind('[') {
            plain.remove(open);
        }
        plain.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    plain
}

/// The table of some fields, and of the blocks in them. Nested ones have dotted names.
fn arguments(page: &mut String, fields: &[Field]) {
    let _ = writeln!(page, "| argument | kind | | |\n| --- | --- | --- | --- |");
    let mut seen = Vec::new();
    rows(page, fields, "", &mut seen);
}

fn rows(page: &mut String, fields: &[Field], prefix: &str, told: &mut Vec<*const Field>) {
    for field in fields {
        let _ = writeln!(
            page,
            "| `{prefix}{}` | {} | {} | {} |",
            field.name,
            cell(&field.kind.describe()),
            cell(&facts(field)),
            cell(field.doc)
        );
        // A block that stands in many places is told at the first.
        if let Some(inner) = block(&field.kind)
            && !told.contains(&inner.as_ptr())
        {
            told.push(inner.as_ptr());
            rows(page, inner, &format!("{prefix}{}.", field.name), told);
        }
    }
}

fn answers(page: &mut String, fields: &[Field], prefix: &str) {
    for field in fields {
        let secret = if field.sensitive { " Sensitive." } else { "" };
        let _ = writeln!(
            page,
            "| `{prefix}{}` | {} | {}{secret} |",
            field.name,
            cell(&field.kind.describe()),
            cell(field.doc)
        );
        if let Some(inner) = block(&field.kind) {
            answers(page, inner, &format!("{prefix}{}.", field.name));
        }
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// What a type takes and gives.
fn fields(page: &mut String, path: &str, schema: &Schema) {
    let (name, about) = (schema.type_name, cell(schema.doc));
    let _ = writeln!(page, "## {name}\n\n`{path}`. {about}\n");
    arguments(page, schema.inputs);
    let _ = writeln!(page, "\n| attribute | kind | |\n| --- | --- | --- |");
    answers(page, schema.outputs, "");
}

fn resource(page: &mut String, source: &Source, path: &str, handler: &dyn AnyHandler) {
    let (schema, calls) = (handler.schema(), handler.calls());
    fields(page, &format!("infra_aws::{path}"), schema);
    let again = match calls.class {
        CreateClass::Token => "is sent again under its client token",
        CreateClass::Name => "is found by its name",
        CreateClass::Tags => "is found by its ownership tags",
        CreateClass::Relation => "is found by its two ends",
        CreateClass::Neither => "is found among what is listed",
    };
    let _ = writeln!(page, "\nA create whose answer was lost {again}.\n");
    let _ = writeln!(page, "Operations: {}.\n", list(calls.operations));
    let _ = writeln!(page, "IAM actions: {}.\n", list(calls.actions));
    if let Some(text) = source.example(schema.type_name) {
        example(page, &text);
    }
}

fn example(page: &mut String, text: &str) {
    let _ = writeln!(page, "```rust\n{text}\n```\n");
}

/// The page of the built-in types.
fn built_in() -> (Vec<&'static str>, String) {
    let mut page = String::new();
    for BuiltIn { schema, name, .. } in &built_in::TYPES {
        fields(&mut page, &format!("infra_sdk::builtin::{name}"), schema);
        let _ = writeln!(page, "\n{}\n", built_in::ABOUT);
        let start = format!("fn {}(stack: &mut Stack) ", schema.type_name);
        let (_, text) = built_in::SOURCE.split_once(&start).expect("an example");
        example(&mut page, &dedent(inside(text).expect("a body")));
    }
    (built_in::TYPES.iter().map(|of| of.schema.type_name).collect(), page)
}

fn lookup(page: &mut String, path: &str, schema: &LookupSchema) {
    let path = path.split("::handler").next().unwrap_or(path);
    let _ = writeln!(page, "## {} (lookup)\n", schema.name);
    let _ = writeln!(page, "In `infra_aws::{path}`. {}\n", cell(schema.doc));
    let _ = writeln!(page, "| answer | kind | |\n| --- | --- | --- |");
    answers(page, block(&schema.answer).unwrap_or_default(), "");
    page.push('\n');
}

/// The pages by name.
fn pages() -> BTreeMap<String, String> {
    let source = Source::read();
    let mut services: BTreeMap<String, (Vec<&'static str>, String)> = BTreeMap::new();
    let of = |path: &str| path.split("::").next().unwrap_or_default().to_owned();
    let types = source.registered("&Adapter::<", ">::new(),");
    assert_eq!(types.len(), TYPES.len(), "a line of the registry is written otherwise");
    for (path, handler) in types.iter().zip(TYPES) {
        let (names, page) = services.entry(of(path)).or_default();
        names.push(handler.schema().type_name);
        resource(page, &source, path, *handler);
    }
    let mut lookups = source.registered("&", ",");
    lookups.retain(|path| path.contains("::handler::"));
    assert_eq!(lookups.len(), LOOKUPS.len(), "a line of the registry is written otherwise");
    for (path, handler) in lookups.iter().zip(LOOKUPS) {
        let (names, page) = services.entry(of(path)).or_default();
        names.push(handler.schema.name);
        lookup(page, path, handler.schema);
    }
    services.insert(built_in::NAME.to_owned(), built_in());
    let mut index = format!(
        "# Reference\n\nEvery resource type and lookup, made of the code: {HOW}\n\n\
         An argument that is not required and has no default may be left out. Examples are the \
         sources of the\nconformance tests; `name` and `unique` are texts for names.\n\n\
         | service | types |\n| --- | --- |\n"
    );
    let mut pages = BTreeMap::new();
    for (service, (names, page)) in services {
        let _ = writeln!(index, "| [{service}]({service}.md) | {} |", list(&names));
        pages.insert(format!("{service}.md"), format!("# {service}\n\n{}\n", page.trim_end()));
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

const HOW: &str = "`INFRA_WRITE_DOCS=1 cargo test --workspace reference`.";

#[test]
fn the_pages_are_what_the_code_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference");
    let pages = pages();
    if std::env::var_os("INFRA_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(&folder).expect("made");
        for (name, page) in &pages {
            std::fs::write(folder.join(name), page).expect("written");
        }
    }
    for (name, page) in &pages {
        let written = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(written == *page, "docs/reference/{name} is old: {HOW}");
    }
    let files = std::fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(files, pages.len(), "a page of docs/reference is of no service");
}

#[test]
fn an_example_of_a_built_in_type_declares_one() {
    for BuiltIn { schema, example, .. } in &built_in::TYPES {
        let (name, region) = ("test".to_owned(), "us-west-2".to_owned());
        let environment = Environment { name, region, protected: false };
        let plan = preview(environment, &[schema], example);
        let declared: Vec<_> = plan.all.iter().map(|planned| &planned.type_name).collect();
        assert_eq!(declared, [schema.type_name]);
    }
}

#[test]
fn every_type_has_an_example() {
    let source = Source::read();
    let names = TYPES.iter().map(|handler| handler.schema().type_name);
    let without: Vec<_> = names.filter(|name| source.example(name).is_none()).collect();
    assert!(without.is_empty(), "{without:?}");
}
