//! `kill -9` at random moments of a run whose state is in a bucket.

use std::time::Duration;

use infra_state::{Config, Location};
use infra_testkit::store_suite::{StorePlace as _, run};
use infra_testkit::writer::{self, Acknowledged, Writer};

use crate::place::{S3Place, config, figure, owner, rounds};

const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// Not a test of its own: the process that gets killed. Without its place it does nothing.
#[test]
fn the_process_that_gets_killed() {
    let Some(told) = writer::place().map(|told| told.to_string_lossy().into_owned()) else {
        return;
    };
    let [stack, key, endpoint] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    let config = config(stack, key.into(), endpoint);
    run(async move {
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        writer::write_until_killed(store).await;
    });
}

#[test]
fn nothing_that_was_acknowledged_is_lost_to_kill_9() {
    let place = S3Place::new();
    let mut acknowledged = Acknowledged::default();
    let rounds = rounds(4, 200);
    for round in 0..rounds {
        run(async {
            let config = place.config().await;
            let time = Duration::from_millis(300 + SEED.rotate_left(round as u32) % 1500);
            let lines = tokio::task::spawn_blocking(move || killed_after(&config, time));
            acknowledged.add(&lines.await.expect("killed"));
            let store = place.open().await.expect("opens after a kill");
            acknowledged.check(store.load().await.expect("loads after a kill"));
        });
    }
    let (begun, committed) = (acknowledged.begun.len(), acknowledged.committed.len());
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
    let told = format!("{}|{}|{endpoint}", config.stack, location.key.display());
    let writer = Writer::start("crash::the_process_that_gets_killed", told);
    writer.wait_for_a_word();
    std::thread::sleep(time);
    writer.kill()
}
