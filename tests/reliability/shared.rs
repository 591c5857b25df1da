//! A state that is shared in a bucket: its holder is killed, or sleeps past its lease, or comes with
//! nineteen others.

use infra_sandbox::gate::{HoldAt, LogEntry};
use rustix::process::{Pid, Signal, kill_process};

use crate::chance::Chance;
use crate::figures;
use crate::kills::{LIFE, Step};
use crate::ledger::Tally;
use crate::world::{BUCKET, Running, World};

/// Seconds that a lock outlives its holder: short enough to be waited for again and again, long
/// enough for a machine that is busy with other tests.
const LEASE: u64 = 12;

/// Whether a request changed something, the state apart. A write that was refused changed nothing.
fn is_change(entry: &LogEntry) -> bool {
    let of_the_state = entry.parameters.values().any(|value| value == BUCKET);
    entry.mutating && !of_the_state && entry.status.is_none_or(|status| status < 300)
}

fn signal(running: &Running, signal: Signal) {
    kill_process(Pid::from_raw(running.pid()).unwrap(), signal).expect("it is there");
}

/// Runs a step until a change of it is held. `None` when it ended before.
async fn until_held(world: &World, words: &[&str]) -> Option<Running> {
    let mut running = world.start(words);
    let held = tokio::select! {
        () = running.wait() => false,
        () = world.held() => true,
    };
    held.then_some(running)
}

/// A service of which every step changes something, and a change of it.
fn somewhere(chance: &mut Chance) -> (&'static str, u64) {
    let services = ["ec2", "iam", "kms", "logs"];
    let service = services[usize::try_from(chance.below(4)).unwrap()];
    (service, 1 + chance.below(6))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_holds_a_lease_the_next_run_takes_over() {
    let mut world = World::sharing(LEASE).await;
    let mut chance = Chance::new(figures::seed());
    let mut tally = Tally::default();
    let sides = [HoldAt::Served, HoldAt::Before, HoldAt::Answered];
    for number in 0..figures::amount(1, 20) {
        let mut one = Tally::default();
        for (index, step) in LIFE.into_iter().enumerate() {
            let at = sides[(number + index) % sides.len()];
            let (service, nth) = somewhere(&mut chance);
            world.hold(Some(service), nth, at).await;
            if let Some(running) = until_held(&world, &step.words()).await {
                running.kill().await;
                one.blows += 1;
            }
            match at {
                HoldAt::Before => world.control.drop_held().await.unwrap(),
                HoldAt::Served | HoldAt::Answered => world.control.release_held().await.unwrap(),
            }
            // Nobody unlocks: the lease runs out.
            let blow = format!("{at:?} {service} change {nth}");
            one.add(step.recover(&mut world, &blow).await);
            if !one.is_clean() {
                world.reset().await;
                break;
            }
        }
        world.control.clear_log().await.unwrap();
        one.details.iter().for_each(|detail| figures::progress(detail));
        tally.add(one);
        figures::progress(&format_args!("shared round {}: {tally}", number + 1));
    }
    world.stop().await;
    figures::record("6: kill -9 of the holder of a lease on S3, the next run takes over", &tally);
    tally.assert_clean();
}

/// What a holder did that was stopped, found that another run had done its work, and woke up.
async fn woken(world: &mut World, step: Step, hold_at: (&str, u64), tally: &mut Tally) {
    let (service, nth) = hold_at;
    world.hold(Some(service), nth, HoldAt::Served).await;
    // One at a time: it sleeps while it waits for the answer to the only request on its way.
    let words = [&step.words()[..], &["--parallelism", "1"]].concat();
    let Some(sleeper) = until_held(world, &words).await else { return };
    signal(&sleeper, Signal::STOP);
    world.control.release_held().await.unwrap();
    tally.blows += 1;
    tally.add(step.recover(world, &format!("asleep at {service} change {nth}")).await);
    world.control.clear_log().await.unwrap();
    signal(&sleeper, Signal::CONT);
    let ended = sleeper.ended().await;
    // Another run took it over, or it could not be kept: it says which.
    let ways = ["the lock of", "another run took the state over"];
    let told = ways.iter().any(|way| ended.stderr.contains(way));
    if ended.code.is_none_or(|code| code == 0 || code == 70) || !told {
        tally.stick(format!("it woke up and ended with {:?}:\n{}", ended.code, ended.stderr));
    }
    let log = world.control.log(0).await.unwrap();
    for entry in log.iter().filter(|entry| is_change(entry)) {
        tally.stale += 1;
        tally.details.push(format!("it woke up and sent {}: {entry:?}", entry.operation));
    }
    // What it wrote to the state, if anything, does not count either.
    tally.add(step.check(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_wakes_up_past_its_lease_changes_nothing_more() {
    let mut world = World::sharing(LEASE).await;
    let mut chance = Chance::new(figures::seed());
    let mut tally = Tally::default();
    for number in 0..figures::amount(1, 10) {
        let mut one = Tally::default();
        // A sample sleeps while it makes the stack, and while it changes it.
        let steps = if figures::whole() { LIFE.len() } else { 2 };
        for step in LIFE.into_iter().take(steps) {
            let place = somewhere(&mut chance);
            woken(&mut world, step, place, &mut one).await;
            if !one.is_clean() {
                break;
            }
        }
        world.reset().await;
        one.details.iter().for_each(|detail| figures::progress(detail));
        tally.add(one);
        figures::progress(&format_args!("sleeping round {}: {tally}", number + 1));
    }
    world.stop().await;
    figures::record(
        "16: holders of a lease on S3 that wake up after it; a change that they send is stale",
        &tally,
    );
    tally.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_applies_of_a_shared_state_one_works() {
    // Twenty processes on a small machine: a holder that lives must be able to say so.
    let mut world = World::sharing(30).await;
    world.hold(Some("ec2"), 1, HoldAt::Before).await;
    let tally = crate::locks::race(&mut world).await;
    world.stop().await;
    figures::record("15: applies of one stack at once, state on S3, one works", &tally);
    tally.assert_clean();
}
