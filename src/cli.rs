//! The command line: what can be asked for, and how a command ends.
//!
//! Start reading at [`run`]. The doc comments of the arguments are the help text.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use infra_sdk::{Address, Diagnostic};
use infra_state::KeySource;
use jiff::SignedDuration;
use tokio::sync::OnceCell;
use tracing::Instrument as _;

use crate::commands;
use crate::completion;
use crate::config::Variable;
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::help;
use crate::interrupts::Interrupts;
use crate::view::{LogFormat, Terminal};
use crate::watch;

/// Provision AWS from typed Rust: plan, apply, destroy.
///
/// Stacks are Rust functions in a crate of the project; infra builds it, shows what would change
/// in an environment of infra.toml, and makes it so.
#[derive(Parser)]
#[command(name = "infra", version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// Heads what is a command's own.
pub(crate) const COMMAND_OPTIONS: &str = "Command options";

/// Heads what is told by its place and not by a flag.
pub(crate) const ARGUMENTS: &str = "Arguments";

/// How many operations may be in flight where nobody says otherwise.
pub(crate) const PARALLELISM: u16 = 10;

/// Arguments of every command.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
struct GlobalArgs {
    /// Go to this folder first.
    #[arg(long, value_name = "DIR", global = true)]
    chdir: Option<PathBuf>,
    /// Show no colour, also on a terminal.
    #[arg(long, global = true)]
    no_color: bool,
    /// How standard error is written
    ///
    /// For people, or as one JSON object a line. The variable INFRA_LOG says how much is logged, such
    /// as `debug`.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, global = true)]
    log_format: LogFormat,
}

/// One file each in `commands/`.
#[derive(Subcommand)]
enum Command {
    New(commands::new::NewArgs),
    Validate(commands::validate::ValidateArgs),
    Plan(commands::plan::PlanArgs),
    Check(commands::check::CheckArgs),
    Apply(commands::apply::ApplyArgs),
    Destroy(commands::destroy::DestroyArgs),
    Import(commands::import::ImportArgs),
    Drift(commands::drift::DriftArgs),
    Show(commands::show::ShowArgs),
    Output(commands::output::OutputArgs),
    Console(commands::console::ConsoleArgs),
    #[command(subcommand)]
    State(commands::state::StateCommand),
    History(commands::history::HistoryArgs),
    Undo(commands::undo::UndoArgs),
    Rollback(commands::rollback::RollbackArgs),
    Graph(commands::graph::GraphArgs),
    #[command(subcommand)]
    Sandbox(commands::sandbox::SandboxCommand),
    Doctor(commands::doctor::DoctorArgs),
    Explain(commands::explain::ExplainArgs),
    Docs(commands::docs::DocsArgs),
    Help(commands::help::HelpArgs),
    Completions(commands::completions::CompletionsArgs),
    Man(commands::completions::ManArgs),
}

/// Which stacks, in which environment, with which settings.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Stacks and settings")]
pub(crate) struct StackArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// Set a setting; dots reach into tables. Over every file, and in every stack that has it.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) var: Vec<Variable>,
    /// Take settings from this file too, over the environment's own. It has the same form: a table
    /// per stack. May be given several times; the last wins.
    #[arg(long, value_name = "FILE")]
    pub(crate) var_file: Vec<PathBuf>,
    /// Start this stack program instead of building the one of the project.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
}

/// Which stacks, in which environment.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Stacks and settings")]
pub(crate) struct WhichArgs {
    /// The environment, of `infra.toml`.
    #[arg(long, value_name = "NAME", add = completion::environments())]
    pub(crate) env: String,
    /// Only this stack. May be given several times; without it, every stack of the environment.
    #[arg(long, value_name = "NAME", add = completion::stacks())]
    pub(crate) stack: Vec<String>,
}

/// How the answer is written.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct FormatArgs {
    /// How the answer is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Which part of the stacks is meant.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Stacks and settings")]
pub(crate) struct PartArgs {
    /// Only this resource, or all in this scope, with what it needs; to be destroyed, with what
    /// needs it. May be given several times, and is about every selected stack that has it.
    #[arg(long, value_name = "ADDRESS", value_parser = address,
        add = completion::addresses())]
    pub(crate) target: Vec<Address>,
    /// Everything but this resource, or all in this scope, and what needs it; not to be destroyed,
    /// and what it needs. May be given several times.
    #[arg(long, value_name = "ADDRESS", value_parser = address,
        add = completion::addresses())]
    pub(crate) exclude: Vec<Address>,
}

