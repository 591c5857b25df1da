//! SIGKILL at every boundary of every call that changes something, and at random instants.
//!
//! A round goes through the life of the stack: made, changed in place, replaced in part, destroyed.
//! Each step is killed, then run once more, and then everything must be as if nothing had been.

use std::time::{Duration, Instant};

use infra_sandbox::gate::HoldAt;

use crate::chance::Chance;
use crate::figures;
use crate::ledger::{self, Tally};
use crate::world::{Running, World};

/// A step of the stack's life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    name: &'static str,
    verb: &'static str,
    settings: &'static [&'static str],
    /// What the objects say that they are afterwards; none when nothing is left.
    revision: Option<&'static str>,
}

/// The life of the stack.
pub(crate) const LIFE: [Step; 4] = [
    Step { name: "create", verb: "apply", settings: &[], revision: Some("1") },
    Step { name: "update", verb: "apply", settings: &["--var", "revision=2"], revision: Some("2") },
    Step {
        name: "replace",
        verb: "apply",
        settings: &["--var", "revision=2", "--var", "generation=2"],
        revision: Some("2"),
    },
    Step {
        name: "destroy",
        verb: "destroy",
        settings: &["--var", "revision=2", "--var", "generation=2"],
        revision: None,
    },
];

const SIDES: [HoldAt; 3] = [HoldAt::Before, HoldAt::Served, HoldAt::Answered];

impl Step {
    pub(crate) fn words(&self) -> Vec<&'static str> {
        [&[self.verb, "--auto-approve"], self.settings].concat()
    }

    /// Whether there is nothing before it.
    pub(crate) fn is_first(&self) -> bool {
        self.name == "create"
    }

    /// The same step after that one instead of its own.
    pub(crate) fn with_settings_of(self, other: &Self) -> Self {
        Self { settings: other.settings, ..self }
    }

    /// Whether the step has done what it was to do.
    pub(crate) async fn check(&self, world: &mut World) -> Tally {
        match self.revision {
            Some(revision) => ledger::check(world, self.settings, revision).await,
            None => ledger::check_empty(world).await,
        }
    }

    /// Runs it once more, undisturbed, and checks what there is then.
    pub(crate) async fn recover(&self, world: &mut World, blow: &str) -> Tally {
        world.faults(&[]).await;
        let mut tally = Tally::default();
        let again = world.infra(&self.words()).await;
        if again.code != Some(0) {
            tally.stick(format!(
                "running it once more ended with {:?}:\n{}",
                again.code, again.stderr
            ));
        }
        tally.add(self.check(world).await);
        for detail in &mut tally.details {
            *detail = format!("{} killed {blow}: {detail}", self.name);
        }
        tally
    }
}

/// Kills a step at a boundary of its `nth` change. Whether it came that far.
async fn kill_at(world: &World, step: Step, nth: u64, at: HoldAt, chance: &mut Chance) -> bool {
    world.hold(None, nth, at).await;
    let mut running = world.start(&step.words());
    let held = tokio::select! {
        () = running.wait() => false,
        () = world.held() => true,
    };
    if held && at == HoldAt::Answered {
        // Anywhere between the answer and what the process does with it.
        tokio::time::sleep(Duration::from_micros(chance.below(12_000))).await;
    }
    running.kill().await;
    match at {
        // The request never left.
        HoldAt::Before => world.control.drop_held().await.unwrap(),
        HoldAt::Served | HoldAt::Answered => world.control.release_held().await.unwrap(),
    }
    held
}

/// A round in which every step is killed at one boundary of its `nth` change, where it has so many.
async fn round(world: &mut World, nth: [u64; 4], at: HoldAt, chance: &mut Chance) -> Tally {
    let mut tally = Tally::default();
    for (step, nth) in LIFE.into_iter().zip(nth) {
        let killed = kill_at(world, step, nth, at, chance).await;
        tally.blows += usize::from(killed);
        tally.add(step.recover(world, &format!("{at:?} change {nth}")).await);
        if !tally.is_clean() {
            break;
        }
    }
    world.control.clear_log().await.unwrap();
    tally
}

