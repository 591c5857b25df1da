//! Twenty applies of one stack at once: one works, the others say who does.

use infra_sandbox::gate::HoldAt;

use crate::figures;
use crate::kills::LIFE;
use crate::ledger::Tally;
use crate::world::{Ended, World};

/// How many at once.
const RUNS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_applies_at_once_one_works_and_the_others_say_who() {
    let mut world = World::new().await;
    // The one that works stays at its first change until all others have given up.
    world.hold(None, 1, HoldAt::Before).await;
    let tally = race(&mut world).await;
    world.stop().await;
    figures::record("15: applies of one stack at once, one works", &tally);
    tally.assert_clean();
}

/// Starts twenty applies. The one that works is held by the gate until all others have given up.
pub(crate) async fn race(world: &mut World) -> Tally {
    let step = LIFE[0];
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..RUNS {
        let running = world.start(&step.words());
        all.spawn(async move { (running.pid(), running.ended().await) });
    }
    let mut refused: Vec<Ended> = Vec::new();
    while refused.len() < RUNS - 1 {
        refused.push(all.join_next().await.unwrap().unwrap().1);
    }
    world.held().await;
    world.control.release_held().await.unwrap();
    let (winner, done) = all.join_next().await.unwrap().unwrap();
    let mut tally = Tally { blows: RUNS, ..Tally::default() };
    if done.code != Some(0) {
        tally.stick(format!("the one that works ended with {:?}:\n{}", done.code, done.stderr));
    }
    for run in &refused {
        let told =
            run.stderr.contains(&format!("process {winner}")) && run.stderr.contains("since");
        if run.code != Some(4) || !told {
            tally.stick(format!("a second run ended with {:?}:\n{}", run.code, run.stderr));
        }
    }
    tally.add(step.check(world).await);
    tally
}
