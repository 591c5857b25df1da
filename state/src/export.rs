//! The canonical JSON export: what is known after a run, as a file that people and tools can read.
//!
//! The main type is [`Export`]; the file is written after every run that ended, and is what a
//! reader sees while another run holds the lock ([`Snapshot`]). It is deterministic: the same
//! state gives the same bytes. Sensitive values stand in it as sealed as in the store.

use std::collections::BTreeMap;
use std::io::{Seek, Write};
use std::path::Path;

use infra_sdk::store::{Reads, State, StoreError};
use serde::Deserialize;
use serde_json::Value as Json;

#[cfg(feature = "s3")]
use crate::config::deep;
use crate::config::{Config, Location, Paths, off_the_runtime};
use crate::envelope::{KeySource, WrappedKey};
use crate::export_writer::{self, Head, Refuse, digest};
use crate::keeper::{Entry, Table};
use crate::record::{ContentWire, MetaWire, OutputWire, ReadWire, RecordWire, to_body};
#[cfg(feature = "s3")]
use crate::s3;
use crate::seal::SealingKey;
use crate::site::Site as _;
use crate::{FORMAT, entries, files};

/// An export whose digest has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    body: BodyWire,
}

/// The file.
#[derive(Deserialize)]
struct FileWire {
    format: u32,
    /// BLAKE3 of the body as compact JSON with sorted names.
    digest: String,
    body: Json,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyWire {
    lineage: String,
    serial: u64,
    /// Id of the key that seals the sensitive values.
    key: String,
    /// That key, wrapped; format 1 had none.
    #[serde(default)]
    wrapped: Option<WrappedKey>,
    records: BTreeMap<String, RecordWire>,
    outputs: BTreeMap<String, Json>,
    /// What is read of other stacks; formats 1 and 2 did not say.
    #[serde(default)]
    reads: Reads,
}

/// Reads an export and checks its digest.
///
/// # Errors
/// `Unavailable` when the file cannot be read, `Damaged` when it is no export or was changed,
/// `Newer` when a later release wrote it.
pub fn read_export(path: &Path) -> Result<Export, StoreError> {
    let bytes = files::read(path)
        .and_then(|bytes| bytes.ok_or_else(|| std::io::ErrorKind::NotFound.into()))
        .map_err(|error| files::unavailable("read the export", path, &error))?;
    parse_export(&bytes, &path.display().to_string())
}

/// Reads the text of an export of this name.
pub(crate) fn parse_export(bytes: &[u8], name: &str) -> Result<Export, StoreError> {
    let damaged =
        |reason: String| StoreError::Damaged { what: format!("the export {name}"), reason };
    let file: FileWire =
        serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    if file.format > FORMAT.into() {
        return Err(StoreError::Newer { found: file.format, supported: FORMAT.into() });
    }
    if digest(&file.body) != file.digest {
        return Err(damaged("its digest does not match what it holds".to_owned()));
    }
    let body = serde_json::from_value(file.body).map_err(|error| damaged(error.to_string()))?;
    Ok(Export { body })
}

impl Export {
    pub(crate) fn new(meta: &MetaWire, content: ContentWire) -> Self {
        let MetaWire { lineage, serial, key, wrapped } = meta.clone();
        let ContentWire { records, outputs, reads } = content;
        Self { body: BodyWire { lineage, serial, key, wrapped, records, outputs, reads } }
    }

    pub(crate) fn meta(&self) -> MetaWire {
        let BodyWire { lineage, serial, key, wrapped, .. } = &self.body;
        let (lineage, key, wrapped) = (lineage.clone(), key.clone(), wrapped.clone());
        MetaWire { lineage, serial: *serial, key, wrapped }
    }

    /// Keys and bodies of a store that holds the same.
    pub(crate) fn bodies(&self) -> Result<Vec<Entry>, StoreError> {
        let records = self.body.records.iter();
        let records = records.map(|(address, wire)| Ok((entries::record(address), to_body(wire)?)));
        let outputs = self.body.outputs.iter().map(|(name, value)| {
            let wire = OutputWire { name: name.clone(), value: value.clone() };
            Ok((entries::output(name), to_body(&wire)?))
        });
        let reads = self.body.reads.iter().map(|(stack, outputs)| {
            let wire = ReadWire { stack: stack.clone(), outputs: outputs.clone() };
            Ok((entries::read(stack), to_body(&wire)?))
        });
        records.chain(outputs).chain(reads).collect()
    }

    /// The history that it belongs to.
    #[must_use]
    pub fn lineage(&self) -> &str {
        &self.body.lineage
    }

    /// How many runs had changed something.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.body.serial
    }

    /// The state, with the sensitive values opened.
    ///
    /// # Errors
    /// `Unavailable` when the source does not open its key, `Damaged` when a record does not decode.
    pub fn open(self, source: &KeySource) -> Result<State, StoreError> {
        let key = source.open(&self.meta())?;
        self.open_with(&key)
    }

