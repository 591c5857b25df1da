//! The contract of a data source: a question to AWS that is answered while the program runs.

use std::collections::BTreeMap;

use infra_sdk::provider::BoxFuture;
use infra_sdk::{LookupSchema, Value};

use super::clients::Aws;
use super::error::Result;

/// Arguments of a lookup, by name.
pub type Arguments = BTreeMap<String, Value>;

/// A data source: its schema, and the function that answers it.
pub struct LookupHandler {
    /// The data source as data.
    pub schema: &'static LookupSchema,
    /// Every AWS operation that it uses, sorted.
    pub operations: &'static [&'static str],
    /// Every IAM action that those operations need, sorted.
    pub actions: &'static [&'static str],
    /// Asks AWS.
    pub answer: for<'a> fn(&'a Aws, &'a Arguments) -> BoxFuture<'a, Result<Value>>,
}

/// The text argument of that name.
#[must_use]
pub fn text<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str)
}
