//! The format on the disk: what each entry holds and the frame around it.
//!
//! An entry is a frame ([`frame`]: format version, checksum over key and body) around a JSON body,
//! which is one of the wire structs here. Every later release reads every format up to its own;
//! the files below `tests/golden/` hold each one fast. A field that is added raises [`FORMAT`]: a body with
//! a field that is not known is refused, never read in part.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::provider::Place;
use infra_sdk::store::{
    Deposed, Intent, Operation, Reads, Record, RunChange, RunRecord, Status, StoreError, Waiting,
};
use infra_sdk::{Address, Location, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::envelope::WrappedKey;
use crate::seal::SealingKey;
use crate::value::{Attributes, Sealer};

/// The format that this release writes, and the newest that it reads.
pub const FORMAT: u16 = 3;

const CHECKSUM: usize = 16;

/// Why an entry cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// With what is wrong, as a fragment.
    Damaged(String),
    /// It is of this format.
    Newer(u16),
}

/// Puts the frame around a body. The checksum covers the key, so that an entry that turns up under
/// another key is noticed.
pub(crate) fn frame(key: &[u8], body: &[u8]) -> Vec<u8> {
    frame_as(FORMAT, key, body)
}

/// The frame of a format, which is the same in all of them.
pub(crate) fn frame_as(format: u16, key: &[u8], body: &[u8]) -> Vec<u8> {
    let format = format.to_be_bytes();
    [format.as_slice(), &checksum(key, format, body), body].concat()
}

/// Takes the frame off, after checking it.
pub(crate) fn unframe<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let short = || Unreadable::Damaged("it is cut short".to_owned());
    let (format, rest) = bytes.split_first_chunk::<2>().ok_or_else(short)?;
    let (sum, body) = rest.split_first_chunk::<CHECKSUM>().ok_or_else(short)?;
    if checksum(key, *format, body) != *sum {
        return Err(Unreadable::Damaged("its checksum does not match".to_owned()));
    }
    // Only after the checksum: a flipped bit is damage, not a later release.
    match u16::from_be_bytes(*format) {
        1..=FORMAT => Ok(body),
        format if format > FORMAT => Err(Unreadable::Newer(format)),
        format => Err(Unreadable::Damaged(format!("there never was a format {format}"))),
    }
}

/// The format of a framed entry.
pub(crate) fn format_of(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk::<2>().map(|format| u16::from_be_bytes(*format))
}

fn checksum(key: &[u8], format: [u8; 2], body: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_be_bytes()).update(key).update(&format).update(body);
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM]);
    sum
}

/// JSON text of a wire struct.
pub(crate) fn to_body(wire: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(wire).map_err(|error| StoreError::Unavailable {
        action: "write an entry of the state as JSON".to_owned(),
        reason: error.to_string(),
    })
}

/// A wire struct from its JSON text.
pub(crate) fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// What the store is: written once per run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetaWire {
    pub(crate) lineage: String,
    pub(crate) serial: u64,
    /// Id of the key that seals its values.
    pub(crate) key: String,
    /// That key, wrapped. Format 1 had none: its values are sealed with the key of the file itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wrapped: Option<WrappedKey>,
}

