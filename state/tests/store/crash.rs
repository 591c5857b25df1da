//! `kill -9` at random moments: what was acknowledged is there, and nothing is there by half.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use infra_sdk::store::{Edit, State, Store as _};
use infra_testkit::store_suite::{intent, record, run};

use crate::place::{SledPlace, config, owner};
use crate::proof::{Dice, figure, rounds};

/// Names the folder for the processes that are no tests of their own.
pub(crate) const CHILD: &str = "INFRA_TEST_CRASH_ROOT";
const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// Not a test of its own: the process that gets killed. Without its variable it does nothing.
#[test]
fn the_process_that_gets_killed() {
    let Some(root) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    run(async move {
        let store = infra_state::open(&config(&root), &owner()).await.expect("open");
        let store: Arc<dyn infra_sdk::store::Store> = Arc::from(store);
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
    });
}

pub(crate) fn acknowledge(what: &str, number: u64, name: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {what} {number} {name}").expect("written");
    out.flush().expect("flushed");
}

/// The process that gets killed, and what it says until then.
pub(crate) struct Writer {
    child: Child,
    reader: JoinHandle<Vec<String>>,
    spoke: Arc<AtomicBool>,
}

impl Writer {
    pub(crate) fn start(root: &Path) -> Self {
        let program = std::env::current_exe().expect("this program");
        Self::run(Command::new(program), "crash::the_process_that_gets_killed", root)
    }

    /// Starts this program, by this command, as the process of this name.
    pub(crate) fn run(mut command: Command, name: &str, root: &Path) -> Self {
        let mut child = command
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, root)
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
    pub(crate) fn wait_for_a_word(&self) {
        let limit = Instant::now() + Duration::from_secs(60);
        while !self.spoke.load(Ordering::SeqCst) {
            assert!(Instant::now() < limit, "the process says nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Stops it where it stands.
    pub(crate) fn freeze(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::STOP).expect("stopped");
    }

    /// Waits for its end, which must be a good one, and returns what it acknowledged.
    pub(crate) fn end(mut self) -> Vec<String> {
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
    pub(crate) fn kill(mut self) -> Vec<String> {
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
#[derive(Default)]
pub(crate) struct Acknowledged {
    pub(crate) begun: BTreeMap<u64, String>,
    pub(crate) committed: BTreeSet<u64>,
}

impl Acknowledged {
    pub(crate) fn add(&mut self, lines: &[String]) {
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
    pub(crate) fn check(&self, state: State) {
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

#[test]
fn nothing_that_was_acknowledged_is_lost_to_kill_9() {
    let kills = rounds(25, 250);
    let mut dice = Dice::new(SEED);
    let (mut begun, mut committed) = (0, 0);
    // A new place now and then: a young database is not an old one.
    for first in (0..kills).step_by(25) {
        let place = SledPlace::new();
        let mut acknowledged = Acknowledged::default();
        for kill in first..kills.min(first + 25) {
            let writer = Writer::start(&place.root());
            // Now and then it is killed while it opens.
            if kill % 5 > 0 {
                writer.wait_for_a_word();
            }
            std::thread::sleep(Duration::from_millis(40 + dice.below(260) as u64));
            acknowledged.add(&writer.kill());
            run(async {
                let store = place.open().expect("opens after a kill");
                acknowledged.check(store.load().await.expect("loads after a kill"));
            });
        }
        begun += acknowledged.begun.len();
        committed += acknowledged.committed.len();
    }
    assert!(committed > 50, "only {begun} begun and {committed} committed: no test at all");
    figure(
        "5",
        &format!(
            "kills {kills}, seed {SEED:#x}, begun {begun}, committed {committed}, lost 0, \
             unusable 0"
        ),
    );
}
