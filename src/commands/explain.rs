//! `infra explain`: what the code of an error means, from docs/errors.md.

use std::collections::BTreeSet;

use clap::Args;
use infra_sdk::Diagnostic;

use crate::cli::Context;
use crate::config::near;
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::view::human::explain;

/// Every code, with what it means and what to do. A test holds it against the sources.
const PAGE: &str = include_str!("../../docs/errors.md");

/// Say what the code of an error means, and what to do
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// The code, as it stands in `error[CODE]`. Without one, all codes are listed.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(crate) fn run(context: &Context, args: &ExplainArgs) -> Result<Exit> {
    let Some(code) = &args.code else {
        let codes: String = entries().map(|(code, _)| format!("{code}\n")).collect();
        context.terminal.answer(&codes);
        return Ok(Exit::Done);
    };
    // As it was copied from a terminal.
    let bare = code.trim_start_matches("error").trim_start_matches("warning");
    let bare = bare.trim_matches(['[', ']', ':', ' ', '`']);
    let Some((code, text)) = entries().find(|(known, _)| *known == bare) else {
        return Err(CommandError::usage(
            Diagnostic::error("cli::code", "there is no such code")
                .detail(format!("`{}`", bare.escape_debug()))
                .hint(nearest(bare))
                .hint("`infra explain` lists all codes; those of checks are in docs/checks.md"),
        ));
    };
    let terminal = &context.terminal;
    terminal.answer(&explain::render(code, text, terminal.columns()));
    Ok(Exit::Done)
}

/// The code that is meant, or those of its area, or the areas.
fn nearest(code: &str) -> String {
    let area = |code: &'static str| code.split("::").next().unwrap_or_default();
    let own = code.split("::").next().unwrap_or_default();
    let same: Vec<_> =
        entries().map(|(known, _)| known).filter(|known| area(known) == own).collect();
    if !same.is_empty() {
        return near(code, same.into_iter());
    }
    let areas: BTreeSet<_> = entries().map(|(known, _)| area(known)).collect();
    near(own, areas.into_iter())
}

/// The codes of the page, each with its text.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n### `").skip(1).filter_map(|section| {
        let (code, rest) = section.split_once('`')?;
        let end = rest.find("\n## ").unwrap_or(rest.len());
        Some((code, rest[..end].trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_and_says_what_to_do() {
        let mut codes = BTreeSet::new();
        for (code, text) in entries() {
            assert!(codes.insert(code), "{code} stands there twice");
            let Some((meaning, step)) = text.split_once("\n\nWhat to do: ") else {
                panic!("{code} does not say what to do")
            };
            assert!(meaning.len() > 20 && step.len() > 10, "{code}: {text}");
            assert!(!text.contains('#'), "{code} does not end: {text}");
        }
        assert!(codes.len() > 150);
    }
}
