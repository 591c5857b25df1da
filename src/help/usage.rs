//! What helps where the command line was not understood, beyond what clap says of it.
//!
//! The main function is [`with_tips`].

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use infra_sdk::names::{meant, nearest};

use crate::config::Project;

/// Commands of Terraform, and what does it here.
const HABITS: [(&str, &str); 7] = [
    ("fmt", "stacks are Rust: `cargo fmt` formats them"),
    (
        "init",
        "nothing is to be prepared: `infra doctor` says what a run lacks, `infra new DIR` begins",
    ),
    ("providers", "AWS and what is built in is all there is: `infra docs` lists the types"),
    ("refresh", "run `infra apply --refresh-only --env NAME`"),
    ("taint", "run `infra apply --replace ADDRESS --env NAME`"),
    ("version", "run `infra --version`"),
    ("workspace", "name an environment of infra.toml with `--env`: `infra help environments`"),
];

/// An error of clap with a better tip, where there is one.
pub(crate) fn with_tips(
    mut error: clap::Error,
    arguments: &[OsString],
    environments: impl FnOnce() -> Vec<String>,
) -> clap::Error {
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            text(&error, ContextKind::InvalidSubcommand).and_then(habit)
        }
        // What clap has a name for is near enough.
        ErrorKind::UnknownArgument if error.get(ContextKind::SuggestedArg).is_none() => {
            text(&error, ContextKind::InvalidArg).and_then(|wrong| flag(wrong, arguments))
        }
        ErrorKind::MissingRequiredArgument if lacks_environment(&error) => {
            let names = environments();
            (!names.is_empty()).then(|| format!("infra.toml has: {}", names.join(", ")))
        }
        _ => None,
    };
    if let Some(tip) = tip {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

/// The environments of the project that is meant.
pub(crate) fn environments(arguments: &[OsString]) -> Vec<String> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let chdir =
        words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--chdir")? {
            "" => words.get(at + 1).map(ToString::to_string),
            rest => rest.strip_prefix('=').map(str::to_owned),
        });
    let folder = std::env::current_dir().unwrap_or_default().join(chdir.unwrap_or_default());
    let project = Project::find(&folder).ok();
    project.map(|project| project.environments.into_keys().collect()).unwrap_or_default()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

fn habit(command: &str) -> Option<String> {
    HABITS.iter().find(|(known, _)| *known == command).map(|(_, tip)| (*tip).to_owned())
}

fn lacks_environment(error: &clap::Error) -> bool {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing)) => missing.iter().any(|one| one.starts_with("--env ")),
        _ => false,
    }
}

/// The flag that is meant: with two dashes, or one with nearly this name.
fn flag(wrong: &str, arguments: &[OsString]) -> Option<String> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let command = crate::cli::bare_command();
    let mut flags = flags_of(&command);
    let mut inner = &command;
    for word in words.iter().skip(1) {
        if let Some(found) = inner.find_subcommand(&**word) {
            inner = found;
            flags.extend(flags_of(found));
        }
    }
    if !wrong.starts_with("--") {
        // `-auto-approve` is read as `-a`, and whatever follows.
        return words.iter().filter(|word| word.starts_with(wrong)).find_map(|word| {
            let meant = format!("-{}", word.split('=').next()?);
            flags.contains(&meant).then(|| format!("write `{meant}`, with two dashes"))
        });
    }
    nearest(wrong, flags.iter().map(String::as_str)).map(meant)
}

fn flags_of(command: &clap::Command) -> Vec<String> {
    let longs = command.get_arguments().filter_map(clap::Arg::get_long);
    longs.map(|long| format!("--{long}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &str) -> String {
        let arguments: Vec<_> = words.split(' ').map(OsString::from).collect();
        let wrong = crate::cli::command().try_get_matches_from(&arguments).expect_err(words);
        let environments = || vec!["dev".to_owned(), "production".to_owned()];
        with_tips(wrong, &arguments, environments).render().to_string()
    }

    #[test]
    fn habits_lead_to_what_does_it_here() {
        for (words, tip) in [
            ("infra init", "tip: nothing is to be prepared: `infra doctor`"),
            ("infra workspace list", "tip: name an environment of infra.toml with `--env`"),
            ("infra taint vpc", "tip: run `infra apply --replace ADDRESS --env NAME`"),
            ("infra apply --env dev -auto-approve", "tip: write `--auto-approve`, with two dashes"),
            ("infra plan --env dev -target=vpc", "tip: write `--target`, with two dashes"),
            ("infra output --evn dev", "tip: write `--env` if that is what you mean"),
            ("infra plan", "tip: infra.toml has: dev, production"),
            ("infra apply", "tip: infra.toml has: dev, production"),
        ] {
            let text = told(words);
            assert!(text.contains(tip), "{words}: {text}");
            assert!(!text.contains("as a value"), "{words}: {text}");
        }
        assert!(!told("infra fly").contains("tip: "));
    }
}
