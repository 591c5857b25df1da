//! What is begun is on the disk before its request is on the wire: read off a trace of system calls.
//!
//! One operation at a time: whenever a request that changes something is written to a socket, nothing
//! that was written to the store's file may still be without an `fdatasync` that has ended. That the
//! intent is among what was written is what the kills show: after each the next run knew of it.

use std::collections::HashMap;
use std::process::Command;

use crate::figures;
use crate::kills::LIFE;
use crate::ledger::Tally;
use crate::world::{Running, World};

/// What a line of the trace says.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    /// Bytes go to the store's file.
    Written,
    /// A sync of the store's file begins.
    Syncing,
    /// It has ended, well.
    Synced,
    /// A request that changes something goes out.
    Request(String),
}

/// The file whose bytes must be on the disk.
const STORE: &str = "/sled/db>";

/// Reads a trace of `strace -f -yy`. A system call that others interrupt stands in two lines, of
/// which the second does not name the file.
fn events(trace: &str) -> Vec<Event> {
    let mut unfinished: HashMap<&str, bool> = HashMap::new();
    let mut events = Vec::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        let ours = call.split(',').next().unwrap_or_default().contains(STORE);
        let sync = ["fdatasync(", "fsync("].iter().any(|name| call.starts_with(name));
        if sync {
            if call.ends_with("<unfinished ...>") {
                unfinished.insert(thread, ours);
            }
            if ours {
                events.push(Event::Syncing);
                if call.ends_with("= 0") {
                    events.push(Event::Synced);
                }
            }
        } else if call.starts_with("<... fdatasync") || call.starts_with("<... fsync") {
            if unfinished.remove(thread) == Some(true) && call.ends_with("= 0") {
                events.push(Event::Synced);
            }
        } else if ours && ["pwrite64(", "write("].iter().any(|name| call.starts_with(name)) {
            events.push(Event::Written);
        } else if call.contains("<TCP:") {
            events.extend(change(call).map(Event::Request));
        }
    }
    events
}

/// The operation of a request that changes something.
fn change(call: &str) -> Option<String> {
    let word =
        |rest: &str| -> String { rest.chars().take_while(char::is_ascii_alphanumeric).collect() };
    let after = |mark: &str| call.split_once(mark).map(|(_, rest)| word(rest));
    let operation = if let Some(action) = after("Action=") {
        action
    } else if let Some((_, target)) = call.split_once("x-amz-target: ") {
        word(target.split_once('.')?.1)
    } else {
        let method = call.split_once('"').map(|(_, rest)| word(rest))?;
        return matches!(method.as_str(), "PUT" | "DELETE").then_some(method);
    };
    let reads = ["Describe", "Get", "List", "Head", "AssumeRole"];
    (!reads.iter().any(|read| operation.starts_with(read))).then_some(operation)
}

