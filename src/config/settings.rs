//! Settings of the stacks in an environment: `ENV.toml` in the settings folder, one top-level table
//! per stack, overridden by `--var-file` files of the same form.
//!
//! Start reading at [`load`]. What the settings mean is the stack's to say; here each only gets the
//! place it came from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use infra_sdk::settings::{Origin, SettingNode, SettingValue};
use infra_sdk::{Diagnostic, Location};
use toml::Spanned;
use toml::de::DeValue;

use crate::config::{Document, Environment, Project};
use crate::error::Result;

/// Settings of one stack by name.
pub(crate) type Nodes = BTreeMap<String, SettingNode>;

/// The settings of a stack, and the line that begins them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StackSettings {
    /// Its settings.
    pub(crate) nodes: Nodes,
    /// Where its table begins.
    pub(crate) location: Location,
}

/// Path of the settings of an environment, as it is shown: relative to the project.
pub(crate) fn file_name(project: &Project, environment: &Environment) -> String {
    format!("{}/{}.toml", project.settings.trim_end_matches('/'), environment.name)
}

/// Names the table and the file, where the stack program could only say which ones they are.
pub(crate) fn name_place(diagnostic: &mut Diagnostic, file: &str, stack: &str) {
    let place = format!("under `[{stack}]` in `{file}`");
    for hint in &mut diagnostic.hints {
        *hint = hint.replace(PLACE, &place);
    }
}

/// The words of `settings::missing` for where a setting goes.
const PLACE: &str = "under the table of this stack in the settings file of this environment";

/// Settings of every stack that has some in this environment, by stack.
///
/// # Errors
/// When a file cannot be read, is not TOML, or has values outside the tables of stacks.
pub(crate) fn load(
    project: &Project,
    environment: &Environment,
    overrides: &[PathBuf],
) -> Result<BTreeMap<String, StackSettings>> {
    let name = file_name(project, environment);
    let mut all = BTreeMap::new();
    if let Some(document) = Document::read(&project.root.join(&name), &name)? {
        merge(&mut all, read(&document)?);
    }
    for path in overrides {
        let shown = path.display().to_string();
        let Some(document) = Document::read(path, &shown)? else {
            return Err(Diagnostic::error("settings::file", "there is no such file")
                .detail(format!("`{shown}`, given with `--var-file`"))
                .into());
        };
        merge(&mut all, read(&document)?);
    }
    Ok(all)
}

fn read(document: &Document) -> Result<BTreeMap<String, StackSettings>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut all = BTreeMap::new();
    for (key, value) in document.parse()? {
        let location = document.location(key.span());
        let stack = key.into_inner().into_owned();
        match node(document, &value, &mut problems).map(|node| node.value) {
            Some(SettingValue::Table(nodes)) => {
                all.insert(stack, StackSettings { nodes, location });
            }
            Some(_) => problems.push(
                Diagnostic::error("settings::stack", "a setting stands outside a stack")
                    .detail(format!("`{stack}` is not in a table `[STACK]`"))
                    .location(Some(location))
                    .hint("begin the settings of a stack with a line `[STACK]`"),
            ),
            None => {}
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// Later files win, value by value.
fn merge(all: &mut BTreeMap<String, StackSettings>, more: BTreeMap<String, StackSettings>) {
    for (stack, settings) in more {
        match all.get_mut(&stack) {
            Some(known) => merge_nodes(&mut known.nodes, settings.nodes),
            None => {
                all.insert(stack, settings);
            }
        }
    }
}

fn merge_nodes(known: &mut Nodes, more: Nodes) {
    for (name, node) in more {
        match (known.get_mut(&name).map(|n| &mut n.value), node.value) {
            (Some(SettingValue::Table(inner)), SettingValue::Table(new)) => merge_nodes(inner, new),
            (_, value) => {
                known.insert(name, SettingNode { value, origin: node.origin });
            }
        }
    }
}

fn node(
    document: &Document,
    spanned: &Spanned<DeValue<'_>>,
    problems: &mut Vec<Diagnostic>,
) -> Option<SettingNode> {
    let location = document.location(spanned.span());
    let mut number = |what: &str| {
        problems.push(
            Diagnostic::error("settings::number", "a number does not fit")
                .detail(format!("`{what}` is outside of what 64 bits hold"))
                .location(Some(location.clone())),
        );
    };
    let value = match spanned.get_ref() {
        DeValue::String(text) => SettingValue::Text(text.to_string()),
        DeValue::Boolean(truth) => SettingValue::Bool(*truth),
        DeValue::Datetime(moment) => SettingValue::Text(moment.to_string()),
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(number) => SettingValue::Integer(number),
            Err(_) => {
                number(digits.as_str());
                return None;
            }
        },
        DeValue::Float(digits) => match digits.as_str().parse() {
            Ok(number) => SettingValue::Float(number),
            Err(_) => {
                number(digits.as_str());
                return None;
            }
        },
        DeValue::Array(items) => SettingValue::List(
            items.iter().filter_map(|item| node(document, item, problems)).collect(),
        ),
        DeValue::Table(entries) => SettingValue::Table(
            entries
                .iter()
                .filter_map(|(key, item)| {
                    Some((key.get_ref().to_string(), node(document, item, problems)?))
                })
                .collect(),
        ),
    };
    let Location { file, line, column } = location;
    Some(SettingNode { value, origin: Origin::File { file, line, column } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, text: &str) -> BTreeMap<String, StackSettings> {
        read(&Document::from_text(name, text)).expect("valid")
    }

    #[test]
    fn every_setting_knows_where_it_stands() {
        let all = settings("e.toml", "[web]\nzones = 0x10\ndatabase.class = \"db.t4g\"\n");
        let web = &all["web"];
        assert_eq!(web.location.line, 1);
        assert_eq!(
            web.nodes["zones"],
            SettingNode {
                value: SettingValue::Integer(16),
                origin: Origin::File { file: "e.toml".to_owned(), line: 2, column: 9 },
            }
        );
    }

    #[test]
    fn an_override_replaces_only_what_it_names() {
        let mut all = settings("e.toml", "[web]\na = 1\n[web.database]\nclass = \"x\"\nsize = 1\n");
        merge(&mut all, settings("o.toml", "[web]\ndatabase.size = 2\n"));
        let SettingValue::Table(database) = &all["web"].nodes["database"].value else {
            panic!("a table")
        };
        assert_eq!(database["class"].value, SettingValue::Text("x".to_owned()));
        assert_eq!(database["size"].value, SettingValue::Integer(2));
        assert_eq!(database["size"].origin.location().expect("a file").file, "o.toml");
        assert_eq!(all["web"].nodes["a"].value, SettingValue::Integer(1));
    }

    #[test]
    fn a_setting_that_is_missing_is_told_where_it_goes() {
        let mut missing = Diagnostic::error("settings::missing", "a required setting is not set")
            .hint(format!("write `zones = …` {PLACE}"))
            .hint("or pass it once with `--var zones=…`");
        name_place(&mut missing, "stacks/settings/dev.toml", "web");
        assert_eq!(
            missing.hints,
            [
                "write `zones = …` under `[web]` in `stacks/settings/dev.toml`",
                "or pass it once with `--var zones=…`"
            ]
        );
    }

    #[test]
    fn what_is_outside_a_stack_or_too_large_is_refused() {
        let text = "zones = 2\n[web]\nn = 99999999999999999999\n";
        let problems = read(&Document::from_text("e.toml", text)).expect_err("wrong");
        let codes: Vec<_> = problems.iter().map(|p| p.code.as_str()).collect();
        assert_eq!(codes, ["settings::number", "settings::stack"]);
    }
}
