//! An apply while it runs: what goes on and what is left, live on a terminal, and in plain lines
//! elsewhere.
//!
//! The main type is [`Progress`]. Everything goes to standard error.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use infra_engine::{Action, Event, Operation, Plan, Remaining};
use infra_sdk::Address;

use super::live::{Board, Room, doing};
use super::time::{duration, remaining, usually};
use crate::view::Terminal;
use crate::view::text::{ADD, CHANGE, ERROR, FAINT, count, paint, plain};

/// Where nothing is live, what is left is said each so many times that the engine says it: every
/// minute.
const SELDOM: usize = 6;

/// Where nothing is live, what goes on without a new word is said as often as the engine says it for
/// so long, and then each time that so much has passed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often live lines are drawn when nothing happens.
pub(crate) const REDRAWN: Duration = Duration::from_millis(200);

/// How long an operation took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Took {
    /// The resource.
    pub(crate) address: Address,
    /// What was done.
    pub(crate) operation: Operation,
    /// The time.
    pub(crate) time: Duration,
}

/// What there is to do before an apply begins.
pub(crate) fn whole(plan: &Plan, parallelism: u16) -> Remaining {
    let forecast = plan.forecast(usize::from(parallelism));
    let mut whole = Remaining { estimate: forecast.estimate, operations: 0, unknown: 0 };
    for change in &plan.changes {
        let operations = match change.action {
            Action::NoOp | Action::Import | Action::Forget => 0,
            Action::Await | Action::Create | Action::Update | Action::Delete => 1,
            Action::Replace { .. } => 2,
        };
        whole.operations += operations;
        if forecast.unknown.contains(&change.type_name) {
            whole.unknown += operations;
        }
    }
    whole
}

/// Shows the events of an apply.
pub(crate) struct Progress<'a> {
    terminal: &'a Terminal,
    /// What lines that change show; `None` where nothing can be live.
    live: Option<Board>,
    /// How often it was said what is left.
    told: usize,
    /// When it was last said that an operation goes on, and with which word.
    beats: BTreeMap<(Address, Operation), (Duration, Option<String>)>,
    took: Vec<Took>,
}

impl<'a> Progress<'a> {
    /// Shows events on a terminal. There is so much to do.
    pub(crate) fn new(terminal: &'a Terminal, whole: Remaining) -> Self {
        let live = terminal.is_live().then(|| {
            terminal.make_room();
            Board::new(Instant::now(), whole, terminal.is_unicode())
        });
        Self { terminal, live, told: 0, beats: BTreeMap::new(), took: Vec::new() }
    }

    /// Shows an event.
    pub(crate) fn show(&mut self, event: &Event) {
        if let Some(board) = &mut self.live {
            note(board, event);
        }
        if let Event::Completed { address, operation, elapsed, .. } = event {
            let (address, operation) = (address.clone(), *operation);
            self.took.push(Took { address, operation, time: *elapsed });
        }
        if self.is_worth_telling(event) {
            self.terminal.note(&line(event, self.live.is_some()));
        }
        if let Event::Failed { diagnostic, .. } = event {
            self.terminal.diagnostics([diagnostic]);
        }
        self.redraw();
    }

    /// Draws live lines as they are by now.
    pub(crate) fn redraw(&self) {
        if let Some(board) = &self.live {
            let (columns, rows) = self.terminal.live_size();
            self.terminal.draw(board.lines(Instant::now(), Room { columns, rows }));
        }
    }

    /// What the operations took that ended well.
    pub(crate) fn took(mut self) -> Vec<Took> {
        std::mem::take(&mut self.took)
    }

    /// Whether there is something to say that was not said lately.
    fn is_worth_telling(&mut self, event: &Event) -> bool {
        match event {
            Event::Remaining(_) => {
                self.told += 1;
                (self.told - 1).is_multiple_of(SELDOM)
            }
            Event::Progress { address, operation, elapsed, last, .. } => {
                let of = (address.clone(), *operation);
                let tell = self.beats.get(&of).is_none_or(|(told, word)| {
                    *elapsed <= PATIENCE || word != last || *elapsed >= *told + PATIENCE
                });
                if tell {
                    self.beats.insert(of, (*elapsed, last.clone()));
                }
                tell
            }
            _ => true,
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.live.is_some() {
            self.terminal.settle();
        }
    }
}

/// Brings what is live up to date.
fn note(board: &mut Board, event: &Event) {
    let now = Instant::now();
    match event {
        Event::Started { address, operation, expected, .. } => {
            board.begin(now, (address, *operation), *expected);
        }
        Event::Completed { address, operation, .. }
        | Event::OnItsWay { address, operation, .. }
        | Event::Failed { address, operation, .. }
        | Event::Blocked { address, operation, .. } => board.end((address, *operation)),
        Event::Progress { address, operation, last: Some(last), .. } => {
            board.word((address, *operation), last);
        }
        Event::Remaining(left) => board.remain(now, *left),
        Event::HeldUp(why) => board.hold_up(why),
        Event::Stopping { .. } => board.stop(),
        Event::Progress { .. } | Event::Slow { .. } => {}
    }
}

fn done(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "created",
        Operation::Update => "updated",
        Operation::Delete => "destroyed",
        Operation::Await => "ready",
    }
}

