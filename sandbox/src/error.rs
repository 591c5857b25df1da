//! Why there is no sandbox.

use std::path::PathBuf;

/// Why there is no sandbox, with a way out where there is one.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// There is no Python to make the virtual environment with.
    #[error("the sandbox needs Python 3.10 or later, and `{program}` cannot be run: {reason}")]
    NoPython {
        /// What was tried.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// Python cannot make a virtual environment, or pip cannot fill it.
    #[error("`{command}` failed:\n{output}")]
    Install {
        /// The command, to be tried by hand.
        command: String,
        /// The last lines of its output.
        output: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The folder for the virtual environment has something else in it.
    #[error("`{}` is not a virtual environment and is not touched; remove it or name another", path.display())]
    NotAVirtualEnvironment {
        /// The folder.
        path: PathBuf,
    },
    /// A file or a folder of the sandbox refuses.
    #[error("{action} `{}`: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An emulator does not run.
    #[error("{emulator} {what}; the end of `{}`:\n{tail}", log.display())]
    Emulator {
        /// Its name.
        emulator: &'static str,
        /// What became of it.
        what: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// The gate's port is taken, most likely.
    #[error("the gate cannot listen on port {port} of 127.0.0.1: {source}")]
    Gate {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process runs a sandbox in this folder.
    #[error("a sandbox is running in `{}`", directory.display())]
    AlreadyRunning {
        /// The folder.
        directory: PathBuf,
    },
    /// Another process is busy for too long.
    #[error("waited {seconds} s for another process to let go of `{}`", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long, in seconds.
        seconds: u64,
    },
    /// A detached sandbox did not come up.
    #[error("the sandbox did not start: {what}; the end of `{}`:\n{tail}", log.display())]
    Launch {
        /// What became of it.
        what: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// The gate does not answer its control interface as it should.
    #[error("the gate at {endpoint} did not {request}: {reason}")]
    Control {
        /// Where.
        endpoint: String,
        /// What was asked.
        request: String,
        /// What came of it.
        reason: String,
    },
    /// A running sandbox does not stop.
    #[error("process {pid} of the sandbox does not end")]
    DoesNotStop {
        /// The process.
        pid: u32,
    },
}

impl SandboxError {
    /// What to do about it: an imperative sentence.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoPython { .. } => {
                Some("install Python 3 with its venv module, or use an AWS account")
            }
            Self::Install { hint, .. } => Some(hint),
            Self::AlreadyRunning { .. } => Some("stop it with `infra sandbox stop`"),
            Self::NotAVirtualEnvironment { .. }
            | Self::File { .. }
            | Self::Emulator { .. }
            | Self::Gate { .. }
            | Self::Locked { .. }
            | Self::Launch { .. }
            | Self::Control { .. }
            | Self::DoesNotStop { .. } => None,
        }
    }
}
