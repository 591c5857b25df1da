//! The parameters of the query protocols: `Action=…&Filter.1.Name=…`.
//!
//! The main type is [`Form`]: pairs in the order in which they came.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Parameters in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads `a=b&c=d`.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect();
        Self { pairs }
    }

    /// A request of the gate's own.
    pub(crate) fn request(action: &str, version: &str, parameters: &[(&str, &str)]) -> Self {
        let mut pairs = vec![
            ("Action".to_owned(), action.to_owned()),
            ("Version".to_owned(), version.to_owned()),
        ];
        pairs.extend(parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        Self { pairs }
    }

    /// Writes `a=b&c=d`.
    pub(crate) fn encode(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> =
            self.pairs.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        pairs.join("&")
    }

    /// Adds what another form has.
    pub(crate) fn extend(&mut self, other: Self) {
        self.pairs.extend(other.pairs);
    }

    /// All pairs.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a list: `VpcId.1`, `VpcId.2`.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.pairs
            .iter()
            .filter(|(key, _)| is_member(key, name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Calls `change` on every name and value.
    pub(crate) fn change(&mut self, change: impl Fn(&str, &mut String)) {
        self.pairs.iter_mut().for_each(|(name, value)| change(name, value));
    }

    /// Removes a parameter.
    pub(crate) fn remove(&mut self, name: &str) {
        self.pairs.retain(|(key, _)| key != name);
    }

    /// The filters: names with their values.
    pub(crate) fn filters(&self) -> Vec<(String, Vec<String>)> {
        self.numbered_filters().into_values().collect()
    }

    fn numbered_filters(&self) -> BTreeMap<u32, (String, Vec<String>)> {
        let mut filters: BTreeMap<u32, (String, Vec<String>)> = BTreeMap::new();
        for (key, value) in &self.pairs {
            let Some((number, field)) =
                key.strip_prefix("Filter.").and_then(|rest| rest.split_once('.'))
            else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            let entry = filters.entry(number).or_default();
            if field == "Name" {
                entry.0.clone_from(value);
            } else if field.starts_with("Value.") {
                entry.1.push(value.clone());
            }
        }
        filters
    }

    /// Takes the filter of that name out, numbers the others anew, and returns its values.
    pub(crate) fn take_filter(&mut self, name: &str) -> Option<Vec<String>> {
        let filters = self.filters();
        let taken = filters.iter().find(|(found, _)| found == name)?.1.clone();
        self.pairs.retain(|(key, _)| !key.starts_with("Filter."));
        let others = filters.into_iter().filter(|(found, _)| found != name);
        for (number, (found, values)) in others.enumerate() {
            let number = number + 1;
            self.pairs.push((format!("Filter.{number}.Name"), found));
            for (at, value) in values.into_iter().enumerate() {
                self.pairs.push((format!("Filter.{number}.Value.{}", at + 1), value));
            }
        }
        Some(taken)
    }
}

/// Whether `key` is `NAME.1`, `NAME.2`, …
fn is_member(key: &str, name: &str) -> bool {
    key.strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Undoes percent-encoding, with `+` for a space.
pub(crate) fn decode(text: &str) -> String {
    let spaced: Cow<'_, str> =
        if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn what_is_written_reads_back() {
        let form = Form::parse("Action=CreateVpc&Name=a+b%26c&Empty=");
        assert_eq!(form.get("Name"), Some("a b&c"));
        assert_eq!(Form::parse(&form.encode()), form);
    }

    #[test]
    fn a_list_does_not_take_in_its_neighbours() {
        let form = Form::parse("VpcId.1=a&VpcId.2=b&VpcIdX.1=c&VpcId.1.Name=d");
        assert_eq!(form.list("VpcId"), ["a", "b"]);
    }

    #[test]
    fn a_filter_that_is_taken_leaves_no_gap() {
        let mut form = Form::parse(
            "Filter.1.Name=state&Filter.1.Value.1=a&Filter.1.Value.2=b&Filter.2.Name=vpc-id&Filter.2.Value.1=v",
        );
        assert_eq!(form.take_filter("state").unwrap(), ["a", "b"]);
        assert_eq!(form.get("Filter.1.Name"), Some("vpc-id"));
        assert_eq!(form.filters(), [("vpc-id".to_owned(), vec!["v".to_owned()])]);
        assert_eq!(form.take_filter("state"), None);
    }
}
