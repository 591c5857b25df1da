//! What a terminal shows of an apply while it runs: a tree of the resources in flight, by the scope
//! that they stand in, and below it a bar with all that is done and the time that is left.
//!
//! The main type is [`Board`]. It draws nothing: it says what is to be seen, which is never more than
//! the terminal has room for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use infra_engine::{Estimate, Operation, Remaining};
use infra_sdk::Address;

use super::time::{duration, left, usually};
use crate::view::text::{ADD, CHANGE, FAINT, STRONG, paint, plain};
use crate::view::wrap::cut;

/// Lines in flight that are shown, on however large a terminal.
const MOST_LINES: usize = 20;

/// Reasons for which calls wait that are shown.
const MOST_REASONS: usize = 2;

/// Columns of the bar.
const BAR: usize = 16;

/// A wheel turns one step in this time.
const STEP: Duration = Duration::from_millis(200);

/// An operation in flight.
#[derive(Debug)]
struct Flight {
    address: Address,
    operation: Operation,
    since: Instant,
    expected: Option<Estimate>,
    last: Option<String>,
}

/// What is in flight and what is left.
#[derive(Debug)]
pub(super) struct Board {
    flights: Vec<Flight>,
    begun: Instant,
    /// Operations of the whole plan, and those that are over.
    operations: usize,
    over: usize,
    /// What was left when it was last said.
    left: (Instant, Remaining),
    /// Why calls wait.
    held_up: Vec<String>,
    /// Whether nothing more is begun.
    stopping: bool,
    unicode: bool,
}

/// A line of the tree.
enum Row<'a> {
    /// A scope in which several resources are in flight.
    Scope(&'a str),
    /// A resource.
    Flight {
        flight: &'a Flight,
        /// Its name in the scope above it; its address where there is none.
        name: &'a str,
        /// Whether it is the last one below its scope; `None` where it is below none.
        branch: Option<bool>,
    },
}

impl<'a> Row<'a> {
    /// A resource that stands below nothing, with its whole address.
    fn alone(flight: &'a Flight) -> Self {
        Self::Flight { flight, name: flight.address.as_str(), branch: None }
    }

    /// Columns of what it is called and what stands before that.
    fn width(&self) -> usize {
        match self {
            Self::Scope(_) => 0,
            Self::Flight { name, branch, .. } => name.len() + if branch.is_some() { 2 } else { 0 },
        }
    }
}

/// Room on a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Characters of a line.
    pub(super) columns: usize,
    /// Lines.
    pub(super) rows: usize,
}

impl Board {
    /// Nothing in flight yet, and all of this to do.
    pub(super) fn new(now: Instant, left: Remaining, unicode: bool) -> Self {
        Self {
            flights: Vec::new(),
            begun: now,
            operations: left.operations,
            over: 0,
            left: (now, left),
            held_up: Vec::new(),
            stopping: false,
            unicode,
        }
    }