/// Counts the requests, and those that went out before their intent was on the disk.
fn audit(events: &[Event]) -> Tally {
    let mut tally = Tally::default();
    // Writes that no sync has begun after, and those whose sync has not ended.
    let (mut dirty, mut syncing, mut ever) = (false, false, false);
    for event in events {
        match event {
            Event::Written => (dirty, ever) = (true, true),
            Event::Syncing => (syncing, dirty) = (syncing || dirty, false),
            Event::Synced => syncing = false,
            Event::Request(operation) => {
                tally.blows += 1;
                if dirty || syncing || !ever {
                    tally.lost += 1;
                    tally.details.push(format!("request {} ({operation})", tally.blows));
                }
            }
        }
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_is_on_the_disk_before_its_request_is_on_the_wire() {
    if Command::new("strace").args(["-f", "true"]).output().is_err() {
        figures::progress(&"skipped: strace is not installed or may not trace");
        return;
    }
    let world = World::new().await;
    let mut tally = Tally::default();
    for step in LIFE {
        world.control.clear_log().await.unwrap();
        let trace = world.folder().join("trace");
        let calls = "trace=fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg";
        let infra = world.command(&[&step.words()[..], &["--parallelism", "1"]].concat());
        let mut command = Command::new("strace");
        command.args(["-f", "-yy", "-s", "2000", "-e", calls, "-o"]).arg(&trace);
        command.arg(infra.get_program()).args(infra.get_args());
        command.args(["--env", "dev", "--program"]).arg(crate::world::program());
        command.current_dir(world.folder()).env_clear();
        command.envs(infra.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ended = Running::start(command).ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let events = events(&String::from_utf8_lossy(&std::fs::read(&trace).unwrap()));
        let audited = audit(&events);
        // The trace must have seen every call that the gate has seen.
        assert_eq!(audited.blows, world.changes().await, "{events:?}");
        assert!(events.contains(&Event::Synced), "nothing was ever synced");
        tally.add(audited);
    }
    world.stop().await;
    figures::record(
        "8 of the issue: requests whose intent was not on the disk count as lost",
        &tally,
    );
    tally.assert_clean();
}

#[cfg(test)]
mod tests {
    use super::{Event, audit, change, events};

    const WRITE: &str = "7 pwrite64(12</p/.infra/state/dev/shop/sled/db>, \"x\", 1, 0) = 1\n";
    const SYNC: &str = "8 fdatasync(13</p/.infra/state/dev/shop/sled/db>) = 0\n";
    const REQUEST: &str = "9 writev(15<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"POST / HTTP/1.1\\r\\n\"}, {iov_base=\"Action=CreateVpc&Version=1\"}], 2) = 9\n";

    fn lost(lines: &[&str]) -> usize {
        let tally = audit(&events(&lines.concat()));
        assert_eq!(tally.blows, 1);
        tally.lost
    }

    #[test]
    fn a_request_before_its_sync_is_seen() {
        assert_eq!(lost(&[WRITE, SYNC, REQUEST]), 0);
        assert_eq!(lost(&[WRITE, REQUEST, SYNC]), 1);
        assert_eq!(lost(&[SYNC, WRITE, REQUEST]), 1);
        assert_eq!(lost(&[REQUEST]), 1);
        let other = SYNC.replace("sled/db", "sled/conf");
        assert_eq!(lost(&[WRITE, &other, REQUEST]), 1);
        let failed = SYNC.replace("= 0", "= -1 EIO (Input/output error)");
        assert_eq!(lost(&[WRITE, &failed, REQUEST]), 1);
    }

    #[test]
    fn a_sync_counts_when_it_has_ended() {
        let begun = "8 fdatasync(13</p/.infra/state/dev/shop/sled/db> <unfinished ...>\n";
        let ended = "8 <... fdatasync resumed>)          = 0\n";
        assert_eq!(lost(&[WRITE, begun, ended, REQUEST]), 0);
        assert_eq!(lost(&[WRITE, begun, REQUEST, ended]), 1);
        // What is written while it goes on is not known to be in it.
        assert_eq!(lost(&[WRITE, begun, WRITE, ended, REQUEST]), 1);
    }

    #[test]
    fn reads_are_no_changes() {
        assert_eq!(events(&REQUEST.replace("CreateVpc", "DescribeVpcs")), []);
        assert_eq!(events(REQUEST), [Event::Request("CreateVpc".to_owned())]);
        let json = "writev(1<TCP:x>, [{iov_base=\"POST / HTTP/1.1\\r\\nx-amz-target: TrentService.CreateKey\\r\\n\"}]";
        assert_eq!(change(json).as_deref(), Some("CreateKey"));
        assert_eq!(
            change("writev(1<TCP:x>, [{iov_base=\"PUT /b HTTP/1.1\"}]").as_deref(),
            Some("PUT")
        );
        assert_eq!(change("writev(1<TCP:x>, [{iov_base=\"GET /b HTTP/1.1\"}]"), None);
    }
}
