//! Reads a table of settings: what `#[derive(Settings)]` calls.
//!
//! The main types are [`Settings`], the result, and [`Reader`], which goes through the settings of
//! one table and collects everything wrong with them.

use std::collections::BTreeMap;

use super::node::{Origin, SettingNode, SettingValue};
use super::problem::{missing, unfit, unknown_setting};
use super::types::{SettingType, from_json};
use crate::Diagnostic;

/// A type of which a stack's settings are made, usually by `#[derive(Settings)]`.
///
/// ```
/// use infra_sdk::Settings;
/// use infra_sdk::ipnet::Ipv4Net;
///
/// /// Settings of the platform.
/// #[derive(Debug, Settings)]
/// pub struct Platform {
///     /// IPv4 range of the VPC.
///     pub vpc_cidr: Ipv4Net,
///     /// Availability zones to use.
///     #[setting(default = 2, range = 2..=3)]
///     pub zones: usize,
///     /// The database.
///     pub database: Database,
/// }
///
/// /// Settings of the database.
/// #[derive(Debug, Settings)]
/// pub struct Database {
///     /// Instance class.
///     #[setting(default = "db.t4g.micro")]
///     pub class: String,
/// }
/// ```
///
/// A field without `default` must be set, unless it is an `Option` or a table whose settings may
/// all be left out. The types that a setting can have implement [`SettingType`].
pub trait Settings: Sized {
    /// Reads the settings from named nodes. `path` is empty, or the dotted path of a nested table;
    /// everything wrong is added to `problems`, and then the result is `None`.
    fn read(
        path: &str,
        nodes: &BTreeMap<String, SettingNode>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self>;

    /// Every setting, tables followed by what is in them.
    fn describe() -> Vec<SettingDescription>;
}

/// A stack without settings.
impl Settings for () {
    fn read(
        path: &str,
        nodes: &BTreeMap<String, SettingNode>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        Reader::new(path, nodes, problems).finish()
    }

    fn describe() -> Vec<SettingDescription> {
        Vec::new()
    }
}

/// A setting for documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDescription {
    /// Its dotted path: `database.class`. `[]` stands for an element of a list, `*` for any name.
    pub path: String,
    /// What a person calls its type: `whole number`.
    pub kind: String,
    /// Its documentation, in Markdown.
    pub doc: String,
    /// Whether it has to be set.
    pub required: bool,
    /// Its default, as it would be written in a settings file.
    pub default: Option<String>,
    /// What it is restricted to: `from 2 to 3`.
    pub range: Option<String>,
}

/// One setting of a table, as its derive describes it.
pub struct Setting<T> {
    name: &'static str,
    doc: &'static str,
    default: Option<fn() -> T>,
    range: Option<Range<T>>,
}

struct Range<T> {
    text: String,
    contains: Box<dyn Fn(&T) -> bool>,
}

/// A setting without default and range.
#[must_use]
pub fn setting<T: SettingType>(name: &'static str, doc: &'static str) -> Setting<T> {
    Setting { name, doc, default: None, range: None }
}

// The bounds stand at the methods: the compiler then names the type that is no setting, instead of
// saying that there is no such method.
impl<T> Setting<T> {
    /// Gives it a default.
    #[must_use]
    pub fn default(mut self, default: fn() -> T) -> Self {
        self.default = Some(default);
        self
    }

    /// Restricts it to a range, ends included.
    #[must_use]
    pub fn range(mut self, least: T, most: T) -> Self
    where
        T: SettingType + PartialOrd + 'static,
    {
        let text = format!("from {} to {}", least.show(), most.show());
        self.range = Some(Range {
            text,
            contains: Box::new(move |value| (&least..=&most).contains(&value)),
        });
        self
    }

    /// The setting and what is in it.
    #[must_use]
    pub fn describe(&self) -> Vec<SettingDescription>
    where
        T: SettingType,
    {
        self.described(self.default.is_none() && !T::TABLE)
    }

    /// The same, of one that may be left out.
    #[must_use]
    pub fn describe_optional(&self) -> Vec<SettingDescription>
    where
        T: SettingType,
    {
        self.described(false)
    }

