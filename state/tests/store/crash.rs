//! `kill -9` at random moments: what was acknowledged is there, and nothing is there by half.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use infra_sdk::store::{Edit, Store as _};
use infra_testkit::store_suite::{intent, record, run};

use crate::place::{SledPlace, config, owner};

const CHILD: &str = "INFRA_TEST_CRASH_ROOT";
const ROUNDS: u64 = 25;

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

fn acknowledge(what: &str, number: u64, name: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {what} {number} {name}").expect("written");
    out.flush().expect("flushed");
}

#[test]
fn nothing_that_was_acknowledged_is_lost_to_kill_9() {
    let place = SledPlace::new();
    let (mut begun, mut committed) = (BTreeMap::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        for line in killed_after(&place, Duration::from_millis(40 + round * 37 % 260)) {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["begun", number, name] => {
                    let number: u64 = number.parse().expect("a number");
                    let earlier = begun.insert(number, name.to_owned());
                    assert_eq!(earlier, None, "{number} was given out twice");
                }
                ["committed", number, _] => {
                    committed.insert(number.parse::<u64>().expect("a number"));
                }
                _ => panic!("the child said {line:?}"),
            }
        }
        run(async {
            let store = place.open().expect("opens after a kill");
            let state = store.load().await.expect("loads after a kill");
            let open: BTreeMap<_, _> = state.open.into_iter().collect();
            for (number, name) in &begun {
                let recorded = state.records.iter().find(|(a, _)| a.as_str() == name);
                match open.get(number) {
                    Some(found) => {
                        assert!(!committed.contains(number), "{number} is open again");
                        assert_eq!(found, &intent(name));
                        assert!(recorded.is_none(), "{number} was applied by half");
                    }
                    None => {
                        let (_, found) = recorded.expect("an acknowledged write is gone");
                        assert_eq!(found, &record(name));
                    }
                }
            }
        });
    }
    let (begun, committed) = (begun.len(), committed.len());
    assert!(committed > 50, "only {begun} begun and {committed} committed: no test at all");
}

/// Runs the child, kills it after a while, and returns what it acknowledged until then.
fn killed_after(place: &SledPlace, time: Duration) -> Vec<String> {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args(["--exact", "crash::the_process_that_gets_killed", "--nocapture"])
        .env(CHILD, place.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let out = child.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(out).split(b'\n').map(|line| line.expect("read"));
        let lines = lines.filter_map(|line| String::from_utf8(line).ok());
        lines.filter_map(|l| l.split_once("ack ").map(|(_, ack)| ack.to_owned())).collect()
    });
    std::thread::sleep(time);
    child.kill().expect("killed");
    child.wait().expect("ended");
    let mut acknowledged: Vec<String> = reader.join().expect("read");
    // The pipe holds whole lines but for the last, which the kill may have cut.
    if acknowledged.last().is_some_and(|line| line.split(' ').count() < 3) {
        acknowledged.pop();
    }
    acknowledged
}
