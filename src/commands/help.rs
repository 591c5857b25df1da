//! `infra help`.

use clap::Args;
use infra_sdk::Diagnostic;

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
            .hint(near(word, known)),
    )
}
