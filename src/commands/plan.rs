//! `infra plan`.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use infra_engine::{Forecast, Mode, Plan, plans_digest};
use infra_sdk::Diagnostic;
use infra_sdk::provider::Provider;

use super::preflight::look_ahead;
use crate::cli::{
    AdoptArgs, BudgetArgs, COMMAND_OPTIONS, Context, Format, LockArgs, PARALLELISM, PartArgs,
    RefreshArgs, ReplaceArgs, StackArgs,
};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::session::{
    Budget, Locking, Part, Planned, Prepared, Review, Way, kept, mostly_there, plan_all, review,
    save, within,
};
use crate::view::human::look::{Detail, Look};
use crate::view::picture::{Model, PlanPage, plan_page};
use crate::view::{checks, human, markdown, plan_json};

/// Show what would change
///
/// The plan is held against the checks of the stacks too, and ends with how many findings there are;
/// `infra check` shows them.
#[derive(Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    replace: ReplaceArgs,
    #[command(flatten)]
    budget: BudgetArgs,
    #[command(flatten)]
    adopt: AdoptArgs,
    #[command(flatten)]
    refresh: RefreshArgs,
    /// How the answer is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = PlanFormat::Human)]
    format: PlanFormat,
    /// Show what destroying everything would do.
    #[arg(long, conflicts_with = "replace")]
    destroy: bool,
    #[command(flatten)]
    waiting: LockArgs,
    /// Whether to take the lock of the state. Without it the plan is made from what the latest run
    /// left, which may be old.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true,
        default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    lock: bool,
    /// Save the plan to this file, for `infra apply FILE`. It is sealed with the keys of the states
    /// and holds nothing in clear but the names of its environment and stacks.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only show what changed outside of infra, and what of it `apply --refresh-only` would record.
    #[arg(long, conflicts_with_all = ["destroy", "replace"])]
    refresh_only: bool,
    #[command(flatten)]
    detail: DetailArgs,
    /// Look for what would fail too, as `apply` does before it asks; end with 1 if anything would.
    #[arg(long)]
    preflight: bool,
    /// End with 2 when changes are pending.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// How much of a plan is shown.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(super) struct DetailArgs {
    /// Show a line for each change; many alike share one.
    #[arg(long, conflicts_with = "verbose")]
    concise: bool,
    /// Show attributes that stay as they are, too.
    #[arg(long)]
    verbose: bool,
}

impl DetailArgs {
    /// Refuses what a format that has everything cannot do.
    pub(super) fn check(self, human: bool) -> Result<()> {
        let flag = match (self.concise, self.verbose) {
            _ if human => return Ok(()),
            (true, _) => "--concise",
            (_, true) => "--verbose",
            (false, false) => return Ok(()),
        };
        Err(CommandError::usage(
            Diagnostic::error("cli::detail", "this format has one form only")
                .detail(format!("`{flag}` is about text for people"))
                .hint("leave out either the format or the flag"),
        ))
    }

    fn detail(self) -> Detail {
        match (self.concise, self.verbose) {
            (true, _) => Detail::Concise,
            (false, true) => Detail::Verbose,
            (false, false) => Detail::Usual,
        }
    }
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
    /// A page of its own, with a picture of the graph, that needs no network.
    Html,
}

impl PlanArgs {
    /// Refuses options that contradict one another.
    fn check(&self) -> Result<()> {
        if self.adopt.adopt && !self.lock {
            return Err(CommandError::usage(
                Diagnostic::error("cli::adopt", "without the lock nothing can be recorded")
                    .detail("`--adopt` writes the state, and `--lock=false` only looks at it")
                    .hint("leave one of the two out"),
            ));
        }
        if self.out.is_some() && !self.lock {
            return Err(CommandError::usage(
                Diagnostic::error("cli::out", "without the lock no plan can be saved")
                    .detail(
                        "`--out` ties the plan to the state as it is, and `--lock=false` looks at \
                         what may be old",
                    )
                    .hint("leave one of the two out"),
            ));
        }
        self.detail.check(self.format == PlanFormat::Human)?;
        refresh_only(self.refresh_only, self.refresh)
    }

    fn mode(&self) -> Mode {
        match (self.destroy, self.refresh_only) {
            (true, _) => Mode::Destroy,
            (false, true) => Mode::Refresh,
            (false, false) => Mode::Apply,
        }
    }
}

/// Refuses to refresh only and not at all.
pub(super) fn refresh_only(only: bool, refresh: RefreshArgs) -> Result<()> {
    if !only || refresh.refresh {
        return Ok(());
    }
    Err(CommandError::usage(
        Diagnostic::error("cli::refresh", "nothing would be left to do")
            .detail("`--refresh-only` asks AWS what is there, and `--refresh=false` does not")
            .hint("leave one of the two out"),
    ))
}

