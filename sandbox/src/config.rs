//! What a sandbox needs to know.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::gate::OverlaySettings;

/// Where a sandbox lives and how it is started. The caller reads the environment, not this crate.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Its folder, `.infra/sandbox` of a project: logs, the state file, the virtual environment.
    pub directory: PathBuf,
    /// The virtual environment, where several sandboxes share one; else it is in the folder.
    pub venv: Option<PathBuf>,
    /// The Python that makes the virtual environment.
    pub python: PathBuf,
    /// The environment of the caller, for pip: proxies, certificates, mirrors. What begins with
    /// `AWS_` is never passed on, and the emulators get none of it but the search path.
    pub environment: Vec<(OsString, OsString)>,
    /// Port of the gate on 127.0.0.1; 0 for one that is free.
    pub port: u16,
    /// The switches of the gate at the start and after a reset.
    pub overlays: OverlaySettings,
    /// How long the emulators may take to answer for the first time.
    pub start_deadline: Duration,
}

impl SandboxConfig {
    /// A sandbox in that folder with everything else as usual.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            venv: None,
            python: PathBuf::from("python3"),
            environment: Vec::new(),
            port: 0,
            overlays: OverlaySettings::default(),
            start_deadline: Duration::from_secs(60),
        }
    }

    /// The virtual environment's folder.
    #[must_use]
    pub fn venv_directory(&self) -> PathBuf {
        self.venv.clone().unwrap_or_else(|| self.directory.join("venv"))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        Path::new(&self.directory).join(name)
    }
}
