//! `infra help`.

use clap::Args;
use infra_sdk::Diagnostic;
use infra_sdk::names::{meant, nearest};

use crate::cli::{self, Context};
use crate::completion;
use crate::config::near;
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::help::{TOPICS, topic};
use crate::view::human;

/// Explain a topic (below), or a command
#[derive(Args)]
pub(crate) struct HelpArgs {
    /// A topic such as `environments`, or a command such as `plan` or `state mv`. Without one, the list
    /// of all.
    #[arg(value_name = "TOPIC", add = completion::topics())]
    words: Vec<String>,
}

pub(crate) fn run(context: &Context, args: &HelpArgs) -> Result<Exit> {
    if let [name] = args.words.as_slice()
        && let Some(topic) = topic(name)
    {
        context.terminal.answer(&human::page::render(topic.text, context.terminal.columns()));
        return Ok(Exit::Done);
    }
    let mut command = cli::command();
    for (at, word) in args.words.iter().enumerate() {
        let Some(inner) = command.find_subcommand(word).filter(|inner| !inner.is_hide_set()) else {
            return Err(unknown(&command, word, at == 0));
        };
        command = inner.clone();
    }
    // As the command itself says it.
    let words = std::iter::once("infra").chain(args.words.iter().map(String::as_str));
    if let Err(help) = cli::command().try_get_matches_from(words.chain(["--help"])) {
        context.terminal.answer(&help.render().ansi().to_string());
    }
    Ok(Exit::Done)
}

fn unknown(command: &clap::Command, word: &str, with_topics: bool) -> CommandError {
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
    let topics = TOPICS.iter().filter(|_| with_topics).map(|topic| topic.name);
    let known = commands.map(clap::Command::get_name).chain(topics);
    CommandError::usage(
        Diagnostic::error("help::unknown", "there is no such topic or command")
            .detail(format!("`{}`", word.escape_debug()))
            .hint(hint(word, &known.collect::<Vec<_>>())),
    )
}

/// The name that is meant; few names are all told.
fn hint(word: &str, known: &[&str]) -> String {
    if known.len() <= FEW {
        return near(word, known.iter().copied());
    }
    let all = || "run `infra help` for the list of all".to_owned();
    nearest(word, known.iter().copied()).map_or_else(all, meant)
}

/// How many names fit into a hint.
const FEW: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_likeliest_is_told_and_never_all() {
        let command = cli::command();
        let hint = |word: &str| unknown(&command, word, true).diagnostics[0].hints[0].clone();
        assert_eq!(hint("adress"), "write `addresses` if that is what you mean");
        assert_eq!(hint("exit"), "write `exit-codes` if that is what you mean");
        assert_eq!(hint("zzz"), "run `infra help` for the list of all");
    }
}
