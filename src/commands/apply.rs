//! `infra apply`.

use clap::Args;
use infra_engine::Mode;

use super::carry_out::{ApplyingArgs, carry_out};
use crate::cli::{AdoptArgs, Context, StackArgs};
use crate::error::Result;
use crate::exit::Exit;

/// Make it so
///
/// Shows the plan, asks, and carries it out. A protected environment asks for its name.
#[derive(Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    #[command(flatten)]
    applying: ApplyingArgs,
}

pub(crate) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit> {
    carry_out(context, &args.stacks, &args.applying, args.adopt, Mode::Apply).await
}
