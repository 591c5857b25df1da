//! Spans on their way to a collector, in a thread of their own.
//!
//! The main types are [`Queue`], which never blocks, and [`Exporter`]. A collector that is down is
//! asked once; one that is slow costs the end of a run its patience and nothing before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use infra_sdk::Diagnostic;

use super::collector::Collector;
use super::layer::Ended;
use super::otlp::request;
use crate::post::post;

/// Spans of one request.
const BATCH: usize = 512;
/// How long spans may wait for more.
const PAUSE: Duration = Duration::from_secs(2);
/// Spans that may wait; what comes after them is left out and counted.
const ROOM: usize = 1 << 14;

enum Message {
    Span(Box<Ended>),
    End,
}

/// Takes spans.
#[derive(Clone)]
pub(super) struct Queue {
    sender: Sender<Message>,
    waiting: Arc<AtomicUsize>,
    left_out: Arc<AtomicUsize>,
}

/// The thread that sends them.
pub(crate) struct Exporter {
    queue: Queue,
    /// Why something was not delivered, once everything was tried.
    outcome: Receiver<Option<String>>,
    patience: Duration,
}

impl Queue {
    /// Takes a span, or leaves it out where too many wait.
    pub(super) fn push(&self, span: Ended) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= ROOM {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.left_out.fetch_add(1, Ordering::Relaxed);
        // A thread that is gone is told of when the run ends.
        } else if self.sender.send(Message::Span(Box::new(span))).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Exporter {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the machine gives none.
    pub(super) fn start(collector: Collector) -> std::io::Result<(Self, Queue)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, spans) = channel();
        let (done, outcome) = channel();
        let queue = Queue { sender, waiting: Arc::default(), left_out: Arc::default() };
        let (waiting, patience) = (Arc::clone(&queue.waiting), collector.patience);
        std::thread::Builder::new().name("traces".to_owned()).spawn(move || {
            let send = |batch: &[Ended]| {
                let body = request(&collector.resource, batch).to_string();
                let sent = post(&collector.url, &collector.headers, body, collector.patience);
                runtime.block_on(sent).map_err(|error| error.to_string())
            };
            // Nobody is left to hear it where the process has ended.
            done.send(work(&spans, &waiting, send)).ok();
        })?;
        Ok((Self { queue: queue.clone(), outcome, patience }, queue))
    }

    /// Sends what is left, and says what was not delivered. Takes no longer than the patience with a
    /// collector.
    pub(super) fn finish(self) -> Option<Diagnostic> {
        // A thread that is gone gives no outcome, below.
        self.queue.sender.send(Message::End).ok();
        let reason = match self.outcome.recv_timeout(self.patience) {
            Ok(reason) => reason,
            Err(_) => {
                let seconds = self.patience.as_secs_f32();
                Some(format!("the collector did not take everything within {seconds} seconds"))
            }
        };
        let left_out = self.queue.left_out.load(Ordering::Relaxed);
        let full =
            (left_out > 0).then(|| format!("{left_out} spans came faster than they were taken"));
        let detail = [reason, full].into_iter().flatten().collect::<Vec<_>>().join("; ");
        (!detail.is_empty()).then(|| {
            Diagnostic::warning("watch::undelivered", "traces were not delivered")
                .detail(detail)
                .hint("the run ended as it says; check OTEL_EXPORTER_OTLP_ENDPOINT, or set OTEL_SDK_DISABLED=true")
        })
    }
}

/// Sends spans until there are no more; after the first failure none. Returns why.
fn work(
    spans: &Receiver<Message>,
    waiting: &AtomicUsize,
    send: impl Fn(&[Ended]) -> Result<(), String>,
) -> Option<String> {
    let (mut batch, mut failure, mut ended) = (Vec::new(), None, false);
    while !ended {
        let full = match spans.recv_timeout(PAUSE) {
            Ok(Message::Span(span)) => {
                waiting.fetch_sub(1, Ordering::Relaxed);
                batch.push(*span);
                batch.len() >= BATCH
            }
            Err(RecvTimeoutError::Timeout) => true,
            Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => {
                ended = true;
                true
            }
        };
        if full && !batch.is_empty() {
            if failure.is_none() {
                failure = send(&batch).err();
            }
            batch.clear();
        }
    }
    failure
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::SystemTime;

    use super::super::field::Fields;
    use super::*;

    fn span() -> Ended {
        let now = SystemTime::now();
        Ended {
            trace: "1".repeat(32),
            span: "2".repeat(16),
            parent: None,
            name: "x".to_owned(),
            is_client: false,
            began: now,
            ended: now,
            fields: Fields::default(),
        }
    }

    #[test]
    fn spans_go_in_batches_and_after_a_failure_none_does() {
        let run = |fails: bool| {
            let (sender, spans) = channel();
            let count = AtomicUsize::new(BATCH + 3);
            (0..BATCH + 3)
                .for_each(|_| sender.send(Message::Span(Box::new(span()))).expect("open"));
            sender.send(Message::End).expect("open");
            let sizes = RefCell::new(Vec::new());
            let failure = work(&spans, &count, |batch| {
                sizes.borrow_mut().push(batch.len());
                if fails { Err("no".to_owned()) } else { Ok(()) }
            });
            assert_eq!(count.into_inner(), 0);
            (sizes.into_inner(), failure)
        };
        assert_eq!(run(false), (vec![BATCH, 3], None));
        assert_eq!(run(true), (vec![BATCH], Some("no".to_owned())));
    }

    #[test]
    fn a_queue_never_grows_beyond_its_room() {
        let (sender, spans) = channel();
        let queue = Queue { sender, waiting: Arc::default(), left_out: Arc::default() };
        (0..ROOM + 5).for_each(|_| queue.push(span()));
        assert_eq!(queue.left_out.load(Ordering::Relaxed), 5);
        assert_eq!(spans.try_iter().count(), ROOM);
    }
}