    /// The state, with the sensitive values opened with the state's own key.
    pub(crate) fn open_with(self, key: &SealingKey) -> Result<State, StoreError> {
        let body = self.body;
        let mut state = State {
            lineage: body.lineage,
            serial: body.serial,
            reads: body.reads,
            ..State::default()
        };
        for (address, record) in body.records {
            let damaged = |reason| StoreError::Damaged {
                what: format!("the record of `{}` in the export", address.escape_debug()),
                reason,
            };
            if record.address != address {
                return Err(damaged(format!("it says that it is `{}`", record.address)));
            }
            let record = record.unseal(key, &state.lineage).map_err(damaged)?;
            state.records.insert(record.address.clone(), record);
        }
        for (name, value) in body.outputs {
            let damaged =
                |reason| StoreError::Damaged { what: "an output in the export".to_owned(), reason };
            let wire = OutputWire { name, value };
            let (name, value) = wire.unseal(key, &state.lineage).map_err(damaged)?;
            state.outputs.insert(name, value);
        }
        Ok(state)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), StoreError> {
        let refuse = |error| files::unavailable("write the export", path, &error);
        files::replace_by(path, &refuse, |file| self.write_text(file, &refuse))
    }

    /// Its canonical text.
    pub(crate) fn to_text(&self, refuse: Refuse<'_>) -> Result<String, StoreError> {
        export_writer::in_memory(refuse, |text| self.write_text(text, refuse))
    }

    fn write_text(
        &self,
        out: &mut (impl Write + Seek),
        refuse: Refuse<'_>,
    ) -> Result<(), StoreError> {
        let BodyWire { records, outputs, reads, .. } = &self.body;
        let outputs = outputs.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let head = Head { meta: &self.meta(), outputs, reads };
        export_writer::write(out, &head, |give| records.values().try_for_each(give), refuse)
    }
}

/// Writes the export of what a table holds.
pub(crate) fn write_table(
    paths: &Paths,
    table: &dyn Table,
    meta: &MetaWire,
) -> Result<(), StoreError> {
    let path = paths.export();
    let refuse = |error| files::unavailable("write the export", &path, &error);
    files::replace_by(&path, &refuse, |file| {
        export_writer::write_table(file, (table, paths), meta, &refuse)
    })
}

/// The state as the last run that ended left it, read without a lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Records and outputs. Open intents and answers to lookups are not part of an export.
    pub state: State,
}

impl Snapshot {
    /// Reads the last export; `None` before the first run has ended. Needs a Tokio runtime.
    ///
    /// # Errors
    /// As [`read_export`] and [`Export::open`], and `Unavailable` without the sealing key, and
    /// where the state was moved away.
    pub async fn read(config: &Config) -> Result<Option<Self>, StoreError> {
        match &config.location {
            Location::Local { .. } => {
                let paths = config.paths()?;
                off_the_runtime("read the export", move || Self::read_at(&paths)).await
            }
            #[cfg(feature = "s3")]
            Location::S3(_) => {
                let Some(export) = last_export(config).await? else { return Ok(None) };
                let source = config.target()?.place.key().clone();
                off_the_runtime("open the export", move || Self::open(export, &source))
                    .await
                    .map(Some)
            }
        }
    }

    /// As [`Snapshot::read`], for the state in these files.
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    pub fn read_at(paths: &Paths) -> Result<Option<Self>, StoreError> {
        paths.standing()?.check(&paths.name())?;
        last_at(paths)?.map(|export| Self::open(export, paths.key())).transpose()
    }

    fn open(export: Export, source: &KeySource) -> Result<Self, StoreError> {
        Ok(Self { state: export.open(source)? })
    }
}

/// The last export, whose digest has been checked; `None` before the first run has ended. It is not
/// opened, so that no key is needed. Needs a Tokio runtime.
///
/// # Errors
/// As [`read_export`].
pub async fn last_export(config: &Config) -> Result<Option<Export>, StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let paths = config.paths()?;
            off_the_runtime("read the export", move || last_at(&paths)).await
        }
        #[cfg(feature = "s3")]
        Location::S3(_) => deep(s3::read_export(&config.target()?)).await,
    }
}

fn last_at(paths: &Paths) -> Result<Option<Export>, StoreError> {
    let path = paths.export();
    let there = files::exists(&path)
        .map_err(|error| files::unavailable("read the export", &path, &error))?;
    there.then(|| read_export(&path)).transpose()
}

/// The canonical text of the last export, whose digest has been checked. Needs a Tokio runtime.
///
/// # Errors
/// As [`read_export`]; `Refused` before the first run has ended.
pub async fn export_text(config: &Config) -> Result<String, StoreError> {
    let export = last_export(config).await?.ok_or_else(|| StoreError::Refused {
        action: "read the export of the state".to_owned(),
        reason: "no run has ended yet".to_owned(),
    })?;
    export.to_text(&|error| StoreError::Unavailable {
        action: "write the export".to_owned(),
        reason: error.to_string(),
    })
}
