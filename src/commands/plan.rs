//! `infra plan`.

use clap::{ArgAction, Args};
use infra_engine::Mode;
use infra_sdk::Diagnostic;
use infra_sdk::provider::Provider;

use crate::cli::{AdoptArgs, Context, Format, FormatArgs, LockArgs, RefreshArgs, StackArgs};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::session::{Locking, Planned, Prepared, Way, plan_all, review};
use crate::view::{checks, human, plan_json};

/// Show what would change
///
/// The plan is held against the checks of the stacks too, and ends with how many findings there are;
/// `infra check` shows them.
#[derive(Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    #[command(flatten)]
    refresh: RefreshArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// Show what destroying everything would do.
    #[arg(long)]
    destroy: bool,
    #[command(flatten)]
    waiting: LockArgs,
    /// Whether to take the lock of the state. Without it the plan is made from what the latest run
    /// left, which may be old.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true,
        default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    lock: bool,
    /// End with 2 when changes are pending.
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) async fn run(context: &Context, args: &PlanArgs) -> Result<Exit> {
    if args.adopt.adopt && !args.lock {
        return Err(CommandError::usage(
            Diagnostic::error("cli::adopt", "without the lock nothing can be recorded")
                .detail("`--adopt` writes the state, and `--lock=false` only looks at it")
                .hint("leave one of the two out"),
        ));
    }
    let way = Way {
        mode: if args.destroy { Mode::Destroy } else { Mode::Apply },
        refresh: args.refresh.refresh,
        format: args.format.format,
        locking: if args.lock { Locking::Within(args.waiting.lock_timeout) } else { Locking::None },
        adopt: args.adopt.adopt.then_some("plan"),
    };
    let planned = plan_all(context, &args.stacks, way).await?;
    match (args.format.format, planned.stacks.as_slice()) {
        (Format::Json, [stack]) => {
            let region = &planned.selection.environment.region;
            let provider = &*planned.cloud.provider;
            let document = plan_json::render(&plan_json::Document {
                plan: &stack.plan,
                declarations: &stack.declarations,
                region,
                schemas: &|name| provider.schema(name),
            });
            context.terminal.answer(&document);
        }
        _ => {
            let environment = &planned.selection.environment.name;
            show(context, environment, &*planned.cloud.provider, &planned.stacks);
        }
    }
    if way.mode == Mode::Apply {
        sum_up_checks(context, &planned, args.format.format).await?;
    }
    let pending = planned.stacks.iter().any(|stack| !stack.plan.is_empty());
    Ok(if args.detailed_exitcode && pending { Exit::Pending } else { Exit::Done })
}

/// Says how many findings the checks have. The document for programs has no place for them.
async fn sum_up_checks(context: &Context, planned: &Planned, format: Format) -> Result<()> {
    let provider = &*planned.cloud.provider;
    let review = review(context, &planned.selection, provider, &planned.stacks).await?;
    if review.has_rules() {
        let summary = checks::human::summary(&review);
        match format {
            Format::Human => context.terminal.answer(&format!("\n{summary}")),
            Format::Json => context.terminal.note(&summary),
        }
    }
    Ok(())
}

/// Writes the plans for people.
pub(super) fn show(
    context: &Context,
    environment: &str,
    provider: &dyn Provider,
    stacks: &[Prepared],
) {
    let plans: Vec<_> = stacks.iter().map(|stack| (stack.name.as_str(), &stack.plan)).collect();
    let text = human::plan::render(environment, &plans, &|type_name| provider.schema(type_name));
    context.terminal.answer(&text);
}
