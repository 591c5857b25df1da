//! Another wrap for a state's data key, or another data key and every value sealed anew.
//!
//! The main type is [`Rekey`]. It makes entries and changes nothing: the backend puts them in the
//! place of the old ones, all or none.

use infra_sdk::store::StoreError;

use crate::entries::{self, Kind};
use crate::envelope::{KeyContext, KeySource};
use crate::export::Export;
use crate::keeper::Entry;
use crate::record::{
    ChangeWire, ContentWire, IntentWire, LookupWire, MetaWire, OutputWire, ReadWire, RecordWire,
    Unreadable, frame, from_body, to_body, unframe,
};
use crate::seal::SealingKey;

/// A change of the key of one state.
pub(crate) struct Rekey<'a> {
    meta: MetaWire,
    old: &'a SealingKey,
    /// The new data key, where there is one.
    new: Option<SealingKey>,
}

impl<'a> Rekey<'a> {
    /// For a state and its data key.
    pub(crate) fn new(
        meta: &MetaWire,
        old: &'a SealingKey,
        source: &KeySource,
        context: KeyContext,
        rotate: bool,
    ) -> Result<Self, StoreError> {
        // In format 1 the data key was the key of the file, which other states have too.
        let shared = meta.wrapped.as_ref().is_none_or(|wrapped| wrapped.is_by(&meta.key));
        let (new, key, wrapped) = if rotate || shared {
            let (new, wrapped) = source.make(context)?;
            let id = new.id().to_owned();
            (Some(new), id, wrapped)
        } else {
            (None, meta.key.clone(), source.wrap(old, context)?)
        };
        let meta = MetaWire { key, wrapped: Some(wrapped), ..meta.clone() };
        Ok(Self { meta, old, new })
    }

    /// What the state is now.
    pub(crate) fn meta(&self) -> &MetaWire {
        &self.meta
    }

    /// The bodies of all entries, with their keys, but for what the state is and holds.
    pub(crate) fn bodies(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, StoreError> {
        let mut bodies = Vec::with_capacity(entries.len());
        for (key, framed) in entries {
            let Some(kind) = entries::kind(&key) else { continue };
            let what = || format!("the entry `{}`", String::from_utf8_lossy(&key).escape_debug());
            let damaged = |reason| StoreError::Damaged { what: what(), reason };
            let body = unframe(&key, &framed).map_err(|error| match error {
                Unreadable::Damaged(reason) => damaged(reason),
                Unreadable::Newer(format) => damaged(format!("it is of format {format}")),
            })?;
            bodies.push(match &self.new {
                None => (key.clone(), body.to_vec()),
                Some(new) => self.again(new, kind, &key, body, &damaged)?,
            });
        }
        Ok(bodies)
    }

    /// The export of the state, with the same content.
    pub(crate) fn export(&self, export: &Export) -> Result<Export, StoreError> {
        let bodies = export.bodies()?.into_iter().map(|(key, body)| {
            let framed = frame(&key, &body);
            (key, framed)
        });
        let mut content = ContentWire::default();
        for (key, body) in self.bodies(bodies.collect())? {
            let damaged =
                |reason| StoreError::Damaged { what: "an entry of the export".to_owned(), reason };
            if key.starts_with(entries::RECORDS) {
                let record: RecordWire = from_body(&body).map_err(damaged)?;
                content.records.insert(record.address.clone(), record);
            } else if key.starts_with(entries::READS) {
                let read: ReadWire = from_body(&body).map_err(damaged)?;
                content.reads.insert(read.stack, read.outputs);
            } else {
                let output: OutputWire = from_body(&body).map_err(damaged)?;
                content.outputs.insert(output.name, output.value);
            }
        }
        let meta = MetaWire { serial: export.serial(), ..self.meta.clone() };
        Ok(Export::new(&meta, content))
    }

    /// Seals an entry anew.
    fn again(
        &self,
        new: &SealingKey,
        kind: Kind,
        key: &[u8],
        body: &[u8],
        damaged: &dyn Fn(String) -> StoreError,
    ) -> Result<Entry, StoreError> {
        let (old, lineage) = (self.old, self.meta.lineage.as_str());
        let body = match kind {
            Kind::Record => {
                let wire = from_body::<RecordWire>(body).and_then(|wire| wire.unseal(old, lineage));
                to_body(&RecordWire::seal(&wire.map_err(damaged)?, new, lineage)?)?
            }
            Kind::Intent => {
                let wire = from_body::<IntentWire>(body).and_then(|wire| wire.unseal(old, lineage));
                to_body(&IntentWire::seal(&wire.map_err(damaged)?, new, lineage)?)?
            }
            Kind::Change => {
                let wire = from_body::<ChangeWire>(body).and_then(|wire| wire.unseal(old, lineage));
                to_body(&ChangeWire::seal(&wire.map_err(damaged)?, new, lineage)?)?
            }
            Kind::Output => {
                let wire = from_body::<OutputWire>(body).and_then(|wire| wire.unseal(old, lineage));
                let (name, value) = wire.map_err(damaged)?;
                to_body(&OutputWire::seal(&name, &value, new, lineage)?)?
            }
            Kind::Lookup => {
                let wire = from_body::<LookupWire>(body).and_then(|wire| wire.unseal(old, lineage));
                let (lookup, answer) = wire.map_err(damaged)?;
                let wire = LookupWire::seal(&lookup, &answer, new, lineage)?;
                // It is found by a digest that depends on the key.
                return Ok((entries::lookup(wire.digest()), to_body(&wire)?));
            }
            Kind::Run | Kind::Read | Kind::Durations => body.to_vec(),
        };
        Ok((key.to_vec(), body))
    }
}
