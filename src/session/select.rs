//! Which stacks a command is about, in which environment, with which settings.
//!
//! Start reading at [`select`].

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Address, Diagnostic};

use super::between::Producers;
use super::cloud::{Cloud, connect};
use super::heard::heard;
use super::place;
use super::site::Site;
use super::states;
use crate::cli::{Context, StackArgs, WhichArgs};
use crate::config::settings::{self, Nodes, StackSettings};
use crate::config::{Endpoint, Environment, Project, Variable, near_or};
use crate::error::{CommandError, Result};
use crate::program::{Program, build};

/// The stacks of a command.
pub(crate) struct Selection {
    /// The project.
    pub(crate) project: Project,
    /// The environment.
    pub(crate) environment: Environment,
    /// What declares the stacks.
    pub(crate) program: Program,
    /// The stacks that the program has.
    pub(crate) known: BTreeSet<String>,
    /// The stacks by name, in the order in which they are applied.
    pub(crate) stacks: Vec<Selected>,
    /// Settings of the command line.
    pub(crate) variables: Vec<Variable>,
}

impl Selection {
    /// The state of a stack.
    pub(crate) fn site<'a>(&'a self, stack: &'a str) -> Site<'a> {
        Site { project: &self.project, environment: &self.environment, stack }
    }

    /// Where the values of other stacks come from.
    pub(super) fn producers(&self) -> Producers<'_> {
        let beside = self.stacks.iter().map(|selected| selected.name.as_str()).collect();
        Producers { project: &self.project, environment: &self.environment, beside }
    }

    /// Whether a stack is selected and the program has it.
    pub(super) fn is_declared(&self, stack: &str) -> bool {
        self.stacks.iter().any(|selected| selected.name == stack && selected.declared)
    }
}

/// A stack that was selected.
#[derive(Debug, PartialEq)]
pub(crate) struct Selected {
    /// Its name.
    pub(crate) name: String,
    /// Its settings from files.
    pub(crate) nodes: Nodes,
    /// Whether the program has it. One that is only recorded can still be destroyed.
    pub(crate) declared: bool,
}

/// Finds the project, builds its program and selects its stacks.
///
/// # Errors
/// When a file is wrong, the program does not build, or something that was named is not there.
pub(crate) async fn select(
    context: &Context,
    args: &StackArgs,
    keep_removed: bool,
) -> Result<Selection> {
    select_in(context, args, keep_removed, find(context, &args.which.env)?).await
}

/// The same, and connects to the cloud of the environment meanwhile: neither waits for the other.
///
/// # Errors
/// As [`select`], then what `check` says of what was selected, then as [`connect`].
pub(super) async fn select_and_connect(
    context: &Context,
    args: &StackArgs,
    keep_removed: bool,
    check: impl FnOnce(&Selection) -> Result<()>,
) -> Result<(Selection, Cloud)> {
    let (project, environment) = find(context, &args.which.env)?;
    let found = (project.clone(), environment.clone());
    let mut selecting = Box::pin(select_in(context, args, keep_removed, found));
    let mut connecting = Box::pin(connect(context, &project, &environment));
    let mut connected = None;
    // A sandbox that is being started is not to be left half-way.
    let at_once = environment.endpoint != Endpoint::Sandbox;
    let selection = loop {
        // A cloud that does not answer keeps nobody from seeing what is wrong here.
        tokio::select! {
            selection = &mut selecting => break selection?,
            cloud = &mut connecting, if at_once && connected.is_none() => connected = Some(cloud),
        }
    };
    check(&selection)?;
    let cloud = match connected {
        Some(cloud) => cloud?,
        None => connecting.await?,
    };
    Ok((selection, cloud))
}

async fn select_in(
    context: &Context,
    args: &StackArgs,
    keep_removed: bool,
    (project, environment): (Project, Environment),
) -> Result<Selection> {
    let all = settings::load(&project, &environment, &args.var_file)?;
    let executable = match &args.program {
        Some(file) => context.folder.join(file),
        None => {
            let log = |line: &str| {
                if context.terminal.is_live() {
                    context.terminal.log("cargo", line);
                }
            };
            let folder = project.own_folder();
            let building = build(&project.root, &folder, &project.program, &log);
            heard(context, || "building the stack program".to_owned(), building).await?
        }
    };
    let program =
        Program { executable, folder: project.root.clone(), timeout: project.program_timeout };
    let log = |line: &str| context.terminal.log(&project.program, line);
    let known =
        heard(context, || "waiting for the stack program".to_owned(), program.stacks(&log)).await?;
    for name in &known {
        // The name becomes a folder and a tag.
        if name.contains('.') || Address::parse(name).is_err() {
            return Err(Diagnostic::error("program::stack-name", "a stack has an unusable name")
                .detail(format!("`{}`", name.escape_debug()))
                .hint("use lower-case letters, digits, `-` and `_`")
                .into());
        }
    }
    let removed = if keep_removed {
        recorded(context, &project, &environment).await?
    } else {
        BTreeSet::new()
    };
    let stacks = choose(&args.which, all, &known, &removed).map_err(|problem| match problem {
        Problem::NoSettings => no_settings(&project, &environment, &known).into(),
        Problem::Wrong(error) => error,
    })?;
    let known = known.into_iter().collect();
    Ok(Selection { project, environment, program, known, stacks, variables: args.var.clone() })
}

