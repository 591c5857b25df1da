//! A project whose AWS is a sandbox of its own.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::process::Command;

use infra_sandbox::gate::LogEntry;
use infra_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Project, Run, with_credentials};

/// A sandbox, and a project whose AWS it is.
pub(crate) struct Sandboxed {
    pub(crate) project: Project,
    pub(crate) endpoint: String,
    sandbox: Sandbox,
    runtime: Runtime,
    python: PathBuf,
    _folder: TempDir,
}

impl Sandboxed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
        let python = config.venv_directory().join("bin/python");
        let runtime = Runtime::new().expect("threads");
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
        let (project, endpoint) = (Project::new(), sandbox.endpoint());
        project.environment(&format!("endpoint = \"{endpoint}\""));
        Self { project, endpoint, sandbox, runtime, python, _folder: folder }
    }

    /// Changes something behind the back of `infra`: Python that has AWS's own SDK and `client`.
    pub(crate) fn by_hand(&self, script: &str) {
        let prelude = format!(
            "import boto3\n\
             session = boto3.Session('123456789012', 'sandbox', region_name='us-west-2')\n\
             def client(service):\n\
             \x20   return session.client(service, endpoint_url='{}')\n",
            self.endpoint
        );
        let output = Command::new(&self.python).arg("-c").arg(prelude + script).output();
        let output = output.expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The calls that reach AWS while something is done.
    pub(crate) fn calls(&self, work: impl FnOnce()) -> Vec<LogEntry> {
        let control = self.sandbox.control();
        self.runtime.block_on(control.clear_log()).expect("cleared");
        work();
        self.runtime.block_on(control.log(0)).expect("the log")
    }
}

/// Runs `infra` with these words and credentials, without a stack program.
pub(crate) fn infra(project: &Project, words: &str) -> Run {
    let mut command = project.command(&words.split_whitespace().collect::<Vec<_>>());
    with_credentials(&mut command);
    project.run(&mut command)
}