    /// An operation begins.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        (address, operation): (&Address, Operation),
        expected: Option<Estimate>,
    ) {
        let address = address.clone();
        self.flights.push(Flight { address, operation, since: now, expected, last: None });
    }

    /// The cloud says something about what is waited for.
    pub(super) fn word(&mut self, of: (&Address, Operation), last: &str) {
        let flight = self.flights.iter_mut().find(|f| (&f.address, f.operation) == of);
        if let Some(flight) = flight {
            flight.last = Some(last.to_owned());
        }
    }

    /// An operation is over, one way or another.
    pub(super) fn end(&mut self, of: (&Address, Operation)) {
        self.flights.retain(|flight| (&flight.address, flight.operation) != of);
        self.over += 1;
    }

    /// Nothing more is begun.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }

    /// Calls wait for these reasons, or for none.
    pub(super) fn hold_up(&mut self, why: &[String]) {
        self.held_up = why.to_vec();
    }

    /// What is left of the run.
    pub(super) fn remain(&mut self, now: Instant, left: Remaining) {
        self.left = (now, left);
    }

    /// The lines to be seen now: no more than half of the rows, none longer than a row.
    pub(super) fn lines(&self, now: Instant, room: Room) -> Vec<String> {
        // The other half is for what was said: errors, and what an interrupt does.
        let most = (room.rows / 2).saturating_sub(2);
        let held_up = &self.held_up[..self.held_up.len().min(most).min(MOST_REASONS)];
        let most = (most - held_up.len()).min(MOST_LINES);
        let mut rows = self.rows();
        rows.truncate(most);
        // A scope of which nothing is seen says nothing; where it would be alone, its first resource
        // stands for it.
        if let Some(Row::Scope(_)) = rows.last() {
            rows.pop();
            if rows.is_empty() {
                rows.extend(self.flights.first().map(Row::alone));
            }
        }
        let width = rows.iter().map(Row::width).max().unwrap_or(0).min(room.columns / 2);
        let mut lines: Vec<_> = rows.iter().map(|row| self.line(now, row, width)).collect();
        let seen = rows.iter().filter(|row| matches!(row, Row::Flight { .. })).count();
        let more = self.flights.len() - seen;
        if more > 0 && room.rows > 3 {
            lines.push(format!("    {}", paint(FAINT, &format!("and {more} more in flight"))));
        }
        let why = held_up.iter().map(|why| format!("  {}", paint(CHANGE, &plain(why))));
        lines.extend(why);
        lines.push(self.total(now));
        let end = if self.unicode { "…" } else { "..." };
        lines.iter().map(|line| cut(line, room.columns.saturating_sub(1), end)).collect()
    }

    /// The tree: a scope stands where the first of its resources began, with all of them below it.
    /// What is alone in its scope has its whole address.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut scopes: BTreeMap<&str, Vec<&Flight>> = BTreeMap::new();
        for flight in &self.flights {
            let scope = flight.address.scope().unwrap_or_default();
            scopes.entry(scope).or_default().push(flight);
        }
        let mut rows = Vec::new();
        for flight in &self.flights {
            let scope = flight.address.scope().unwrap_or_default();
            let together = scopes.get(scope).map_or(1, Vec::len);
            if scope.is_empty() || together == 1 {
                rows.push(Row::alone(flight));
            } else if let Some(flights) =
                scopes.get(scope).filter(|flights| std::ptr::eq(flights[0], flight))
            {
                rows.push(Row::Scope(scope));
                let last = flights.len() - 1;
                rows.extend(flights.iter().enumerate().map(|(index, flight)| Row::Flight {
                    flight,
                    name: flight.address.name(),
                    branch: Some(index == last),
                }));
            }
        }
        rows
    }

    fn line(&self, now: Instant, row: &Row<'_>, width: usize) -> String {
        let (flight, name, branch) = match *row {
            Row::Scope(scope) => return format!("  {}", paint(STRONG, scope)),
            Row::Flight { flight, name, branch } => (flight, name, branch),
        };
        let elapsed = now.saturating_duration_since(flight.since);
        let wheel = if self.unicode { ["◐", "◓", "◑", "◒"] } else { [".", "o", "O", "o"] };
        let step = elapsed.as_millis() / STEP.as_millis();
        let wheel = wheel[usize::try_from(step % 4).unwrap_or(0)];
        let word =
            flight.last.as_ref().map(|last| format!(": {}", plain(last))).unwrap_or_default();
        let branch = match (branch, self.unicode) {
            (None, _) => "",
            (Some(false), true) => "├ ",
            (Some(true), true) => "└ ",
            (Some(false), false) => "|-",
            (Some(true), false) => "`-",
        };
        let width = width.saturating_sub(branch.chars().count());
        format!(
            "  {}{} {name:<width$} {:<10} {:>6}{}{word}",
            paint(FAINT, branch),
            paint(ADD, wheel),
            doing(flight.operation),
            duration(elapsed),
            paint(FAINT, &usually(flight.expected)),
        )
    }

    fn total(&self, now: Instant) -> String {
        let all = self.operations.max(self.over + self.flights.len());
        let full = (BAR * self.over).checked_div(all).unwrap_or(BAR);
        let (done, open) = if self.unicode { ("━", "─") } else { ("#", "-") };
        let (said, remaining) = self.left;
        let mut remaining = remaining;
        remaining.estimate = remaining.estimate.after(now.saturating_duration_since(said));
        let left = match left(&remaining) {
            _ if self.stopping => ", stopping".to_owned(),
            left if left.is_empty() || self.over >= all => String::new(),
            left => format!(", {left}"),
        };
        format!(
            "  {}{} {} {}{left}",
            paint(ADD, &done.repeat(full)),
            paint(FAINT, &open.repeat(BAR - full)),
            paint(STRONG, &format!("{} of {all} done", self.over)),
            paint(FAINT, &format!("after {}", duration(now.saturating_duration_since(self.begun)))),
        )
    }
}

