//! What names stand for: attributes of recorded resources, settings, outputs.
//!
//! The main type is [`Known`].

use infra_sdk::names::{meant, nearest};
use infra_sdk::settings::{SettingNode, SettingValue};
use infra_sdk::store::{Record, State};
use infra_sdk::{Address, Diagnostic, Function, Object, Value};

use crate::config::near_or;
use crate::config::settings::Nodes;
use crate::view::count;

/// The name before settings.
const SETTINGS: &str = "settings";
/// The name before outputs.
const OUTPUT: &str = "output";

/// Everything that an expression can name.
pub(super) struct Known {
    stack: String,
    environment: String,
    state: State,
    settings: Object,
}

impl Known {
    /// What is recorded of a stack, and its settings.
    pub(super) fn new(stack: String, environment: String, state: State, settings: &Nodes) -> Self {
        Self { stack, environment, state, settings: object(settings) }
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
            Some((name, rest)) => {
                entries.get(name).map(|value| (value.clone(), rest)).ok_or_else(|| {
                    let none = self.none(what);
                    unknown(format!("there is no {what} `{name}`"), name, entries, &none)
                })
            }
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
                    let told = format!("`{}` has no attribute `{name}`", record.address);
                    unknown(told, name, &attributes(record), "AWS told nothing of it")
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
        let nearest = nearest(
            &name,
            [SETTINGS, OUTPUT]
                .into_iter()
                .chain(known())
                .chain(attributes.iter().map(String::as_str)),
        );
        error.hint(nearest.map_or_else(|| self.names(), meant))
    }

    /// Where names come from, when none is near.
    fn names(&self) -> String {
        let Self { stack, environment, .. } = self;
        format!(
            "run `infra state list --env {environment} --stack {stack}` for the addresses, or begin \
             with `settings.` or `output.`"
        )
    }

    /// What makes settings or outputs, where there are none.
    fn none(&self, what: &str) -> String {
        let Self { stack, environment, .. } = self;
        if what == OUTPUT {
            format!(
                "no outputs of `{stack}` are recorded: `infra apply --env {environment}` does it"
            )
        } else {
            format!("no settings of `{stack}` are in the file of `{environment}`")
        }
    }

    /// What can be asked, in Markdown.
    pub(super) fn help(&self) -> String {
        let Self { stack, environment, .. } = self;
        let functions: Vec<_> = Function::NAMES.iter().map(|(_, name)| *name).collect();
        format!(
            "| write | for |\n| --- | --- |\n\
             | network.vpc.id | an attribute of a resource; `infra state list --env {environment} \
             --stack {stack}` lists the addresses |\n\
             | settings.zones | a setting in the file of `{environment}`; `settings` for all |\n\
             | output.vpc_id | an output; `output` for all |\n\
             | \"a\", 7, [1, 2], {{a = 1}} | a text, a number, a list, a map |\n\
             | settings.zones[0] | a part of a value |\n\
             | join(\",\", [\"a\", \"b\"]) | what a function makes: {} |\n",
            functions.join(", ")
        )
    }
}

/// A name that is not among these; `none` says what to do where there are none.
fn unknown(told: String, name: &str, entries: &Object, none: &str) -> Diagnostic {
    let known = entries.keys().map(String::as_str);
    Diagnostic::error("console::name", "nothing is known by this name")
        .detail(told)
        .hint(near_or(name, known, none))
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