/// What the store holds: written with every change, so that a lost entry is noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadWire {
    /// Counts the changes.
    pub(crate) writes: u64,
    /// Number of the next intent.
    pub(crate) next_intent: u64,
    /// How many entries there are besides this one.
    pub(crate) entries: u64,
    /// The digests of all of them, combined.
    pub(crate) digest: String,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordWire {
    pub(crate) address: String,
    #[serde(rename = "type")]
    type_name: String,
    region: Option<String>,
    provider: Option<String>,
    id: String,
    inputs: Attributes,
    outputs: Attributes,
    dependencies: Vec<String>,
    status: StatusWire,
    prevent_destroy: bool,
    create_before_destroy: bool,
    location: Option<LocationWire>,
    deposed: Vec<DeposedWire>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusWire {
    Created(WaitingWire),
    Ready,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum WaitingWire {
    /// As format 1 wrote it: the last word.
    Word(String),
    Waiting {
        last: String,
        until: Option<String>,
    },
}

impl From<&Status> for StatusWire {
    fn from(status: &Status) -> Self {
        match status {
            Status::Created(Waiting { last, until }) => {
                Self::Created(WaitingWire::Waiting { last: last.clone(), until: until.clone() })
            }
            Status::Ready => Self::Ready,
        }
    }
}

impl From<StatusWire> for Status {
    fn from(wire: StatusWire) -> Self {
        match wire {
            StatusWire::Created(WaitingWire::Word(last)) => {
                Self::Created(Waiting { last, until: None })
            }
            StatusWire::Created(WaitingWire::Waiting { last, until }) => {
                Self::Created(Waiting { last, until })
            }
            StatusWire::Ready => Self::Ready,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocationWire {
    file: String,
    line: u32,
    column: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeposedWire {
    id: String,
    inputs: Attributes,
}

impl RecordWire {
    pub(crate) fn seal(
        record: &Record,
        key: &SealingKey,
        lineage: &str,
    ) -> Result<Self, StoreError> {
        let sealer = Sealer::new(key, lineage, "record", record.address.as_str());
        let deposed = record.deposed.iter().enumerate().map(|(index, deposed)| {
            let inputs = sealer.object(&format!("deposed[{index}]"), &deposed.inputs)?;
            Ok(DeposedWire { id: deposed.id.clone(), inputs })
        });
        let deposed = deposed.collect::<Result<_, StoreError>>()?;
        Ok(Self {
            address: record.address.to_string(),
            type_name: record.type_name.clone(),
            region: record.place.region.clone(),
            provider: record.place.provider.clone(),
            id: record.id.clone(),
            inputs: sealer.object("inputs", &record.inputs)?,
            outputs: sealer.object("outputs", &record.outputs)?,
            dependencies: record.dependencies.iter().map(Address::to_string).collect(),
            status: (&record.status).into(),
            prevent_destroy: record.prevent_destroy,
            create_before_destroy: record.create_before_destroy,
            location: record.location.as_ref().map(|location| LocationWire {
                file: location.file.clone(),
                line: location.line,
                column: location.column,
            }),
            deposed,
        })
    }

    pub(crate) fn unseal(self, key: &SealingKey, lineage: &str) -> Result<Record, String> {
        let sealer = Sealer::new(key, lineage, "record", &self.address);
        let deposed = self.deposed.into_iter().enumerate().map(|(index, deposed)| {
            let inputs = sealer.read_object(&format!("deposed[{index}]"), &deposed.inputs)?;
            Ok(Deposed { id: deposed.id, inputs })
        });
        let deposed = deposed.collect::<Result<_, String>>()?;
        Ok(Record {
            inputs: sealer.read_object("inputs", &self.inputs)?,
            outputs: sealer.read_object("outputs", &self.outputs)?,
            address: address(&self.address)?,
            type_name: self.type_name,
            place: Place { region: self.region, provider: self.provider },
            id: self.id,
            dependencies: addresses(&self.dependencies)?,
            status: self.status.into(),
            prevent_destroy: self.prevent_destroy,
            create_before_destroy: self.create_before_destroy,
            location: self.location.map(|location| Location {
                file: location.file,
                line: location.line,
                column: location.column,
            }),
            deposed,
        })
    }
}

/// An operation that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntentWire {
    run: String,
    address: String,
    #[serde(rename = "type")]
    type_name: String,
    region: Option<String>,
    provider: Option<String>,
    operation: OperationWire,
    token: String,
    digest: String,
    id: Option<String>,
    inputs: Attributes,
    dependencies: Vec<String>,
    started: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OperationWire {
    Create,
    Update,
    Delete,
}

impl From<Operation> for OperationWire {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Create => Self::Create,
            Operation::Update => Self::Update,
            Operation::Delete => Self::Delete,
        }
    }
}

impl From<OperationWire> for Operation {
    fn from(wire: OperationWire) -> Self {
        match wire {
            OperationWire::Create => Self::Create,
            OperationWire::Update => Self::Update,
            OperationWire::Delete => Self::Delete,
        }
    }
}

impl IntentWire {
    pub(crate) fn seal(
        intent: &Intent,
        key: &SealingKey,
        lineage: &str,
    ) -> Result<Self, StoreError> {
        let sealer = Sealer::new(key, lineage, "intent", intent.address.as_str());
        Ok(Self {
            run: intent.run.clone(),
            address: intent.address.to_string(),
            type_name: intent.type_name.clone(),
            region: intent.place.region.clone(),
            provider: intent.place.provider.clone(),
            operation: intent.operation.into(),
            token: intent.token.clone(),
            digest: intent.digest.clone(),
            id: intent.id.clone(),
            inputs: sealer.object("inputs", &intent.inputs)?,
            dependencies: intent.dependencies.iter().map(Address::to_string).collect(),
            started: intent.started.clone(),
        })
    }

    pub(crate) fn unseal(self, key: &SealingKey, lineage: &str) -> Result<Intent, String> {
        let sealer = Sealer::new(key, lineage, "intent", &self.address);
        Ok(Intent {
            inputs: sealer.read_object("inputs", &self.inputs)?,
            run: self.run,
            address: address(&self.address)?,
            type_name: self.type_name,
            place: Place { region: self.region, provider: self.provider },
            operation: self.operation.into(),
            token: self.token,
            digest: self.digest,
            id: self.id,
            dependencies: addresses(&self.dependencies)?,
            started: self.started,
        })
    }
}

/// An output of the stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutputWire {
    pub(crate) name: String,
    pub(crate) value: Json,
}

impl OutputWire {
    pub(crate) fn seal(
        name: &str,
        value: &Value,
        key: &SealingKey,
        lineage: &str,
    ) -> Result<Self, StoreError> {
        let value = Sealer::new(key, lineage, "output", name).value("value", value)?;
        Ok(Self { name: name.to_owned(), value })
    }

    pub(crate) fn unseal(self, key: &SealingKey, lineage: &str) -> Result<(String, Value), String> {
        let value =
            Sealer::new(key, lineage, "output", &self.name).read_value("value", &self.value)?;
        Ok((self.name, value))
    }
}

/// What is read of one other stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadWire {
    pub(crate) stack: String,
    pub(crate) outputs: BTreeSet<String>,
}

/// An answer to a lookup. Its key can hold sensitive arguments, so it is always sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupWire {
    /// Keyed digest of the key: what the entry is found by.
    digest: String,
    key: Json,
    answer: Json,
}

impl LookupWire {
    pub(crate) fn seal(
        lookup: &str,
        answer: &Value,
        key: &SealingKey,
        lineage: &str,
    ) -> Result<Self, StoreError> {
        let digest = key.digest(lookup);
        let sealer = Sealer::new(key, lineage, "lookup", &digest);
        let lookup = sealer.value("key", &Value::from(lookup).sensitive())?;
        let answer = sealer.value("answer", answer)?;
        Ok(Self { digest, key: lookup, answer })
    }

    pub(crate) fn unseal(self, key: &SealingKey, lineage: &str) -> Result<(String, Value), String> {
        let sealer = Sealer::new(key, lineage, "lookup", &self.digest);
        let lookup = sealer.read_value("key", &self.key)?;
        let lookup = lookup.as_str().ok_or("its key is not text")?.to_owned();
        Ok((lookup, sealer.read_value("answer", &self.answer)?))
    }

    /// What the entry is found by.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunWire {
    id: String,
    command: String,
    #[serde(default)]
    by: String,
    started: String,
    ended: Option<String>,
    complete: bool,
    /// Format 1 listed addresses with a verb here, which is not enough to undo anything.
    #[serde(default, rename = "changes", skip_serializing)]
    _changes: Vec<(String, String)>,
}

impl RunWire {
    pub(crate) fn write(run: &RunRecord) -> Self {
        Self {
            id: run.id.clone(),
            command: run.command.clone(),
            by: run.by.clone(),
            started: run.started.clone(),
            ended: run.ended.clone(),
            complete: run.complete,
            _changes: Vec::new(),
        }
    }

    pub(crate) fn read(self) -> RunRecord {
        RunRecord {
            id: self.id,
            command: self.command,
            by: self.by,
            started: self.started,
            ended: self.ended,
            complete: self.complete,
        }
    }
}

/// What a run did to one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWire {
    run: String,
    at: String,
    address: String,
    #[serde(rename = "type")]
    type_name: String,
    operation: OperationWire,
    id: String,
    before: Option<RecordWire>,
}

