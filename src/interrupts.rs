//! Interrupts: signals, and readers that go away.
//!
//! The main type is [`Interrupts`]. Before a run changes anything a signal ends the command at once;
//! from [`Interrupts::hold`] on, the first asks it to stop in order and the second to stop at once.
//! What a signal means is said the moment it comes. Nothing is ever lost by one: what was begun is
//! in the journal.

use std::sync::{Arc, Mutex, PoisonError};

use infra_engine::Stop;
use infra_sdk::Diagnostic;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::view::Terminal;

/// What a command does about a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hold {
    /// A run over many objects: it stops in order. This command goes on with what is left.
    Run {
        /// Such as `infra apply --env dev`.
        goes_on: String,
    },
    /// One short step: it is finished first.
    Step,
}

/// Hears signals for one command.
pub(crate) struct Interrupts {
    shared: Arc<Shared>,
}

struct Shared {
    terminal: Arc<Terminal>,
    held: Mutex<Held>,
    stop: watch::Sender<Stop>,
    ended: watch::Sender<bool>,
}

/// What a command holds on to.
#[derive(Default)]
struct Held {
    hold: Option<Hold>,
    /// Whether a signal came meanwhile.
    signalled: bool,
}

impl Interrupts {
    /// Hears nothing until [`listen`](Self::listen).
    pub(crate) fn new(terminal: &Arc<Terminal>) -> Self {
        let shared = Shared {
            terminal: Arc::clone(terminal),
            held: Mutex::default(),
            stop: watch::Sender::new(Stop::Running),
            ended: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Hears interrupt, termination and hang-up from now on. Needs a Tokio runtime.
    ///
    /// # Errors
    /// When the system does not allow to listen.
    pub(crate) fn listen(&self) -> Result<(), Diagnostic> {
        let ignored = ignored_signals();
        let hear = |kind: SignalKind| {
            // What `nohup` or a shell has told us to ignore stays ignored.
            if is_ignored(ignored, kind) {
                return Ok(None);
            }
            signal(kind).map(Some).map_err(|error| {
                Diagnostic::error("cli::signals", "interrupts cannot be listened for")
                    .detail(error.to_string())
            })
        };
        let mut interrupt = hear(SignalKind::interrupt())?;
        let mut terminate = hear(SignalKind::terminate())?;
        let mut hang_up = hear(SignalKind::hangup())?;
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let mut read = true;
            loop {
                tokio::select! {
                    () = next(&mut interrupt) => shared.signalled("interrupt"),
                    () = next(&mut terminate) => shared.signalled("termination"),
                    () = next(&mut hang_up) => shared.signalled("hang-up"),
                    () = shared.terminal.reader_gone(), if read => {
                        read = false;
                        shared.unread();
                    }
                }
            }
        });
        Ok(())
    }

    /// From now on signals do not end the command: they ask it to stop. There is no way back but from
    /// a step that something else follows, because what is said afterwards must be said too.
    pub(crate) fn hold(&self, hold: Hold) -> watch::Receiver<Stop> {
        self.shared.lock().hold = Some(hold);
        if self.shared.terminal.is_reader_gone() {
            self.shared.unread();
        }
        self.shared.stop.subscribe()
    }

    /// Ends the step that was held, and the command with it if a signal came meanwhile.
    pub(crate) fn release(&self) {
        let mut held = self.shared.lock();
        held.hold = None;
        if held.signalled {
            self.shared.ended.send_replace(true);
        }
    }

    /// Waits for a signal that ends the command at once.
    pub(crate) async fn end_at_once(&self) {
        // The sender lives as long as `self`.
        self.shared.ended.subscribe().wait_for(|ended| *ended).await.ok();
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signalled(&self, what: &str) {
        let mut held = self.lock();
        held.signalled = true;
        let stop = *self.stop.borrow();
        let (line, next) = answer(held.hold.as_ref(), stop, what);
        // Said before it is done, so that it is the first thing to be seen.
        if let Some(line) = line {
            self.terminal.note(&line);
        }
        match next {
            Some(next) => drop(self.stop.send_replace(next)),
            None => drop(self.ended.send_replace(held.hold.is_none())),
        }
    }

    /// A run that nobody reads stops in order, as for a terminal that was closed.
    fn unread(&self) {
        let running = *self.stop.borrow() == Stop::Running;
        if running && matches!(self.lock().hold, Some(Hold::Run { .. })) {
            self.terminal.note(
                "\nStopping, because nobody reads the answer: no new calls, those in flight are\n\
                 waited for.\n",
            );
            self.stop.send_replace(Stop::Stopping);
        }
    }
}

/// What is said about a signal, and what a run is asked for. Without either nothing new happens.
fn answer(hold: Option<&Hold>, stop: Stop, what: &str) -> (Option<String>, Option<Stop>) {
    match (hold, stop) {
        (None, _) => (Some(format!("\nStopped by {what}: nothing was changed.\n")), None),
        (Some(Hold::Step), _) => {
            (Some(format!("\nStopping by {what}: what was begun is finished first.\n")), None)
        }
        (Some(Hold::Run { .. }), Stop::Running) => {
            let line = format!(
                "\nStopping by {what}: no new calls, those in flight are waited for.\n\
                 Interrupt again to stop at once.\n"
            );
            (Some(line), Some(Stop::Stopping))
        }
        (Some(Hold::Run { goes_on }), Stop::Stopping) => {
            let line = format!(
                "\nStopped at once by {what}: what is in flight stays in the journal.\n\
                 `{goes_on}` finds out what became of it, and goes on.\n"
            );
            (Some(line), Some(Stop::Abort))
        }
        (Some(Hold::Run { .. }), Stop::Abort) => (None, Some(Stop::Abort)),
    }
}

/// The mask of signals that this process was started to ignore; none where it cannot be told.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    mask(&status).unwrap_or(0)
}

fn mask(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn is_ignored(mask: u64, kind: SignalKind) -> bool {
    u32::try_from(kind.as_raw_value() - 1).is_ok_and(|bit| mask >> bit & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stops_in_order_first_and_at_once_then() {
        let run = Hold::Run { goes_on: "infra apply --env dev".to_owned() };
        let (line, next) = answer(Some(&run), Stop::Running, "interrupt");
        assert_eq!(next, Some(Stop::Stopping));
        assert!(line.expect("said").contains("Interrupt again"));
        let (line, next) = answer(Some(&run), Stop::Stopping, "interrupt");
        assert_eq!(next, Some(Stop::Abort));
        assert!(line.expect("said").contains("`infra apply --env dev`"));
        assert_eq!(answer(Some(&run), Stop::Abort, "interrupt"), (None, Some(Stop::Abort)));
    }

    #[test]
    fn a_step_is_finished_and_everything_else_ends() {
        assert_eq!(answer(Some(&Hold::Step), Stop::Running, "hang-up").1, None);
        let (line, next) = answer(None, Stop::Running, "hang-up");
        assert_eq!(next, None);
        assert!(line.expect("said").contains("nothing was changed"));
    }

    #[test]
    fn what_nohup_ignores_is_known() {
        let status = "Name:\tinfra\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        let mask = mask(status).expect("there");
        assert!(is_ignored(mask, SignalKind::hangup()));
        assert!(!is_ignored(mask, SignalKind::interrupt()));
    }
}