/// What is replaced although nothing asks for it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct ReplaceArgs {
    /// Replace this resource although nothing asks for it. May be given several times.
    #[arg(long, value_name = "ADDRESS", value_parser = address,
        add = completion::addresses())]
    pub(crate) replace: Vec<Address>,
}

/// How much may be destroyed.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct BudgetArgs {
    /// Refuse a plan that destroys more objects than this, replaced ones included. Without it, the
    /// number is `max_destroy` of the environment, which is not about `destroy`.
    #[arg(long, value_name = "N")]
    pub(crate) max_destroy: Option<usize>,
    /// Let a protected environment delete or replace this resource, which holds data: it is lost.
    /// May be given several times.
    #[arg(long, value_name = "ADDRESS", value_parser = address,
        add = completion::addresses())]
    pub(crate) accept_loss: Vec<Address>,
    /// Go on although more than half of what is recorded of a stack is gone. Without it such a plan is
    /// refused: more often the account, the region or the endpoint is the wrong one.
    #[arg(long)]
    pub(crate) accept_gone: bool,
}

fn address(text: &str) -> std::result::Result<Address, String> {
    Address::parse(text).map_err(|error| error.why.to_owned())
}

/// Whether the cloud is asked before planning.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct RefreshArgs {
    /// Whether to ask AWS what is there before planning; without it the records are believed.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true,
        default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub(crate) refresh: bool,
}

/// Whether what is there and not recorded is taken over.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct AdoptArgs {
    /// First record what belongs to the stacks by its tags and is not recorded: the way out when a
    /// state was lost. It writes the state, also before a plan, and changes no object.
    #[arg(long)]
    pub(crate) adopt: bool,
}

/// How long another run is waited for.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct LockArgs {
    /// Wait this long for a run that holds the state, such as `90s` or `5m`.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
}

fn duration(text: &str) -> std::result::Result<Duration, String> {
    let parsed: SignedDuration =
        text.parse().map_err(|_| "write a time such as `90s`, `5m` or `1h 30m`".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "a time to wait is not negative".to_owned())
}

/// How an answer is written.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// What every command is given beside its arguments.
pub(crate) struct Context {
    /// Where answers go.
    pub(crate) terminal: Arc<Terminal>,
    /// The folder the command was called in.
    pub(crate) folder: PathBuf,
    /// Signals.
    pub(crate) interrupts: Interrupts,
    /// The passphrase of the states, once it is known.
    pub(crate) passphrase: OnceCell<KeySource>,
}

/// Every command with its arguments, for whatever lists them.
pub(crate) fn bare_command() -> clap::Command {
    Cli::command()
}

/// The command line, with the help in groups.
pub(crate) fn command() -> clap::Command {
    help::grouped(bare_command())
}

/// Parses the arguments, runs the command, and shows what went wrong.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Exit {
    let arguments: Vec<_> = arguments.collect();
    // Help and usage errors come before the arguments are known.
    let colour = !arguments.iter().any(|argument| argument == "--no-color");
    let terminal = Terminal::new(colour, LogFormat::among(&arguments));
    if let Some(told) = completion::answer(&arguments) {
        terminal.verbatim(&told);
        return finish(&terminal, Exit::Done);
    }
    let parsed = command().try_get_matches_from(&arguments).and_then(|matches| {
        let name = matches.subcommand_name().unwrap_or_default().to_owned();
        Ok((name, Cli::from_arg_matches(&matches)?))
    });
    let (name, cli) = match parsed {
        Ok(parsed) => parsed,
        Err(error) if error.use_stderr() => {
            let error = help::with_tips(error, &arguments, || help::environments(&arguments));
            terminal.note(&error.render().ansi().to_string());
            return Exit::Usage;
        }
        Err(help) => {
            terminal.answer(&help.render().ansi().to_string());
            return finish(&terminal, Exit::Done);
        }
    };
    let folder = match enter(cli.global.chdir.as_deref()) {
        Ok(folder) => folder,
        Err(error) => {
            terminal.diagnostics(&error.diagnostics);
            return error.exit;
        }
    };
    terminal.look_for_sources_in(&folder);
    let terminal = Arc::new(terminal);
    let watch = match watch::begin(&terminal) {
        Ok(watch) => watch,
        Err(problem) => {
            terminal.diagnostics([&problem]);
            return Exit::Usage;
        }
    };
    let interrupts = Interrupts::new(&terminal);
    let context = Context { terminal, folder, interrupts, passphrase: OnceCell::new() };
    let span = watched(&name);
    let done = dispatch(&context, &cli.command, &span);
    context.terminal.settle();
    let exit = match done {
        Ok(exit) => exit,
        Err(error) => {
            context.terminal.diagnostics(&error.diagnostics);
            error.exit
        }
    };
    span.record("process.exit.code", exit.code());
    if !matches!(exit, Exit::Done | Exit::Pending) {
        span.record("error.type", tracing::field::debug(exit));
    }
    drop(span);
    watch.finish(&context.terminal);
    finish(&context.terminal, exit)
}

