//! A sandbox with a project before it, a command whose memory is watched, and calls that are counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use infra_sandbox::{Control, Sandbox, SandboxConfig};

/// How long a command may take at the largest size.
const PATIENCE: Duration = Duration::from_secs(7200);
/// How often the memory of a command is looked at: its peak is kept by the system.
const LOOK: Duration = Duration::from_millis(20);

/// A sandbox with a project that has the environment `dev`.
pub(crate) struct World {
    /// Steers the gate.
    pub(crate) control: Control,
    sandbox: Sandbox,
    project: tempfile::TempDir,
    _sandbox_folder: tempfile::TempDir,
}

/// A command that has ended well.
pub(crate) struct Run {
    pub(crate) stdout: String,
    /// From start to end.
    pub(crate) took: Duration,
    /// Peak of its resident memory in megabytes.
    pub(crate) memory: f64,
    /// Calls by operation, `ec2:DescribeVpcs`.
    pub(crate) calls: BTreeMap<String, usize>,
}

impl Run {
    /// All its calls.
    pub(crate) fn count(&self) -> usize {
        self.calls.values().sum()
    }
}

impl World {
    /// A fresh one.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
        let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
        let project = tempfile::tempdir().unwrap();
        let text = format!(
            "[environments.dev]\nregion = \"us-west-2\"\nendpoint = \"{}\"\n\
             account = \"123456789012\"\n",
            sandbox.endpoint()
        );
        std::fs::write(project.path().join("infra.toml"), text).unwrap();
        std::fs::create_dir_all(project.path().join("stacks/settings")).unwrap();
        let settings = "[network]\n\n[groups]\n";
        std::fs::write(project.path().join("stacks/settings/dev.toml"), settings).unwrap();
        Self { control: sandbox.control(), sandbox, project, _sandbox_folder: folder }
    }

    /// The project's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.project.path()
    }

    /// Runs `infra` with these words, which must work.
    pub(crate) async fn infra(&self, words: &[&str]) -> Run {
        self.control.clear_log().await.unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        let output = tempfile::tempdir().unwrap();
        let file = |name| std::fs::File::create(output.path().join(name)).unwrap();
        command
            .args(words)
            .args(["--env", "dev", "--program"])
            .arg(program())
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder())
            .env("AWS_ACCESS_KEY_ID", "123456789012")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"));
        let started = Instant::now();
        let mut child =
            tokio::process::Command::from(command).kill_on_drop(true).spawn().expect("it starts");
        let pid = child.id().expect("it runs");
        let mut memory = 0.0;
        let status = loop {
            memory = peak(pid).unwrap_or(memory);
            match tokio::time::timeout(LOOK, child.wait()).await {
                Ok(status) => break status.unwrap(),
                Err(_) => assert!(started.elapsed() < PATIENCE, "{words:?} hangs"),
            }
        };
        let took = started.elapsed();
        let text = |name: &str| std::fs::read_to_string(output.path().join(name)).unwrap();
        let stdout = text("stdout");
        assert!(status.success(), "{words:?}: {stdout}{}", text("stderr"));
        Run { stdout, took, memory, calls: self.calls().await }
    }

    /// Calls by operation since the log was cleared.
    async fn calls(&self) -> BTreeMap<String, usize> {
        let mut calls = BTreeMap::new();
        for entry in self.control.log(0).await.unwrap() {
            *calls.entry(format!("{}:{}", entry.service, entry.operation)).or_default() += 1;
        }
        calls
    }

    /// Stops the emulators.
    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }
}

/// The peak of a process's resident memory in megabytes, while it is there.
fn peak(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// The program of `tests/fixtures/scale.rs`.
fn program() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_infra")).parent().unwrap();
    let program = folder.join("examples/fixture-scale");
    assert!(program.exists(), "build it first: `cargo build --workspace --examples`");
    program
}
