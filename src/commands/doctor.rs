//! `infra doctor`: is everything here that a run needs?

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use infra_sdk::Diagnostic;
use tokio::process::Command;

use crate::cli::Context;
use crate::completion;
use crate::config::settings;
use crate::config::{Endpoint, Environment, Project, StateKey, StatePlace, near};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::program::{Program, build};
use crate::session::place::key_file;
use crate::session::{Site, connect, recorded, sandbox};
use crate::view::human::doctor::{Finding, Verdict, render};

/// Say what is missing for a run, and what mends it
///
/// Nothing is changed, and the sandbox is not started.
#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Check this environment only.
    #[arg(long, value_name = "NAME", add = completion::environments())]
    env: Option<String>,
    /// Start this stack program instead of building the one of the project.
    #[arg(long, value_name = "FILE")]
    program: Option<std::path::PathBuf>,
}

pub(crate) async fn run(context: &Context, args: &DoctorArgs) -> Result<Exit> {
    let mut findings = vec![cargo(args.program.is_some()).await];
    match Project::find(&context.folder) {
        Ok(project) => {
            context.terminal.look_for_sources_in(&project.root);
            findings.push(environments_of(&project));
            let environments: Vec<&Environment> = match &args.env {
                Some(name) => vec![project.environment(name)?],
                None => project.environments.values().collect(),
            };
            let (finding, stacks) = program(context, &project, args).await;
            findings.push(finding);
            let sandboxed =
                environments.iter().any(|environment| environment.endpoint == Endpoint::Sandbox);
            findings.push(python(sandboxed).await);
            if sandboxed {
                findings.push(emulators(&project));
            }
            findings.extend(own_folder(&project));
            findings.extend(ignored(&project).await);
            for environment in environments {
                findings.push(settings_of(&project, environment, &stacks));
                findings.push(state(context, &project, environment).await);
                findings.push(key(context, &project, environment).await);
                findings.extend(locks(context, &project, environment).await);
                findings.push(cloud(context, &project, environment).await);
            }
        }
        Err(error) => findings.push(Finding::from_error("infra.toml", &error)),
    }
    context.terminal.answer(&render(&findings, context.terminal.columns()));
    let missing = findings.iter().any(|finding| finding.verdict == Verdict::Missing);
    Ok(if missing { Exit::Failed } else { Exit::Done })
}

/// Without an environment nothing can be planned.
fn environments_of(project: &Project) -> Finding {
    let name = "infra.toml";
    if project.environments.is_empty() {
        let mend = "add a table `[environments.NAME]` with a line such as `region = \"us-west-2\"`";
        return Finding::bad(name, Verdict::Missing, "there is no environment in it", mend);
    }
    let names: Vec<_> = project.environments.keys().map(String::as_str).collect();
    Finding::good(name, format!("environments: {}", names.join(", ")))
}

/// Without cargo a built program is needed.
async fn cargo(built: bool) -> Finding {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    match version(&cargo).await {
        Ok(version) if is_older(&version, NEEDED) => {
            let verdict = if built { Verdict::Unneeded } else { Verdict::Missing };
            let why = format!("{version} is too old: stacks need {NEEDED}");
            Finding::bad("cargo", verdict, why, "run `rustup update stable`")
        }
        Ok(version) => Finding::good("cargo", version),
        Err(why) => {
            let verdict = if built { Verdict::Unneeded } else { Verdict::Missing };
            Finding::bad("cargo", verdict, why, "install Rust from https://rustup.rs")
        }
    }
}

/// The oldest cargo that builds the crates of stacks.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");

/// Whether `cargo 1.80.0 (…)` is older than `1.95`. What is no version is not.
fn is_older(version: &str, needed: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split('.').take(2).filter_map(|part| part.parse().ok()).collect()
    };
    let found = version.split(' ').nth(1).map(numbers).unwrap_or_default();
    found.len() == 2 && found < numbers(needed)
}

/// What the sandbox is made of is installed once.
fn emulators(project: &Project) -> Finding {
    let name = "emulators";
    let folder = sandbox(project).venv_directory();
    if folder.join("bin/python").exists() {
        return Finding::good(name, shown(project, &folder));
    }
    Finding::good(name, "installed at the first use, which needs a network and takes a minute")
}

