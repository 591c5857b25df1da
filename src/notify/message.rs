//! What is said: who ran what where, what came of it, and how long it took.
//!
//! The main type is [`Report`]. Source of the form: Slack, "Sending messages using incoming webhooks"
//! and "Formatting text for app surfaces".

use std::time::Duration;

use infra_engine::Summary;
use serde_json::{Value as Json, json as object};

use crate::config::Occasion;

/// Stacks that a message names.
const NAMED: usize = 20;

/// How a command ended.
pub(crate) struct Report<'a> {
    /// What there is to tell.
    pub(crate) occasion: Occasion,
    /// The environment.
    pub(crate) environment: &'a str,
    /// The command, without its environment: `apply`.
    pub(crate) command: &'a str,
    /// The stacks, in the order of the command.
    pub(crate) stacks: Vec<StackReport>,
    /// How long it took.
    pub(crate) took: Duration,
    /// Who ran it.
    pub(crate) by: String,
}

/// What came of one stack.
pub(crate) struct StackReport {
    /// Its name.
    pub(crate) name: String,
    /// The run in its history; none where nothing was run.
    pub(crate) run: Option<String>,
    /// Numbers, as a fragment: `2 added, 1 changed`.
    pub(crate) counts: String,
}

impl StackReport {
    /// What a run did.
    pub(crate) fn of(name: &str, run: Option<String>, summary: &Summary) -> Self {
        let numbers = [
            (summary.created.len(), "added"),
            (summary.updated.len(), "changed"),
            (summary.replaced.len(), "replaced"),
            (summary.destroyed.len(), "destroyed"),
            (summary.imported.len(), "imported"),
            (summary.failed.len(), "failed"),
            (summary.blocked.len(), "blocked by what failed"),
            (summary.waiting.len(), "not finished"),
            (summary.left.len(), "not begun"),
        ];
        let told = numbers.iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told.map(|(count, what)| format!("{count} {what}")).collect();
        let counts = if told.is_empty() { "nothing to do".to_owned() } else { told.join(", ") };
        Self { name: name.to_owned(), run, counts }
    }
}

/// The message, as Slack takes it: a text for notifications, and blocks for the channel.
pub(super) fn json(report: &Report<'_>) -> Json {
    let what = match report.occasion {
        Occasion::Applied => "done",
        Occasion::Failed => "did not complete",
        Occasion::Drift => "found drift",
    };
    let head = format!("infra {} in {}: {what}", report.command, report.environment);
    let mut lines = vec![format!("*{}*", escaped(&head))];
    lines.extend(report.stacks.iter().take(NAMED).map(|stack| {
        let run = stack.run.as_ref().map(|run| format!(" (run {run})")).unwrap_or_default();
        escaped(&format!("• {}: {}{run}", stack.name, stack.counts))
    }));
    if report.stacks.len() > NAMED {
        lines.push(format!("• and {} more stacks", report.stacks.len() - NAMED));
    }
    let context = escaped(&format!("by {}, {}", report.by, took(report.took)));
    object!({
        "text": escaped(&head),
        "blocks": [
            { "type": "section", "text": { "type": "mrkdwn", "text": lines.join("\n") } },
            { "type": "context", "elements": [{ "type": "mrkdwn", "text": context }] },
        ],
    })
}

/// What Slack takes for a link or a mention is text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn took(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=59 => format!("{seconds} s"),
        seconds @ 60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Address, Diagnostic};

    use super::*;

    #[test]
    fn a_message_says_who_what_where_and_how_it_ended() {
        let address = || Address::parse("a").expect("valid");
        let summary = Summary {
            created: vec![address(), address()],
            failed: vec![(address(), Diagnostic::error("apply::create", "no"))],
            ..Summary::default()
        };
        let report = Report {
            occasion: Occasion::Failed,
            environment: "production",
            command: "apply",
            stacks: vec![StackReport::of("web", Some("1f".to_owned()), &summary)],
            took: Duration::from_secs(75),
            by: "<!channel> on ci".to_owned(),
        };
        assert_eq!(
            json(&report),
            object!({
                "text": "infra apply in production: did not complete",
                "blocks": [
                    { "type": "section", "text": { "type": "mrkdwn", "text":
                        "*infra apply in production: did not complete*\n\
                         • web: 2 added, 1 failed (run 1f)" } },
                    { "type": "context", "elements": [{ "type": "mrkdwn", "text":
                        "by &lt;!channel&gt; on ci, 1 min 15 s" }] },
                ],
            })
        );
    }

    #[test]
    fn times_are_told_in_what_people_count_in() {
        let told = [3, 75, 7_260].map(|seconds| took(Duration::from_secs(seconds)));
        assert_eq!(told, ["3 s", "1 min 15 s", "2 h 1 min"]);
    }
}
