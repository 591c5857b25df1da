//! Spans and events on their way out: to the log, and to a collector.
//!
//! The main type is [`Watcher`], the one layer of the registry.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::collector::Parent;
use super::export::Queue;
use super::field::Fields;
use super::filter::is_ours;
use crate::view::{LogLine, Terminal};

/// Looks at what our own crates say, and at nothing else.
pub(super) struct Watcher {
    /// What is logged, and where.
    pub(super) log: Option<(Targets, Arc<Terminal>)>,
    /// Where spans go.
    pub(super) traces: Option<Traces>,
}

/// The trace that the spans of this process belong to.
pub(super) struct Traces {
    /// Its id.
    pub(super) trace: String,
    /// The span that the run belongs to.
    pub(super) parent: Option<Parent>,
    /// What is to be sent.
    pub(super) queue: Queue,
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) trace: String,
    pub(super) span: String,
    pub(super) parent: Option<String>,
    pub(super) name: String,
    pub(super) is_client: bool,
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) fields: Fields,
}

/// A span that goes on.
struct Open {
    id: String,
    parent: Option<String>,
    began: SystemTime,
    clock: Instant,
    fields: Fields,
}

impl Watcher {
    fn logs(&self, metadata: &Metadata<'_>) -> Option<&Terminal> {
        let (targets, terminal) = self.log.as_ref()?;
        targets.would_enable(metadata.target(), metadata.level()).then_some(terminal)
    }

    /// A random id of 8 bytes; the registry's own where the machine gives none, which is unique
    /// within this process.
    fn id(span: &Id) -> String {
        let mut bytes = [0; 8];
        if getrandom::fill(&mut bytes).is_err() {
            bytes = span.into_u64().to_be_bytes();
        }
        format!("{:016x}", u64::from_be_bytes(bytes).max(1))
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Watcher {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let traced = self.traces.is_some() && metadata.is_span();
        is_ours(metadata.target()) && (traced || self.logs(metadata).is_some())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let above = span
            .parent()
            .and_then(|parent| parent.extensions().get::<Open>().map(|open| open.id.clone()));
        let outside = || Some(self.traces.as_ref()?.parent.as_ref()?.span.clone());
        let open = Open {
            id: Self::id(id),
            parent: above.or_else(outside),
            began: SystemTime::now(),
            clock: Instant::now(),
            fields,
        };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if let Some(terminal) = self.logs(metadata) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let message = fields.take("message").unwrap_or_default();
            terminal.logged(&line(metadata, message, &fields));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        let Open { id, parent, began, clock, mut fields } = open;
        let name = fields.take("otel.name").unwrap_or_else(|| span.name().to_owned());
        let is_client = fields.take("otel.kind").is_some_and(|kind| kind == "client");
        let took = clock.elapsed();
        if let Some(terminal) = self.logs(span.metadata()) {
            let mut line = line(span.metadata(), name.clone(), &fields);
            let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            line.fields.push(("took_ms".to_owned(), milliseconds.into()));
            terminal.logged(&line);
        }
        if let Some(traces) = &self.traces {
            let trace = traces.trace.clone();
            // The clock of the machine may be set meanwhile: a span never ends before it began.
            let ended = began + took;
            let span = id;
            let ended = Ended { trace, span, parent, name, is_client, began, ended, fields };
            traces.queue.push(ended);
        }
    }
}

fn line(metadata: &Metadata<'_>, message: String, fields: &Fields) -> LogLine {
    let fields = fields.0.iter().map(|(name, value)| ((*name).to_owned(), value.plain()));
    LogLine {
        level: metadata.level().as_str(),
        target: metadata.target().to_owned(),
        message,
        fields: fields.collect(),
    }
}
