//! What stand-ins keep.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// Table, region, name.
type Key = (&'static str, String, String);

/// Objects by table, region and name.
#[derive(Default)]
pub(crate) struct Store {
    objects: Mutex<BTreeMap<Key, Value>>,
}

impl Store {
    /// An object.
    pub(super) fn get(&self, table: &'static str, region: &str, name: &str) -> Option<Value> {
        self.lock().get(&(table, region.to_owned(), name.to_owned())).cloned()
    }

    /// Puts an object in, or in another's place.
    pub(super) fn put(&self, table: &'static str, region: &str, name: &str, value: Value) {
        self.lock().insert((table, region.to_owned(), name.to_owned()), value);
    }

    /// Takes an object out.
    pub(super) fn take(&self, table: &'static str, region: &str, name: &str) -> Option<Value> {
        self.lock().remove(&(table, region.to_owned(), name.to_owned()))
    }

    /// Names and objects of a table and region whose names begin so, by name.
    pub(super) fn list(
        &self,
        table: &'static str,
        region: &str,
        prefix: &str,
    ) -> Vec<(String, Value)> {
        self.lock()
            .iter()
            .filter(|((of, place, name), _)| {
                *of == table && place == region && name.starts_with(prefix)
            })
            .map(|((_, _, name), value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Names and objects of a table in every region.
    pub(super) fn everywhere(&self, table: &'static str) -> Vec<(String, Value)> {
        self.lock()
            .iter()
            .filter(|((of, ..), _)| *of == table)
            .map(|((_, _, name), value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Value>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
