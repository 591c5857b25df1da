//! Python with packages from PyPI, in virtual environments beside that of the emulators.

use std::path::PathBuf;

use infra_sandbox::{SandboxConfig, shared_venv, virtual_environment};
use tokio::runtime::Runtime;

/// An interpreter with these packages, in a folder of this name that is made once a machine.
pub(crate) fn with(folder: &str, pins: &[&str]) -> PathBuf {
    let environment: Vec<_> = std::env::vars_os().collect();
    let directory = shared_venv(&environment).with_file_name(folder);
    let config = SandboxConfig {
        venv: Some(directory.clone()),
        environment,
        ..SandboxConfig::new(directory)
    };
    let runtime = Runtime::new().expect("threads");
    let python = runtime.block_on(virtual_environment(&config, pins));
    python.unwrap_or_else(|error| panic!("{pins:?}: {error}"))
}
