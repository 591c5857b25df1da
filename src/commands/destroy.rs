//! `infra destroy`.

use clap::Args;
use infra_sdk::Diagnostic;

use super::carry_out::{ApplyingArgs, Asked, Checks, carry_out};
use crate::cli::{AdoptArgs, Context, PartArgs, ReplaceArgs, StackArgs};
use crate::config::{Environment, Project};
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{Part, Verb};

/// Destroy everything that the stacks made
///
/// Shows the plan, asks, and carries it out. A protected environment refuses. A stack that is no
/// longer declared can still be destroyed by its name.
#[derive(Args)]
#[command(mut_arg("max_destroy", |limit| limit
    .help("Refuse a plan that destroys more objects than this. Without it, there is no limit")))]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    #[command(flatten)]
    applying: ApplyingArgs,
}

pub(crate) async fn run(context: &Context, args: &DestroyArgs) -> Result<Exit> {
    let part = Part::new(&args.part, &ReplaceArgs::default())?;
    let project = Project::find(&context.folder)?;
    context.terminal.look_for_sources_in(&project.root);
    let environment = project.environment(&args.stacks.which.env)?;
    refuse_protected(environment)?;
    let (verb, adopt) = (Verb::Destroy, args.adopt.adopt);
    let asked = Asked { verb, part, adopt, checks: Checks::None, digest: None };
    carry_out(context, &args.stacks, &args.applying, asked).await
}

/// Refuses to destroy what is in a protected environment.
pub(super) fn refuse_protected(environment: &Environment) -> Result<()> {
    if environment.protected {
        return Err(Diagnostic::error("destroy::protected", "a protected environment is kept")
            .detail(format!("`{}` is protected", environment.name))
            .location(Some(environment.location.clone()))
            .hint("take `protected = true` away first, if it is really to be destroyed")
            .into());
    }
    Ok(())
}