/// What is going on.
pub(super) fn doing(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "creating",
        Operation::Update => "updating",
        Operation::Delete => "destroying",
        Operation::Await => "waiting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn estimate(p50: u64, p90: u64) -> Estimate {
        Estimate { p50: seconds(p50), p90: seconds(p90) }
    }

    fn shown(board: &Board, now: Instant, (columns, rows): (usize, usize)) -> Vec<String> {
        let lines = board.lines(now, Room { columns, rows });
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    #[test]
    fn it_shows_what_goes_on_and_what_is_left() {
        let begun = Instant::now();
        let left = Remaining { estimate: estimate(790, 1100), operations: 12, unknown: 0 };
        let mut board = Board::new(begun, left, false);
        let [network, database] =
            ["network.vpc", "data.database"].map(|name| Address::parse(name).expect("valid"));
        board.begin(begun, (&network, Operation::Create), None);
        board.begin(begun, (&database, Operation::Create), Some(estimate(480, 720)));
        board.end((&network, Operation::Create));
        board.word((&database, Operation::Create), "backing-up\u{1b}[2J");
        let now = begun + seconds(130);
        insta::assert_snapshot!(shown(&board, now, (80, 24)).join("\n"), @r"
        O data.database creating    2m10s (usually 8m00s): backing-up\u{1b}[2J
        #--------------- 1 of 12 done after 2m10s, about 11 to 17 minutes left
        ");
        board.unicode = true;
        insta::assert_snapshot!(shown(&board, now, (60, 24)).join("\n"), @r"
        ◑ data.database creating    2m10s (usually 8m00s): backi…
        ━─────────────── 1 of 12 done after 2m10s, about 11 to 1…
        ");
        // What was left then is less by now, and unknown of what nobody knows.
        let left = Remaining { estimate: estimate(0, 0), operations: 11, unknown: 2 };
        board.remain(now, left);
        insta::assert_snapshot!(shown(&board, now, (80, 24))[1], @"  ━─────────────── 1 of 12 done after 2m10s, time left not known of 2");
    }

    #[test]
    fn what_is_in_flight_in_one_scope_stands_below_it() {
        let begun = Instant::now();
        let left = Remaining { estimate: Estimate::default(), operations: 9, unknown: 0 };
        let mut board = Board::new(begun, left, true);
        let names = ["data.database", "network.private-a", "alone", "network.nat", "data.x.y"];
        let addresses = names.map(|name| Address::parse(name).expect("valid"));
        for address in &addresses {
            board.begin(begun, (address, Operation::Create), None);
        }
        insta::assert_snapshot!(shown(&board, begun, (80, 24)).join("\n"), @r"
        ◐ data.database creating       0s
        network
        ├ ◐ private-a   creating       0s
        └ ◐ nat         creating       0s
        ◐ alone         creating       0s
        ◐ data.x.y      creating       0s
        ──────────────── 0 of 9 done after 0s
        ");
        board.unicode = false;
        board.end((&addresses[0], Operation::Create));
        insta::assert_snapshot!(shown(&board, begun, (80, 24)).join("\n"), @r"
        network
        |-. private-a creating       0s
        `-. nat       creating       0s
        . alone       creating       0s
        . data.x.y    creating       0s
        #--------------- 1 of 9 done after 0s
        ");
        // Where there is no room for what is below it, a scope is not shown either.
        insta::assert_snapshot!(shown(&board, begun, (80, 6)).join("\n"), @r"
        . network.private-a creating       0s
          and 3 more in flight
        #--------------- 1 of 9 done after 0s
        ");
        board.end((&addresses[3], Operation::Create));
        insta::assert_snapshot!(shown(&board, begun, (80, 24)).join("\n"), @r"
        . network.private-a creating       0s
        . alone             creating       0s
        . data.x.y          creating       0s
        ###------------- 2 of 9 done after 0s
        ");
    }

    #[test]
    fn why_calls_wait_stands_above_what_is_left() {
        let begun = Instant::now();
        let left = Remaining { estimate: Estimate::default(), operations: 2, unknown: 0 };
        let mut board = Board::new(begun, left, false);
        let vpc = Address::parse("vpc").expect("valid");
        board.begin(begun, (&vpc, Operation::Create), None);
        let why = ["ec2", "iam", "kms"].map(|service| format!("{service} throttles; calls wait"));
        board.hold_up(&why);
        insta::assert_snapshot!(shown(&board, begun, (80, 24)).join("\n"), @r"
        . vpc creating       0s
        ec2 throttles; calls wait
        iam throttles; calls wait
        ---------------- 0 of 2 done after 0s
        ");
        // What is in flight counts for more where there is little room, and the total for most.
        insta::assert_snapshot!(shown(&board, begun, (80, 5)).join("\n"), @r"
          and 1 more in flight
        ---------------- 0 of 2 done after 0s
        ");
        board.hold_up(&[]);
        assert_eq!(shown(&board, begun, (80, 24)).len(), 2);
    }

    #[test]
    fn a_run_that_stops_says_so_and_not_how_long_it_would_go_on() {
        let begun = Instant::now();
        let left = Remaining { estimate: estimate(790, 1100), operations: 2, unknown: 0 };
        let mut board = Board::new(begun, left, false);
        let [total] = &shown(&board, begun, (80, 24))[..] else { panic!("one line") };
        assert!(total.ends_with("0 of 2 done after 0s, about 13 to 19 minutes left"), "{total}");
        board.stop();
        let [total] = &shown(&board, begun, (80, 24))[..] else { panic!("one line") };
        assert!(total.ends_with("0 of 2 done after 0s, stopping"), "{total}");
    }

    #[test]
    fn it_never_needs_more_room_than_there_is() {
        let begun = Instant::now();
        let left = Remaining { estimate: Estimate::default(), operations: 0, unknown: 0 };
        let mut board = Board::new(begun, left, true);
        let long = "x".repeat(50);
        for number in 0..200 {
            let address = Address::parse(&format!("{long}.{long}.{long}-{number}")).expect("valid");
            board.begin(begun, (&address, Operation::Delete), None);
            board.word((&address, Operation::Delete), &"日本".repeat(100));
        }
        board.hold_up(&["x".repeat(200), long]);
        for (columns, rows) in [(80, 24), (200, 60), (20, 5), (80, 3), (10, 2)] {
            let lines = shown(&board, begun, (columns, rows));
            assert!(lines.len() <= (rows / 2).max(1), "{rows}: {lines:?}");
            assert!(!lines.is_empty());
            for line in &lines {
                let width = unicode_width::UnicodeWidthStr::width(line.as_str());
                assert!(width < columns, "{columns}: {line}");
            }
        }
        assert!(shown(&board, begun, (80, 24))[8].contains("and 193 more in flight"));
    }
}
