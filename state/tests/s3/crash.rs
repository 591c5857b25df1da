//! `kill -9` at random moments of a run whose state is in a bucket.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use infra_sdk::store::{Edit, Store};
use infra_state::{Config, Location};
use infra_testkit::store_suite::{StorePlace as _, intent, record, run};

use crate::place::{S3Place, config, figure, owner, rounds};

const CHILD: &str = "INFRA_TEST_S3_CRASH";
const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// Not a test of its own: the process that gets killed. Without its variable it does nothing.
#[test]
fn the_process_that_gets_killed() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let [stack, key, endpoint] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    let config = config(stack, key.into(), endpoint);
    run(async move {
        let store = infra_state::open(&config, &owner()).await.expect("opens");
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
    });
}

fn acknowledge(what: &str, number: u64, name: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nack {what} {number} {name}").expect("written");
    out.flush().expect("flushed");
}

#[test]
fn nothing_that_was_acknowledged_is_lost_to_kill_9() {
    let place = S3Place::new();
    let (mut begun, mut committed) = (BTreeMap::new(), BTreeSet::new());
    let rounds = rounds(4, 200);
    for round in 0..rounds {
        run(async {
            let config = place.config().await;
            let time = Duration::from_millis(300 + SEED.rotate_left(round as u32) % 1500);
            let lines = tokio::task::spawn_blocking(move || killed_after(&config, time));
            for line in lines.await.expect("killed") {
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
            let store = place.open().await.expect("opens after a kill");
            let state = store.load().await.expect("loads after a kill");
            let open: BTreeMap<_, _> = state.open.into_iter().collect();
            for (number, name) in &begun {
                let recorded = state.records.iter().find(|(a, _)| a.as_str() == name);
                if let Some(found) = open.get(number) {
                    assert!(!committed.contains(number), "{number} is open again");
                    assert_eq!(found, &intent(name));
                    assert!(recorded.is_none(), "{number} was applied by half");
                } else {
                    let (_, found) = recorded.expect("an acknowledged write is gone");
                    assert_eq!(found, &record(name));
                }
            }
        });
    }
    let (begun, committed) = (begun.len(), committed.len());
    assert!(committed > 50, "only {begun} begun and {committed} committed: no test at all");
    let text = format!(
        "S3, {rounds} random kills, seed {SEED:#x}: {begun} begun and {committed} committed, 0 lost"
    );
    figure("6", &text);
}

/// Runs the child, kills it a while after its first word, and returns what it acknowledged.
fn killed_after(config: &Config, time: Duration) -> Vec<String> {
    let Location::S3(location) = &config.location else { panic!("not in a bucket") };
    let endpoint = location.endpoint_url.clone().expect("an endpoint");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "crash::the_process_that_gets_killed", "--nocapture"])
        .env(CHILD, format!("{}|{}|{endpoint}", config.stack, location.key.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let out = child.stdout.take().expect("piped");
    let (began, begun) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(out).lines().map(|line| line.expect("read"));
        let lines = lines.filter_map(|line| line.strip_prefix("ack ").map(str::to_owned));
        // Nobody listens any more after the first.
        let tell = |_: &String| {
            began.send(()).ok();
        };
        lines.inspect(tell).collect::<Vec<_>>()
    });
    begun.recv_timeout(Duration::from_secs(60)).expect("it writes");
    std::thread::sleep(time);
    child.kill().expect("killed");
    child.wait().expect("ended");
    let mut acknowledged = reader.join().expect("read");
    // The pipe holds whole lines but for the last, which the kill may have cut.
    if acknowledged.last().is_some_and(|line| line.split(' ').count() < 3) {
        acknowledged.pop();
    }
    acknowledged
}
