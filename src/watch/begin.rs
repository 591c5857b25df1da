//! The beginning and the end of watching: what the environment asks for, and the last word of it.

use std::sync::Arc;

use infra_sdk::Diagnostic;
use tracing_subscriber::layer::SubscriberExt as _;

use super::collector::Collector;
use super::export::Exporter;
use super::filter::{VARIABLE, filter};
use super::layer::{Traces, Watcher};
use crate::view::Terminal;

/// What goes on in the background until the command ends.
#[derive(Default)]
pub(crate) struct Watch {
    exporter: Option<Exporter>,
}

/// Begins to watch, where variables of the environment ask for it. What keeps traces from being sent
/// is a warning.
///
/// # Errors
/// When `INFRA_LOG` cannot be used.
pub(crate) fn begin(terminal: &Arc<Terminal>) -> Result<Watch, Diagnostic> {
    let text = std::env::var(VARIABLE).unwrap_or_default();
    let log = if text.trim().is_empty() { None } else { Some(filter(text.trim())?) };
    let collector = Collector::of(|name| std::env::var(name).ok()).unwrap_or_else(|warning| {
        terminal.diagnostics([&warning]);
        None
    });
    if log.is_none() && collector.is_none() {
        return Ok(Watch::default());
    }
    let (exporter, traces) = match collector.map(export) {
        Some(Ok((exporter, traces))) => (Some(exporter), Some(traces)),
        Some(Err(error)) => {
            let warning = Diagnostic::warning("watch::collector", "no traces are sent")
                .detail(error)
                .hint("set OTEL_SDK_DISABLED=true to do without");
            terminal.diagnostics([&warning]);
            (None, None)
        }
        None => (None, None),
    };
    let watcher = Watcher { log: log.map(|log| (log, Arc::clone(terminal))), traces };
    // Only a second one in a process is refused, and this is the one place that sets it.
    let registry = tracing_subscriber::registry().with(watcher);
    tracing::subscriber::set_global_default(registry).ok();
    Ok(Watch { exporter })
}

fn export(collector: Collector) -> Result<(Exporter, Traces), String> {
    let parent = collector.parent.clone();
    let trace = match &parent {
        Some(parent) => parent.trace.clone(),
        None => {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
            format!("{:032x}", u128::from_be_bytes(bytes).max(1))
        }
    };
    let (exporter, queue) = Exporter::start(collector).map_err(|error| error.to_string())?;
    Ok((exporter, Traces { trace, parent, queue }))
}

impl Watch {
    /// Sends what is left; says what was not delivered.
    pub(crate) fn finish(self, terminal: &Terminal) {
        if let Some(warning) = self.exporter.and_then(Exporter::finish) {
            terminal.diagnostics([&warning]);
        }
    }
}
