//! `infra destroy`.

use clap::Args;
use infra_engine::Mode;
use infra_sdk::Diagnostic;

use super::carry_out::{ApplyingArgs, Checks, carry_out};
use crate::cli::{AdoptArgs, Context, StackArgs};
use crate::config::Project;
use crate::error::Result;
use crate::exit::Exit;

/// Destroy everything that the stacks made
///
/// Shows the plan, asks, and carries it out. A protected environment refuses. A stack that is no
/// longer declared can still be destroyed by its name.
#[derive(Args)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    #[command(flatten)]
    applying: ApplyingArgs,
}

pub(crate) async fn run(context: &Context, args: &DestroyArgs) -> Result<Exit> {
    let project = Project::find(&context.folder)?;
    context.terminal.look_for_sources_in(&project.root);
    let environment = project.environment(&args.stacks.which.env)?;
    if environment.protected {
        return Err(Diagnostic::error("destroy::protected", "a protected environment is kept")
            .detail(format!("`{}` is protected", environment.name))
            .location(Some(environment.location.clone()))
            .hint("take `protected = true` away first, if it is really to be destroyed")
            .into());
    }
    let checks = Checks::None;
    carry_out(context, &args.stacks, &args.applying, args.adopt, Mode::Destroy, checks).await
}
