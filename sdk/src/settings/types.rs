//! The types that a setting can have.
//!
//! The main type is [`SettingType`]. Text from the command line is parsed by what the setting is;
//! lists are separated by commas there, and `[…]` and `{…}` are read as JSON.

use std::collections::BTreeMap;
use std::str::FromStr;

use ipnet::Ipv4Net;

use super::node::{Origin, SettingNode, SettingValue};
use super::problem::unfit;
use super::reader::{SettingDescription, join, show_table};
use crate::Diagnostic;

/// A type that a setting can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a setting",
    note = "use a number, `bool`, `String`, `Ipv4Net`, a list or map of these, an enum with `#[derive(Choice)]`, or a struct with `#[derive(Settings)]`"
)]
pub trait SettingType: Sized {
    /// Whether it is a table: one that is left out is read as an empty one.
    const TABLE: bool = false;

    /// What a person calls the type, with its article: `a whole number`.
    fn kind() -> String;

    /// Reads the value of the setting at `path`. What is wrong is added to `problems`, and then the
    /// result is `None`.
    fn read(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<Self>;

    /// The value as it would be written in a settings file.
    fn show(&self) -> String;

    /// The settings inside, with their paths from here.
    fn inside() -> Vec<SettingDescription> {
        Vec::new()
    }
}

/// Reads a setting that is text in the file too: a name, a network, a choice.
pub fn read_text<T>(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<T>
where
    T: SettingType + FromStr,
{
    let value = match &node.value {
        SettingValue::Text(text) => text.parse().ok(),
        _ => None,
    };
    if value.is_none() {
        problems.push(unfit(path, node, &T::kind()));
    }
    value
}

/// The text of a value that came from the command line.
fn argument(node: &SettingNode) -> Option<&str> {
    match (&node.origin, &node.value) {
        (Origin::Argument, SettingValue::Text(text)) => Some(text),
        _ => None,
    }
}

/// A list or table written as JSON on the command line.
pub(super) fn from_json(node: &SettingNode) -> Option<SettingNode> {
    let text = argument(node)?;
    if !text.starts_with(['[', '{']) {
        return None;
    }
    serde_json::from_str(text).ok().and_then(|json| json_node(&json))
}

fn json_node(json: &serde_json::Value) -> Option<SettingNode> {
    use serde_json::Value as Json;
    let value = match json {
        Json::Null => return None,
        Json::Bool(value) => SettingValue::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => SettingValue::Integer(number),
            None => SettingValue::Float(number.as_f64()?),
        },
        Json::String(text) => SettingValue::Text(text.clone()),
        Json::Array(items) => {
            SettingValue::List(items.iter().map(json_node).collect::<Option<_>>()?)
        }
        Json::Object(entries) => SettingValue::Table(
            entries
                .iter()
                .map(|(name, item)| Some((name.clone(), json_node(item)?)))
                .collect::<Option<_>>()?,
        ),
    };
    Some(SettingNode { value, origin: Origin::Argument })
}

impl SettingType for bool {
    fn kind() -> String {
        "`true` or `false`".to_owned()
    }

    fn read(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let value = match &node.value {
            SettingValue::Bool(value) => Some(*value),
            _ => argument(node).and_then(|text| text.parse().ok()),
        };
        if value.is_none() {
            problems.push(unfit(path, node, &Self::kind()));
        }
        value
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// The whole number that a node holds, wide enough for every type of integer.
fn whole_number(node: &SettingNode) -> Option<i128> {
    match &node.value {
        SettingValue::Integer(number) => Some(i128::from(*number)),
        _ => argument(node).and_then(|text| text.parse().ok()),
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl SettingType for $integer {
            fn kind() -> String {
                "a whole number".to_owned()
            }

            fn read(
                path: &str,
                node: &SettingNode,
                problems: &mut Vec<Diagnostic>,
            ) -> Option<Self> {
                let Some(number) = whole_number(node) else {
                    problems.push(unfit(path, node, &Self::kind()));
                    return None;
                };
                let value = Self::try_from(number).ok();
                if value.is_none() {
                    let range = format!("{} from {} to {}", Self::kind(), Self::MIN, Self::MAX);
                    problems.push(unfit(path, node, &range));
                }
                value
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl SettingType for f64 {
    fn kind() -> String {
        "a number".to_owned()
    }

    fn read(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let number = match &node.value {
            SettingValue::Float(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "settings are far below 2^52")]
            SettingValue::Integer(number) => Some(*number as Self),
            _ => argument(node).and_then(|text| text.parse().ok()),
        };
        let number = number.filter(|number: &Self| number.is_finite());
        if number.is_none() {
            problems.push(unfit(path, node, &Self::kind()));
        }
        number
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl SettingType for String {
    fn kind() -> String {
        "text".to_owned()
    }

    fn read(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        read_text(path, node, problems)
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl SettingType for Ipv4Net {
    fn kind() -> String {
        "an IPv4 CIDR".to_owned()
    }

    fn read(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let network: Self = read_text(path, node, problems)?;
        if network.trunc() != network {
            let expected = format!("a network without host bits, such as `{}`", network.trunc());
            problems.push(unfit(path, node, &expected));
            return None;
        }
        Some(network)
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl<T: SettingType> SettingType for Vec<T> {
    fn kind() -> String {
        "a list".to_owned()
    }

    fn read(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let Some(items) = elements(node) else {
            problems.push(unfit(path, node, &Self::kind()));
            return None;
        };
        // Every element is read, so that one run reports all of them.
        let read: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| T::read(&format!("{path}[{index}]"), item, problems))
            .collect();
        read.into_iter().collect()
    }

    fn show(&self) -> String {
        format!("[{}]", self.iter().map(T::show).collect::<Vec<_>>().join(", "))
    }

    fn inside() -> Vec<SettingDescription> {
        under("[]", T::inside())
    }
}

/// The elements of a list, also of one written on the command line.
fn elements(node: &SettingNode) -> Option<Vec<SettingNode>> {
    let parsed = from_json(node);
    match &parsed.as_ref().unwrap_or(node).value {
        SettingValue::List(items) => Some(items.clone()),
        SettingValue::Table(_) => None,
        _ => argument(node).filter(|text| !text.starts_with(['[', '{'])).map(separated),
    }
}

/// The elements of a text with commas.
fn separated(text: &str) -> Vec<SettingNode> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let node = |item: &str| SettingNode {
        value: SettingValue::Text(item.trim().to_owned()),
        origin: Origin::Argument,
    };
    text.split(',').map(node).collect()
}

impl<T: SettingType> SettingType for BTreeMap<String, T> {
    fn kind() -> String {
        "a table".to_owned()
    }

    fn read(path: &str, node: &SettingNode, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let parsed = from_json(node);
        let SettingValue::Table(entries) = &parsed.as_ref().unwrap_or(node).value else {
            problems.push(unfit(path, node, &Self::kind()));
            return None;
        };
        let read: Vec<_> = entries
            .iter()
            .map(|(name, item)| Some((name.clone(), T::read(&join(path, name), item, problems)?)))
            .collect();
        read.into_iter().collect()
    }

    fn show(&self) -> String {
        show_table(self.iter().map(|(name, item)| (name.as_str(), item.show())))
    }

    fn inside() -> Vec<SettingDescription> {
        under("*", T::inside())
    }
}

fn under(step: &str, inside: Vec<SettingDescription>) -> Vec<SettingDescription> {
    inside
        .into_iter()
        .map(|inner| SettingDescription { path: join(step, &inner.path), ..inner })
        .collect()
}
