//! What was run, as text.

use std::fmt::Write;

use infra_sdk::store::{Operation, RunChange};

use crate::session::Told;
use crate::view::text::{ADD, CHANGE, ERROR, FAINT, REMOVE, STRONG, paint, plain};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything was done.
    Complete,
    /// It ended in order, and something was not done: it failed or was interrupted.
    Incomplete,
    /// It never ended.
    Killed,
    /// It has not ended, and somebody holds the state.
    Running,
}

impl Ending {
    /// How a run ended.
    pub(crate) fn of(told: &Told) -> Self {
        match (&told.run.ended, told.run.complete) {
            (None, _) if told.goes_on => Self::Running,
            (None, _) => Self::Killed,
            (Some(_), true) => Self::Complete,
            (Some(_), false) => Self::Incomplete,
        }
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Killed => "killed",
            Self::Running => "running",
        }
    }

    fn painted(self, width: usize) -> String {
        let style = match self {
            Self::Complete => ADD,
            Self::Incomplete | Self::Running => CHANGE,
            Self::Killed => ERROR,
        };
        paint(style, &format!("{:<width$}", self.word()))
    }
}

/// How many objects a run made, changed and deleted. A replacement counts as both halves.
pub(crate) fn counts(changes: &[RunChange]) -> [usize; 3] {
    [Operation::Create, Operation::Update, Operation::Delete]
        .map(|operation| changes.iter().filter(|change| change.operation == operation).count())
}

/// What stands before the lines of a command that does not fit beside its run.
const INDENT: &str = "    ";

/// A line for each run of each stack, the latest last. A command that does not fit into so many
/// columns stands below its run.
pub(crate) fn all(stacks: &[(String, Vec<Told>)], columns: Option<usize>) -> String {
    let mut text = String::new();
    let several = stacks.len() > 1;
    for (stack, runs) in stacks {
        if several {
            let _ = writeln!(text, "{}", paint(STRONG, &format!("{}:", plain(stack))));
        }
        let done = |changes: &[RunChange]| {
            let [made, changed, deleted] = counts(changes);
            format!("+{made} ~{changed} -{deleted}")
        };
        let widths = runs.iter().map(|told| done(&told.changes).len()).max().unwrap_or(0);
        let people = runs.iter().map(|told| plain(&told.run.by).chars().count()).max().unwrap_or(0);
        for told in runs {
            let run = &told.run;
            let row = format!(
                "{}  {}  {}  {:widths$}  {}",
                paint(STRONG, &plain(&run.id)),
                plain(&run.started),
                Ending::of(told).painted(10),
                done(&told.changes),
                paint(FAINT, &format!("{:people$}", plain(&run.by))),
            );
            let command = plain(&run.command);
            let shown = anstream::adapter::strip_str(&row).to_string();
            let needed = shown.chars().count() + 2 + command.chars().count();
            let _ = match columns.filter(|columns| needed > *columns) {
                None => writeln!(text, "{row}  {command}"),
                Some(columns) => writeln!(text, "{row}\n{}", wrapped(&command, columns)),
            };
        }
    }
    text
}

/// The words of a command in indented lines of at most so many columns; a word is never broken.
fn wrapped(command: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in command.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{INDENT}{word}")),
        }
    }
    lines.join("\n")
}

/// A run with everything that it changed.
pub(crate) fn one(told: &Told) -> String {
    let (run, ending) = (&told.run, Ending::of(told));
    let until = run.ended.as_ref().map(|ended| format!(" until {ended}")).unwrap_or_default();
    let mut text = format!(
        "{} {} ({})\n    {}\n",
        paint(STRONG, &plain(&run.id)),
        plain(&run.command),
        ending.painted(0),
        paint(FAINT, &format!("# {}{} by {}", plain(&run.started), plain(&until), plain(&run.by))),
    );
    for change in &told.changes {
        let (style, sign) = match change.operation {
            Operation::Create => (ADD, "+"),
            Operation::Update => (CHANGE, "~"),
            Operation::Delete => (REMOVE, "-"),
        };
        let _ = writeln!(
            text,
            "    {} {} ({}) {}",
            paint(style, sign),
            change.address,
            plain(&change.type_name),
            plain(&change.id),
        );
    }
    if told.changes.is_empty() {
        text.push_str("    no object was changed\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use infra_sdk::Address;
    use infra_sdk::store::RunRecord;

    use super::*;

    fn told(
        id: &str,
        command: &str,
        (ended, complete): (Option<&str>, bool),
        changes: &[RunChange],
    ) -> Told {
        let run = RunRecord {
            id: id.to_owned(),
            command: command.to_owned(),
            by: "ann on build-3".to_owned(),
            started: "2026-11-22T04:57:00Z".to_owned(),
            ended: ended.map(str::to_owned),
            complete,
        };
        Told { run, changes: changes.to_vec(), goes_on: false }
    }

    fn change(address: &str, operation: Operation) -> RunChange {
        RunChange {
            run: "r".to_owned(),
            at: "2026-11-22T04:58:00Z".to_owned(),
            address: Address::parse(address).expect("valid"),
            type_name: "aws_vpc".to_owned(),
            operation,
            id: "vpc-1".to_owned(),
            before: None,
        }
    }

    #[test]
    fn commands_are_whole_beside_their_run_or_below_it() {
        let changes = vec![change("a", Operation::Create), change("b", Operation::Delete)];
        let ended = Some("2026-11-22T04:59:00Z");
        let long = "apply --target network.vpc --target network.private --exclude database";
        let stacks = [(
            "web".to_owned(),
            vec![
                told("30c1", "apply", (None, false), &changes),
                told("7e22", "state mv vpc network.vpc", (ended, true), &[]),
                told("9f00", long, (ended, false), &changes),
            ],
        )];
        let shown = |columns| {
            let text = all(&stacks, columns);
            anstream::adapter::strip_str(&text).to_string()
        };
        insta::assert_snapshot!(shown(None), @r"
        30c1  2026-11-22T04:57:00Z  killed      +1 ~0 -1  ann on build-3  apply
        7e22  2026-11-22T04:57:00Z  complete    +0 ~0 -0  ann on build-3  state mv vpc network.vpc
        9f00  2026-11-22T04:57:00Z  incomplete  +1 ~0 -1  ann on build-3  apply --target network.vpc --target network.private --exclude database
        ");
        assert_eq!(shown(Some(200)), shown(None));
        insta::assert_snapshot!(shown(Some(72)), @r"
        30c1  2026-11-22T04:57:00Z  killed      +1 ~0 -1  ann on build-3  apply
        7e22  2026-11-22T04:57:00Z  complete    +0 ~0 -0  ann on build-3
            state mv vpc network.vpc
        9f00  2026-11-22T04:57:00Z  incomplete  +1 ~0 -1  ann on build-3
            apply --target network.vpc --target network.private --exclude
            database
        ");
        assert_eq!(wrapped("a --b cccccccccccc", 8), "    a\n    --b\n    cccccccccccc");
        let mut first = told("30c1", "apply", (None, false), &changes);
        first.goes_on = true;
        assert_eq!(Ending::of(&first), Ending::Running, "somebody holds the state");
        let text = one(&stacks[0].1[0]);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        30c1 apply (killed)
            # 2026-11-22T04:57:00Z by ann on build-3
            + a (aws_vpc) vpc-1
            - b (aws_vpc) vpc-1
        ");
    }
}
