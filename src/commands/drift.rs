//! `infra drift`.

use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use infra_engine::{DriftReport, Goal};
use infra_sdk::provider::Owner;

use crate::cli::{Context, Format, FormatArgs, StackArgs};
use crate::config::Occasion;
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::notify::{self, Report, StackReport};
use crate::session::between::{Producers, bind};
use crate::session::{Live, connect, declare, select, states};
use crate::view::human::look::{Detail, Look};
use crate::view::{drift_json, human};

/// Show what was changed outside of infra
///
/// Asks AWS about everything that is recorded and shows each attribute that differs from what the
/// last run left, in three views: what the code says, what was applied, what is there. An attribute
/// that `ignore_changes` names is its outside writer's and no drift; what AWS computes is left out.
/// Reads only, and waits for no other run.
///
/// Ends with 0 without drift and with 2 when there is some.
#[derive(Args)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) async fn run(context: &Context, args: &DriftArgs) -> Result<Exit> {
    let started = Instant::now();
    let selection = select(context, &args.stacks, true).await?;
    let cloud = connect(context, &selection.project, &selection.environment).await?;
    let provider = &*cloud.provider;
    let all = declare(context, &selection, provider, async |_| Ok(Live::new(provider))).await?;
    let environment = &selection.environment.name;
    let producers = Producers::of(&selection.project, &selection.environment);
    let mut reports: Vec<(String, DriftReport)> = Vec::new();
    let mut problems = Vec::new();
    for stack in all {
        let state = selection.site(&stack.name).read(context).await?.unwrap_or_default();
        let owner = Owner { stack: stack.name.clone(), environment: environment.clone() };
        let mut goal = Goal::new(Arc::new(owner), stack.declarations);
        bind(context, &producers, &mut goal, &[]).await?;
        match infra_engine::drift(provider, &state, &goal).await {
            Ok(report) => reports.push((stack.name, report)),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(CommandError::from(problems));
    }
    for (_, report) in &reports {
        context.terminal.diagnostics(&report.warnings);
    }
    match args.format.format {
        Format::Human => {
            let schemas = |type_name: &str| provider.schema(type_name);
            let look = Look { detail: Detail::Usual, unicode: context.terminal.is_unicode() };
            let text = human::drift::render(environment, &reports, &schemas, look);
            context.terminal.answer_in_words(&text);
        }
        Format::Json => context.terminal.answer(&drift_json::render(environment, &reports)),
    }
    let drifted = reports.iter().any(|(_, report)| report.has_drift());
    if drifted {
        let report = Report {
            occasion: Occasion::Drift,
            environment,
            command: "drift",
            stacks: reports.iter().filter(|(_, report)| report.has_drift()).map(told).collect(),
            took: started.elapsed(),
            by: states::who(),
        };
        notify::send(context, &selection.environment, &report).await;
    }
    Ok(if drifted { Exit::Pending } else { Exit::Done })
}

/// How much drift a stack has, for whoever is told of it.
fn told((name, report): &(String, DriftReport)) -> StackReport {
    let changed = report.objects.iter().filter(|object| object.is_drift()).count();
    let unrecorded = report.unrecorded.len();
    let counts = format!("{changed} changed outside, {unrecorded} not recorded");
    StackReport { name: name.clone(), run: None, counts }
}
