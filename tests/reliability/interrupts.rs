//! Signals, closed pipes and a CI system's patience, while something takes its time.
//!
//! The stack waits for a NAT gateway that stays pending. However the run is told to stop, it does so
//! at once, and the next run waits on for the same gateway.

use std::io::Read;
use std::time::{Duration, Instant};

use infra_sandbox::gate::OverlaySettings;
use rustix::process::{Pid, Signal, kill_process};

use crate::figures;
use crate::ledger::{self, Tally};
use crate::world::{Running, World};

/// How a run is told to stop.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By one signal.
    Once(Signal),
    /// By an interrupt, and another one right after it.
    Twice,
    /// By a termination, and a kill after so long.
    Grace(Duration),
    /// Its reader goes away after the first line.
    ClosedOutput,
}

const WORDS: [&str; 4] = ["apply", "--auto-approve", "--var", "slow=true"];

impl Way {
    fn name(self) -> String {
        match self {
            Self::Once(Signal::INT) => "one SIGINT".to_owned(),
            Self::Once(Signal::TERM) => "one SIGTERM".to_owned(),
            Self::Once(_) => "one SIGHUP".to_owned(),
            Self::Twice => "two SIGINTs".to_owned(),
            Self::Grace(patience) => format!("SIGTERM, and SIGKILL after {patience:?}"),
            Self::ClosedOutput => "closed standard output".to_owned(),
        }
    }
}

/// With whatever else there is to do, a run that is told to stop has gone after this time.
const AT_ONCE: Duration = Duration::from_secs(5);

/// New gateways stay pending, or all are at once what they are to become.
async fn pending(world: &World, on: bool) {
    let mut overlays = OverlaySettings::default();
    overlays.states.kinds.insert("nat_gateway".to_owned(), 1_000_000);
    overlays.states.enabled = on;
    world.control.set_overlays(&overlays).await.unwrap();
}

/// Waits until the run only waits: the gateway is there, and nothing was changed for a second.
async fn until_it_waits(world: &World) {
    let mut seen = (0, Instant::now());
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let log = world.control.log(0).await.unwrap();
        let made = log.iter().any(|e| e.operation == "CreateNatGateway" && e.status.is_some());
        let changes = log.iter().filter(|entry| entry.mutating).count();
        if changes != seen.0 {
            seen = (changes, Instant::now());
        } else if made && seen.1.elapsed() > Duration::from_secs(1) {
            return;
        }
    }
}

fn send(running: &Running, signal: Signal) {
    let pid = Pid::from_raw(running.pid()).unwrap();
    // One that has ended meanwhile needs no signal.
    let _gone = kill_process(pid, signal);
}

/// Starts the run, lets it come to its wait, and tells it to stop. How long it took to go.
async fn stop(world: &World, way: Way, tally: &mut Tally) -> Duration {
    let (mut running, reader) = if matches!(way, Way::ClosedOutput) {
        let (reader, writer) = std::io::pipe().unwrap();
        let words = [&WORDS[..], &["--format", "json"]].concat();
        (world.start_writing_to(&words, writer), Some(reader))
    } else {
        (world.start(&WORDS), None)
    };
    if let Some(mut reader) = reader {
        // `head -c 1`: it goes away while most is still to be done.
        reader.read_exact(&mut [0]).unwrap();
    } else {
        until_it_waits(world).await;
    }
    let told = Instant::now();
    match way {
        Way::Once(signal) => send(&running, signal),
        Way::Twice => {
            send(&running, Signal::INT);
            tokio::time::sleep(Duration::from_millis(200)).await;
            send(&running, Signal::INT);
        }
        Way::Grace(patience) => {
            send(&running, Signal::TERM);
            if tokio::time::timeout(patience, running.wait()).await.is_err() {
                send(&running, Signal::KILL);
            }
        }
        Way::ClosedOutput => {}
    }
    running.wait().await;
    let took = told.elapsed();
    let ended = running.ended().await;
    let by_signal = matches!(way, Way::Grace(_)) && ended.code.is_none();
    if !by_signal && ended.code.is_none_or(|code| code == 0 || code == 70) {
        tally.stick(format!("{way:?}: it ended with {:?}:\n{}", ended.code, ended.stderr));
    }
    if took > AT_ONCE + Duration::from_secs(1) {
        tally.stick(format!("{way:?}: it took {took:?} to stop:\n{}", ended.stderr));
    }
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_while_it_waits_it_stops_and_the_next_run_waits_on() {
    let mut world = World::new().await;
    let mut ways = vec![
        Way::Once(Signal::INT),
        Way::Twice,
        Way::Grace(Duration::from_millis(500)),
        Way::ClosedOutput,
    ];
    if figures::whole() {
        ways.extend([Signal::TERM, Signal::HUP].map(Way::Once));
        ways.push(Way::Grace(Duration::from_secs(5)));
    }
    let mut all = Tally::default();
    for way in ways {
        world.reset().await;
        pending(&world, true).await;
        let mut tally = Tally { blows: 1, ..Tally::default() };
        let took = stop(&world, way, &mut tally).await;
        pending(&world, false).await;
        let again = world.infra(&WORDS).await;
        if again.code != Some(0) {
            tally.stick(format!(
                "{way:?}: the next run ended with {:?}:\n{}",
                again.code, again.stderr
            ));
        }
        tally.add(ledger::check(&mut world, &WORDS[2..], "1").await);
        let log = world.control.log(0).await.unwrap();
        let gateways = log.iter().filter(|e| e.operation.ends_with("NatGateway")).count();
        if gateways != 1 {
            tally.stick(format!("{way:?}: the gateway was made or deleted {gateways} times"));
        }
        let figure = format!("10, 11: {} while a NAT gateway is pending", way.name());
        figures::record(&figure, &format_args!("{tally}, gone after {:.2} s", took.as_secs_f64()));
        all.add(tally);
    }
    world.stop().await;
    all.assert_clean();
}
