//! An apply while it runs: a live line per resource in flight on a terminal, plain lines elsewhere.
//!
//! The main type is [`Progress`]. Everything goes to standard error.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use infra_engine::{Event, Operation};
use infra_sdk::Address;

use crate::view::Terminal;
use crate::view::text::{ADD, CHANGE, ERROR, FAINT, paint, plain};

/// Shows the events of an apply.
pub(crate) struct Progress<'a> {
    terminal: &'a Terminal,
    /// Live lines; `None` where nothing can be live.
    bars: Option<MultiProgress>,
    running: BTreeMap<(Address, Operation), ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Shows events on a terminal.
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        let bars = terminal.is_live().then(MultiProgress::new);
        if let Some(bars) = &bars {
            terminal.make_room(bars.clone());
        }
        Self { terminal, bars, running: BTreeMap::new() }
    }

    /// Shows an event.
    pub(crate) fn show(&mut self, event: &Event) {
        match event {
            Event::Started { address, operation, .. } => self.start(address, *operation),
            Event::Completed { address, operation, .. }
            | Event::OnItsWay { address, operation, .. }
            | Event::Failed { address, operation, .. } => {
                if let Some(bar) = self.running.remove(&(address.clone(), *operation)) {
                    bar.finish_and_clear();
                }
            }
            Event::Progress { address, operation, last: Some(last), .. } => {
                if let Some(bar) = self.running.get(&(address.clone(), *operation)) {
                    bar.set_message(format!("{address}: {}: {}", doing(*operation), plain(last)));
                }
            }
            Event::Progress { .. } | Event::Blocked { .. } | Event::Stopping { .. } => {}
        }
        let live = self.bars.is_some();
        let line = line(event, live);
        self.terminal.note(&line);
        if let Event::Failed { diagnostic, .. } = event {
            self.terminal.diagnostics([diagnostic]);
        }
    }

    fn start(&mut self, address: &Address, operation: Operation) {
        let Some(bars) = &self.bars else { return };
        let bar = bars.add(ProgressBar::new_spinner());
        // The template is constant, so a failure would only cost the looks.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
            bar.set_style(style);
        }
        bar.set_message(format!("{address}: {}", doing(operation)));
        bar.enable_steady_tick(Duration::from_millis(200));
        self.running.insert((address.clone(), operation), bar);
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

/// A time as people read it.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The line of an event; empty where a live line says it already.
fn line(event: &Event, live: bool) -> String {
    let named =
        |id: &Option<String>| id.as_ref().map(|id| format!(" ({})", plain(id))).unwrap_or_default();
    match event {
        Event::Started { .. } | Event::Progress { .. } if live => String::new(),
        Event::Started { address, operation, id } => {
            format!("{address}: {}{}\n", doing(*operation), named(id))
        }
        Event::Progress { address, operation, elapsed, last, .. } => {
            let word = last.as_ref().map(|word| format!(": {}", plain(word))).unwrap_or_default();
            format!("{address}: still {}, {}{word}\n", doing(*operation), duration(*elapsed))
        }
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
    use super::*;

    #[test]
    fn lines_say_what_happens_to_which_resource() {
        let address = Address::parse("network.vpc").expect("valid");
        let operation = Operation::Create;
        let events = [
            Event::Started { address: address.clone(), operation, id: None },
            Event::Progress {
                address: address.clone(),
                operation,
                id: None,
                elapsed: Duration::from_secs(70),
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
}
