//! A sandbox in this process: the gate as a task, the emulators as children.

use std::net::SocketAddr;

use crate::emulators::Emulators;
use crate::files::{self, Lock};
use crate::gate::{Gate, GateSettings};
use crate::{Control, SandboxConfig, SandboxError, venv};

/// A sandbox that runs. Dropping it ends it too, but [`Sandbox::stop`] waits for the end.
pub struct Sandbox {
    gate: Gate,
    emulators: Emulators,
    /// Held while it runs: one sandbox in a folder.
    _running: Lock,
}

/// The lock of a sandbox that runs.
pub(crate) const RUNNING: &str = "running.lock";

impl Sandbox {
    /// Starts the emulators and opens the gate. Installs the emulators first where they are not
    /// there, which takes a minute and needs PyPI.
    ///
    /// # Errors
    ///
    /// No Python, no packages, no port, no folder, an emulator that does not come up, or a sandbox
    /// that runs in the same folder.
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        files::private_directory(&config.directory)?;
        let directory = config
            .directory
            .canonicalize()
            .map_err(|source| files::failure("cannot find", &config.directory, source))?;
        let config = SandboxConfig { directory, ..config };
        let python = venv::ensure(&config).await?;
        let Some(running) = Lock::try_take(&config.file(RUNNING))? else {
            return Err(SandboxError::AlreadyRunning { directory: config.directory });
        };
        let emulators = Emulators::start(&config, &python).await?;
        let gate = Gate::start(GateSettings {
            port: config.port,
            moto: emulators.moto(),
            ministack: emulators.ministack(),
            log: config.file("requests.jsonl"),
            overlays: config.overlays.clone(),
        })
        .await
        .map_err(|source| SandboxError::Gate { port: config.port, source })?;
        Ok(Self { gate, emulators, _running: running })
    }

    /// `http://127.0.0.1:PORT`, what an SDK takes for its endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.gate.endpoint()
    }

    /// Where the gate listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.gate.address()
    }

    /// Tells this sandbox from another that has its port later.
    #[must_use]
    pub fn instance(&self) -> &str {
        self.gate.instance()
    }

    /// The control interface: log, switches, faults, reset.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(self.endpoint())
    }

    /// The processes of the emulators.
    #[must_use]
    pub fn emulator_pids(&self) -> Vec<u32> {
        self.emulators.pids()
    }

    /// Waits until an emulator ends by itself, and says why as far as it can be known.
    pub async fn broken(&mut self) -> SandboxError {
        self.emulators.ended().await
    }

    /// Closes the gate and stops the emulators.
    pub async fn stop(self) {
        self.gate.stop().await;
        self.emulators.stop().await;
    }
}