impl ChangeWire {
    pub(crate) fn seal(
        change: &RunChange,
        key: &SealingKey,
        lineage: &str,
    ) -> Result<Self, StoreError> {
        let before = change.before.as_ref();
        Ok(Self {
            run: change.run.clone(),
            at: change.at.clone(),
            address: change.address.to_string(),
            type_name: change.type_name.clone(),
            operation: change.operation.into(),
            id: change.id.clone(),
            before: before.map(|record| RecordWire::seal(record, key, lineage)).transpose()?,
        })
    }

    pub(crate) fn unseal(self, key: &SealingKey, lineage: &str) -> Result<RunChange, String> {
        Ok(RunChange {
            run: self.run,
            at: self.at,
            address: address(&self.address)?,
            type_name: self.type_name,
            operation: self.operation.into(),
            id: self.id,
            before: self.before.map(|record| record.unseal(key, lineage)).transpose()?,
        })
    }
}

/// Records, outputs and reads as they stand on the disk, sealed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentWire {
    pub(crate) records: BTreeMap<String, RecordWire>,
    pub(crate) outputs: BTreeMap<String, Json>,
    pub(crate) reads: Reads,
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|error| error.to_string())
}

fn addresses(texts: &[String]) -> Result<Vec<Address>, String> {
    texts.iter().map(|text| address(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_passes_the_frame() {
        let framed = frame(b"record/a", br#"{"id":"vpc-1"}"#);
        assert_eq!(unframe(b"record/a", &framed), Ok(br#"{"id":"vpc-1"}"#.as_slice()));
        for bit in 0..framed.len() * 8 {
            let mut flipped = framed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(unframe(b"record/a", &flipped), Err(Unreadable::Damaged(_))), "{bit}");
        }
        for length in 0..framed.len() {
            assert!(unframe(b"record/a", &framed[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn an_entry_under_another_key_is_damaged() {
        let framed = frame(b"record/a", b"{}");
        assert!(matches!(unframe(b"record/b", &framed), Err(Unreadable::Damaged(_))));
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        let framed = frame_as(FORMAT + 1, b"meta", b"{}");
        assert_eq!(unframe(b"meta", &framed), Err(Unreadable::Newer(FORMAT + 1)));
    }
}
