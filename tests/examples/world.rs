//! One sandbox for all examples, and what is done to each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use infra_sandbox::{Sandbox, SandboxConfig};
use tokio::process::Command;

use crate::example::Example;
use crate::programs::here;

/// How long a command may take; none takes a tenth of it on an idle machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// Commands that need no stack program.
const WITHOUT_PROGRAM: [&str; 4] = ["history", "output", "sandbox", "state"];

/// A sandbox.
pub(crate) struct World {
    regions: BTreeSet<String>,
    endpoint: String,
    python: PathBuf,
    folder: tempfile::TempDir,
    sandbox: Sandbox,
}

/// A copy of an example.
struct Project<'a> {
    world: &'a World,
    example: &'a Example,
    program: &'a Path,
    folder: tempfile::TempDir,
}

impl World {
    /// A fresh one, with a list of what it holds by itself.
    pub(crate) async fn new(regions: BTreeSet<String>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
        let python = config.venv_directory().join("bin/python");
        let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
        let world = Self { regions, endpoint: sandbox.endpoint(), python, folder, sandbox };
        let (_, before) = world.leftovers(&[]).await;
        std::fs::write(world.before(), before).expect("written");
        world
    }

    /// Stops the emulators.
    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }

    fn before(&self) -> PathBuf {
        self.folder.path().join("before.json")
    }

    /// What the sandbox holds, and whether something is left.
    async fn leftovers(&self, arguments: &[&Path]) -> (Option<i32>, String) {
        let mut command = Command::new(&self.python);
        command.arg(here("examples/leftovers.py")).arg(&self.endpoint);
        command.args(&self.regions).args(arguments);
        let output = command.stdin(Stdio::null()).output().await.expect("Python runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.stdout.is_empty(), "leftovers: {errors}");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The cloud must hold what it held before the examples, and no more.
    pub(crate) async fn expect_nothing_left(&self) {
        let before = self.before();
        let (code, left) = self.leftovers(&[Path::new("--without"), &before]).await;
        assert_eq!(code, Some(0), "left: {left}");
    }

    /// Does what the README of an example says, and looks at what it does not: that each environment
    /// passes the checks, that a plan after the apply is empty, that nothing is recorded at the end.
    ///
    /// # Errors
    /// What was done, and how it went wrong.
    pub(crate) async fn run(&self, example: &Example, program: &Path) -> Result<(), String> {
        let folder = tempfile::tempdir().expect("a folder");
        example.copy_to(folder.path(), &self.endpoint);
        let project = Project { world: self, example, program, folder };
        for command in example.commands() {
            let (word, environment) = parts(&command);
            project.infra(&command, 0).await?;
            if word == "apply" {
                project.infra(&format!("plan --env {environment} --detailed-exitcode"), 0).await?;
            }
            if word == "apply" || word == "destroy" {
                let list = project.infra(&format!("state list --env {environment}"), 0).await?;
                if list.trim().is_empty() != (word == "destroy") {
                    return Err(format!("{}: after {command}: `{list}`", example.name));
                }
            }
        }
        let commands = example.commands();
        for environment in example.environments() {
            let check = format!("check --env {environment}");
            if !commands.contains(&check) {
                project.infra(&check, 0).await?;
            }
        }
        Ok(())
    }
}

impl Project<'_> {
    /// Runs `infra` with these words, expects it to end with `code`, and returns its answer.
    #[expect(clippy::print_stderr, reason = "minutes without a word are long")]
    async fn infra(&self, words: &str, code: i32) -> Result<String, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder.path())
            .args(words.split_whitespace())
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.world.endpoint)
            .env("AWS_ACCESS_KEY_ID", "123456789012")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if !WITHOUT_PROGRAM.iter().any(|word| words.starts_with(word)) {
            command.arg("--program").arg(self.program);
        }
        let (name, started) = (&self.example.name, Instant::now());
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = output.map_err(|_| format!("{name}: infra {words}: hangs"))?;
        let output = output.map_err(|error| format!("{name}: infra {words}: {error}"))?;
        eprintln!("{name}: infra {words}: {:.1} s", started.elapsed().as_secs_f64());
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.code() == Some(code) {
            return Ok(answer);
        }
        let (status, errors) = (output.status, String::from_utf8_lossy(&output.stderr));
        Err(format!("{name}: infra {words}: {status}, not {code}\n{answer}{errors}"))
    }
}

/// The first word of a command, and the environment that it names.
fn parts(command: &str) -> (&str, &str) {
    let mut words = command.split(' ');
    let first = words.next().unwrap_or_default();
    (first, words.skip_while(|word| *word != "--env").nth(1).unwrap_or_default())
}
