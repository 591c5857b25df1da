//! Answers to what programs look up: from the cloud, or without one.
//!
//! The main types are [`Live`] and [`Recorded`].

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::provider::{BoxFuture, LookupRequest, Provider};
use infra_sdk::store::{Edit, lookup_key};
use infra_sdk::{Diagnostic, Location, Value};

use super::failure::call_failure;
use crate::program::Answers;

/// Asks the cloud, and remembers what it said for the record.
pub(crate) struct Live<'a> {
    provider: &'a dyn Provider,
    answers: BTreeMap<String, Value>,
    /// Keys of answers that are not for the record.
    momentary: BTreeSet<String>,
}

impl<'a> Live<'a> {
    /// Asks this provider.
    pub(crate) fn new(provider: &'a dyn Provider) -> Self {
        Self { provider, answers: BTreeMap::new(), momentary: BTreeSet::new() }
    }

    /// What was answered, as edits of the stack's state.
    pub(crate) fn take(&mut self) -> Vec<Edit> {
        let mut answers = std::mem::take(&mut self.answers);
        answers.retain(|key, _| !self.momentary.contains(key));
        answers.into_iter().map(|(key, value)| Edit::Lookup(key, value)).collect()
    }
}

impl Answers for Live<'_> {
    fn answer<'a>(
        &'a mut self,
        request: &'a LookupRequest,
        location: &'a Location,
    ) -> BoxFuture<'a, Result<Value, Diagnostic>> {
        Box::pin(async move {
            let key = lookup_key(&request.name, &request.arguments, &request.place);
            if let Some(known) = self.answers.get(&key) {
                return Ok(known.clone());
            }
            let answer = self.provider.lookup(request).await.map_err(|failure| {
                call_failure("aws::lookup", "a lookup failed", &failure)
                    .location(Some(location.clone()))
            })?;
            if self.provider.is_momentary(&request.name) {
                self.momentary.insert(key.clone());
            }
            self.answers.insert(key, answer.clone());
            Ok(answer)
        })
    }
}

/// Answers from what an earlier run recorded, and otherwise with placeholders.
pub(crate) struct Recorded<'a> {
    provider: &'a dyn Provider,
    region: &'a str,
    known: BTreeMap<String, Value>,
    /// Lookups that were answered from the record.
    pub(crate) recorded: BTreeSet<String>,
    /// Lookups that were answered with placeholders.
    pub(crate) placeholders: BTreeSet<String>,
}

impl<'a> Recorded<'a> {
    /// Answers with these, and with placeholders of the provider's types for a region.
    pub(crate) fn new(
        provider: &'a dyn Provider,
        region: &'a str,
        known: BTreeMap<String, Value>,
    ) -> Self {
        Self { provider, region, known, recorded: BTreeSet::new(), placeholders: BTreeSet::new() }
    }

    /// One that answers the same from the beginning.
    pub(super) fn again(&self) -> Self {
        Self::new(self.provider, self.region, self.known.clone())
    }
}

impl Answers for Recorded<'_> {
    fn answer<'a>(
        &'a mut self,
        request: &'a LookupRequest,
        location: &'a Location,
    ) -> BoxFuture<'a, Result<Value, Diagnostic>> {
        Box::pin(async move {
            let key = lookup_key(&request.name, &request.arguments, &request.place);
            if let Some(known) = self.known.get(&key) {
                self.recorded.insert(request.name.clone());
                return Ok(known.clone());
            }
            let Some(schema) = self.provider.lookup_schema(&request.name) else {
                return Err(Diagnostic::error("aws::lookup", "a lookup failed")
                    .detail(format!("there is no data source `{}`", request.name))
                    .location(Some(location.clone())));
            };
            self.placeholders.insert(request.name.clone());
            let region = request.place.region.as_deref().unwrap_or(self.region);
            Ok((schema.placeholder)(region))
        })
    }
}
