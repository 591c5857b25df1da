//! A sandbox that outlives the command that started it.
//!
//! Start reading at [`connect_or_start`]. A gate is a task of a process, so the command starts itself
//! again with a hidden subcommand that does nothing but [`run_foreground`]. A state file says where
//! the gate is; it counts only when the gate there says that it is the one of the file. Two starts at
//! once wait for each other at a lock.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::files::{self, Lock, failure};
use crate::sandbox::RUNNING;
use crate::{Control, PINS, Sandbox, SandboxConfig, SandboxError, venv};

/// The state file.
const STATE: &str = "sandbox.json";

/// The lock of a start.
const STARTING: &str = "starting.lock";

/// What the detached process prints.
const OUTPUT: &str = "sandbox.log";

/// How long a start waits for another to finish.
const START_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How long a gate may take to say that it is there.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

/// How long a sandbox may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// A sandbox that runs somewhere, as its state file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// `http://127.0.0.1:PORT`, what an SDK takes for its endpoint.
    pub endpoint: String,
    /// The process of the gate.
    pub pid: u32,
    /// The processes of the emulators.
    pub emulator_pids: Vec<u32>,
    /// When it was started, RFC 3339.
    pub started: String,
    /// What is installed.
    pub pins: Vec<String>,
    /// Tells it from another that has its port later.
    pub instance: String,
}

/// The command that calls [`run_foreground`] with the same configuration.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The program: the running executable.
    pub program: PathBuf,
    /// Its arguments: the hidden subcommand.
    pub arguments: Vec<OsString>,
}

impl Running {
    /// The control interface: log, switches, faults, reset.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(&self.endpoint)
    }
}

/// The sandbox that runs in the folder, if one does.
///
/// # Errors
///
/// The state file is there and cannot be read.
pub async fn status(config: &SandboxConfig) -> Result<Option<Running>, SandboxError> {
    let path = config.file(STATE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failure("cannot read", &path, source)),
    };
    // A file of another release, or one that was cut short, names no sandbox that could be used.
    let Ok(running) = serde_json::from_str::<Running>(&text) else { return Ok(None) };
    let control = running.control();
    let asked = tokio::time::timeout(HEALTH_PATIENCE, control.health()).await;
    let same = matches!(asked, Ok(Ok(health)) if health.instance == running.instance);
    Ok(same.then_some(running))
}

/// The sandbox that runs in the folder, started first if none does.
///
/// # Errors
///
/// Whatever [`Sandbox::start`] fails with, here or in the process that was started.
pub async fn connect_or_start(
    config: &SandboxConfig,
    launcher: &Launcher,
) -> Result<Running, SandboxError> {
    files::private_directory(&config.directory)?;
    if let Some(running) = status(config).await? {
        return Ok(running);
    }
    let _starting = Lock::take(&config.file(STARTING), START_PATIENCE).await?;
    if let Some(running) = status(config).await? {
        return Ok(running);
    }
    files::remove(&config.file(STATE))?;
    // Here and not only there, so that what fails is told to the user.
    venv::ensure(config).await?;
    launch(config, launcher).await
}

async fn launch(config: &SandboxConfig, launcher: &Launcher) -> Result<Running, SandboxError> {
    let log = config.file(OUTPUT);
    let output = files::private_file(&log)?;
    let errors = output.try_clone().map_err(|source| failure("cannot write", &log, source))?;
    let failed =
        |what: String| SandboxError::Launch { what, tail: files::tail(&log), log: log.clone() };
    let mut child = Command::new(&launcher.program)
        .args(&launcher.arguments)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        // An interrupt at this terminal is not meant for it.
        .process_group(0)
        .spawn()
        .map_err(|error| failed(format!("`{}`: {error}", launcher.program.display())))?;
    // Its own start has this long too; it reports what went wrong better than this could.
    let deadline = Instant::now() + config.start_deadline + Duration::from_secs(10);
    loop {
        if let Some(running) = status(config).await? {
            return Ok(running);
        }
        match child.try_wait() {
            Ok(Some(status)) => return Err(failed(format!("it ended ({status})"))),
            Err(error) => return Err(failed(error.to_string())),
            Ok(None) => {}
        }
        if Instant::now() >= deadline {
            // It has no state file yet, so nobody else could stop it.
            let _ended = child.kill().await;
            return Err(failed("it does not answer".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Stops the sandbox of the folder. Returns whether one was running.
///
/// # Errors
///
/// It does not end.
pub async fn stop(config: &SandboxConfig) -> Result<bool, SandboxError> {
    let Some(running) = status(config).await? else {
        files::remove(&config.file(STATE))?;
        return Ok(false);
    };
    let stuck = || SandboxError::DoesNotStop { pid: running.pid };
    let pid = i32::try_from(running.pid).ok().and_then(Pid::from_raw).ok_or_else(stuck)?;
    // The gate of the file has just answered, so the number is still its own. It may end by itself
    // before the signal comes; the lock tells.
    let _ended_already = kill_process(pid, Signal::TERM);
    if Lock::take(&config.file(RUNNING), STOP_PATIENCE).await.is_err() {
        return Err(stuck());
    }
    files::remove(&config.file(STATE))?;
    Ok(true)
}

/// Runs a sandbox until it is told to stop, by SIGTERM or an interrupt.
///
/// # Errors
///
/// It does not start, or an emulator ends by itself.
pub async fn run_foreground(config: SandboxConfig) -> Result<(), SandboxError> {
    let state = config.file(STATE);
    let listen = |kind| {
        signal(kind).map_err(|source| failure("cannot listen for signals for", &state, source))
    };
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut sandbox = tokio::select! {
        started = Sandbox::start(config) => started?,
        // Children end with this process.
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let running = Running {
        endpoint: sandbox.endpoint(),
        pid: std::process::id(),
        emulator_pids: sandbox.emulator_pids(),
        started: Timestamp::now().to_string(),
        pins: PINS.map(str::to_owned).to_vec(),
        instance: sandbox.instance().to_owned(),
    };
    let text = serde_json::to_string_pretty(&running)
        .map_err(|error| failure("cannot write", &state, error.into()))?;
    files::write_whole(&state, &text)?;
    let ended = tokio::select! {
        error = sandbox.broken() => Err(error),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    files::remove(&state)?;
    sandbox.stop().await;
    ended
}
