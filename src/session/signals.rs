//! Interrupts: the first asks a run to stop, the second ends it at once.

use infra_engine::Stop;
use infra_sdk::Diagnostic;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Listens for interrupt, termination and hang-up from now on.
///
/// # Errors
/// When the system does not allow to listen.
pub(crate) fn stop_on_signals() -> Result<watch::Receiver<Stop>, Diagnostic> {
    let refused = |error: std::io::Error| {
        Diagnostic::error("cli::signals", "interrupts cannot be listened for")
            .detail(error.to_string())
    };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(refused)?;
    let (sender, receiver) = watch::channel(Stop::Running);
    tokio::spawn(async move {
        for stop in [Stop::Stopping, Stop::Abort] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
            }
            if sender.send(stop).is_err() {
                return;
            }
        }
        // The sender lives on: a run watches it until it ends.
        sender.closed().await;
    });
    Ok(receiver)
}
