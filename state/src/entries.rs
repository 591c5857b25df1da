//! The keys of the entries, and reading entries back with every check.

use std::collections::BTreeMap;

use infra_sdk::durations::Sort;
use infra_sdk::store::{Operation, Reads, RunChange, RunRecord, State, StoreError};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::FORMAT;
use crate::durations::DurationsWire;
use crate::keeper::Table;
use crate::record::{
    ChangeWire, HeadWire, IntentWire, LookupWire, MetaWire, OutputWire, ReadWire, RecordWire,
    RunWire, Unreadable, format_of, from_body, unframe,
};
use crate::seal::SealingKey;
use crate::site::Site;

pub(crate) const HEAD: &[u8] = b"head";
pub(crate) const META: &[u8] = b"meta";
pub(crate) const RECORDS: &[u8] = b"record/";
pub(crate) const OUTPUTS: &[u8] = b"output/";
pub(crate) const READS: &[u8] = b"read/";
const LOOKUPS: &[u8] = b"lookup/";
const INTENTS: &[u8] = b"intent/";
const RUNS: &[u8] = b"run/";
const CHANGES: &[u8] = b"change/";
const DURATIONS: &[u8] = b"duration/";

/// Key of a record.
pub(crate) fn record(address: &str) -> Vec<u8> {
    [RECORDS, address.as_bytes()].concat()
}

/// Key of an output.
pub(crate) fn output(name: &str) -> Vec<u8> {
    [OUTPUTS, name.as_bytes()].concat()
}

/// Key of what is read of another stack.
pub(crate) fn read(stack: &str) -> Vec<u8> {
    [READS, stack.as_bytes()].concat()
}

/// Key of the answer to a lookup.
pub(crate) fn lookup(digest: &str) -> Vec<u8> {
    [LOOKUPS, digest.as_bytes()].concat()
}

/// Key of an open intent; sorts by number.
pub(crate) fn intent(number: u64) -> Vec<u8> {
    [INTENTS, &number.to_be_bytes()].concat()
}

/// Key of a run; sorts by number.
pub(crate) fn run(number: u64) -> Vec<u8> {
    [RUNS, &number.to_be_bytes()].concat()
}

/// What the keys of the changes of a run begin with.
pub(crate) fn changes(run: &str) -> Vec<u8> {
    [CHANGES, run.as_bytes(), b"/"].concat()
}

/// Key of a change of a run; sorts by number.
pub(crate) fn change(run: &str, number: u64) -> Vec<u8> {
    [changes(run).as_slice(), &number.to_be_bytes()].concat()
}

/// Key of how long operations of a sort took.
pub(crate) fn durations(sort: &Sort) -> Vec<u8> {
    let operation = match sort.operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    };
    let region = sort.place.region.as_deref().unwrap_or_default();
    let provider = sort.place.provider.as_deref().unwrap_or_default();
    let name = format!("{}/{operation}/{region}/{provider}", sort.type_name);
    [DURATIONS, name.as_bytes()].concat()
}

/// What an entry is, but for the two that describe the store itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A resource.
    Record,
    /// An output of the stack.
    Output,
    /// What is read of another stack.
    Read,
    /// An answer to a lookup.
    Lookup,
    /// An open intent.
    Intent,
    /// A run.
    Run,
    /// What a run did to one resource.
    Change,
    /// How long operations of one sort took.
    Durations,
}

/// What the entry under a key is; `None` for those that describe the store.
pub(crate) fn kind(key: &[u8]) -> Option<Kind> {
    let kinds = [
        (RECORDS, Kind::Record),
        (OUTPUTS, Kind::Output),
        (READS, Kind::Read),
        (LOOKUPS, Kind::Lookup),
        (INTENTS, Kind::Intent),
        (RUNS, Kind::Run),
        (CHANGES, Kind::Change),
        (DURATIONS, Kind::Durations),
    ];
    kinds.into_iter().find_map(|(prefix, kind)| key.starts_with(prefix).then_some(kind))
}

