//! An apply while it runs: a live line per resource in flight and one for all that is left on a
//! terminal, plain lines elsewhere.
//!
//! The main type is [`Progress`]. Everything goes to standard error.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use infra_engine::{Event, Operation};
use infra_sdk::Address;

use super::time::{duration, remaining, usually};
use crate::view::Terminal;
use crate::view::text::{ADD, CHANGE, ERROR, FAINT, paint, plain};

/// Where nothing is live, what is left is said each so many times that the engine says it: every
/// minute.
const SELDOM: usize = 6;

/// Shows the events of an apply.
pub(crate) struct Progress<'a> {
    terminal: &'a Terminal,
    /// Live lines; `None` where nothing can be live.
    bars: Option<MultiProgress>,
    running: BTreeMap<(Address, Operation), ProgressBar>,
    /// What is left, below them.
    total: Option<ProgressBar>,
    /// How often it was said what is left.
    told: usize,
}

impl<'a> Progress<'a> {
    /// Shows events on a terminal.
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        let bars = terminal.is_live().then(MultiProgress::new);
        if let Some(bars) = &bars {
            terminal.make_room(bars.clone());
        }
        Self { terminal, bars, running: BTreeMap::new(), total: None, told: 0 }
    }

    /// Shows an event.
    pub(crate) fn show(&mut self, event: &Event) {
        match event {
            Event::Started { address, operation, expected, .. } => {
                self.start(address, *operation, &usually(*expected));
            }
            Event::Completed { address, operation, .. }
            | Event::OnItsWay { address, operation, .. }
            | Event::Failed { address, operation, .. } => {
                if let Some(bar) = self.running.remove(&(address.clone(), *operation)) {
                    bar.finish_and_clear();
                }
            }
            Event::Progress { address, operation, expected, last: Some(last), .. } => {
                if let Some(bar) = self.running.get(&(address.clone(), *operation)) {
                    let (doing, usually) = (doing(*operation), usually(*expected));
                    bar.set_message(format!("{address}: {doing}{usually}: {}", plain(last)));
                }
            }
            Event::Remaining(left) => self.remain(&remaining(left)),
            Event::Progress { .. }
            | Event::Slow { .. }
            | Event::Blocked { .. }
            | Event::Stopping { .. } => {}
        }
        let live = self.bars.is_some();
        let seldom =
            matches!(event, Event::Remaining(_)) && !(self.told - 1).is_multiple_of(SELDOM);
        if !seldom {
            self.terminal.note(&line(event, live));
        }
        if let Event::Failed { diagnostic, .. } = event {
            self.terminal.diagnostics([diagnostic]);
        }
    }

    /// Shows what is left in a line below all others.
    fn remain(&mut self, left: &str) {
        self.told += 1;
        let Some(bars) = &self.bars else { return };
        let total = self.total.get_or_insert_with(|| {
            let total = bars.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                total.set_style(style);
            }
            total
        });
        total.set_message(left.to_owned());
    }

    fn start(&mut self, address: &Address, operation: Operation, usually: &str) {
        let Some(bars) = &self.bars else { return };
        let bar = ProgressBar::new_spinner();
        let bar = match &self.total {
            Some(total) => bars.insert_before(total, bar),
            None => bars.add(bar),
        };
        // The template is constant, so a failure would only cost the looks.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
            bar.set_style(style);
        }
        bar.set_message(format!("{address}: {}{usually}", doing(operation)));
        bar.enable_steady_tick(Duration::from_millis(200));
        self.running.insert((address.clone(), operation), bar);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(total) = &self.total {
            total.finish_and_clear();
        }
    }
}

fn doing(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "creating",
        Operation::Update => "updating",
        Operation::Delete => "destroying",
        Operation::Await => "waiting",
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

/// The line of an event; empty where a live line says it already.
fn line(event: &Event, live: bool) -> String {
    let named =
        |id: &Option<String>| id.as_ref().map(|id| format!(" ({})", plain(id))).unwrap_or_default();
    match event {
        Event::Started { .. } | Event::Progress { .. } | Event::Remaining(_) if live => {
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
        Event::Completed { address, operation, id, elapsed, unchanged } => {
            let what = if *unchanged { "unchanged" } else { done(*operation) };
            let after = paint(FAINT, &format!("after {}", duration(*elapsed)));
            format!("{address}: {} ({}) {after}\n", paint(ADD, what), plain(id))
        }
        Event::OnItsWay { address, id, last, .. } => {
            format!("{address}: on its way ({}): {}\n", plain(id), plain(last))
        }
        Event::Failed { address, operation, id, elapsed, .. } => {
            let after = duration(*elapsed);
            let failed = paint(ERROR, &format!("{} failed", doing(*operation)));
            format!("{address}: {failed}{} after {after}\n", named(id))
        }
        Event::Blocked { address, operation, by } => {
            format!("{address}: {} not tried, because `{by}` failed\n", doing(*operation))
        }
        Event::Stopping { in_flight, left } => {
            let waiting = match in_flight.len() {
                0 => String::new(),
                count => format!(", waiting for {count} in flight"),
            };
            let stopping = paint(CHANGE, "stopping");
            format!("{stopping}: {left} not begun{waiting}\n")
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
        stopping: 4 not begun, waiting for 1 in flight
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
        ];
        let text: String = events.iter().map(|event| line(event, false)).collect();
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        insta::assert_snapshot!(text, @r"
        data.database: creating (usually 8m00s)
        data.database: still creating, 12m10s (usually 8m00s): backing-up
        data.database: creating is slower than usual: 12m10s, usually 8m00s
        about 13 to 19 minutes left for 7 operations, not known of 2
        ");
        assert_eq!(line(&events[3], true), "", "a live line says it");
        assert!(line(&events[2], true).contains("slower"), "a live line does not");
    }
}
