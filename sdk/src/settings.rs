//! Settings: what differs between environments, typed by the stack and checked with the place each
//! value came from.
//!
//! The main type is [`Settings`], made by its derive. `infra` reads the files and the command line
//! into [`SettingNode`]s, each with its [`Origin`]; the program turns them into the stack's type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Diagnostic, Location};

/// A setting as given, with where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingNode {
    /// The value.
    pub value: SettingValue,
    /// Where it came from.
    pub origin: Origin,
}

/// The value of a setting as given. Text from the command line is `Text` whatever it is meant to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum SettingValue {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<SettingNode>),
    /// Named values.
    Table(BTreeMap<String, SettingNode>),
}

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Origin {
    /// A line of a settings file.
    File {
        /// Path of the file.
        file: String,
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
    },
    /// `--var name=value`: the value is text and is parsed by what the setting is.
    Argument,
}

impl Origin {
    /// The place in a file, where there is one.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::File { file, line, column } => {
                Some(Location { file: file.clone(), line: *line, column: *column })
            }
            Self::Argument => None,
        }
    }
}

/// A type of which a stack's settings are made, usually by `#[derive(Settings)]`.
pub trait Settings: Sized {
    /// Reads the settings from named nodes. `path` is empty, or the dotted path of a nested table;
    /// everything wrong is added to `problems`, and then the result is `None`.
    fn read(
        path: &str,
        nodes: &BTreeMap<String, SettingNode>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self>;
}

/// A stack without settings.
impl Settings for () {
    fn read(
        _: &str,
        nodes: &BTreeMap<String, SettingNode>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        for (name, node) in nodes {
            problems.push(unknown_setting(name, node, &[]));
        }
        nodes.is_empty().then_some(())
    }
}

/// The diagnostic for a setting that the stack does not have.
#[must_use]
pub fn unknown_setting(path: &str, node: &SettingNode, known: &[&str]) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("settings::unknown", "the stack has no such setting")
        .detail(format!("`{path}` is set, and no setting has that name"))
        .location(node.origin.location());
    if !known.is_empty() {
        diagnostic = diagnostic.hint(format!("the settings are: {}", known.join(", ")));
    }
    diagnostic
}