/// Reads entries of a table and checks each.
pub(crate) struct Reader<'a> {
    table: &'a dyn Table,
    site: &'a dyn Site,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: &'a dyn Table, site: &'a dyn Site) -> Self {
        Self { table, site }
    }

    /// What the store is; `None` in an empty table.
    pub(crate) fn meta(&self) -> Result<Option<MetaWire>, StoreError> {
        let meta: Option<MetaWire> = self.one(META)?;
        // What was sealed stays sealed: nothing turns a state back to the way of format 1.
        if meta.as_ref().is_some_and(|meta| meta.wrapped.is_none()) && self.meta_format()? > Some(1)
        {
            return Err(self.damaged(META, "it does not hold the wrapped key of the state"));
        }
        Ok(meta)
    }

    /// The format in which it is written what the store is.
    pub(crate) fn meta_format(&self) -> Result<Option<u16>, StoreError> {
        Ok(self.table.get(META)?.as_deref().and_then(format_of))
    }

    /// What the store holds; `None` in an empty table.
    pub(crate) fn head(&self) -> Result<Option<HeadWire>, StoreError> {
        self.one(HEAD)
    }

    /// Numbers of the intents that are open.
    pub(crate) fn open_intents(&self) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        self.table.each(INTENTS, &mut |key, _| {
            numbers.push(self.number(INTENTS, key)?);
            Ok(())
        })?;
        Ok(numbers)
    }

    /// Everything that is known.
    pub(crate) fn state(&self, meta: &MetaWire, key: &SealingKey) -> Result<State, StoreError> {
        let lineage = &meta.lineage;
        let intents = self.all(INTENTS, |at, wire: IntentWire| {
            Ok((self.number(INTENTS, at), wire.unseal(key, lineage)?))
        })?;
        let intents = intents.into_iter().map(|(number, intent)| Ok((number?, intent)));
        let records = self.all(RECORDS, |_, wire: RecordWire| wire.unseal(key, lineage))?;
        let outputs = self.all(OUTPUTS, |_, wire: OutputWire| wire.unseal(key, lineage))?;
        let lookups = self.all(LOOKUPS, |_, wire: LookupWire| wire.unseal(key, lineage))?;
        let durations = self.all(DURATIONS, |_, wire: DurationsWire| Ok(wire.read()))?;
        Ok(State {
            lineage: lineage.clone(),
            serial: meta.serial,
            records: records.into_iter().map(|r| (r.address.clone(), r)).collect(),
            outputs: outputs.into_iter().collect(),
            reads: self.reads()?,
            lookups: lookups.into_iter().collect(),
            durations: durations.into_iter().collect(),
            open: intents.collect::<Result<_, StoreError>>()?,
        })
    }

    /// What is read of other stacks.
    pub(crate) fn reads(&self) -> Result<Reads, StoreError> {
        let reads = self.all(READS, |_, wire: ReadWire| Ok((wire.stack, wire.outputs)))?;
        Ok(reads.into_iter().collect())
    }

    /// All runs, oldest first.
    pub(crate) fn history(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.all(RUNS, |_, wire: RunWire| Ok(wire.read()))
    }

    /// What a run did, in order.
    pub(crate) fn changes(
        &self,
        run: &str,
        meta: &MetaWire,
        key: &SealingKey,
    ) -> Result<Vec<RunChange>, StoreError> {
        self.all(&changes(run), |_, wire: ChangeWire| wire.unseal(key, &meta.lineage))
    }

    /// Outputs as they stand on the disk, sealed.
    pub(crate) fn outputs(&self) -> Result<BTreeMap<String, Json>, StoreError> {
        let outputs = self.all(OUTPUTS, |_, wire: OutputWire| Ok((wire.name, wire.value)))?;
        Ok(outputs.into_iter().collect())
    }

    /// Shows the records as they stand on the disk, sealed, in the order of their addresses.
    pub(crate) fn each_record(
        &self,
        visit: &mut dyn FnMut(&RecordWire) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each(RECORDS, |key, wire: RecordWire| {
            if key != record(&wire.address) {
                return Err(self.damaged(key, &format!("it says that it is `{}`", wire.address)));
            }
            visit(&wire)
        })
    }

    /// Takes the frame off an entry.
    pub(crate) fn unframe<'b>(&self, key: &[u8], bytes: &'b [u8]) -> Result<&'b [u8], StoreError> {
        unframe(key, bytes).map_err(|error| match error {
            Unreadable::Damaged(reason) => self.damaged(key, &reason),
            Unreadable::Newer(found) => {
                StoreError::Newer { found: found.into(), supported: FORMAT.into() }
            }
        })
    }

    fn one<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.table.get(key)? else { return Ok(None) };
        let body = self.unframe(key, &bytes)?;
        from_body(body).map(Some).map_err(|reason| self.damaged(key, &reason))
    }

    fn all<W: DeserializeOwned, T>(
        &self,
        prefix: &[u8],
        read: impl Fn(&[u8], W) -> Result<T, String>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each(prefix, |key, wire| {
            all.push(read(key, wire).map_err(|reason| self.damaged(key, &reason))?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Shows the entries below a prefix one by one.
    fn each<W: DeserializeOwned>(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], W) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.table.each(prefix, &mut |key, bytes| {
            let wire = from_body(self.unframe(key, bytes)?);
            visit(key, wire.map_err(|reason| self.damaged(key, &reason))?)
        })
    }

    fn number(&self, prefix: &[u8], key: &[u8]) -> Result<u64, StoreError> {
        number(prefix, key).ok_or_else(|| self.damaged(key, "its number has not eight bytes"))
    }

    fn damaged(&self, key: &[u8], reason: &str) -> StoreError {
        let what = format!("{} in {}", describe(key), self.site.name());
        self.site.damaged(&what, reason)
    }
}

fn number(prefix: &[u8], key: &[u8]) -> Option<u64> {
    key.strip_prefix(prefix)?.try_into().ok().map(u64::from_be_bytes)
}

/// What a person calls an entry.
fn describe(key: &[u8]) -> String {
    let name = |prefix: &[u8]| {
        let name = key.strip_prefix(prefix)?;
        Some(String::from_utf8_lossy(name).escape_debug().to_string())
    };
    if let Some(address) = name(RECORDS) {
        format!("the record of `{address}`")
    } else if let Some(output) = name(OUTPUTS) {
        format!("the output `{output}`")
    } else if let Some(stack) = name(READS) {
        format!("what is read of the stack `{stack}`")
    } else if let Some(intent) = number(INTENTS, key) {
        format!("intent {intent}")
    } else if let Some(run) = number(RUNS, key) {
        format!("run {run} of the history")
    } else if key.starts_with(CHANGES) {
        "a change in the history".to_owned()
    } else if let Some(sort) = name(DURATIONS) {
        format!("how long `{sort}` took")
    } else {
        format!("the entry `{}`", String::from_utf8_lossy(key).escape_debug())
    }
}
