//! `infra explain`: what the code of an error means, from docs/errors.md.

use std::collections::BTreeSet;

use clap::Args;
use infra_sdk::Diagnostic;

use crate::cli::Context;
use crate::config::near;
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::view::human::{explain, page};

/// Every code, with what it means and what to do. A test holds it against the sources.
const PAGE: &str = include_str!("../../docs/errors.md");

/// Say what the code of an error means, and what to do
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// The code, as it stands in `error[CODE]`, or an area, such as `apply`. Without one, all codes
    /// are listed.
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
    let terminal = &context.terminal;
    if let Some(page) = area(bare.trim_end_matches(':')) {
        terminal.answer(&page::render(&page, terminal.columns()));
        return Ok(Exit::Done);
    }
    let Some((code, text)) = entries().find(|(known, _)| *known == bare) else {
        return Err(CommandError::usage(
            Diagnostic::error("cli::code", "there is no such code")
                .detail(format!("`{}`", bare.escape_debug()))
                .hint(nearest(bare))
                .hint("`infra explain` lists all codes; those of checks are in docs/checks.md"),
        ));
    };
    terminal.answer(&explain::render(code, text, terminal.columns()));
    Ok(Exit::Done)
}

/// The codes of an area with what each means, where there are any.
fn area(name: &str) -> Option<String> {
    let of = entries().filter(|(code, _)| area_of(code) == name);
    let rows: String = of.map(|(code, text)| format!("| `{code}` | {} |\n", title(text))).collect();
    (!rows.is_empty()).then(|| format!("# {name}\n\n| code | meaning |\n| --- | --- |\n{rows}"))
}

fn area_of(code: &str) -> &str {
    code.split("::").next().unwrap_or_default()
}

/// The first sentence about a code, as a cell of a table.
fn title(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let first = paragraph.split(". ").next().unwrap_or_default();
    first.trim_end_matches('.').replace('|', "\\|")
}

/// The code that is meant, or those of its area, or the areas.
fn nearest(code: &str) -> String {
    let own = area_of(code);
    let same: Vec<_> =
        entries().map(|(known, _)| known).filter(|known| area_of(known) == own).collect();
    if !same.is_empty() {
        return near(code, same.into_iter());
    }
    let areas: BTreeSet<_> = entries().map(|(known, _)| area_of(known)).collect();
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

    #[test]
    fn an_area_is_its_codes_with_what_they_mean() {
        let page = area("docs").expect("an area");
        let (heading, rows) = page.split_at(page.find("| `").expect("a row"));
        assert_eq!(heading, "# docs\n\n| code | meaning |\n| --- | --- |\n");
        assert!(rows.starts_with("| `docs::unknown` | ") && rows.lines().count() == 1, "{rows}");
        assert_eq!(area("bogus"), None);
        // What an unknown area is answered with can be asked for.
        for name in nearest("bogus").rsplit(": ").next().expect("a list").split(", ") {
            assert!(area(name).is_some(), "{name}");
        }
    }
}
