//! What a sandbox needs to know.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::gate::OverlaySettings;

/// Names a virtual environment that several sandboxes share.
pub const SHARED_VENV: &str = "INFRA_SANDBOX_VENV";

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

    /// A sandbox of a test, with the virtual environment that all tests of a machine share, and the
    /// caller's environment.
    #[must_use]
    pub fn of_a_test(
        directory: impl Into<PathBuf>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let environment: Vec<_> = environment.into_iter().collect();
        Self { venv: Some(shared_venv(&environment)), environment, ..Self::new(directory) }
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

/// The virtual environment that all tests of a machine share: the one that their environment names,
/// else one in the cache of its home.
#[must_use]
pub fn shared_venv(environment: &[(OsString, OsString)]) -> PathBuf {
    let get = |wanted: &str| {
        let found = environment.iter().find(|(name, _)| name.to_str() == Some(wanted));
        found.map(|(_, value)| PathBuf::from(value))
    };
    let home = || get("HOME").unwrap_or_default().join(".cache/infra/sandbox-venv");
    get(SHARED_VENV).unwrap_or_else(home)
}
