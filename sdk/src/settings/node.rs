//! Settings as given: values with where each came from, as they cross the pipe.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Location;

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
