//! `kill -9` at random moments: what was acknowledged is there, and nothing is there by half.

use std::path::{Path, PathBuf};
use std::time::Duration;

use infra_sdk::store::Store as _;
use infra_testkit::store_suite::run;
use infra_testkit::writer::{self, Acknowledged, Writer};

use crate::place::{SledPlace, config, owner};
use crate::proof::{Dice, figure, rounds};

const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// Not a test of its own: the process that gets killed. Without its place it does nothing.
#[test]
fn the_process_that_gets_killed() {
    let Some(root) = writer::place().map(PathBuf::from) else { return };
    run(async move {
        let store = infra_state::open(&config(&root), &owner()).await.expect("open");
        writer::write_until_killed(store).await;
    });
}

/// Starts the process that gets killed.
pub(crate) fn start(root: &Path) -> Writer {
    Writer::start("crash::the_process_that_gets_killed", root)
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
            let writer = start(&place.root());
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
