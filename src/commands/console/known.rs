//! What names stand for: attributes of recorded resources, settings, outputs.
//!
//! The main type is [`Known`].

use infra_sdk::settings::{SettingNode, SettingValue};
use infra_sdk::store::{Record, State};
use infra_sdk::{Address, Diagnostic, Object, Value};

use crate::config::near;
use crate::config::settings::Nodes;
use crate::view::count;

/// The name before settings.
const SETTINGS: &str = "settings";
/// The name before outputs.
const OUTPUT: &str = "output";

/// Everything that an expression can name.
pub(super) struct Known {
    stack: String,
    state: State,
    settings: Object,
}

impl Known {
    /// What is recorded of a stack, and its settings.
    pub(super) fn new(stack: String, state: State, settings: &Nodes) -> Self {
        Self { stack, state, settings: object(settings) }
    }

    /// What there is, in a few words.
    pub(super) fn summary(&self) -> String {
        let resources = count(self.state.records.len(), "resource");
        let outputs = count(self.state.outputs.len(), "output");
        format!("{resources} and {outputs} of `{}`: that", self.stack)
    }

    /// What a dotted name stands for, and the parts that are left: names inside of that.
    ///
    /// # Errors
    /// When it stands for nothing, with the nearest name that stands for something.
    pub(super) fn find<'p>(&self, path: &'p [String]) -> Result<(Value, &'p [String]), Diagnostic> {
        let own = |entries: &Object, what: &str, rest: &'p [String]| match rest.split_first() {
            None => Ok((Value::Map(entries.clone()), rest)),
            Some((name, rest)) => match entries.get(name) {
                Some(value) => Ok((value.clone(), rest)),
                None => Err(unknown(what, name, entries.keys().map(String::as_str))),
            },
        };
        match path.split_first() {
            Some((first, rest)) if first == SETTINGS => own(&self.settings, "setting", rest)
                .map_err(|error| error.hint("what is not in a file has the default of the code")),
            Some((first, rest)) if first == OUTPUT => own(&self.state.outputs, "output", rest),
            _ => self.attribute(path),
        }
    }

    /// The longest beginning that is an address, and an attribute of what is recorded there.
    fn attribute<'p>(&self, path: &'p [String]) -> Result<(Value, &'p [String]), Diagnostic> {
        let found = (1..=path.len()).rev().find_map(|length| {
            let address = Address::parse(&path[..length].join(".")).ok()?;
            Some((self.state.records.get(&address)?, &path[length..]))
        });
        let Some((record, rest)) = found else {
            return Err(self.unknown_address(path));
        };
        match rest.split_first() {
            None => Ok((Value::Map(attributes(record)), rest)),
            Some((name, rest)) => {
                let value = record.outputs.get(name).or_else(|| record.inputs.get(name)).cloned();
                let value = value.ok_or_else(|| {
                    let attributes = attributes(record);
                    let what = format!("attribute of `{}`", record.address);
                    unknown(&what, name, attributes.keys().map(String::as_str))
                })?;
                Ok((value, rest))
            }
        }
    }

    fn unknown_address(&self, path: &[String]) -> Diagnostic {
        let name = path.join(".");
        let scope = format!("{name}.");
        let known = || self.state.records.keys().map(Address::as_str);
        let error = Diagnostic::error("console::name", "nothing is known by this name")
            .detail(format!("`{name}`"));
        if let Some(inside) = known().find(|known| known.starts_with(&scope)) {
            return error.hint(format!("it is a scope: name what is in it, such as `{inside}`"));
        }
        // An address was meant, or an attribute of one.
        let attributes = self.state.records.values().flat_map(|record| {
            attributes(record).into_keys().map(move |name| format!("{}.{name}", record.address))
        });
        let attributes: Vec<_> = attributes.collect();
        let nearest = near(
            &name,
            [SETTINGS, OUTPUT]
                .into_iter()
                .chain(known())
                .chain(attributes.iter().map(String::as_str)),
        );
        error.hint(if nearest.starts_with("write ") { nearest } else { NAMES.to_owned() })
    }
}

/// Where names come from, when none is near.
const NAMES: &str =
    "run `infra state list` for the addresses, or begin with `settings.` or `output.`";

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Diagnostic {
    Diagnostic::error("console::name", "nothing is known by this name")
        .detail(format!("there is no {what} `{name}`"))
        .hint(near(name, known))
}

fn attributes(record: &Record) -> Object {
    let mut attributes = record.inputs.clone();
    attributes.extend(record.outputs.clone());
    attributes.retain(|_, value| !value.is_null());
    attributes
}

/// Settings as values.
fn object(nodes: &Nodes) -> Object {
    nodes.iter().map(|(name, node)| (name.clone(), value(node))).collect()
}

fn value(node: &SettingNode) -> Value {
    match &node.value {
        SettingValue::Bool(truth) => Value::Bool(*truth),
        SettingValue::Integer(number) => Value::Int(*number),
        SettingValue::Float(number) => Value::Float(*number),
        SettingValue::Text(text) => Value::from(text.as_str()),
        SettingValue::List(items) => Value::List(items.iter().map(value).collect()),
        SettingValue::Table(nodes) => Value::Map(object(nodes)),
    }
}
