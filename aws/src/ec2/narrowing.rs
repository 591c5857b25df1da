//! How lookups of EC2 say which object they mean: by id, by tags, by EC2's own filters.

use std::collections::BTreeMap;

use infra_sdk::Value;

/// What a lookup is narrowed down by.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrowing {
    pub(super) id: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) filters: BTreeMap<String, Vec<String>>,
    pub(super) others: BTreeMap<String, Value>,
}

impl Narrowing {
    /// The arguments of the lookup.
    pub(super) fn arguments(&self) -> BTreeMap<String, Value> {
        let text = |text: &String| Value::from(text.as_str());
        let tags = self.tags.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        let filters = self
            .filters
            .iter()
            .map(|(name, values)| (name.clone(), Value::List(values.iter().map(text).collect())));
        let mut arguments = BTreeMap::from([
            ("id".to_owned(), self.id.as_ref().map_or(Value::Null, text)),
            ("tags".to_owned(), Value::Map(tags)),
            ("filters".to_owned(), Value::Map(filters.collect())),
        ]);
        arguments.extend(self.others.clone());
        arguments
    }
}

/// The ways to narrow a lookup down that all have.
macro_rules! narrowed {
    ($lookup:ident) => {
        impl $lookup {
            /// With this tag alone.
            #[must_use]
            pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.0.tags.insert(key.into(), value.into());
                self
            }

            /// What one of EC2's filters lets through, by its name in the API Reference; one of the
            /// values is enough.
            #[must_use]
            pub fn filter<V: Into<String>>(
                mut self,
                name: impl Into<String>,
                values: impl IntoIterator<Item = V>,
            ) -> Self {
                self.0.filters.insert(name.into(), values.into_iter().map(Into::into).collect());
                self
            }
        }
    };
}
pub(super) use narrowed;

#[cfg(feature = "provider")]
pub(super) mod wire {
    use aws_sdk_ec2::types::Filter;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::ec2::common::filter;
    use crate::frame::lookup::{Arguments, text};
    use crate::prelude::*;

    /// The filters of a lookup; `by_id` is the filter that an id is given to.
    pub(in crate::ec2) fn filters(arguments: &Arguments, by_id: &str) -> Vec<Filter> {
        let map = |name: &str| arguments.get(name).and_then(Value::as_map).into_iter().flatten();
        let id = text(arguments, "id").map(|id| filter(by_id, [id]));
        let tags = map("tags")
            .filter_map(|(key, value)| Some(filter(&format!("tag:{key}"), [value.as_str()?])));
        let own = map("filters").filter_map(|(name, values)| {
            Some(filter(name, values.as_list()?.iter().filter_map(Value::as_str)))
        });
        id.into_iter().chain(tags).chain(own).collect()
    }

    /// Filters as a call takes them: none at all rather than an empty list.
    pub(in crate::ec2) fn some(filters: &[Filter]) -> Option<Vec<Filter>> {
        (!filters.is_empty()).then(|| filters.to_vec())
    }

    /// The one that fits.
    pub(in crate::ec2) fn only<T>(mut found: Vec<T>, what: &str) -> Result<T> {
        if found.len() > 1 {
            let message = format!("{} {what}s fit: narrow the lookup down", found.len());
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        found.pop().ok_or_else(|| Failure::new(FailureClass::Gone, format!("no {what} fits")))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_id_tags_and_filters_are_filters() {
            let narrowing = Narrowing {
                id: Some("vpc-1".to_owned()),
                tags: BTreeMap::from([("Name".to_owned(), "main".to_owned())]),
                filters: BTreeMap::from([("state".to_owned(), vec!["available".to_owned()])]),
                others: BTreeMap::new(),
            };
            let filters = filters(&narrowing.arguments(), "vpc-id");
            let names: Vec<_> = filters.iter().filter_map(Filter::name).collect();
            assert_eq!(names, ["vpc-id", "tag:Name", "state"]);
            assert_eq!(filters[1].values(), ["main"]);
            assert!(super::filters(&Narrowing::default().arguments(), "vpc-id").is_empty());
        }

        #[test]
        fn one_has_to_fit() {
            assert_eq!(only(vec![1], "VPC").expect("one"), 1);
            assert!(only(vec![1, 2], "VPC").is_err());
            assert!(only(Vec::<u32>::new(), "VPC").is_err());
        }
    }
}