    fn described(&self, required: bool) -> Vec<SettingDescription>
    where
        T: SettingType,
    {
        let own = SettingDescription {
            path: self.name.to_owned(),
            kind: T::kind(),
            doc: self.doc.to_owned(),
            required,
            default: self.default.map(|default| default().show()),
            range: self.range.as_ref().map(|range| range.text.clone()),
        };
        let inside = T::inside()
            .into_iter()
            .map(|inner| SettingDescription { path: join(self.name, &inner.path), ..inner });
        std::iter::once(own).chain(inside).collect()
    }
}

/// Goes through the settings of one table.
pub struct Reader<'a> {
    path: &'a str,
    nodes: &'a BTreeMap<String, SettingNode>,
    problems: &'a mut Vec<Diagnostic>,
    known: Vec<String>,
    problems_before: usize,
}

impl<'a> Reader<'a> {
    /// A reader of the table at `path`.
    #[must_use]
    pub fn new(
        path: &'a str,
        nodes: &'a BTreeMap<String, SettingNode>,
        problems: &'a mut Vec<Diagnostic>,
    ) -> Self {
        let problems_before = problems.len();
        Self { path, nodes, problems, known: Vec::new(), problems_before }
    }

    /// Reads a setting that must be set, or has a default. `None` says that a problem was added.
    pub fn read<T: SettingType>(&mut self, setting: Setting<T>) -> Option<T> {
        let found = self.find(&setting)?;
        if let Some(value) = found {
            return Some(value);
        }
        if let Some(default) = setting.default {
            return Some(default());
        }
        let path = join(self.path, setting.name);
        if T::TABLE {
            // What is in the table may have defaults, and what has none is reported by its own name.
            let nothing = SettingNode {
                value: SettingValue::Table(BTreeMap::new()),
                origin: Origin::Argument,
            };
            return T::read(&path, &nothing, self.problems);
        }
        let range = setting.range.as_ref().map(|range| range.text.as_str());
        self.problems.push(missing(&path, &T::kind(), setting.doc, range));
        None
    }

    /// Reads a setting that may be left out. The outer `None` says that a problem was added.
    pub fn read_optional<T: SettingType>(&mut self, setting: Setting<T>) -> Option<Option<T>> {
        self.find(&setting)
    }

    /// Reports settings that nobody asked for. `None` says that there were problems.
    pub fn finish(self) -> Option<()> {
        let known: Vec<_> = self.known.iter().map(String::as_str).collect();
        for (name, node) in self.nodes {
            let path = join(self.path, name);
            if !known.contains(&path.as_str()) {
                self.problems.push(unknown_setting(&path, node, &known));
            }
        }
        (self.problems.len() == self.problems_before).then_some(())
    }

    /// The setting as given. The outer `None` says that a problem was added.
    fn find<T: SettingType>(&mut self, setting: &Setting<T>) -> Option<Option<T>> {
        let path = join(self.path, setting.name);
        let found = self.nodes.get(setting.name);
        self.known.push(path.clone());
        let Some(node) = found else { return Some(None) };
        let value = T::read(&path, node, self.problems)?;
        if let Some(range) = &setting.range
            && !(range.contains)(&value)
        {
            self.problems.push(unfit(&path, node, &range.text));
            return None;
        }
        Some(Some(value))
    }
}

/// Reads a nested table. What is missing in it is reported at the table.
pub fn read_table<S: Settings>(
    path: &str,
    node: &SettingNode,
    problems: &mut Vec<Diagnostic>,
) -> Option<S> {
    let parsed = from_json(node);
    let SettingValue::Table(entries) = &parsed.as_ref().unwrap_or(node).value else {
        problems.push(unfit(path, node, "a table"));
        return None;
    };
    let before = problems.len();
    let settings = S::read(path, entries, problems);
    for problem in &mut problems[before..] {
        if problem.location.is_none() {
            problem.location = node.origin.location();
        }
    }
    settings
}

/// A table as it would be written in a settings file.
#[must_use]
pub fn show_table<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<_> =
        entries.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// A step further down a path.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() || name.starts_with('[') {
        format!("{path}{name}")
    } else {
        format!("{path}.{name}")
    }
}
