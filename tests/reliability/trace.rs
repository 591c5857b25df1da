//! A run under `strace`, and what its system calls say about the store and the requests.

use std::collections::HashMap;
use std::process::Command;

use crate::world::{Ended, Running, World, program};

/// What a line of the trace says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Bytes go to the store's file.
    Written,
    /// A sync of the store's file begins.
    Syncing,
    /// It has ended, well.
    Synced,
    /// Something under the state's folder could not be written.
    Failed(String),
    /// A request that changes something goes out.
    Request(String),
}

/// The file whose bytes must be on the disk.
const STORE: &str = "/sled/db>";

/// Reads a trace of `strace -f -yy`. A system call that others interrupt stands in two lines, of
/// which the second does not name the file.
pub(crate) fn events(trace: &str) -> Vec<Event> {
    let mut unfinished: HashMap<&str, bool> = HashMap::new();
    let mut events = Vec::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        let ours = call.split(',').next().unwrap_or_default().contains(STORE);
        if ["ENOSPC", "EROFS", "EFBIG", "EDQUOT"].iter().any(|error| call.contains(error)) {
            events.push(Event::Failed(call.to_owned()));
        }
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

/// Whether runs can be traced here; says so where they cannot.
pub(crate) fn can_trace() -> bool {
    let can = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    let can = can.is_ok_and(|status| status.success());
    if !can {
        crate::figures::progress(&"skipped: strace is not installed or may not trace");
    }
    can
}

/// Starts `infra` with these words under `strace`; [`traced`] reads what it wrote.
pub(crate) fn start(world: &World, words: &[&str]) -> Running {
    let infra = world.command(words);
    let calls =
        "trace=fdatasync,fsync,fallocate,ftruncate,openat,pwrite64,write,writev,sendto,sendmsg";
    let mut command = Command::new("strace");
    command.args(["-f", "-yy", "-s", "2000", "-e", calls, "-o"]).arg(world.folder().join("trace"));
    command.arg(infra.get_program()).args(infra.get_args());
    command.args(["--env", "dev", "--program"]).arg(program());
    command.current_dir(world.folder()).env_clear();
    command.envs(infra.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Running::start(command)
}

/// What the run did that was started last and has ended.
pub(crate) fn traced(world: &World) -> Vec<Event> {
    let bytes = std::fs::read(world.folder().join("trace")).expect("a trace");
    events(&String::from_utf8_lossy(&bytes))
}

/// Runs `infra` with these words under `strace`.
pub(crate) async fn run(world: &World, words: &[&str]) -> (Ended, Vec<Event>) {
    let ended = start(world, words).ended().await;
    (ended, traced(world))
}

#[cfg(test)]
mod tests {
    use super::{Event, change, events};

    const REQUEST: &str = "9 writev(15<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"POST / HTTP/1.1\\r\\n\"}, {iov_base=\"Action=CreateVpc&Version=1\"}], 2) = 9\n";

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
