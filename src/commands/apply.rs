//! `infra apply`.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::ArgPredicate;
use infra_engine::Mode;

use super::carry_out::{ApplyingArgs, Asked, Checks, Work, carry_out, finish, one_stream};
use super::destroy::refuse_protected;
use super::plan::refresh_only;
use crate::cli::{
    ARGUMENTS, AdoptArgs, COMMAND_OPTIONS, Context, PartArgs, ReplaceArgs, StackArgs,
};
use crate::error::Result;
use crate::exit::Exit;
use crate::session::again::of_stacks;
use crate::session::{Part, Reopened, Verb, reopen};

/// Everything that says what to plan, which a saved plan has said already.
const PLANNING: [&str; 15] = [
    "stack",
    "var",
    "var_file",
    "program",
    "target",
    "exclude",
    "replace",
    "adopt",
    "refresh",
    "refresh_only",
    "max_destroy",
    "accept_loss",
    "accept_gone",
    "skip_checks",
    "digest",
];

/// Change what is there to what is declared, after asking
///
/// Shows the plan, asks, and carries it out. A protected environment asks for its name. When the checks
/// of the stacks find more than `[checks]` of infra.toml lets through, nothing is changed. A saved plan
/// is carried out without asking, where nothing has moved since it was made.
#[derive(Args)]
#[command(
    override_usage = "infra apply [OPTIONS] --env <NAME>\n       infra apply [OPTIONS] <FILE>"
)]
#[command(mut_arg("env", |env| env
    .required(false)
    .required_unless_present("file")
    .default_value_if("file", ArgPredicate::IsPresent, Some(""))))]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    replace: ReplaceArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    /// Only record what changed outside of infra, after asking. No object is changed.
    #[arg(long, conflicts_with = "replace", help_heading = COMMAND_OPTIONS)]
    refresh_only: bool,
    #[command(flatten)]
    applying: ApplyingArgs,
    /// Do not hold the plan against the checks: for emergencies. The history tells.
    #[arg(long, help_heading = COMMAND_OPTIONS)]
    skip_checks: bool,
    /// Carry out the plan that was shown with this digest by `infra plan --format html`, and no other:
    /// where anything has moved since, nothing is changed.
    #[arg(long, value_name = "DIGEST", help_heading = COMMAND_OPTIONS)]
    digest: Option<String>,
    /// Carry this plan out, of `infra plan --out FILE`, and no other. It needs no stack program.
    #[arg(value_name = "FILE", conflicts_with_all = PLANNING, help_heading = ARGUMENTS)]
    file: Option<PathBuf>,
}

pub(crate) async fn run(context: &Context, args: &ApplyArgs) -> Result<Exit> {
    if let Some(file) = &args.file {
        return apply_saved(context, args, file).await;
    }
    args.applying.check()?;
    refresh_only(args.refresh_only, args.applying.refresh)?;
    let part = Part::new(&args.part, &args.replace)?;
    let (verb, checks) = match (args.refresh_only, args.skip_checks) {
        (true, _) => (Verb::Refresh, Checks::None),
        (false, true) => (Verb::Apply, Checks::Skip),
        (false, false) => (Verb::Apply, Checks::Hold),
    };
    let digest = args.digest.clone();
    let asked = Asked { verb, part, adopt: args.adopt.adopt, checks, digest };
    carry_out(context, &args.stacks, &args.applying, asked).await
}

/// Carries out a plan that was saved.
async fn apply_saved(context: &Context, args: &ApplyArgs, file: &Path) -> Result<Exit> {
    args.applying.check_detail()?;
    // Empty where it was not given, and the file alone says which.
    let asked = Some(args.stacks.which.env.as_str()).filter(|env| !env.is_empty());
    let patience = args.applying.waiting.lock_timeout;
    let Reopened { environment, cloud, stacks, mode, accepted } =
        reopen(context, file, asked, patience).await?;
    if mode == Mode::Destroy {
        refuse_protected(&environment)?;
    }
    one_stream(&args.applying, &stacks)?;
    if environment.protected {
        args.applying.check()?;
    }
    let (verb, command) = (Verb::of(mode), Verb::of(mode).command());
    // What goes on after an interrupt is a plan of its own: the saved one is of an older state.
    let names: Vec<_> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    let goes_on = of_stacks(command, &environment.name, &names);
    let work = Work {
        environment: &environment,
        provider: &*cloud.provider,
        stacks,
        verb,
        command: command.to_owned(),
        goes_on,
        reviewed: true,
        accepted: Some(accepted),
        // A plan is not saved that the checks do not let through.
        review: None,
        digest: None,
    };
    finish(context, work, &args.applying).await
}
