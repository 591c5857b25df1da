//! The text of an export, written record by record: a large state is never in memory for it.
//!
//! Start at [`write()`]. The text begins with the digest of what follows, so its place is left open
//! and filled in at the end; nobody sees the text before.

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use infra_sdk::store::{Reads, StoreError};
use serde::Serialize;
use serde_json::Value as Json;

use crate::FORMAT;
use crate::entries::Reader;
use crate::keeper::Table;
use crate::record::{MetaWire, RecordWire};
use crate::site::Site;

/// What an export says beside its records.
pub(crate) struct Head<'a> {
    pub(crate) meta: &'a MetaWire,
    /// Outputs of the stack by name, sealed.
    pub(crate) outputs: Json,
    pub(crate) reads: &'a Reads,
}

/// Makes the store's error of what the system or the format refuses.
pub(crate) type Refuse<'a> = &'a dyn Fn(io::Error) -> StoreError;

/// Gets the records one by one, in the order of their addresses.
pub(crate) type Records<'a> = &'a mut dyn FnMut(&RecordWire) -> Result<(), StoreError>;

/// Writes the text of what a table holds.
pub(crate) fn write_table(
    out: &mut (impl Write + Seek),
    (table, site): (&dyn Table, &dyn Site),
    meta: &MetaWire,
    refuse: Refuse<'_>,
) -> Result<(), StoreError> {
    let reader = Reader::new(table, site);
    let outputs = json(&reader.outputs()?, refuse)?;
    let reads = &reader.reads()?;
    write(out, &Head { meta, outputs, reads }, |records| reader.each_record(records), refuse)
}

/// The text of what a table holds.
#[cfg(feature = "s3")]
pub(crate) fn of_table(
    there: (&dyn Table, &dyn Site),
    meta: &MetaWire,
    refuse: Refuse<'_>,
) -> Result<String, StoreError> {
    in_memory(refuse, |out| write_table(out, there, meta, refuse))
}

/// The text that `write` writes.
pub(crate) fn in_memory(
    refuse: Refuse<'_>,
    write: impl FnOnce(&mut Cursor<Vec<u8>>) -> Result<(), StoreError>,
) -> Result<String, StoreError> {
    let mut out = Cursor::new(Vec::new());
    write(&mut out)?;
    String::from_utf8(out.into_inner()).map_err(|error| refuse(io::Error::other(error)))
}

/// Writes the text of an export; `give` gives its records.
pub(crate) fn write(
    out: &mut (impl Write + Seek),
    head: &Head<'_>,
    give: impl FnOnce(Records<'_>) -> Result<(), StoreError>,
    refuse: Refuse<'_>,
) -> Result<(), StoreError> {
    let MetaWire { lineage, serial, key, wrapped } = head.meta;
    let start = format!("{{\n  \"format\": {FORMAT},\n  \"digest\": \"");
    let place = start.len() as u64;
    let mut text = Text { out, hasher: blake3::Hasher::new(), refuse };
    text.plain(&format!("{start}{}\",\n  \"body\": ", "0".repeat(2 * blake3::OUT_LEN)))?;
    text.both("{", "{")?;
    text.entry(true, 2, "key", &json(key, refuse)?)?;
    text.entry(false, 2, "lineage", &json(lineage, refuse)?)?;
    text.entry(false, 2, "outputs", &head.outputs)?;
    if !head.reads.is_empty() {
        text.entry(false, 2, "reads", &json(head.reads, refuse)?)?;
    }
    text.both(",\"records\":{", ",\n    \"records\": {")?;
    let mut first = true;
    give(&mut |record| {
        let wire = json(record, refuse)?;
        text.entry(std::mem::take(&mut first), 3, &record.address, &wire)
    })?;
    text.both("}", if first { "}" } else { "\n    }" })?;
    text.entry(false, 2, "serial", &json(serial, refuse)?)?;
    if let Some(wrapped) = wrapped {
        text.entry(false, 2, "wrapped", &json(wrapped, refuse)?)?;
    }
    text.both("}", "\n  }")?;
    text.plain("\n}\n")?;
    let digest = text.hasher.finalize().to_hex();
    let filled = out.seek(SeekFrom::Start(place)).and_then(|_| out.write_all(digest.as_bytes()));
    filled.map_err(refuse)
}

fn json(value: &impl Serialize, refuse: Refuse<'_>) -> Result<Json, StoreError> {
    serde_json::to_value(value).map_err(|error| refuse(error.into()))
}

/// The digest of the body of an export.
pub(crate) fn digest(body: &Json) -> String {
    let mut text = String::new();
    show(body, None, &mut text);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// A text on its way out, and the digest of its body.
struct Text<'a, W> {
    out: &'a mut W,
    hasher: blake3::Hasher,
    refuse: Refuse<'a>,
}

impl<W: Write> Text<'_, W> {
    fn plain(&mut self, pretty: &str) -> Result<(), StoreError> {
        self.out.write_all(pretty.as_bytes()).map_err(self.refuse)
    }

    /// A part of the body, as it is digested and as it is written.
    fn both(&mut self, compact: &str, pretty: &str) -> Result<(), StoreError> {
        self.hasher.update(compact.as_bytes());
        self.plain(pretty)
    }

    /// A named value in an object so deep.
    fn entry(
        &mut self,
        first: bool,
        depth: usize,
        name: &str,
        value: &Json,
    ) -> Result<(), StoreError> {
        let (mut compact, mut pretty) = (String::new(), String::new());
        for (text, depth) in [(&mut compact, None), (&mut pretty, Some(depth))] {
            begin(first, depth, text);
            named(name, value, depth, text);
        }
        self.both(&compact, &pretty)
    }
}

/// JSON with sorted names, whatever order the parser keeps them in: compact, or with an item on each
/// line in a text that is so deep already.
fn show(json: &Json, depth: Option<usize>, text: &mut String) {
    let inner = depth.map(|depth| depth + 1);
    match json {
        Json::Array(items) if !items.is_empty() => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                begin(index == 0, inner, text);
                show(item, inner, text);
            }
            new_line(depth, text);
            text.push(']');
        }
        Json::Object(entries) if !entries.is_empty() => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, item)) in entries.into_iter().enumerate() {
                begin(index == 0, inner, text);
                named(name, item, inner, text);
            }
            new_line(depth, text);
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn named(name: &str, value: &Json, depth: Option<usize>, text: &mut String) {
    text.push_str(&Json::from(name).to_string());
    text.push_str(if depth.is_some() { ": " } else { ":" });
    show(value, depth, text);
}

fn begin(first: bool, depth: Option<usize>, text: &mut String) {
    if !first {
        text.push(',');
    }
    new_line(depth, text);
}

fn new_line(depth: Option<usize>, text: &mut String) {
    if let Some(depth) = depth {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(json: &Json, depth: Option<usize>) -> String {
        let mut text = String::new();
        show(json, depth, &mut text);
        text
    }

    #[test]
    fn the_canonical_form_is_sorted_and_compact() {
        let text = shown(&json!({"b": [1, {"z": null, "a": "x\n"}], "a": 1.5}), None);
        assert_eq!(text, r#"{"a":1.5,"b":[1,{"a":"x\n","z":null}]}"#);
    }

    #[test]
    fn the_form_for_people_is_the_usual_one() {
        let json = json!({"a": [1, {"b": "x\n", "c": []}], "d": {}, "e": {"f": null}});
        let usual = serde_json::to_string_pretty(&json).expect("JSON");
        assert_eq!(shown(&json, Some(0)), usual);
    }
}
