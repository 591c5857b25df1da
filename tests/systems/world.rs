//! A sandbox, a copy of this repository's project before it, and someone who changes and lists what
//! AWS holds without `infra`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use infra_sandbox::{Sandbox, SandboxConfig};
use tokio::process::Command;

use crate::repository::{self, here};
use crate::scenario::Planned;

/// How long a command may take; none takes a tenth of it on an idle machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// A sandbox with a project.
pub(crate) struct World {
    stack: &'static str,
    environment: &'static str,
    regions: &'static [&'static str],
    variables: Vec<&'static str>,
    program: PathBuf,
    python: PathBuf,
    project: tempfile::TempDir,
    sandbox: Sandbox,
    _sandbox_folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// A fresh one, with a list of what it holds by itself.
    pub(crate) async fn new(
        stack: &'static str,
        environment: &'static str,
        regions: &'static [&'static str],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
        let python = config.venv_directory().join("bin/python");
        let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
        let world = Self {
            stack,
            environment,
            regions,
            variables: Vec::new(),
            program: repository::program(),
            python,
            project: repository::copy(),
            sandbox,
            _sandbox_folder: folder,
        };
        let before = world.leftovers(None).await;
        std::fs::write(world.before(), before.stdout).expect("written");
        world
    }

    fn before(&self) -> PathBuf {
        self.project.path().join("before.json")
    }

    /// Keeps settings for all commands from here on.
    pub(crate) fn set(&mut self, variables: &[&'static str]) {
        self.variables.extend_from_slice(variables);
    }

    /// Runs `infra` with these words, for the system and its environment.
    pub(crate) async fn infra(&self, words: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        command.args(words).args(["--stack", self.stack, "--env", self.environment]);
        command.arg("--program").arg(&self.program);
        for variable in &self.variables {
            command.args(["--var", variable]);
        }
        command.env("AWS_ACCESS_KEY_ID", "123456789012").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_ENDPOINT_URL", self.sandbox.endpoint());
        self.ended(command).await
    }

    /// Runs a command in the project with little of the caller's environment.
    async fn ended(&self, mut command: Command) -> Ended {
        command
            .current_dir(self.project.path())
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION")
            .env("HOME", self.project.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let started = Instant::now();
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{command:?} hangs")).expect("it runs");
        let words: Vec<_> = command.as_std().get_args().take(1).collect();
        self.progress(&format!("{:?} took {:.1} s", words, started.elapsed().as_secs_f64()));
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Says how far a system is.
    #[expect(clippy::print_stderr, reason = "minutes without a word are long")]
    pub(crate) fn progress(&self, what: &str) {
        eprintln!("{} {}: {what}", self.stack, self.environment);
    }

    /// What a plan changes.
    pub(crate) async fn plan(&self) -> Vec<Planned> {
        let ended = self.infra(&["plan", "--format", "json"]).await;
        assert_eq!(ended.code, Some(0), "plan: {}", ended.stderr);
        Planned::read(&ended)
    }

    /// Applies; it must work.
    pub(crate) async fn apply(&self) {
        let ended = self.infra(&["apply", "--auto-approve"]).await;
        assert_eq!(ended.code, Some(0), "apply: {}{}", ended.stdout, ended.stderr);
    }

    /// Destroys; it must work.
    pub(crate) async fn destroy(&self) {
        let ended = self.infra(&["destroy", "--auto-approve"]).await;
        assert_eq!(ended.code, Some(0), "destroy: {}{}", ended.stdout, ended.stderr);
    }

    /// A plan must have nothing to do.
    pub(crate) async fn expect_nothing_to_do(&self, when: &str) {
        let ended = self.infra(&["plan", "--detailed-exitcode"]).await;
        assert_eq!(ended.code, Some(0), "{when}: {}{}", ended.stdout, ended.stderr);
    }

    /// Someone changes something by hand.
    pub(crate) async fn drift(&self, what: &str) {
        let mut command = Command::new(&self.python);
        command.arg(here("tests/systems/drift.py"));
        command.args([self.sandbox.endpoint().as_str(), self.regions[0], self.environment, what]);
        let ended = self.ended(command).await;
        assert_eq!(ended.code, Some(0), "{what}: {}", ended.stderr);
    }

    /// Takes the protection off the environment.
    pub(crate) fn unprotect(&self) {
        let path = self.project.path().join("infra.toml");
        let text = std::fs::read_to_string(&path).expect("it is there");
        std::fs::write(&path, text.replace("protected = true", "protected = false"))
            .expect("written");
    }

    async fn leftovers(&self, without: Option<&Path>) -> Ended {
        let mut command = Command::new(&self.python);
        command.arg(here("examples/leftovers.py")).arg(self.sandbox.endpoint()).args(self.regions);
        if let Some(before) = without {
            command.arg("--without").arg(before);
        }
        let ended = self.ended(command).await;
        assert!(!ended.stdout.is_empty(), "leftovers: {}", ended.stderr);
        ended
    }

    /// The cloud must hold what it held before, and no more.
    pub(crate) async fn expect_nothing_left(&self) {
        let left = self.leftovers(Some(&self.before())).await;
        assert_eq!(left.code, Some(0), "left: {}", left.stdout);
    }

    /// Stops the emulators.
    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }
}
