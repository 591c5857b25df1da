//! What was run, as text.

use std::fmt::Write;

use infra_sdk::store::{Operation, RunChange, RunRecord};

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
}

impl Ending {
    /// How a run ended; only a reader that holds the lock can tell, because none goes on then.
    pub(crate) fn of(run: &RunRecord) -> Self {
        match (&run.ended, run.complete) {
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
        }
    }

    fn painted(self, width: usize) -> String {
        let style = match self {
            Self::Complete => ADD,
            Self::Incomplete => CHANGE,
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

/// A run with what it did.
pub(crate) type Told = (RunRecord, Vec<RunChange>);

/// A line for each run of each stack, the latest last.
pub(crate) fn all(stacks: &[(String, Vec<Told>)]) -> String {
    let mut text = String::new();
    let several = stacks.len() > 1;
    for (stack, runs) in stacks {
        if several {
            let _ = writeln!(text, "{}", paint(STRONG, &format!("{}:", plain(stack))));
        }
        let what = |run: &RunRecord| plain(&short(&run.command));
        let done = |changes: &[RunChange]| {
            let [made, changed, deleted] = counts(changes);
            format!("+{made} ~{changed} -{deleted}")
        };
        let commands = runs.iter().map(|(run, _)| what(run).chars().count()).max().unwrap_or(0);
        let widths = runs.iter().map(|(_, changes)| done(changes).len()).max().unwrap_or(0);
        for (run, changes) in runs {
            let _ = writeln!(
                text,
                "{}  {}  {:commands$}  {}  {:widths$}  {}",
                paint(STRONG, &plain(&run.id)),
                plain(&run.started),
                what(run),
                Ending::of(run).painted(10),
                done(changes),
                paint(FAINT, &plain(&run.by)),
            );
        }
    }
    text
}

/// The first words of a command. The id of a run is told by its first letters.
fn short(command: &str) -> String {
    match command.split(' ').collect::<Vec<_>>().as_slice() {
        ["undo", run, ..] => format!("undo {}", run.chars().take(8).collect::<String>()),
        [first, second, ..] => format!("{first} {second}"),
        _ => command.to_owned(),
    }
}

/// A run with everything that it changed.
pub(crate) fn one((run, changes): &(RunRecord, Vec<RunChange>)) -> String {
    let ending = Ending::of(run);
    let until = run.ended.as_ref().map(|ended| format!(" until {ended}")).unwrap_or_default();
    let mut text = format!(
        "{} {} ({})\n    {}\n",
        paint(STRONG, &plain(&run.id)),
        plain(&run.command),
        ending.painted(0),
        paint(FAINT, &format!("# {}{} by {}", plain(&run.started), plain(&until), plain(&run.by))),
    );
    for change in changes {
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
    if changes.is_empty() {
        text.push_str("    no object was changed\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use infra_sdk::Address;

    use super::*;

    fn run(id: &str, command: &str, ended: Option<&str>, complete: bool) -> RunRecord {
        RunRecord {
            id: id.to_owned(),
            command: command.to_owned(),
            by: "ann on build-3".to_owned(),
            started: "2026-11-22T04:57:00Z".to_owned(),
            ended: ended.map(str::to_owned),
            complete,
        }
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
    fn runs_stand_in_columns_of_a_narrow_terminal() {
        let changes = vec![change("a", Operation::Create), change("b", Operation::Delete)];
        let ended = Some("2026-11-22T04:59:00Z");
        let stacks = [(
            "web".to_owned(),
            vec![
                (run("30c1", "apply", None, false), changes.clone()),
                (run("7e22", "state mv vpc network.vpc", ended, true), Vec::new()),
                (run("9f00", "destroy", ended, false), changes),
            ],
        )];
        let text = all(&stacks);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        30c1  2026-11-22T04:57:00Z  apply     killed      +1 ~0 -1  ann on build-3
        7e22  2026-11-22T04:57:00Z  state mv  complete    +0 ~0 -0  ann on build-3
        9f00  2026-11-22T04:57:00Z  destroy   incomplete  +1 ~0 -1  ann on build-3
        ");
        let text = one(&stacks[0].1[0]);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        30c1 apply (killed)
            # 2026-11-22T04:57:00Z by ann on build-3
            + a (aws_vpc) vpc-1
            - b (aws_vpc) vpc-1
        ");
    }
}
