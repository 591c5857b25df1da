//! What is begun is on the disk before its request is on the wire: read off a trace of system calls.
//!
//! One operation at a time: whenever a request that changes something is written to a socket, nothing
//! that was written to the store's file may still be without an `fdatasync` that has ended. That the
//! intent is among what was written is what the kills show: after each the next run knew of it.

use crate::figures;
use crate::kills::LIFE;
use crate::ledger::Tally;
use crate::trace::{Event, can_trace, run};
use crate::world::World;

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
            Event::Failed(_) => {}
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
    if !can_trace() {
        return;
    }
    let world = World::new().await;
    let mut tally = Tally::default();
    for step in LIFE {
        world.control.clear_log().await.unwrap();
        let (ended, events) =
            run(&world, &[&step.words()[..], &["--parallelism", "1"]].concat()).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
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
    use super::audit;
    use crate::trace::events;

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
}