/// A path as people know it: from the project.
fn shown(project: &Project, path: &Path) -> String {
    path.strip_prefix(&project.root).unwrap_or(path).display().to_string()
}

/// Keys, states and records of builds are nobody else's.
fn own_folder(project: &Project) -> Option<Finding> {
    let folder = project.own_folder();
    let name = "folder of infra";
    let metadata = std::fs::metadata(&folder).ok()?;
    let place = shown(project, &folder);
    if metadata.mode() & 0o077 == 0 {
        return Some(Finding::good(name, format!("{place}, open to nobody else")));
    }
    let why = format!("others may enter {place} (mode {:o})", metadata.mode() & 0o777);
    let mend = format!("run `chmod 700 {}`", folder.display());
    Some(Finding::bad(name, Verdict::Missing, why, mend))
}

/// In a repository, states and their keys would be committed with everything else. Nothing where
/// there is none, or no git to ask.
async fn ignored(project: &Project) -> Option<Finding> {
    let folder = project.own_folder();
    let mut git = Command::new("git");
    git.args(["check-ignore", "--quiet"]).arg(&folder).current_dir(&project.root);
    let status = git.output().await.ok()?.status;
    let name = "git";
    let place = shown(project, &folder);
    match status.code() {
        Some(0) => Some(Finding::good(name, format!("{place} is ignored"))),
        Some(1) => {
            let why = format!("{place} would be committed, and the key of the states with it");
            let mend =
                format!("run `echo /{place} >> {}`", project.root.join(".gitignore").display());
            Some(Finding::bad(name, Verdict::Missing, why, mend))
        }
        _ => None,
    }
}

/// Which stacks an environment has, as far as the program is known.
fn settings_of(project: &Project, environment: &Environment, stacks: &[String]) -> Finding {
    let name = format!("settings of {}", environment.name);
    let file = settings::file_name(project, environment);
    let all = match settings::load(project, environment, &[]) {
        Ok(all) => all,
        Err(error) => return Finding::from_error(name, &error),
    };
    if let Some(stack) = all.keys().find(|stack| !stacks.is_empty() && !stacks.contains(stack)) {
        let why = format!("{file}: the program has no stack `{stack}`");
        let known = stacks.iter().map(String::as_str);
        return Finding::bad(name, Verdict::Missing, why, near(stack, known));
    }
    if all.is_empty() {
        let why = format!("{file} has no table: no stack is part of it");
        return Finding::bad(name, Verdict::Unneeded, why, "");
    }
    let names: Vec<_> = all.into_keys().collect();
    Finding::good(name, format!("{file}: {}", names.join(", ")))
}

/// The sandbox is made with Python.
async fn python(needed: bool) -> Finding {
    let name = "python3 with venv";
    let verdict = if needed { Verdict::Missing } else { Verdict::Unneeded };
    let checked = Command::new("python3").args(["-c", "import venv, ensurepip"]).output().await;
    match (checked, version("python3".as_ref()).await) {
        (Ok(output), Ok(version)) if output.status.success() => Finding::good(name, version),
        (Ok(_), Ok(version)) => {
            let why = format!("{version} has no venv module");
            Finding::bad(name, verdict, why, "run `apt install python3-venv`, or the like")
        }
        (Err(error), _) => {
            Finding::bad(name, verdict, error.to_string(), "install Python 3.10 or later")
        }
        (_, Err(why)) => Finding::bad(name, verdict, why, "install Python 3.10 or later"),
    }
}

async fn version(program: &std::ffi::OsStr) -> std::result::Result<String, String> {
    let output = Command::new(program).arg("--version").output().await;
    match output {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => Err(output.status.to_string()),
        Err(error) => Err(format!("`{}`: {error}", program.to_string_lossy())),
    }
}

/// The program, and the stacks that it has.
async fn program(
    context: &Context,
    project: &Project,
    args: &DoctorArgs,
) -> (Finding, Vec<String>) {
    let name = "the stack program";
    let asked = async {
        let executable = match &args.program {
            Some(file) => context.folder.join(file),
            None => {
                // The first build takes a while, and silence would look like a stop.
                let log = |line: &str| {
                    if context.terminal.is_live() {
                        context.terminal.log("cargo", line);
                    }
                };
                build(&project.root, &project.own_folder(), &project.program, &log).await?
            }
        };
        let program =
            Program { executable, folder: project.root.clone(), timeout: project.program_timeout };
        program.stacks(&|_| {}).await
    };
    match asked.await {
        Ok(stacks) => (Finding::good(name, format!("declares {}", stacks.join(", "))), stacks),
        Err(diagnostic) => (Finding::from_error(name, &CommandError::from(diagnostic)), Vec::new()),
    }
}

