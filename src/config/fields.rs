//! Reading a table of `infra.toml` by the names it may have.
//!
//! The main type is [`Fields`]. What is ill-typed is reported where it stands, and every key that
//! nobody asked for is an error with the nearest name that is known.

use std::collections::BTreeMap;
use std::str::FromStr;

use infra_sdk::names::{meant, nearest};
use infra_sdk::{Diagnostic, Location};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::config::Document;

/// A text of the file with its place.
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) location: Location,
}

/// The keys of one table that were not asked for yet.
pub(crate) struct Fields<'a, 'i, 'p> {
    document: &'a Document,
    table: &'a DeTable<'i>,
    path: String,
    known: Vec<&'static str>,
    problems: &'p mut Vec<Diagnostic>,
}

impl<'a, 'i, 'p> Fields<'a, 'i, 'p> {
    /// The keys of a table; `path` names it in messages.
    pub(crate) fn new(
        document: &'a Document,
        table: &'a DeTable<'i>,
        path: &str,
        problems: &'p mut Vec<Diagnostic>,
    ) -> Self {
        Self { document, table, path: path.to_owned(), known: Vec::new(), problems }
    }

    /// The text of a key.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<Text> {
        let value = self.get(name)?;
        let location = self.document.location(value.span());
        match value.get_ref().as_str() {
            Some(text) => Some(Text { text: text.to_owned(), location }),
            None => self.refuse(name, "text", value),
        }
    }

    /// The truth value of a key.
    pub(crate) fn truth(&mut self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        match value.get_ref().as_bool() {
            Some(truth) => Some(truth),
            None => self.refuse(name, "`true` or `false`", value),
        }
    }

    /// The whole number of seconds of a key, at least one.
    pub(crate) fn seconds(&mut self, name: &'static str) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.get_ref().as_integer().and_then(|n| n.as_str().parse::<u64>().ok());
        match number {
            Some(seconds) if seconds > 0 => Some(seconds),
            _ => self.refuse(name, "a number of seconds", value),
        }
    }

    /// The count of a key: a number that is not negative.
    pub(crate) fn count<N: FromStr>(&mut self, name: &'static str) -> Option<N> {
        let value = self.get(name)?;
        match value.get_ref().as_integer().and_then(|n| n.as_str().parse().ok()) {
            Some(count) => Some(count),
            None => self.refuse(name, "a number from 0 on", value),
        }
    }

    /// The table of a key, with the texts in it.
    pub(crate) fn texts(&mut self, name: &'static str) -> Option<BTreeMap<String, String>> {
        let table = self.table(name)?;
        let mut texts = BTreeMap::new();
        for (key, value) in table {
            match value.get_ref().as_str() {
                Some(text) => {
                    texts.insert(key.get_ref().to_string(), text.to_owned());
                }
                None => {
                    self.refuse::<()>(&format!("{name}.{}", key.get_ref()), "text", value);
                }
            }
        }
        Some(texts)
    }

    /// The texts of a key that is a list of them.
    pub(crate) fn list(&mut self, name: &'static str) -> Option<Vec<Text>> {
        let value = self.get(name)?;
        let DeValue::Array(items) = value.get_ref() else {
            return self.refuse(name, "a list of texts", value);
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => {
                    let location = self.document.location(item.span());
                    texts.push(Text { text: text.to_owned(), location });
                }
                None => {
                    self.refuse::<()>(name, "a list of texts", item);
                }
            }
        }
        Some(texts)
    }

    /// The table of a key.
    pub(crate) fn table(&mut self, name: &'static str) -> Option<&'a DeTable<'i>> {
        let value = self.get(name)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.refuse(name, "a table", value),
        }
    }

    /// Everything that was found wrong so far, to add to.
    pub(crate) fn problems(&mut self) -> &mut Vec<Diagnostic> {
        self.problems
    }

    /// Reports the value of a key that has the right type and cannot be.
    pub(crate) fn problem(&mut self, name: &str, hint: &str) {
        let key = Spanned::new(0..0, DeString::Borrowed(name));
        let Some(value) = self.table.get(&key) else { return };
        self.problems.push(
            Diagnostic::error("config::value", "a value cannot be that")
                .detail(format!("`{}.{name}`", self.path))
                .location(Some(self.document.location(value.span())))
                .hint(hint),
        );
    }

    /// Reports the keys that were not asked for.
    pub(crate) fn finish(self) {
        for key in self.table.keys().filter(|key| !self.known.contains(&&**key.get_ref())) {
            let name = key.get_ref();
            let table = if self.path.is_empty() {
                "the file".to_owned()
            } else {
                format!("`[{}]`", self.path)
            };
            self.problems.push(
                Diagnostic::error("config::unknown-key", "a key is not known")
                    .detail(format!("`{name}` is not a key of {table}"))
                    .location(Some(self.document.location(key.span())))
                    .hint(near(name, self.known.iter().copied())),
            );
        }
    }

    fn get(&mut self, name: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.push(name);
        let key = Spanned::new(0..0, DeString::Borrowed(name));
        self.table.get(&key)
    }

    fn refuse<T>(&mut self, name: &str, wanted: &str, value: &Spanned<DeValue<'_>>) -> Option<T> {
        let path =
            if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        self.problems.push(
            Diagnostic::error("config::type", "a value has the wrong type")
                .detail(format!("`{path}` is {wanted}, not {}", shape(value.get_ref())))
                .location(Some(self.document.location(value.span()))),
        );
        None
    }
}

/// What a person calls the shape of a TOML value.
fn shape(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(number) if number.as_str().starts_with('-') => "a negative number",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The hint for a name that is not known: the nearest one, or all of them.
pub(crate) fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    near_or(name, known, "there is nothing to choose from yet")
}

/// As [`near`]; where nothing is known at all, what makes something that is.
pub(crate) fn near_or<'n>(
    name: &str,
    known: impl Iterator<Item = &'n str>,
    otherwise: &str,
) -> String {
    let known: Vec<_> = known.collect();
    match nearest(name, known.iter().copied()) {
        Some(other) => meant(other),
        None if known.is_empty() => otherwise.to_owned(),
        None => format!("choose one of those that there are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{near, near_or};

    #[test]
    fn the_nearest_name_is_offered_and_otherwise_all() {
        let known = ["region", "account", "protected"];
        assert_eq!(near("acount", known.into_iter()), "write `account` if that is what you mean");
        assert_eq!(
            near("zzz", known.into_iter()),
            "choose one of those that there are: region, account, protected"
        );
        let make = "add a table `[environments.NAME]`";
        assert_eq!(near_or("zzz", std::iter::empty(), make), make);
        assert_eq!(
            near_or("regoin", known.into_iter(), make),
            "write `region` if that is what you mean"
        );
    }
}
