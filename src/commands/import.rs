//! `infra import`: an object that exists is recorded for a resource that is declared.

use clap::Args;
use infra_engine::{Change, Goal};
use infra_sdk::store::{Edit, Record};
use infra_sdk::{Diagnostic, Severity};

use super::state::address;
use crate::cli::{ARGUMENTS, COMMAND_OPTIONS, Context, Format, FormatArgs, LockArgs, StackArgs};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::interrupts::Hold;
use crate::session::{Held, approve, hold_declaring};
use crate::view::human::import::Shown;
use crate::view::{human, import_json};

/// Take over an object that exists
///
/// Records it for a resource that the program declares and that nothing is recorded of. Shows what
/// would be recorded and what a plan would then change, and asks; the object itself is not changed.
#[derive(Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    waiting: LockArgs,
    /// Do not ask.
    #[arg(long, help_heading = COMMAND_OPTIONS)]
    auto_approve: bool,
    /// The resource that the program declares, such as `network.vpc`.
    #[arg(help_heading = ARGUMENTS)]
    address: String,
    /// What AWS calls the object, such as `vpc-0a1b2c3d`: the id of the resource type's reference.
    #[arg(help_heading = ARGUMENTS)]
    id: String,
}

pub(crate) async fn run(context: &Context, args: &ImportArgs) -> Result<Exit> {
    if args.format.format == Format::Json && !args.auto_approve {
        return Err(CommandError::usage(
            Diagnostic::error("cli::approval", "a JSON document asks no questions")
                .hint("add `--auto-approve`"),
        ));
    }
    let address = address(&args.address)?;
    let patience = args.waiting.lock_timeout;
    let held = hold_declaring(context, &args.stacks, &address, patience).await?;
    let provider = &*held.cloud.provider;
    let record =
        infra_engine::import(provider, &held.state, &held.goal, &address, &args.id).await?;
    refuse_other_stack(context, &held, &record).await?;
    let (change, refusals) = afterwards(&held, &record).await;
    let environment = &held.selection.environment;
    let stack = held.goal.owner.stack.as_str();
    let shown =
        Shown { stack, environment: &environment.name, record: &record, change: change.as_ref() };
    if args.format.format == Format::Human {
        let schema = |type_name: &str| provider.schema(type_name);
        context.terminal.answer(&human::import::render(&shown, &schema));
    }
    context.terminal.diagnostics(&refusals);
    if !args.auto_approve && !approve(context, environment, "import it").await? {
        return Ok(Exit::Failed);
    }
    context.interrupts.hold(Hold::Step);
    let command = format!("import {address} {}", args.id);
    let put = |_: &str, _: &str| vec![Edit::Put(Box::new(record.clone()))];
    held.selection.site(stack).record(&*held.store, command, put).await?;
    context.terminal.answer(&match args.format.format {
        Format::Human => human::import::done(&record),
        Format::Json => import_json::render(&shown),
    });
    Ok(Exit::Done)
}

/// Two stacks that manage one object would undo each other's changes.
async fn refuse_other_stack(context: &Context, held: &Held, record: &Record) -> Result<()> {
    let (type_name, place, id) = (&record.type_name, &record.place, &record.id);
    let owner = held.owner_elsewhere(context, type_name, place, id).await?;
    let Some((stack, other)) = owner else { return Ok(()) };
    let (address, environment) = (&record.address, &held.selection.environment.name);
    let target = &held.goal.owner.stack;
    Err(Diagnostic::error("plan::import", "an object cannot be taken over")
        .address(address)
        .location(record.location.clone())
        .detail(format!("`{id}` belongs to `{other}` of the stack `{stack}` already"))
        .hint(format!(
            "move it:\n`infra state mv {other} {address} --to-stack {target} --stack {stack} \
             --env {environment}`"
        ))
        .into())
}

/// What a plan says about the resource once it is recorded. A plan that is refused is a warning: the
/// object can be taken over all the same, and nothing is changed before the code is.
async fn afterwards(held: &Held, record: &Record) -> (Option<Change>, Vec<Diagnostic>) {
    let mut state = held.state.clone();
    state.records.insert(record.address.clone(), record.clone());
    let goal = Goal { targets: vec![record.address.clone()], ..held.goal.clone() };
    match infra_engine::plan(&*held.cloud.provider, &state, goal).await {
        Ok(plan) => (plan.changes.into_iter().find(|c| c.address == record.address), Vec::new()),
        Err(mut refusals) => {
            for refusal in &mut refusals {
                refusal.severity = Severity::Warning;
            }
            (None, refusals)
        }
    }
}
