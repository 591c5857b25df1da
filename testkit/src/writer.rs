//! A process that writes to a store until it is killed, and what it says until then.
//!
//! The main types are [`Writer`], which starts a test program a second time, and [`Acknowledged`],
//! what a store must know after it was killed. The child finds its place with [`place`] and calls
//! [`write_until_killed`]; without a place its test does nothing.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "these functions are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use infra_sdk::store::{Edit, State, Store};

use crate::store_suite::{intent, record};

/// Names the place for the processes that are no tests of their own.
const PLACE: &str = "INFRA_TEST_WRITER";

/// Where this process is to write, if it was started to.
#[must_use]
pub fn place() -> Option<OsString> {
    std::env::var_os(PLACE)
}

/// Begins and commits in four tasks, and acknowledges each, for ever.
pub async fn write_until_killed(store: Box<dyn Store>) {
    let store: Arc<dyn Store> = Arc::from(store);
    let tasks = (0..4).map(|task| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for step in 0_u64.. {
                let name = format!("p{}.t{task}.s{step}", std::process::id());
                let number = store.begin(&intent(&name)).await.expect("begun");
                acknowledge("begun", number, &name);
                let edits = [Edit::Put(Box::new(record(&name)))];
                store.commit(Some(number), &edits).await.expect("committed");
                acknowledge("committed", number, &name);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a writer failed");
    }
}

/// Tells the parent that something is done: what was begun, or committed, under which number.
pub fn acknowledge(what: &str, number: u64, name: &str) {
    let mut out = std::io::stdout().lock();
    // The harness of the tests may have begun a line.
    writeln!(out, "\nack {what} {number} {name}").expect("written");
    out.flush().expect("flushed");
}

/// The process that gets killed, and what it says until then.
#[derive(Debug)]
pub struct Writer {
    child: Child,
    reader: JoinHandle<Vec<String>>,
    spoke: Arc<AtomicBool>,
}

impl Writer {
    /// Starts this test program again, with nothing to do but the test of this name, and tells it
    /// where to write.
    pub fn start(name: &str, place: impl AsRef<OsStr>) -> Self {
        let program = std::env::current_exe().expect("this program");
        Self::run(Command::new(program), name, place)
    }

    /// As [`Writer::start`], by another command that ends in this program.
    pub fn run(mut command: Command, name: &str, place: impl AsRef<OsStr>) -> Self {
        let mut child = command
            .args(["--exact", name, "--nocapture"])
            .env(PLACE, place)
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let out = child.stdout.take().expect("piped");
        let spoke = Arc::new(AtomicBool::new(false));
        let speaks = Arc::clone(&spoke);
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(out).split(b'\n').map(|line| line.expect("read"));
            let lines = lines.filter_map(|line| String::from_utf8(line).ok());
            let words = lines.filter_map(|l| l.split_once("ack ").map(|(_, ack)| ack.to_owned()));
            words.inspect(|_| speaks.store(true, Ordering::SeqCst)).collect()
        });
        Self { child, reader, spoke }
    }

    /// Waits until it has acknowledged something: a busy machine takes its time to start it.
    pub fn wait_for_a_word(&self) {
        let limit = Instant::now() + Duration::from_secs(60);
        while !self.spoke.load(Ordering::SeqCst) {
            assert!(Instant::now() < limit, "the process says nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Stops it where it stands. All its threads stand still once this returns: the signal is only
    /// on its way when it has been sent, and on a busy machine that way is long.
    pub fn freeze(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::STOP).expect("sent");
        let stopped = rustix::process::waitpid(Some(id), rustix::process::WaitOptions::UNTRACED);
        let (_, status) = stopped.expect("waited").expect("a child that stops");
        assert!(status.stopped(), "it ended: {status:?}");
    }

    /// Waits for its end, which must be a good one, and returns what it acknowledged.
    pub fn end(mut self) -> Vec<String> {
        let limit = Instant::now() + Duration::from_secs(60);
        while self.child.try_wait().expect("asked").is_none() {
            if Instant::now() > limit {
                self.child.kill().expect("killed");
                panic!("the process hangs");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(self.child.wait().expect("ended").success(), "the process failed");
        self.reader.join().expect("read")
    }

    /// Kills it, and returns what it acknowledged until then.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
        let mut acknowledged = self.reader.join().expect("read");
        // The pipe holds whole lines but for the last, which the kill may have cut.
        if acknowledged.last().is_some_and(|line| line.split(' ').count() < 3) {
            acknowledged.pop();
        }
        acknowledged
    }
}

/// What was acknowledged.
#[derive(Debug, Default)]
pub struct Acknowledged {
    /// Names of operations by the number of their intent.
    pub begun: BTreeMap<u64, String>,
    /// Numbers of those that ended.
    pub committed: BTreeSet<u64>,
}

impl Acknowledged {
    /// Adds what a writer said.
    pub fn add(&mut self, lines: &[String]) {
        for line in lines {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["begun", number, name] => {
                    let number: u64 = number.parse().expect("a number");
                    let earlier = self.begun.insert(number, name.to_owned());
                    assert_eq!(earlier, None, "{number} was given out twice");
                }
                ["committed", number, _] => {
                    self.committed.insert(number.parse::<u64>().expect("a number"));
                }
                _ => panic!("the child said {line:?}"),
            }
        }
    }

    /// Every operation is open or applied, as a whole, and the acknowledged ones as they were
    /// acknowledged.
    pub fn check(&self, state: State) {
        let open: BTreeMap<_, _> = state.open.into_iter().collect();
        for (number, name) in &self.begun {
            let recorded = state.records.iter().find(|(a, _)| a.as_str() == name);
            match open.get(number) {
                Some(found) => {
                    assert!(!self.committed.contains(number), "{number} is open again");
                    assert_eq!(found, &intent(name));
                    assert!(recorded.is_none(), "{number} was applied by half");
                }
                None => {
                    let (_, found) = recorded.expect("an acknowledged write is gone");
                    assert_eq!(found, &record(name));
                }
            }
        }
    }
}
