//! `infra apply`.

use clap::Args;
use infra_engine::Mode;

use super::carry_out::{ApplyingArgs, Checks, carry_out};
use crate::cli::{AdoptArgs, COMMAND_OPTIONS, Context, StackArgs};
use crate::error::Result;
use crate::exit::Exit;

/// Make it so
///
/// Shows the plan, asks, and carries it out. A protected environment asks for its name. When the checks
/// of the stacks find more than `[checks]` of infra.toml lets through, nothing is changed.
#[derive(Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    #[command(flatten)]
    applying: ApplyingArgs,
    /// Do not hold the plan against the checks: for emergencies. The history tells.
    #[arg(long, help_heading = COMMAND_OPTIONS)]
    skip_checks: bool,
}

pub(crate) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit> {
    let checks = if args.skip_checks { Checks::Skip } else { Checks::Hold };
    carry_out(context, &args.stacks, &args.applying, args.adopt, Mode::Apply, checks).await
}
