//! `[notify]`: who is told how a run ended. That of an environment stands over that of the file, key
//! by key.
//!
//! The main type is [`Notify`].

use std::collections::BTreeSet;

use infra_sdk::{Diagnostic, Location};

use crate::config::fields::{Fields, Text, near};

/// Where messages go, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notify {
    /// The environment variable with the URL, which is a secret.
    pub(crate) variable: String,
    /// What is told.
    pub(crate) on: BTreeSet<Occasion>,
}

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Occasion {
    /// A run did everything.
    Applied,
    /// A run did not do everything.
    Failed,
    /// Something was changed outside of `infra`.
    Drift,
}

impl Occasion {
    const NAMES: [(&'static str, Self); 3] =
        [("applied", Self::Applied), ("failed", Self::Failed), ("drift", Self::Drift)];
}

/// The keys of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NotifyKeys {
    variable: Option<String>,
    on: Option<BTreeSet<Occasion>>,
}

impl NotifyKeys {
    /// Reads a table; what is wrong is added to the problems of `fields`.
    pub(super) fn read(mut fields: Fields<'_, '_, '_>) -> Self {
        let webhook = fields.text("webhook");
        let on = fields.list("on");
        let variable = webhook.as_ref().and_then(variable);
        let mut problems: Vec<_> = Vec::new();
        if let (Some(webhook), None) = (&webhook, &variable) {
            problems.push(not_a_variable(webhook));
        }
        let on = on.map(|names| {
            let known = names.into_iter().filter_map(|name| match occasion(&name) {
                Ok(occasion) => Some(occasion),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            });
            known.collect()
        });
        fields.problems().extend(problems);
        fields.finish();
        Self { variable, on }
    }

    /// What is wrong with a table whose webhook is named nowhere.
    pub(super) fn without_webhook(table: &str, location: Location) -> Diagnostic {
        Diagnostic::error("config::missing", "notifications have no webhook")
            .detail(format!("`[{table}]` needs `webhook`"))
            .location(Some(location))
            .hint("add a line such as `webhook = \"env:SLACK_WEBHOOK\"`")
    }

    /// Whether a webhook is named here.
    pub(super) fn has_webhook(&self) -> bool {
        self.variable.is_some()
    }

    /// These keys, and those of `file` where there is none. Nobody is told without a webhook.
    pub(super) fn over(&self, file: &Self) -> Option<Notify> {
        let variable = self.variable.as_ref().or(file.variable.as_ref())?;
        let on = self.on.as_ref().or(file.on.as_ref());
        let all = || Occasion::NAMES.iter().map(|(_, occasion)| *occasion).collect();
        Some(Notify { variable: variable.clone(), on: on.cloned().unwrap_or_else(all) })
    }
}

fn variable(webhook: &Text) -> Option<String> {
    let name = webhook.text.strip_prefix("env:")?;
    let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    valid.then(|| name.to_owned())
}

/// Says where it stands and does not show it: it may be the secret itself.
fn not_a_variable(webhook: &Text) -> Diagnostic {
    let place = &webhook.location;
    Diagnostic::error("config::webhook", "a webhook names no environment variable")
        .detail(format!(
            "{}:{}: a URL that anyone may post to is a secret, and stands in no file",
            place.file, place.line
        ))
        .hint("write `webhook = \"env:NAME\"`, and put the URL into that variable")
        .hint("if the URL was in the file, have it replaced by a new one")
}

fn occasion(name: &Text) -> Result<Occasion, Diagnostic> {
    let known = Occasion::NAMES.iter().find(|(known, _)| *known == name.text);
    known.map(|(_, occasion)| *occasion).ok_or_else(|| {
        Diagnostic::error("config::value", "a value cannot be that")
            .detail(format!("`{}` is nothing that is told", name.text))
            .location(Some(name.location.clone()))
            .hint(near(&name.text, Occasion::NAMES.iter().map(|(name, _)| *name)))
    })
}
