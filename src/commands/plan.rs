//! `infra plan`.

use clap::{ArgAction, Args, ValueEnum};
use infra_engine::Mode;
use infra_sdk::Diagnostic;
use infra_sdk::provider::Provider;

use crate::cli::{AdoptArgs, Context, Format, LockArgs, RefreshArgs, StackArgs};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::session::{Locking, Prepared, Way, plan_all};
use crate::view::{human, markdown, plan_json};

/// Show what would change
#[derive(Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    #[command(flatten)]
    refresh: RefreshArgs,
    /// How the answer is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = PlanFormat::Human)]
    format: PlanFormat,
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

/// How a plan is written.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum PlanFormat {
    /// For people.
    Human,
    /// Terraform's plan JSON, of one stack.
    Json,
    /// For a comment on a pull request.
    Markdown,
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
        format: if args.format == PlanFormat::Json { Format::Json } else { Format::Human },
        locking: if args.lock { Locking::Within(args.waiting.lock_timeout) } else { Locking::None },
        adopt: args.adopt.adopt.then_some("plan"),
    };
    let planned = plan_all(context, &args.stacks, way).await?;
    let provider = &*planned.cloud.provider;
    let environment = &planned.selection.environment.name;
    match (args.format, planned.stacks.as_slice()) {
        (PlanFormat::Json, [stack]) => {
            let region = &planned.selection.environment.region;
            let document = plan_json::render(&plan_json::Document {
                plan: &stack.plan,
                declarations: &stack.declarations,
                region,
                schemas: &|name| provider.schema(name),
            });
            context.terminal.answer(&document);
        }
        (PlanFormat::Markdown, stacks) => {
            let plans: Vec<_> = stacks.iter().map(|s| (s.name.as_str(), &s.plan)).collect();
            let comment = markdown::render(environment, &plans, &|name| provider.schema(name));
            context.terminal.answer(&comment);
        }
        (PlanFormat::Human | PlanFormat::Json, stacks) => {
            show(context, environment, provider, stacks);
        }
    }
    let pending = planned.stacks.iter().any(|stack| !stack.plan.is_empty());
    Ok(if args.detailed_exitcode && pending { Exit::Pending } else { Exit::Done })
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
