//! `infra check`.

use clap::{ArgAction, Args, ValueEnum};
use infra_engine::Mode;
use infra_sdk::Diagnostic;

use crate::cli::{COMMAND_OPTIONS, Context, Format, LockArgs, RefreshArgs, StackArgs};
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{Locking, Part, Review, Way, plan_all, review};
use crate::view::checks::{human, json, junit, sarif};

/// Hold the plans against the checks of the stacks
///
/// Plans as `infra plan` does, lets every rule that the stack program registers look at the plans, and
/// shows what they find. How many findings of each severity are let through is said in `[checks]` of
/// infra.toml; with more of them the command ends with 5.
#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    refresh: RefreshArgs,
    /// How the answer is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = CheckFormat::Human,
        help_heading = COMMAND_OPTIONS)]
    format: CheckFormat,
    #[command(flatten)]
    waiting: LockArgs,
    /// Whether to take the lock of the state. Without it the plan is made from what the latest run
    /// left, which may be old.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true,
        default_missing_value = "true", num_args = 0..=1, require_equals = true,
        help_heading = COMMAND_OPTIONS)]
    lock: bool,
}

/// How findings are written.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum CheckFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for reports of tests.
    Junit,
}

pub(crate) async fn run(context: &Context, args: &CheckArgs) -> Result<Exit> {
    let way = Way {
        mode: Mode::Apply,
        part: Part::default(),
        refresh: args.refresh.refresh,
        // Every form of the answer is about all stacks.
        format: Format::Human,
        locking: if args.lock { Locking::Within(args.waiting.lock_timeout) } else { Locking::None },
        adopt: None,
        offers: false,
    };
    let planned = plan_all(context, &args.stacks, &way).await?;
    let provider = &*planned.cloud.provider;
    let review = review(context, &planned.selection, provider, &planned.stacks).await?;
    if !review.has_rules() {
        context.terminal.diagnostics([&Diagnostic::warning(
            "checks::none",
            "the program has no checks for these stacks",
        )
        .hint("register some: `Program::new().pack(infra_aws::checks::baseline())`")]);
    }
    answer(context, &review, args.format)?;
    let unread = context.terminal.is_reader_gone();
    Ok(match review.refusal() {
        Some(refusal) => {
            context.terminal.diagnostics([&refusal]);
            Exit::Findings
        }
        // Whoever has read only a part must not take it for all.
        None if unread => Exit::Failed,
        None => Exit::Done,
    })
}

fn answer(context: &Context, review: &Review, format: CheckFormat) -> Result<()> {
    let terminal = &context.terminal;
    let text = match format {
        CheckFormat::Human => human::render(review, &terminal.frame()),
        CheckFormat::Json => json::render(review),
        CheckFormat::Sarif => sarif::render(review),
        CheckFormat::Junit => junit::render(review).map_err(|error| {
            Diagnostic::error("checks::junit", "the report cannot be written")
                .detail(error.to_string())
        })?,
    };
    terminal.answer(&text);
    Ok(())
}