fn failed(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "could not be created",
        Operation::Update => "could not be updated",
        Operation::Delete => "could not be destroyed",
        Operation::Await => "did not get ready",
    }
}

/// What a run leaves that was asked to stop while it waited.
fn unfinished(operation: Operation, id: &str, last: &str) -> String {
    let (id, last) = (plain(id), plain(last));
    let what = match operation {
        _ if id.is_empty() => "not finished".to_owned(),
        Operation::Create | Operation::Update => {
            format!("{} ({id}), not ready yet", done(operation))
        }
        Operation::Delete => format!("told to go ({id}), not gone yet"),
        Operation::Await => format!("not ready yet ({id})"),
    };
    let word = match last.as_str() {
        // These are not the cloud's words, and are said already.
        "" | "created" | "told to go" => String::new(),
        word => format!(": {word}"),
    };
    format!("{what}{word}; the next run waits for it")
}

/// The line of an event; empty where a live line says it already.
fn line(event: &Event, live: bool) -> String {
    let named =
        |id: &Option<String>| id.as_ref().map(|id| format!(" ({})", plain(id))).unwrap_or_default();
    match event {
        Event::Started { .. } | Event::Progress { .. } | Event::Remaining(_) | Event::HeldUp(_)
            if live =>
        {
            String::new()
        }
        Event::Started { address, operation, id, expected } => {
            format!("{address}: {}{}{}\n", doing(*operation), named(id), usually(*expected))
        }
        Event::Progress { address, operation, elapsed, expected, last, .. } => {
            let word = last.as_ref().map(|word| format!(": {}", plain(word))).unwrap_or_default();
            let (doing, elapsed) = (doing(*operation), duration(*elapsed));
            format!("{address}: still {doing}, {elapsed}{}{word}\n", usually(*expected))
        }
        Event::Slow { address, operation, elapsed, expected } => {
            let (elapsed, usual) = (duration(*elapsed), duration(expected.p50));
            let slow = paint(CHANGE, "slower than usual");
            format!("{address}: {} is {slow}: {elapsed}, usually {usual}\n", doing(*operation))
        }
        Event::Remaining(left) => match remaining(left) {
            left if left.is_empty() => left,
            left => format!("{}\n", paint(FAINT, &left)),
        },
        Event::HeldUp(why) => {
            let lines = why.iter().map(|why| format!("{}\n", paint(CHANGE, &plain(why))));
            lines.collect()
        }
        Event::Completed { address, operation, id, elapsed, unchanged } => {
            let what = if *unchanged { "unchanged" } else { done(*operation) };
            let after = paint(FAINT, &format!("after {}", duration(*elapsed)));
            format!("{address}: {} ({}) {after}\n", paint(ADD, what), plain(id))
        }
        Event::OnItsWay { address, operation, id, last, .. } => {
            format!("{address}: {}\n", unfinished(*operation, id, last))
        }
        Event::Failed { address, operation, id, elapsed, .. } => {
            let (failed, after) = (paint(ERROR, failed(*operation)), duration(*elapsed));
            format!("{address}: {failed}{} ({after})\n", named(id))
        }
        Event::Blocked { address, by, .. } => format!("{address}: not tried: `{by}` failed\n"),
        Event::Stopping { in_flight, left } => {
            let waiting = match in_flight.len() {
                0 => String::new(),
                some => format!("waiting for {} in flight; ", count(some, "operation")),
            };
            format!("{}: {waiting}{left} not begun\n", paint(CHANGE, "Stopping"))
        }
    }
}

#[cfg(test)]
mod tests {
    use infra_engine::{Estimate, Remaining};

    use super::*;

    #[test]
    fn lines_say_what_happens_to_which_resource() {
        let address = Address::parse("network.vpc").expect("valid");
        let operation = Operation::Create;
        let events = [
            Event::Started { address: address.clone(), operation, id: None, expected: None },
            Event::Progress {
                address: address.clone(),
                operation,
                id: None,
                elapsed: Duration::from_secs(70),
                expected: None,
                last: Some("1 of 2 tasks run; 1 pending".to_owned()),
            },
            Event::Completed {
                address: address.clone(),
                operation,
                id: "vpc-1".to_owned(),
                elapsed: Duration::from_secs(3700),
                unchanged: false,
            },
            Event::Stopping { in_flight: vec![address], left: 4 },
        ];
        let text: String = events.iter().map(|event| line(event, false)).collect();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        network.vpc: creating
        network.vpc: still creating, 1m10s: 1 of 2 tasks run; 1 pending
        network.vpc: created (vpc-1) after 1h01m
        Stopping: waiting for 1 operation in flight; 4 not begun
        ");
    }