async fn state(context: &Context, project: &Project, environment: &Environment) -> Finding {
    let name = format!("state of {}", environment.name);
    let folder = match &environment.state {
        StatePlace::Folder(folder) => project.root.join(folder),
        StatePlace::Bucket { .. } => {
            let written = environment.state.written();
            return match recorded(context, project, environment).await {
                Ok(_) => Finding::good(name, format!("{written} can be read")),
                Err(error) => Finding::from_error(name, &error),
            };
        }
    };
    match writable(&folder) {
        Ok(()) => Finding::good(name, format!("{} can be written", shown(project, &folder))),
        Err(error) => {
            let there = nearest_folder(&folder);
            let why = format!("`{}` cannot be written: {error}", there.display());
            Finding::bad(
                name,
                Verdict::Missing,
                why,
                make_writable(there, is_others(there), &error),
            )
        }
    }
}

/// The folder, or the one in which it will be made.
fn nearest_folder(folder: &Path) -> &Path {
    folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder)
}

/// Writes a file where the state goes, or where its folder will be made, and removes it.
fn writable(folder: &Path) -> std::io::Result<()> {
    let probe = nearest_folder(folder).join(format!(".infra-doctor-{}", std::process::id()));
    std::fs::write(&probe, b"probe")?;
    std::fs::remove_file(&probe)
}

/// Whether a folder is known to be another user's: they alone may change who writes to it.
fn is_others(folder: &Path) -> bool {
    let owner = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.uid()).ok();
    // A process is its user's own; where there is no such folder, it is not known.
    let this = owner(Path::new("/proc/self"));
    this.is_some_and(|this| owner(folder).is_some_and(|owner| owner != this))
}

/// What mends a folder that could not be written.
fn make_writable(folder: &Path, others: bool, error: &std::io::Error) -> String {
    let shown = folder.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("make room on the disk of `{shown}`")
        }
        ErrorKind::ReadOnlyFilesystem => {
            "its disk is read-only: name another folder with `state` of the environment".to_owned()
        }
        ErrorKind::PermissionDenied if others => format!(
            "`{shown}` is another user's: run `sudo chown -R \"$(id -un)\" {shown}` if it should be \
             yours, or name another folder with `state` of the environment"
        ),
        ErrorKind::PermissionDenied => format!("run `chmod u+rwx {shown}`"),
        _ => format!("make `{shown}` a folder that you can write to"),
    }
}

/// Whoever reads the key reads every sensitive value.
async fn key(context: &Context, project: &Project, environment: &Environment) -> Finding {
    let name = format!("key of {}", environment.name);
    let path = match &environment.state_key {
        Some(StateKey::Passphrase) => return Finding::good(name, "a passphrase"),
        Some(StateKey::File(path)) => project.root.join(path),
        Some(StateKey::Kms(key)) => return Finding::good(name, format!("the KMS key {key}")),
        None => key_file(project, &environment.state),
    };
    let whole = path.display();
    let shown = shown(project, &path);
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // What cannot be listed is told of the state itself.
            let sealed = recorded(context, project, environment).await.unwrap_or_default();
            if sealed.is_empty() {
                return Finding::good(name, format!("{shown}, made when it is needed"));
            }
            let why = format!("{shown} is not there, which the states here are sealed with");
            let mend = format!("put its copy at `{whole}`: no state opens without it");
            Finding::bad(name, Verdict::Missing, why, mend)
        }
        Err(error) => {
            let mend = "make it readable for yourself, and for nobody else";
            Finding::bad(name, Verdict::Missing, format!("`{whole}`: {error}"), mend)
        }
        Ok(metadata) if metadata.mode() & 0o077 != 0 => {
            let why = format!("others may read {shown} (mode {:o})", metadata.mode() & 0o777);
            Finding::bad(name, Verdict::Missing, why, format!("run `chmod 600 {whole}`"))
        }
        Ok(_) => Finding::good(name, format!("{shown}, readable for nobody else")),
    }
}