/// The span of a run.
fn watched(command: &str) -> tracing::Span {
    tracing::info_span!(
        "run",
        otel.name = format!("infra {command}"),
        infra.command = command,
        deployment.environment.name = tracing::field::Empty,
        process.exit.code = tracing::field::Empty,
        error.type = tracing::field::Empty,
    )
}

fn finish(terminal: &Terminal, exit: Exit) -> Exit {
    match terminal.trouble() {
        None => exit,
        Some(trouble) => {
            terminal.diagnostics([&trouble]);
            if exit == Exit::Done { Exit::Failed } else { exit }
        }
    }
}

/// Goes to the folder of `--chdir` and says where that is.
fn enter(chdir: Option<&std::path::Path>) -> Result<PathBuf> {
    if let Some(folder) = chdir {
        std::env::set_current_dir(folder).map_err(|error| {
            CommandError::usage(
                Diagnostic::error("cli::chdir", "the folder of `--chdir` cannot be entered")
                    .detail(format!("`{}`: {error}", folder.display())),
            )
        })?;
    }
    std::env::current_dir().map_err(|error| {
        Diagnostic::error("cli::folder", "the current folder cannot be told")
            .detail(error.to_string())
            .into()
    })
}

fn dispatch(context: &Context, command: &Command, span: &tracing::Span) -> Result<Exit> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| {
        Diagnostic::error("cli::runtime", "the machine gives no threads").detail(error.to_string())
    })?;
    let work = async {
        // The sandbox hears signals itself: it has emulators to end.
        if let Command::Sandbox(command) = command {
            return commands::sandbox::run(context, command).await;
        }
        context.interrupts.listen()?;
        tokio::select! {
            biased;
            () = context.interrupts.end_at_once() => Ok(Exit::Failed),
            exit = obey(context, command) => exit,
        }
    };
    let exit = runtime.block_on(work.instrument(span.clone()));
    // A question that nobody will answer must not keep the process.
    runtime.shutdown_background();
    exit
}

async fn obey(context: &Context, command: &Command) -> Result<Exit> {
    match command {
        Command::New(args) => commands::new::run(context, args),
        Command::Validate(args) => commands::validate::run(context, args).await,
        Command::Plan(args) => commands::plan::run(context, args).await,
        Command::Check(args) => commands::check::run(context, args).await,
        Command::Apply(args) => commands::apply::run(context, args).await,
        Command::Destroy(args) => commands::destroy::run(context, args).await,
        Command::Import(args) => commands::import::run(context, args).await,
        Command::Drift(args) => commands::drift::run(context, args).await,
        Command::Show(args) => commands::show::run(context, args).await,
        Command::Console(args) => commands::console::run(context, args).await,
        Command::Output(args) => commands::output::run(context, args).await,
        Command::State(command) => commands::state::run(context, command).await,
        Command::History(args) => commands::history::run(context, args).await,
        Command::Undo(args) => commands::undo::run(context, args).await,
        Command::Rollback(args) => commands::rollback::run(context, args).await,
        Command::Graph(args) => commands::graph::run(context, args).await,
        Command::Sandbox(command) => commands::sandbox::run(context, command).await,
        Command::Doctor(args) => commands::doctor::run(context, args).await,
        Command::Explain(args) => commands::explain::run(context, args),
        Command::Docs(args) => commands::docs::run(context, args),
        Command::Help(args) => commands::help::run(context, args),
        Command::Completions(args) => commands::completions::completions(context, args),
        Command::Man(args) => commands::completions::man(context, args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_write_them() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert!(duration("-1s").is_err());
        assert!(duration("soon").is_err());
        assert!(duration("90").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
