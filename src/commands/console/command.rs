//! The command: expressions from the command line, a file or a person, and what they come to.

use std::collections::BTreeSet;

use clap::Args;
use infra_sdk::{Diagnostic, EvalError, Value};

use super::known::Known;
use super::parse::parse;
use crate::cli::{COMMAND_OPTIONS, Context, WhichArgs};
use crate::config::near_or;
use crate::config::settings::{self, Nodes};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::session::{Site, find, recorded};
use crate::view::human;

/// Evaluate references, settings and outputs as recorded
///
/// Knows `network.vpc.id` (an attribute of a resource), `settings.zones`, `output.vpc_id`, texts,
/// numbers, lists, maps, `value[0]`, and the functions of references: base64encode, concat, index, join,
/// jsondecode, jsonencode, lower, merge, replace, sensitive, split. One expression a line, from a
/// terminal or standard input. AWS is not asked, nothing is changed, and sensitive values are masked.
#[derive(Args)]
pub(crate) struct ConsoleArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Evaluate this and end. May be given several times.
    #[arg(short, long, value_name = "EXPR", help_heading = COMMAND_OPTIONS)]
    expression: Vec<String>,
}

/// What is shown to a person who types.
const PROMPT: &str = "> ";

pub(crate) async fn run(context: &Context, args: &ConsoleArgs) -> Result<Exit> {
    let known = known(context, args).await?;
    if !args.expression.is_empty() {
        let mut exit = Exit::Done;
        for expression in &args.expression {
            if !tell(context, &known, expression) {
                exit = Exit::Failed;
            }
        }
        return Ok(exit);
    }
    let somebody = context.terminal.can_ask();
    if somebody {
        context.terminal.note(&format!(
            "{} is what is recorded. One expression a line; `help` says what can be asked, and \
             Ctrl-D ends.\n",
            known.summary()
        ));
    }
    let mut exit = Exit::Done;
    while let Some(line) = context.terminal.ask(if somebody { PROMPT } else { "" }).await {
        if line.is_empty() {
            continue;
        }
        if somebody && ["exit", "quit"].contains(&line.as_str()) {
            return Ok(exit);
        }
        // A person sees what was wrong and types it again.
        if !tell(context, &known, &line) && !somebody {
            exit = Exit::Failed;
        }
    }
    if somebody {
        context.terminal.note("\n");
    }
    Ok(exit)
}

/// Shows what an expression comes to, or why it comes to nothing.
fn tell(context: &Context, known: &Known, text: &str) -> bool {
    if ["help", "?"].contains(&text.trim()) {
        context.terminal.answer(&human::page::render(&known.help(), context.terminal.columns()));
        return true;
    }
    match evaluate(known, text) {
        Ok(value) => {
            context.terminal.answer(&human::console::value(&value));
            true
        }
        Err(diagnostic) => {
            context.terminal.diagnostics([&diagnostic]);
            false
        }
    }
}

fn evaluate(known: &Known, text: &str) -> std::result::Result<Value, Diagnostic> {
    let expression = parse(text, known)?;
    let fail = |detail: String| {
        Diagnostic::error("console::value", "the expression has no value").detail(detail)
    };
    expression.expr.evaluate(&|_| None).map_err(|error| match error {
        // The name or the text itself may be the secret.
        EvalError::NoElement(_) if expression.secret => {
            fail("an element is not there, and its name is sensitive".to_owned())
        }
        EvalError::Json(_) if expression.secret => fail("a sensitive text is not JSON".to_owned()),
        error => fail(error.to_string()),
    })
}

/// What is known of the one stack that is meant.
async fn known(context: &Context, args: &ConsoleArgs) -> Result<Known> {
    let (project, environment) = find(context, &args.which.env)?;
    let mut settings = settings::load(&project, &environment, &[])?;
    let recorded = recorded(context, &project, &environment).await?;
    let stacks: BTreeSet<_> = settings.keys().cloned().chain(recorded).collect();
    let stack = one(&args.which.stack, &stacks, &environment.name)?;
    let site = Site { project: &project, environment: &environment, stack: &stack };
    let state = site.read(context).await?.unwrap_or_default();
    let nodes: Nodes = settings.remove(&stack).map(|own| own.nodes).unwrap_or_default();
    Ok(Known::new(stack, environment.name, state, &nodes))
}

fn one(named: &[String], stacks: &BTreeSet<String>, environment: &str) -> Result<String> {
    let all = || stacks.iter().map(String::as_str);
    let make = format!("nothing is recorded yet: `infra apply --env {environment}` makes it");
    match named {
        [name] if stacks.contains(name) => Ok(name.clone()),
        [name] => Err(CommandError::usage(
            Diagnostic::error("console::stack", "there is no such stack in this environment")
                .detail(format!("`{name}` has neither settings nor a state in `{environment}`"))
                .hint(near_or(name, all(), &make)),
        )),
        [] if stacks.len() == 1 => Ok(stacks.iter().cloned().collect()),
        _ => Err(CommandError::usage(
            Diagnostic::error("cli::one-stack", "the console is about one stack")
                .detail(format!(
                    "{} are meant",
                    if named.is_empty() { stacks.len() } else { named.len() }
                ))
                .hint(match stacks.is_empty() {
                    true => make,
                    false => {
                        format!("name one with `--stack`: {}", all().collect::<Vec<_>>().join(", "))
                    }
                }),
        )),
    }
}