pub(crate) async fn run(context: &Context, args: &PlanArgs) -> Result<Exit> {
    args.check()?;
    let way = Way {
        mode: args.mode(),
        part: Part::new(&args.part, &args.replace)?,
        refresh: args.refresh.refresh,
        format: if args.format == PlanFormat::Json { Format::Json } else { Format::Human },
        locking: if args.lock { Locking::Within(args.waiting.lock_timeout) } else { Locking::None },
        adopt: args.adopt.adopt.then_some("plan"),
        offers: false,
    };
    let planned = plan_all(context, &args.stacks, &way).await?;
    // What the checks find is a part of the comment and of the page; elsewhere the plan is shown before they run.
    let mut held = match args.format {
        PlanFormat::Markdown | PlanFormat::Html => {
            hold_against_checks(context, &planned, way.mode).await?
        }
        PlanFormat::Human | PlanFormat::Json => None,
    };
    let provider = &*planned.cloud.provider;
    let environment = &planned.selection.environment.name;
    match (args.format, planned.stacks.as_slice()) {
        (PlanFormat::Json, [stack]) => {
            let region = &planned.selection.environment.region;
            let document = plan_json::render(&plan_json::Document {
                plan: &stack.plan,
                declarations: &stack.goal.declarations,
                region,
                schemas: &|name| provider.schema(name),
            });
            context.terminal.answer(&document);
        }
        (PlanFormat::Markdown, stacks) => {
            let plans: Vec<_> = stacks.iter().map(|s| (s.name.as_str(), &s.plan)).collect();
            let schemas = |name: &str| provider.schema(name);
            let comment = markdown::render(environment, &plans, held.as_ref(), &schemas);
            context.terminal.answer(&comment);
        }
        (PlanFormat::Html, stacks) => {
            let plans: Vec<_> = stacks.iter().map(|s| (s.name.as_str(), &s.plan)).collect();
            let drawn = stacks.iter().map(|s| (s.name.as_str(), &s.goal.declarations, &s.plan));
            let model = Model::planned(&drawn.collect::<Vec<_>>());
            let digest = plans_digest(environment, plans.iter().copied());
            context.terminal.answer(&plan_page(&PlanPage {
                environment,
                model: &model,
                plans: &plans,
                review: held.as_ref(),
                digest: &digest,
                forecast: &forecast(&plans, PARALLELISM),
                schemas: &|name| provider.schema(name),
            }));
        }
        (PlanFormat::Human | PlanFormat::Json, stacks) => {
            show(context, environment, provider, stacks, (PARALLELISM, args.detail));
        }
    }
    let plans = || planned.stacks.iter().map(|stack| (stack.name.as_str(), &stack.plan));
    let (environment, accepted) = (&planned.selection.environment, &args.budget.accept_loss);
    mostly_there(environment, &planned.cloud.account, plans(), args.budget.accept_gone)?;
    kept(environment, provider, plans(), accepted)?;
    let of_environment = (!args.destroy).then_some(environment);
    within(Budget::of(args.budget.max_destroy, of_environment).as_ref(), plans())?;
    // The document is an answer of its own: what is found goes to standard error.
    if args.preflight && !look_ahead(context, provider, &planned.stacks, Format::Human).await {
        return Ok(Exit::Failed);
    }
    if matches!(args.format, PlanFormat::Human | PlanFormat::Json) {
        held = hold_against_checks(context, &planned, way.mode).await?;
    }
    sum_up_checks(context, held.as_ref(), args.format);
    let pending = planned.stacks.iter().any(|stack| !stack.plan.is_empty());
    if let Some(file) = &args.out {
        // The saved plan is carried out without the program, which alone has the checks.
        if pending && let Some(refusal) = held.as_ref().and_then(Review::refusal) {
            context.terminal.diagnostics([&refusal]);
            return Ok(Exit::Findings);
        }
        save(&planned, accepted, file)?;
        let shown = file.display();
        context.terminal.say(&format!("saved: `infra apply {shown}` does what is shown"));
    }
    Ok(if args.detailed_exitcode && pending { Exit::Pending } else { Exit::Done })
}

/// What the checks find; nothing where the plans take things away or only look.
async fn hold_against_checks(
    context: &Context,
    planned: &Planned,
    mode: Mode,
) -> Result<Option<Review>> {
    match mode {
        Mode::Apply => {
            let provider = &*planned.cloud.provider;
            review(context, &planned.selection, provider, &planned.stacks).await.map(Some)
        }
        Mode::Destroy | Mode::Refresh => Ok(None),
    }
}

/// Says how many findings the checks have. The document for programs has no place for them.
fn sum_up_checks(context: &Context, review: Option<&Review>, format: PlanFormat) {
    let Some(review) = review.filter(|review| review.has_rules()) else { return };
    let summary = checks::human::summary(review);
    match format {
        PlanFormat::Human => context.terminal.answer_in_words(&format!("\n{summary}")),
        PlanFormat::Json | PlanFormat::Markdown | PlanFormat::Html => {
            context.terminal.note(&summary);
        }
    }
}

/// How long the plans take, one after another.
fn forecast(plans: &[(&str, &Plan)], parallelism: u16) -> Forecast {
    let forecasts = plans.iter().map(|(_, plan)| plan.forecast(usize::from(parallelism)));
    forecasts.fold(Forecast::default(), Forecast::then)
}

/// Writes the plans for people, and how long they will take with so many operations in flight.
pub(super) fn show(
    context: &Context,
    environment: &str,
    provider: &dyn Provider,
    stacks: &[Prepared],
    (parallelism, detail): (u16, DetailArgs),
) {
    let plans: Vec<_> = stacks.iter().map(|stack| (stack.name.as_str(), &stack.plan)).collect();
    let schemas = |type_name: &str| provider.schema(type_name);
    let forecast = forecast(&plans, parallelism);
    let look = Look { detail: detail.detail(), unicode: context.terminal.is_unicode() };
    let text = human::plan::render(environment, &plans, &schemas, &forecast, look);
    context.terminal.answer_readably(&text);
}