/// Whether each state can be opened, and who holds it otherwise.
async fn locks(context: &Context, project: &Project, environment: &Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let stacks = match recorded(context, project, environment).await {
        Ok(stacks) => stacks,
        Err(error) => {
            let name = format!("stacks of {}", environment.name);
            return vec![Finding::from_error(name, &error)];
        }
    };
    for stack in stacks {
        let name = format!("{stack} in {}", environment.name);
        let site = Site { project, environment, stack: &stack };
        findings.push(match site.open(context, Duration::ZERO).await {
            Ok(store) => match store.load().await {
                Ok(state) => {
                    let count = state.records.len();
                    let open = state.open.len();
                    Finding::good(name, format!("{count} recorded, {open} unfinished, not locked"))
                }
                Err(error) => Finding::from_error(name, &site.refused(&error)),
            },
            Err(error) if error.exit == Exit::Locked => {
                let detail = error.diagnostics.first().map(|first| first.detail.as_str());
                Finding::good(name, in_use(detail.unwrap_or_default()))
            }
            Err(error) => Finding::from_error(name, &error),
        });
    }
    findings
}

/// That a run holds a state is as it should be, so it is not told as what is wrong.
fn in_use(detail: &str) -> String {
    match detail.split_once("the state is locked: ") {
        Some((_, holder)) => format!("in use by a run: {holder}"),
        None => detail.to_owned(),
    }
}

async fn cloud(context: &Context, project: &Project, environment: &Environment) -> Finding {
    let name = format!("cloud of {}", environment.name);
    if environment.endpoint == Endpoint::Sandbox {
        return match infra_sandbox::detached::status(&sandbox(project)).await {
            Ok(Some(running)) => Finding::good(name, format!("sandbox at {}", running.endpoint)),
            Ok(None) => Finding::good(name, "sandbox, started when it is needed"),
            Err(error) => {
                let diagnostic = crate::session::sandbox_error(&error);
                Finding::from_error(name, &CommandError::from(diagnostic))
            }
        };
    }
    match connect(context, project, environment).await {
        Ok(cloud) => {
            Finding::good(name, format!("account {} in {}", cloud.account, environment.region))
        }
        Err(error) => Finding::from_error(name, &error),
    }
}

impl Finding {
    /// What an error of a command says about something that is needed.
    fn from_error(name: impl Into<String>, error: &CommandError) -> Self {
        let first = error.diagnostics.first();
        let why = first.map(|first: &Diagnostic| {
            let detail = first.detail.lines().next().unwrap_or_default();
            let place = first.location.as_ref().map(|place| format!("{place}: "));
            let place = place.unwrap_or_default();
            if detail.is_empty() {
                format!("{place}{}", first.summary)
            } else {
                format!("{place}{}: {detail}", first.summary)
            }
        });
        let mend = first.and_then(|first| first.hints.first()).cloned();
        Self::bad(
            name,
            Verdict::Missing,
            why.unwrap_or_default(),
            mend.unwrap_or_else(|| "mend it, and run `infra doctor` again".to_owned()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_cargo_is_told_from_a_new_one() {
        assert!(is_older("cargo 1.80.0 (376290515 2024-07-16)", "1.95"));
        assert!(is_older("cargo 1.9.0", "1.95"));
        assert!(!is_older("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", "1.95"));
        assert!(!is_older("cargo 2.0.0-nightly", "1.95"));
        assert!(!is_older("something else", "1.95"));
    }

    #[test]
    fn what_cannot_be_written_is_mended_by_what_is_so() {
        let mend =
            |kind: ErrorKind, others| make_writable(Path::new("/p/.infra"), others, &kind.into());
        let denied = ErrorKind::PermissionDenied;
        assert_eq!(mend(denied, false), "run `chmod u+rwx /p/.infra`");
        assert!(mend(denied, true).starts_with("`/p/.infra` is another user's: run `sudo chown"));
        assert_eq!(mend(ErrorKind::StorageFull, true), "make room on the disk of `/p/.infra`");
        assert!(mend(ErrorKind::ReadOnlyFilesystem, true).contains("read-only"));
    }

    #[test]
    fn a_run_that_holds_a_state_is_told_as_one() {
        let detail = "stack `web`: the state is locked: ann runs `infra apply --env dev`";
        assert_eq!(in_use(detail), "in use by a run: ann runs `infra apply --env dev`");
    }
}
