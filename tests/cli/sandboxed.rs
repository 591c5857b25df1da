//! A project whose AWS is a sandbox of its own.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use infra_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Project, Run, with_credentials};

/// A sandbox, and a project whose AWS it is.
pub(crate) struct Sandboxed {
    pub(crate) project: Project,
    pub(crate) endpoint: String,
    _sandbox: Sandbox,
    _runtime: Runtime,
    _folder: TempDir,
}

impl Sandboxed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
        let runtime = Runtime::new().expect("threads");
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
        let (project, endpoint) = (Project::new(), sandbox.endpoint());
        project.environment(&format!("endpoint = \"{endpoint}\""));
        Self { project, endpoint, _sandbox: sandbox, _runtime: runtime, _folder: folder }
    }
}

/// Runs `infra` with these words and credentials, without a stack program.
pub(crate) fn infra(project: &Project, words: &str) -> Run {
    let mut command = project.command(&words.split_whitespace().collect::<Vec<_>>());
    with_credentials(&mut command);
    project.run(&mut command)
}
