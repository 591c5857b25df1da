//! CBOR as JSON: CloudWatch's SDKs speak Smithy RPC v2 with CBOR, which the emulators do not read.
//!
//! Written against "Smithy RPC v2 CBOR protocol" of the Smithy specification. A request is turned
//! into the service's older JSON protocol on its way in, and an answer back on its way out, so that
//! everything between sees JSON. JSON does not tell times and whole fractions from other numbers:
//! their fields are known by name, from the CloudWatch API Reference.

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Uri};
use minicbor::data::{IanaTag, Type};
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Number, Value};

use super::answer::Answer;

/// Fields that are times.
const TIMES: &[&str] = &[
    "AlarmConfigurationUpdatedTimestamp",
    "EndTime",
    "LastModified",
    "StartTime",
    "StateTransitionedTimestamp",
    "StateUpdatedTimestamp",
    "Timestamp",
    "Timestamps",
];

/// Fields that are fractions, even where they are whole.
const FRACTIONS: &[&str] =
    &["Average", "Maximum", "Minimum", "SampleCount", "Sum", "Threshold", "Value", "Values"];

/// What is not CBOR, or not CBOR that stands for JSON.
type DecodeError = minicbor::decode::Error;

/// Reads a document.
///
/// # Errors
///
/// Bytes that are not CBOR.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    value(&mut Decoder::new(bytes))
}

fn value(decoder: &mut Decoder<'_>) -> Result<Value, DecodeError> {
    Ok(match decoder.datatype()? {
        Type::Bool => Value::Bool(decoder.bool()?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::from(decoder.u64()?),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Value::from(decoder.i64()?),
        Type::F16 => fraction(f64::from(decoder.f16()?)),
        Type::F32 => fraction(f64::from(decoder.f32()?)),
        Type::F64 => fraction(decoder.f64()?),
        Type::String | Type::StringIndef => {
            let mut text = String::new();
            for part in decoder.str_iter()? {
                text.push_str(part?);
            }
            Value::String(text)
        }
        Type::Array | Type::ArrayIndef => {
            let mut items = Vec::new();
            let mut left = decoder.array()?;
            while more(decoder, &mut left)? {
                items.push(value(decoder)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let mut map = Map::new();
            let mut left = decoder.map()?;
            while more(decoder, &mut left)? {
                let Value::String(name) = value(decoder)? else {
                    return Err(DecodeError::message("a name that is not a text"));
                };
                map.insert(name, value(decoder)?);
            }
            Value::Object(map)
        }
        // A time: the number within.
        Type::Tag => {
            decoder.tag()?;
            value(decoder)?
        }
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        other => return Err(DecodeError::message(format!("{other} stands for nothing in JSON"))),
    })
}

/// Whether a list or a map goes on; its end is consumed.
fn more(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, DecodeError> {
    match left {
        Some(0) => Ok(false),
        Some(count) => {
            *count -= 1;
            Ok(true)
        }
        None if decoder.datatype()? == Type::Break => decoder.skip().map(|()| false),
        None => Ok(true),
    }
}

fn fraction(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Writes a document.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // Writing to memory does not fail.
    let _written = write(&mut encoder, "", value);
    encoder.into_writer()
}

type EncodeResult = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(encoder: &mut Encoder<Vec<u8>>, name: &str, value: &Value) -> EncodeResult {
    match value {
        Value::Null => encoder.null()?.ok(),
        Value::Bool(truth) => encoder.bool(*truth)?.ok(),
        value if TIMES.contains(&name) && !value.is_array() => match seconds(value) {
            Some(seconds) => encoder.tag(IanaTag::Timestamp)?.f64(seconds)?.ok(),
            None => encoder.null()?.ok(),
        },
        Value::Number(number) => match number.as_i64() {
            Some(whole) if !FRACTIONS.contains(&name) => encoder.i64(whole)?.ok(),
            _ => encoder.f64(number.as_f64().unwrap_or_default())?.ok(),
        },
        Value::String(text) => encoder.str(text)?.ok(),
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write(encoder, name, item))
        }
        Value::Object(map) => {
            encoder.map(map.len() as u64)?;
            map.iter().try_for_each(|(name, value)| {
                encoder.str(name)?;
                write(encoder, name, value)
            })
        }
    }
}

/// A time in JSON: seconds since 1970, or a text.
fn seconds(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let time: jiff::Timestamp = text.parse().ok()?;
            Some(time.as_duration().as_secs_f64())
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Path and headers of the same request in the service's JSON protocol.
///
/// The path of RPC v2 is `/service/SERVICE/operation/OPERATION`.
pub(crate) fn as_json(uri: &Uri, headers: &HeaderMap) -> (Uri, HeaderMap) {
    let mut parts = uri.path().split('/').skip_while(|part| *part != "service").skip(1);
    let (service, operation) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let mut headers = headers.clone();
    headers.remove("smithy-protocol");
    headers.remove(ACCEPT);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(target) = HeaderValue::from_str(&format!("{service}.{operation}")) {
        headers.insert(HeaderName::from_static("x-amz-target"), target);
    }
    (Uri::from_static("/"), headers)
}

/// Writes an answer in CBOR.
pub(crate) fn encode_answer(answer: &mut Answer) {
    let value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| Value::Object(Map::new()));
    answer.body = encode(&value).into();
    answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    let protocol = HeaderName::from_static("smithy-protocol");
    answer.headers.insert(protocol, HeaderValue::from_static("rpc-v2-cbor"));
}

#[cfg(test)]
mod tests {
    use super::{as_json, decode, encode};
    use hyper::HeaderMap;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back() {
        let value = json!({ "a": [1, -2, true, null], "b": { "c": "text", "d": 0.5 } });
        assert_eq!(decode(&encode(&value)).unwrap(), value);
    }

    #[test]
    fn times_and_fractions_have_their_types() {
        assert_eq!(encode(&json!({ "Threshold": 80 }))[11], 0xfb);
        assert_eq!(encode(&json!({ "Period": 60 }))[8..], [0x18, 60]);
        // A tag of 1 before a number of eight bytes.
        let bytes = encode(&json!({ "Timestamp": "1970-01-01T00:00:01Z" }));
        assert_eq!(bytes[11..13], [0xc1, 0xfb]);
        assert_eq!(decode(&bytes).unwrap(), json!({ "Timestamp": 1.0 }));
    }

    #[test]
    fn indefinite_lengths_are_read() {
        // {_ "a": [_ 1, 2], "b": (_ "x", "y")}
        let bytes = b"\xbf\x61a\x9f\x01\x02\xff\x61b\x7f\x61x\x61y\xff\xff";
        assert_eq!(decode(bytes).unwrap(), json!({ "a": [1, 2], "b": "xy" }));
        decode(b"\xa1\x61").unwrap_err();
    }

    #[test]
    fn a_request_becomes_one_of_json() {
        let uri = "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm";
        let (uri, headers) = as_json(&uri.parse().unwrap(), &HeaderMap::new());
        assert_eq!(uri.path(), "/");
        assert_eq!(headers["x-amz-target"], "GraniteServiceVersion20100801.PutMetricAlarm");
    }
}
