//! The log of requests: in memory for counting calls, in a file for reading afterwards.
//!
//! The main types are [`RequestLog`] and [`LogEntry`]. A secret is never in it: bodies of objects
//! are left out, and values of secret names are redacted before an entry is made.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::Call;

/// How many entries stay in memory; the file has all.
const KEPT: usize = 200_000;

/// What stands where a secret was.
const REDACTED: &str = "(redacted)";

/// Parts of names whose values are secret, in lower case without separators.
const SECRET_NAMES: &[&str] = &[
    "password",
    "secretstring",
    "secretbinary",
    "secretaccesskey",
    "sessiontoken",
    "authtoken",
    "privatekey",
    "plaintext",
    "userdata",
    "keymaterial",
    "webidentitytoken",
    "samlassertion",
];

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Counts the requests, from 1, in the order in which they came in.
    pub sequence: u64,
    /// When it came in, RFC 3339.
    pub started: String,
    /// The signing name of the service.
    pub service: String,
    /// The operation; `METHOD /path` where the gate has no name for it.
    pub operation: String,
    /// Whether it changes something, where it succeeds.
    pub mutating: bool,
    /// The region.
    pub region: String,
    /// The access key id that signed it, which tells callers apart; empty when it is unsigned.
    pub access_key: String,
    /// The emulator that plays the service.
    pub emulator: String,
    /// The parameters; secrets are redacted.
    pub parameters: Map<String, Value>,
    /// The HTTP status; none while it is being served, and where no answer was sent.
    pub status: Option<u16>,
    /// The service's error code.
    pub error: Option<String>,
    /// Milliseconds from request to answer; none while it is being served.
    pub duration_ms: Option<f64>,
    /// What the gate did beyond passing on: `fault: …`, `states: …`.
    pub notes: Vec<String>,
}

/// All requests since the start or the last clearing.
pub(crate) struct RequestLog {
    path: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    next: u64,
    entries: VecDeque<LogEntry>,
    file: File,
}

impl RequestLog {
    /// A log that writes to a new file there.
    ///
    /// # Errors
    ///
    /// The file cannot be made.
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        let inner = Inner { next: 1, entries: VecDeque::new(), file: open(path)? };
        Ok(Self { path: path.to_owned(), inner: Mutex::new(inner) })
    }

    /// Notes a request that came in, and returns its number.
    pub(crate) fn begin(&self, call: &Call, emulator: &str) -> u64 {
        let mut inner = self.lock();
        let sequence = inner.next;
        inner.next += 1;
        if inner.entries.len() == KEPT {
            inner.entries.pop_front();
        }
        inner.entries.push_back(LogEntry {
            sequence,
            started: Timestamp::now().to_string(),
            service: call.service.clone(),
            operation: call.operation.clone(),
            mutating: call.mutates(),
            region: call.region.clone(),
            access_key: call.access_key.clone(),
            emulator: emulator.to_owned(),
            parameters: redact_parameters(&call.service, call.parameters()),
            status: None,
            error: None,
            duration_ms: None,
            notes: Vec::new(),
        });
        sequence
    }

    /// Notes how a request ended.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn end(
        &self,
        sequence: u64,
        since: Instant,
        status: Option<u16>,
        error: Option<String>,
        notes: Vec<String>,
    ) -> std::io::Result<()> {
        let mut inner = self.lock();
        let Inner { entries, file, .. } = &mut *inner;
        // Entries are in order and without gaps; one that was cleared meanwhile stays forgotten.
        let Some(first) = entries.front().map(|entry| entry.sequence) else { return Ok(()) };
        let Some(at) = sequence.checked_sub(first).and_then(|at| usize::try_from(at).ok()) else {
            return Ok(());
        };
        let Some(entry) = entries.get_mut(at) else { return Ok(()) };
        entry.status = status;
        entry.error = error;
        entry.duration_ms = Some(since.elapsed().as_secs_f64() * 1000.0);
        entry.notes = notes;
        let mut line = serde_json::to_string(entry)?;
        line.push('\n');
        file.write_all(line.as_bytes())
    }

    /// The entries with a higher number than `since`.
    pub(crate) fn since(&self, since: u64) -> Vec<LogEntry> {
        self.lock().entries.iter().filter(|entry| entry.sequence > since).cloned().collect()
    }

    /// Forgets all entries. The numbers go on.
    ///
    /// # Errors
    ///
    /// The file cannot be made anew.
    pub(crate) fn clear(&self) -> std::io::Result<()> {
        let mut inner = self.lock();
        inner.file = open(&self.path)?;
        inner.entries.clear();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}

fn redact_parameters(service: &str, mut parameters: Map<String, Value>) -> Map<String, Value> {
    redact_object(service, &mut parameters);
    parameters
}

fn redact_object(service: &str, object: &mut Map<String, Value>) {
    for (name, value) in object {
        if is_secret(service, name) {
            *value = Value::String(REDACTED.to_owned());
        } else {
            redact(service, value);
        }
    }
}

fn redact(service: &str, value: &mut Value) {
    match value {
        Value::Object(object) => redact_object(service, object),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(service, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_secret(service: &str, name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    // `ManageMasterUserPassword` is a switch; a parameter of SSM and the environment of a function
    // are secret as a whole.
    let switch = plain.starts_with("manage") || plain.contains("passwordreset");
    (!switch && SECRET_NAMES.iter().any(|secret| plain.contains(secret)))
        || (service == "ssm" && plain == "value")
        || (service == "lambda" && plain == "variables")
}

#[cfg(test)]
mod tests {
    use super::RequestLog;
    use crate::gate::call::tests::{call, query_call, signature};
    use hyper::Method;
    use std::time::Instant;

    #[test]
    fn secrets_are_not_logged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = RequestLog::create(&path).unwrap();
        let body = "Action=CreateDBInstance&MasterUserPassword=hunter2&Engine=postgres&ManageMasterUserPassword=true";
        let first = log.begin(&query_call("rds", body), "ministack");
        let target = [
            ("x-amz-target", "secretsmanager.CreateSecret"),
            ("authorization", &*signature("secretsmanager")),
        ];
        let json =
            "{\"Name\":\"n\",\"SecretString\":\"hunter2\",\"Deep\":[{\"auth-token\":\"hunter2\"}]}";
        let second = log.begin(&call(Method::POST, "/", &target, json), "moto");
        for sequence in [first, second] {
            log.end(sequence, Instant::now(), Some(200), None, Vec::new()).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("postgres") && text.contains("\"Name\":\"n\""), "{text}");
        assert_eq!(log.since(0)[0].parameters["ManageMasterUserPassword"], "true");
    }

    #[test]
    fn numbers_go_on_after_clearing() {
        let folder = tempfile::tempdir().unwrap();
        let log = RequestLog::create(&folder.path().join("log")).unwrap();
        let call = query_call("ec2", "Action=DescribeVpcs");
        let first = log.begin(&call, "moto");
        log.clear().unwrap();
        let second = log.begin(&call, "moto");
        // The first one ends after it was cleared, and must not spoil the second.
        log.end(first, Instant::now(), Some(500), None, Vec::new()).unwrap();
        log.end(second, Instant::now(), Some(200), None, Vec::new()).unwrap();
        let entries = log.since(0);
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].sequence, entries[0].status), (second, Some(200)));
        assert!(log.since(second).is_empty());
    }
}
