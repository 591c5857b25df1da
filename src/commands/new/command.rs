//! The command: from a folder that is not there to a workspace in it.

use std::path::{Path, PathBuf};

use clap::Args;
use infra_sdk::Diagnostic;

use super::{name, sdk, workspace};
use crate::cli::{COMMAND_OPTIONS, Context};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::view::human;

/// Make a workspace with a stack that plans at once
///
/// The workspace has a stack worth reading (a network, a private bucket, a log group), settings for an
/// environment on this machine and for one in AWS, and a README that says what comes next. The crates
/// that stacks are written with are named by path: those beside the installed `infra`, or those of the
/// checkout that it was built from.
#[derive(Args)]
pub(crate) struct NewArgs {
    /// The folder, which is made. Its last part is the name of the stack, unless `--name` says another.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Call the stack this.
    #[arg(long, value_name = "NAME", help_heading = COMMAND_OPTIONS)]
    name: Option<String>,
    /// Take the crates that stacks are written with from this folder: one with `sdk/` and `aws/` in it.
    #[arg(long, value_name = "DIR", help_heading = COMMAND_OPTIONS)]
    sdk: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, args: &NewArgs) -> Result<Exit> {
    let folder = context.folder.join(&args.folder);
    let name = match &args.name {
        Some(name) => name.clone(),
        None => last_part(&folder)?,
    };
    name::check(&name).map_err(CommandError::usage)?;
    vacant(&folder, &args.folder)?;
    let sdk = sdk::find(args.sdk.as_deref().map(|given| context.folder.join(given)).as_deref())?;
    let files = workspace::make(&folder, &name, &sdk)?;
    context.terminal.answer(&human::new::render(&name, &args.folder, &files));
    Ok(Exit::Done)
}

/// What a folder is called, also where it is written as `.` or `..`.
fn last_part(folder: &Path) -> Result<String> {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let part = real.file_name().and_then(|part| part.to_str());
    part.map(str::to_owned).ok_or_else(|| {
        CommandError::usage(
            Diagnostic::error("new::name", "the folder has no name that a stack could have")
                .detail(format!("`{}`", folder.display()))
                .hint("name the stack with `--name NAME`"),
        )
    })
}

/// Refuses a folder in which something is: nothing of anybody's is written over. A fresh repository
/// is nothing.
fn vacant(folder: &Path, written: &Path) -> Result<()> {
    let taken = |what: String| {
        CommandError::usage(
            Diagnostic::error("new::taken", "the workspace cannot be made there")
                .detail(format!("`{}`: {what}", written.display()))
                .hint("choose another folder, or make this one empty"),
        )
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(taken(error.to_string())),
    };
    for entry in entries {
        let entry = entry.map_err(|error| taken(error.to_string()))?.file_name();
        if entry != ".git" {
            return Err(taken(format!("`{}` is in it", entry.display())));
        }
    }
    Ok(())
}