/// How many changes each step makes, and how long it takes.
async fn measure(world: &mut World) -> [(u64, Duration); 4] {
    let mut measured = [(0, Duration::ZERO); 4];
    for (step, measured) in LIFE.into_iter().zip(&mut measured) {
        world.control.clear_log().await.unwrap();
        let started = Instant::now();
        let ended = world.infra(&step.words()).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        *measured = (u64::try_from(world.changes().await).unwrap(), started.elapsed());
        step.check(world).await.assert_nothing_wrong();
    }
    world.reset().await;
    measured
}

/// So many of them, from all over.
fn spread<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    (0..most).map(|index| all[index * all.len() / most]).collect()
}

/// The next round begins with nothing: what a failed one left must not be counted again, and the
/// emulators list every key that ever was.
async fn settle(world: &mut World, tally: &Tally, round: usize) {
    if !tally.is_clean() || round % 8 == 7 {
        world.reset().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_a_boundary_of_a_call_nothing_is_lost() {
    let mut world = World::new().await;
    let steps = measure(&mut world).await.map(|(changes, _)| changes);
    let most = steps.into_iter().max().unwrap();
    let mut chance = Chance::new(figures::seed());
    // All boundaries, or three rounds spread over the changes and the sides.
    let rounds: Vec<([u64; 4], HoldAt)> = if figures::whole() {
        (1..=most).flat_map(|nth| SIDES.map(|at| ([nth; 4], at))).collect()
    } else {
        let at = |third: u64| steps.map(|all| (all * (2 * third + 1) / 6).max(1));
        (0..3).zip(SIDES).map(|(third, side)| (at(third), side)).collect()
    };
    let rounds = spread(&rounds, figures::amount(rounds.len(), rounds.len()));
    let mut tally = Tally::default();
    for (number, (nth, at)) in rounds.iter().enumerate() {
        let one = round(&mut world, *nth, *at, &mut chance).await;
        one.details.iter().for_each(|detail| figures::progress(detail));
        settle(&mut world, &one, number).await;
        tally.add(one);
        figures::progress(&format_args!("round {} of {}: {tally}", number + 1, rounds.len()));
    }
    world.stop().await;
    let [create, update, replace, destroy] = steps;
    let figure = format!(
        "1, 3, 4, 7: kill -9 before, after and behind the answer of calls that change something \
         (create {create}, update {update}, replace {replace}, destroy {destroy})"
    );
    figures::record(&figure, &tally);
    tally.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_nothing_is_lost() {
    let mut world = World::new().await;
    let durations = measure(&mut world).await.map(|(_, took)| took);
    let mut chance = Chance::new(figures::seed());
    let mut tally = Tally::default();
    for number in 0..figures::amount(2, 50) {
        let mut one = Tally::default();
        for (step, took) in LIFE.into_iter().zip(durations) {
            // The run that is to repair it may be killed too.
            for _ in 0..=chance.below(2) {
                let running: Running = world.start(&step.words());
                let micros = u64::try_from(took.as_micros()).unwrap();
                tokio::time::sleep(Duration::from_micros(chance.below(micros))).await;
                one.blows += usize::from(running.kill().await.code.is_none());
            }
            one.add(step.recover(&mut world, "at a random instant").await);
            if !one.is_clean() {
                break;
            }
        }
        world.control.clear_log().await.unwrap();
        one.details.iter().for_each(|detail| figures::progress(detail));
        settle(&mut world, &one, number).await;
        tally.add(one);
        figures::progress(&format_args!("random round {}: {tally}", number + 1));
    }
    world.stop().await;
    figures::record("1, 3, 4, 7: kill -9 at random instants, the repairing run too", &tally);
    tally.assert_clean();
}
