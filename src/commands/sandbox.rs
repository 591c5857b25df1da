//! `infra sandbox`: AWS on this machine, for environments with `endpoint = "sandbox"`.

use clap::Subcommand;
use infra_sandbox::detached::{run_foreground, status, stop};
use infra_sdk::Diagnostic;
use jiff::{Timestamp, Unit};

use crate::cli::Context;
use crate::config::Project;
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{sandbox, sandbox_error, started_sandbox};

/// Run AWS on this machine, to try things out
///
/// Emulators of AWS, for environments with `endpoint = "sandbox"`. They are started by whatever needs
/// them.
#[derive(Subcommand)]
pub(crate) enum SandboxCommand {
    /// Start the sandbox; commands that need it do so by themselves
    Start,
    /// Stop the sandbox; everything in it is gone
    Stop,
    /// Say whether the sandbox runs, and where
    Status,
    /// Make the sandbox empty again
    Reset,
    /// Be the sandbox, until told to stop
    #[command(hide = true)]
    Run,
}

pub(crate) async fn run(context: &Context, command: &SandboxCommand) -> Result<Exit> {
    let project = Project::find(&context.folder)?;
    let config = sandbox(&project);
    match command {
        SandboxCommand::Start => {
            let running = started_sandbox(context, &project).await?;
            context.terminal.answer(&format!("{}\n", running.endpoint));
        }
        SandboxCommand::Stop => {
            let stopped = stop(&config).await.map_err(|error| sandbox_error(&error))?;
            let what = if stopped { "is stopped" } else { "was not running" };
            context.terminal.answer(&format!("The sandbox {what}.\n"));
        }
        SandboxCommand::Status => {
            let running = status(&config).await.map_err(|error| sandbox_error(&error))?;
            context.terminal.answer(&match running {
                Some(running) => format!(
                    "running at {} since {} (process {})\n",
                    running.endpoint,
                    to_second(&running.started),
                    running.pid
                ),
                None => "not running\n".to_owned(),
            });
        }
        SandboxCommand::Reset => {
            let running = status(&config).await.map_err(|error| sandbox_error(&error))?;
            let Some(running) = running else {
                return Err(Diagnostic::error("sandbox::stopped", "the sandbox is not running")
                    .hint("start it with `infra sandbox start`")
                    .into());
            };
            running.control().reset().await.map_err(|error| sandbox_error(&error))?;
            context.terminal.answer("The sandbox is empty.\n");
        }
        SandboxCommand::Run => {
            run_foreground(config).await.map_err(|error| sandbox_error(&error))?;
        }
    }
    Ok(Exit::Done)
}

/// A moment as it is written everywhere: to the second.
fn to_second(moment: &str) -> String {
    let rounded = moment.parse::<Timestamp>().and_then(|moment| moment.round(Unit::Second));
    rounded.map_or_else(|_| moment.to_owned(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_to_the_second() {
        assert_eq!(to_second("2026-11-23T01:15:53.273789526Z"), "2026-11-23T01:15:53Z");
        assert_eq!(to_second("of another release"), "of another release");
    }
}
