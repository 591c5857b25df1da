//! The sandbox of a project: AWS on this machine.

use std::path::PathBuf;

use infra_sandbox::detached::{Launcher, Running, connect_or_start, status};
use infra_sandbox::{SHARED_VENV, SandboxConfig, SandboxError};
use infra_sdk::Diagnostic;

use crate::cli::Context;
use crate::config::Project;
use crate::error::Result;

/// The sandbox of a project, whether it runs or not.
pub(crate) fn sandbox(project: &Project) -> SandboxConfig {
    let mut config = SandboxConfig::new(project.own_folder().join("sandbox"));
    config.environment = std::env::vars_os().collect();
    config.venv = std::env::var_os(SHARED_VENV).map(PathBuf::from);
    config
}

/// The sandbox of a project, started first if it does not run.
///
/// # Errors
/// When it does not start, with the last words of what failed.
pub(crate) async fn started_sandbox(context: &Context, project: &Project) -> Result<Running> {
    let config = sandbox(project);
    if let Some(running) = status(&config).await.map_err(|error| sandbox_error(&error))? {
        return Ok(running);
    }
    context.terminal.note("Starting the sandbox; the first time takes a minute.\n");
    let program = std::env::current_exe().map_err(|error| {
        Diagnostic::error("sandbox::start", "the sandbox does not start").detail(error.to_string())
    })?;
    let arguments =
        ["--chdir".into(), project.root.clone().into_os_string(), "sandbox".into(), "run".into()];
    let launcher = Launcher { program, arguments: arguments.to_vec() };
    Ok(connect_or_start(&config, &launcher).await.map_err(|error| sandbox_error(&error))?)
}

/// What failed of the sandbox, with its way out.
pub(crate) fn sandbox_error(error: &SandboxError) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error("sandbox::failed", "the sandbox does not do what was asked")
            .detail(error.to_string());
    diagnostic.hints.extend(error.hint().map(str::to_owned));
    diagnostic
}
