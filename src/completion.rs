//! What a shell is told while somebody types: commands, flags, and the names of this project.
//!
//! Start reading at [`answer`]. A shell waits, so nothing here talks to a cloud, takes a lock or needs
//! a key; what cannot be told at once is not told, and nothing is ever an error.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap_complete::env::Shells;
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use infra_state::{Config, Location, export_text};

use crate::config::{Project, StatePlace, settings};
use crate::help::TOPICS;
use crate::session::states::in_folder;

/// Names the shell that asks. The scripts of `infra completions` set it.
pub(crate) const VARIABLE: &str = "INFRA_COMPLETE";

/// What the shell is to be told, where it is a shell that asks: candidates for the last of the words
/// behind `--`.
pub(crate) fn answer(arguments: &[OsString]) -> Option<Vec<u8>> {
    let shell = std::env::var(VARIABLE).ok().filter(|shell| !shell.is_empty())?;
    let shells = Shells::builtins();
    let shell = shells.completer(&shell)?;
    let folder = std::env::current_dir().ok();
    let mut command = crate::cli::command();
    command.build();
    let mut told = Vec::new();
    let asked = shell.write_complete(&mut command, behind(arguments), folder.as_deref(), &mut told);
    asked.ok().map(|()| told)
}

/// The words that were typed.
fn behind(arguments: &[OsString]) -> Vec<OsString> {
    let from = arguments.iter().position(|word| word == "--").map_or(arguments.len(), |at| at + 1);
    arguments[from..].to_vec()
}

fn candidates(names: fn(&Typed) -> BTreeSet<String>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let names = Typed::now().map(|typed| names(&typed)).unwrap_or_default();
        names.into_iter().map(CompletionCandidate::new).collect()
    })
}

/// Environments of the project.
pub(crate) fn environments() -> ArgValueCandidates {
    candidates(|typed| typed.project.environments.keys().cloned().collect())
}

/// Stacks with settings or a state, in the environment that was typed or in any.
pub(crate) fn stacks() -> ArgValueCandidates {
    candidates(Typed::stacks)
}

/// Addresses that are recorded.
pub(crate) fn addresses() -> ArgValueCandidates {
    candidates(Typed::addresses)
}

/// Topics of the help, and commands.
pub(crate) fn topics() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let command = crate::cli::command();
        let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
        let names = commands.map(|command| command.get_name().to_owned());
        let names = names.chain(TOPICS.iter().map(|topic| topic.name.to_owned()));
        names.collect::<BTreeSet<_>>().into_iter().map(CompletionCandidate::new).collect()
    })
}

/// The line as far as it was typed, and the project that it is about.
struct Typed {
    project: Project,
    words: Vec<String>,
}

impl Typed {
    fn now() -> Option<Self> {
        let arguments: Vec<_> = std::env::args_os().collect();
        let words = behind(&arguments);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let folder = std::env::current_dir().ok()?;
        let folder = match values(&words, "--chdir").next() {
            Some(chdir) => folder.join(chdir),
            None => folder,
        };
        Some(Self { project: Project::find(&folder).ok()?, words })
    }

    /// The environment that was typed, or all.
    fn environments(&self) -> Vec<&crate::config::Environment> {
        let typed = values(&self.words, "--env").next();
        let all = self.project.environments.iter();
        all.filter(|(name, _)| typed.is_none_or(|typed| typed == *name))
            .map(|(_, environment)| environment)
            .collect()
    }

    /// The folder of the states of an environment; none where they are shared: to ask takes long.
    fn root(&self, environment: &crate::config::Environment) -> Option<PathBuf> {
        match &environment.state {
            StatePlace::Folder(folder) => Some(self.project.root.join(folder)),
            StatePlace::Bucket { .. } => None,
        }
    }

    fn stacks(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for environment in self.environments() {
            names.extend(
                settings::load(&self.project, environment, &[])
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name),
            );
            let root = self.root(environment);
            let recorded = root.and_then(|root| in_folder(&root, &environment.name).ok());
            names.extend(recorded.into_iter().flatten());
        }
        names
    }

    fn addresses(&self) -> BTreeSet<String> {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else {
            return BTreeSet::new();
        };
        let only: Vec<_> = values(&self.words, "--stack").collect();
        let mut addresses = BTreeSet::new();
        for environment in self.environments() {
            let Some(root) = self.root(environment) else { continue };
            let mut stacks = in_folder(&root, &environment.name).unwrap_or_default();
            stacks.retain(|stack| only.is_empty() || only.contains(&stack.as_str()));
            for stack in stacks {
                let location = Location::Local { root: root.clone() };
                let config = Config::new(location, &environment.name, &stack);
                let Ok(text) = runtime.block_on(export_text(&config)) else { continue };
                let export: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                let records = export["body"]["records"].as_object();
                addresses.extend(records.into_iter().flat_map(|records| records.keys().cloned()));
            }
        }
        addresses
    }
}

/// The values that a flag was given.
fn values<'w>(words: &'w [String], flag: &'w str) -> impl Iterator<Item = &'w str> {
    words.iter().enumerate().filter_map(move |(at, word)| match word.strip_prefix(flag)? {
        "" => words.get(at + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_people_write_them() {
        let words =
            ["infra", "--chdir=a", "plan", "--env", "dev", "--stack", "x", "--stack=y", "--env"];
        let words = words.map(str::to_owned);
        assert_eq!(values(&words, "--chdir").collect::<Vec<_>>(), ["a"]);
        assert_eq!(values(&words, "--env").collect::<Vec<_>>(), ["dev"]);
        assert_eq!(values(&words, "--stack").collect::<Vec<_>>(), ["x", "y"]);
    }
}