    #[test]
    fn lines_say_what_did_not_end_well() {
        let [vpc, logs] = ["vpc", "logs"].map(|name| Address::parse(name).expect("valid"));
        let unfinished = |operation, id: &str, last: &str| Event::OnItsWay {
            address: logs.clone(),
            operation,
            id: id.to_owned(),
            elapsed: Duration::from_secs(3),
            last: last.to_owned(),
        };
        let failed = |operation, id: Option<&str>| Event::Failed {
            address: vpc.clone(),
            operation,
            id: id.map(str::to_owned),
            elapsed: Duration::ZERO,
            diagnostic: infra_sdk::Diagnostic::error("apply::create", "no"),
        };
        let events = [
            unfinished(Operation::Create, "/shop", "created"),
            unfinished(Operation::Update, "db-1", "backing-up"),
            unfinished(Operation::Delete, "db-1", "told to go"),
            unfinished(Operation::Create, "", "what an earlier create made is looked for"),
            failed(Operation::Create, None),
            failed(Operation::Delete, Some("vpc-1")),
            Event::Blocked { address: logs.clone(), operation: Operation::Create, by: vpc.clone() },
        ];
        let text: String = events.iter().map(|event| line(event, false)).collect();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        logs: created (/shop), not ready yet; the next run waits for it
        logs: updated (db-1), not ready yet: backing-up; the next run waits for it
        logs: told to go (db-1), not gone yet; the next run waits for it
        logs: not finished: what an earlier create made is looked for; the next run waits for it
        vpc: could not be created (0s)
        vpc: could not be destroyed (vpc-1) (0s)
        logs: not tried: `vpc` failed
        ");
    }

    #[test]
    fn lines_say_what_is_usual_and_what_is_left() {
        let address = Address::parse("data.database").expect("valid");
        let (operation, id) = (Operation::Create, None);
        let seconds = Duration::from_secs;
        let expected = Estimate { p50: seconds(480), p90: seconds(720) };
        let estimate = Estimate { p50: seconds(790), p90: seconds(1100) };
        let events = [
            Event::Started {
                address: address.clone(),
                operation,
                id: id.clone(),
                expected: Some(expected),
            },
            Event::Progress {
                address: address.clone(),
                operation,
                id,
                elapsed: seconds(730),
                expected: Some(expected),
                last: Some("backing-up".to_owned()),
            },
            Event::Slow { address, operation, elapsed: seconds(730), expected },
            Event::Remaining(Remaining { estimate, operations: 7, unknown: 2 }),
            Event::Remaining(Remaining::default()),
            Event::HeldUp(vec![
                "AWS's endpoint of ec2 in eu-central-1 throttles; calls wait".to_owned(),
            ]),
            Event::HeldUp(Vec::new()),
        ];
        let text: String = events.iter().map(|event| line(event, false)).collect();
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        insta::assert_snapshot!(text, @r"
        data.database: creating (usually 8m00s)
        data.database: still creating, 12m10s (usually 8m00s): backing-up
        data.database: creating is slower than usual: 12m10s, usually 8m00s
        about 13 to 19 minutes left for 7 operations, not known of 2
        AWS's endpoint of ec2 in eu-central-1 throttles; calls wait
        ");
        for shown in [3, 5] {
            assert_eq!(line(&events[shown], true), "", "a live line says it");
        }
        assert!(line(&events[2], true).contains("slower"), "a live line does not");
    }

    #[test]
    fn a_long_wait_is_told_seldom_and_each_new_word_at_once() {
        let terminal = Terminal::new(false, crate::view::LogFormat::Text);
        let mut progress = Progress {
            terminal: &terminal,
            live: None,
            told: 0,
            beats: BTreeMap::new(),
            took: Vec::new(),
        };
        let mut tells = |seconds: u64, word: &str| {
            progress.is_worth_telling(&Event::Progress {
                address: Address::parse("database").expect("valid"),
                operation: Operation::Create,
                id: None,
                elapsed: Duration::from_secs(seconds),
                expected: None,
                last: Some(word.to_owned()),
            })
        };
        let told: Vec<u64> = (1..=24).map(|n| n * 10).filter(|n| tells(*n, "creating")).collect();
        assert_eq!(told, [10, 20, 30, 40, 50, 60, 120, 180, 240]);
        assert!(tells(250, "backing-up") && !tells(260, "backing-up"));
    }
}
