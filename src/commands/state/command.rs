//! The commands below `infra state`.

use clap::Subcommand;

use super::{edit, look, rekey, restore, shared};
use crate::cli::Context;
use crate::error::Result;
use crate::exit::Exit;

/// Look at what is recorded, and mend it
#[derive(Subcommand)]
pub(crate) enum StateCommand {
    /// List the resources that are recorded
    List(look::ListArgs),
    /// Show everything that is recorded of a resource
    Show(look::ShowArgs),
    /// Record a resource under another address; the object is not touched
    #[command(name = "mv")]
    Move(edit::MoveArgs),
    /// Forget resources; their objects stay as they are
    #[command(name = "rm")]
    Remove(edit::RemoveArgs),
    /// Write the canonical export of the latest run; sensitive values stand in it sealed
    Export(look::ExportArgs),
    /// Put what an export holds in the place of a state
    Restore(restore::RestoreArgs),
    /// Change what opens the sensitive values of the states
    Rekey(rekey::RekeyArgs),
    /// Make the bucket in which the states are shared, or mend it
    Bootstrap(shared::BootstrapArgs),
    /// Free the lock of a shared state whose holder has died
    Unlock(shared::UnlockArgs),
    /// Move the states from one place to another, with their history
    MoveBackend(shared::MoveBackendArgs),
}

pub(crate) async fn run(context: &Context, command: &StateCommand) -> Result<Exit> {
    match command {
        StateCommand::List(args) => look::list(context, args).await?,
        StateCommand::Show(args) => look::show(context, args).await?,
        StateCommand::Move(args) => edit::rename(context, args).await?,
        StateCommand::Remove(args) => edit::forget(context, args).await?,
        StateCommand::Export(args) => look::export(context, args).await?,
        StateCommand::Restore(args) => return restore::run(context, args).await,
        StateCommand::Rekey(args) => rekey::run(context, args).await?,
        StateCommand::Bootstrap(args) => shared::bootstrap(context, args).await?,
        StateCommand::Unlock(args) => shared::unlock(context, args).await?,
        StateCommand::MoveBackend(args) => shared::move_backend(context, args).await?,
    }
    Ok(Exit::Done)
}