/// Finds the project and selects stacks that have a state, without their program.
///
/// # Errors
/// When a file is wrong or something that was named is not there.
pub(crate) async fn select_recorded(
    context: &Context,
    which: &WhichArgs,
) -> Result<(Project, Environment, Vec<String>)> {
    let (project, environment) = find(context, &which.env)?;
    let recorded = recorded(context, &project, &environment).await?;
    if which.stack.is_empty() {
        return Ok((project, environment, recorded.into_iter().collect()));
    }
    let named: BTreeSet<_> = which.stack.iter().cloned().collect();
    if let Some(missing) = named.iter().find(|name| !recorded.contains(*name)) {
        return Err(CommandError::usage(
            Diagnostic::error("state::stack", "the stack has no state in this environment")
                .detail(format!("`{missing}` was never applied in `{}`", environment.name))
                .hint(near_or(
                    missing,
                    recorded.iter().map(String::as_str),
                    &format!(
                        "nothing is recorded yet: `infra apply --env {}` does it",
                        environment.name
                    ),
                )),
        ));
    }
    Ok((project, environment, named.into_iter().collect()))
}

/// The stacks that have a state where the environment keeps them.
///
/// # Errors
/// When the place cannot be read.
pub(crate) async fn recorded(
    context: &Context,
    project: &Project,
    environment: &Environment,
) -> Result<BTreeSet<String>> {
    let location = place::location(context, project, environment, &environment.state).await?;
    states::names(&location, &environment.name).await
}

/// The project that the command was called in, and an environment of it.
///
/// # Errors
/// When there is none.
pub(crate) fn find(context: &Context, environment: &str) -> Result<(Project, Environment)> {
    let project = Project::find(&context.folder)?;
    context.terminal.look_for_sources_in(&project.root);
    let environment = project.environment(environment)?.clone();
    tracing::Span::current().record("deployment.environment.name", environment.name.as_str());
    Ok((project, environment))
}

/// Why stacks cannot be chosen.
#[derive(Debug)]
enum Problem {
    NoSettings,
    Wrong(CommandError),
}

fn choose(
    which: &WhichArgs,
    mut all: BTreeMap<String, StackSettings>,
    known: &[String],
    removed: &BTreeSet<String>,
) -> Result<Vec<Selected>, Problem> {
    let known_names = || known.iter().map(String::as_str);
    if which.stack.is_empty() {
        let unknown: Vec<_> = all
            .iter()
            .filter(|(name, _)| !known.contains(name) && !removed.contains(*name))
            .map(|(name, settings)| {
                Diagnostic::error("settings::stack", "settings are of a stack that is not there")
                    .detail(format!("the program has no stack `{name}`"))
                    .location(Some(settings.location.clone()))
                    .hint(near_or(name, known_names(), "the program declares no stack yet"))
            })
            .collect();
        if !unknown.is_empty() {
            return Err(Problem::Wrong(unknown.into()));
        }
        if all.is_empty() {
            return Err(Problem::NoSettings);
        }
    }
    let named: BTreeSet<String> = if which.stack.is_empty() {
        all.keys().cloned().collect()
    } else {
        which.stack.iter().cloned().collect()
    };
    named
        .into_iter()
        .map(|name| {
            let declared = known.contains(&name);
            if !declared && !removed.contains(&name) {
                return Err(Problem::Wrong(CommandError::usage(
                    Diagnostic::error("program::stack", "the program has no such stack")
                        .detail(format!("`{name}` is not one of its stacks"))
                        .hint(near_or(&name, known_names(), "the program declares no stack yet")),
                )));
            }
            let nodes = all.remove(&name).map(|settings| settings.nodes).unwrap_or_default();
            Ok(Selected { name, nodes, declared })
        })
        .collect()
}

fn no_settings(project: &Project, environment: &Environment, known: &[String]) -> Diagnostic {
    let file = settings::file_name(project, environment);
    Diagnostic::error("settings::none", "no stack has settings for this environment")
        .detail(format!("`{file}` is missing or has no table"))
        .hint(format!("add a table `[STACK]` to it for each stack of `{}`", environment.name))
        .hint(format!("or name one with `--stack`: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use infra_sdk::Location;

    use super::*;

    fn chosen(stacks: &[&str], settings: &[&str]) -> Result<Vec<String>, String> {
        let which = WhichArgs {
            env: "e".to_owned(),
            stack: stacks.iter().map(|name| (*name).to_owned()).collect(),
        };
        let all = settings
            .iter()
            .map(|name| {
                let location = Location { file: "e.toml".to_owned(), line: 1, column: 1 };
                ((*name).to_owned(), StackSettings { nodes: Nodes::new(), location })
            })
            .collect();
        let known = ["network".to_owned(), "web".to_owned()];
        let removed = BTreeSet::from(["old".to_owned()]);
        match choose(&which, all, &known, &removed) {
            Ok(stacks) => Ok(stacks.into_iter().map(|stack| stack.name).collect()),
            Err(Problem::NoSettings) => Err("none".to_owned()),
            Err(Problem::Wrong(error)) => Err(format!(
                "{} {} {}",
                error.exit.code(),
                error.diagnostics[0].code,
                error.diagnostics[0].hints[0]
            )),
        }
    }

    #[test]
    fn stacks_come_from_the_command_line_or_from_the_settings() {
        let names = |names: &[&str]| Ok(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(chosen(&[], &["web", "network"]), names(&["network", "web"]));
        assert_eq!(chosen(&["web", "web"], &["network"]), names(&["web"]));
        assert_eq!(chosen(&["web"], &["elsewhere"]), names(&["web"]));
        assert_eq!(chosen(&["old"], &[]), names(&["old"]));
        assert_eq!(chosen(&[], &[]), Err("none".to_owned()));
    }

    #[test]
    fn what_is_not_there_is_refused_with_the_nearest_name() {
        let wrong = "64 program::stack write `network` if that is what you mean".to_owned();
        assert_eq!(chosen(&["netwrk"], &[]), Err(wrong));
        let wrong = "1 settings::stack write `network` if that is what you mean".to_owned();
        assert_eq!(chosen(&[], &["netwrk"]), Err(wrong));
    }
}
