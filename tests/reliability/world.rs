//! A sandbox, a project before it, and someone who asks the cloud without `infra`.

use std::io::{BufRead, BufReader, PipeWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use infra_sandbox::gate::{FaultKind, FaultRule, HoldAt};
use infra_sandbox::{Control, Sandbox, SandboxConfig};
use serde::Deserialize;
use serde_json::Value;

const REGION: &str = "us-west-2";

/// The bucket of a state that is shared; it belongs to no stack.
pub(crate) const BUCKET: &str = "team-states";

/// How long a command may take; none takes a tenth of it on an idle machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A sandbox with a project.
pub(crate) struct World {
    /// Steers the gate.
    pub(crate) control: Control,
    sandbox: Sandbox,
    inventory: Inventory,
    project: tempfile::TempDir,
    /// Seconds of the lease, where the state is in a bucket.
    lease: Option<u64>,
    _sandbox_folder: tempfile::TempDir,
}

/// An object that the cloud holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Object {
    /// Terraform's name of its type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The id that `infra` gives it.
    pub(crate) id: String,
    /// The address in its ownership tag; none where it has no tags.
    pub(crate) address: Option<String>,
    /// The tag that says how new it is.
    pub(crate) revision: Option<String>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none after a signal.
    pub(crate) code: Option<i32>,
    /// Whether the system wrote its memory to a file.
    pub(crate) core: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that runs.
pub(crate) struct Running {
    child: tokio::process::Child,
    output: tempfile::TempDir,
}

impl World {
    /// A fresh one.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
        let venv = config.venv_directory();
        let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
        let inventory = Inventory::start(&venv.join("bin/python"), &sandbox.endpoint());
        let project = project(&sandbox.endpoint());
        let control = sandbox.control();
        Self { control, sandbox, inventory, project, lease: None, _sandbox_folder: folder }
    }

    /// A fresh one whose state is in a bucket, with a lease of so many seconds.
    pub(crate) async fn sharing(lease: u64) -> Self {
        let mut world = Self { lease: Some(lease), ..Self::new().await };
        world.share().await;
        world
    }

    /// Keeps the state where the world keeps it.
    async fn share(&mut self) {
        let Some(lease) = self.lease else { return };
        let path = self.folder().join("infra.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let shared = format!(
            "{text}state = \"s3://{BUCKET}/team\"\n\n\
             [environments.dev.state_options]\nlease = {lease}\n"
        );
        std::fs::write(&path, shared).unwrap();
        let made = self.recorded(&["state", "bootstrap"]).await;
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        self.control.clear_log().await.unwrap();
    }

    /// Forgets everything: the cloud, the state, the faults, the log.
    pub(crate) async fn reset(&mut self) {
        self.control.reset().await.unwrap();
        self.control.clear_log().await.unwrap();
        self.project = project(&self.sandbox.endpoint());
        self.share().await;
    }

    /// The URL of the gate.
    pub(crate) fn endpoint(&self) -> String {
        self.sandbox.endpoint()
    }

    /// The project's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.project.path()
    }

    /// A command in the project with nothing of the caller's environment but the search path.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        command
            .args(words)
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder())
            .env("COLUMNS", "80")
            .env("AWS_ACCESS_KEY_ID", "123456789012")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("RUST_BACKTRACE", "1")
            .env("RUST_LOG", "trace")
            .env("INFRA_LOG", "trace")
            .stdin(Stdio::null());
        command
    }

    /// Starts `infra` with these words and the stack program of the tests.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        let mut command = self.command(words);
        command.args(["--env", "dev", "--program"]).arg(program());
        Running::start(command)
    }

    /// The same, and its standard output goes there.
    pub(crate) fn start_writing_to(&self, words: &[&str], writer: PipeWriter) -> Running {
        let mut command = self.command(words);
        command.args(["--env", "dev", "--program"]).arg(program());
        Running::start_writing_to(command, Some(writer))
    }

    /// Runs `infra` with these words and the stack program of the tests.
    pub(crate) async fn infra(&self, words: &[&str]) -> Ended {
        self.start(words).ended().await
    }

    /// Runs `infra` with these words, which need no stack program.
    pub(crate) async fn recorded(&self, words: &[&str]) -> Ended {
        Running::start(self.command(&[words, &["--env", "dev"]].concat())).ended().await
    }

    /// The canonical export of the state.
    ///
    /// # Errors
    /// What the command says where there is none.
    pub(crate) async fn export(&self) -> Result<Value, String> {
        let ended = self.recorded(&["state", "export"]).await;
        if ended.code != Some(0) {
            return Err(ended.stderr);
        }
        let export: Value = serde_json::from_str(&ended.stdout).expect("the export is JSON");
        Ok(export["body"].clone())
    }

    /// What the cloud holds, default VPC and the like apart.
    pub(crate) fn objects(&mut self) -> Vec<Object> {
        self.inventory.ask().into_iter().filter(|object| object.id != BUCKET).collect()
    }

    /// Sets these faults and no others.
    pub(crate) async fn faults(&self, rules: &[FaultRule]) {
        self.control.set_faults(rules).await.unwrap();
    }

    /// Holds the `nth` change that is asked for, of a service or of any.
    pub(crate) async fn hold(&self, service: Option<&str>, nth: u64, at: HoldAt) {
        self.faults(&[FaultRule {
            service: service.map(str::to_owned),
            operation: None,
            mutating: true,
            nth: vec![nth],
            probability: None,
            seed: 0,
            times: None,
            kind: FaultKind::Hold { at },
        }])
        .await;
    }

    /// Waits until something is held.
    pub(crate) async fn held(&self) {
        while self.control.held(Duration::from_secs(20)).await.unwrap().held.is_empty() {}
    }

    /// How many requests that change something came in since the log was cleared.
    pub(crate) async fn changes(&self) -> usize {
        let log = self.control.log(0).await.unwrap();
        log.iter().filter(|entry| entry.mutating).count()
    }

    /// Stops the emulators.
    pub(crate) async fn stop(self) {
        self.sandbox.stop().await;
    }
}

/// A project with an environment `dev` before that endpoint. A lost create is looked for only a
/// second long: the emulators show what they made at once.
fn project(endpoint: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[environments.dev]\nregion = \"{REGION}\"\nendpoint = \"{endpoint}\"\n\
         account = \"123456789012\"\nvisible_within = 1\n"
    );
    std::fs::write(folder.path().join("infra.toml"), text).unwrap();
    std::fs::create_dir_all(folder.path().join("stacks/settings")).unwrap();
    std::fs::write(folder.path().join("stacks/settings/dev.toml"), "[shop]\n").unwrap();
    folder
}

/// The program of `tests/fixtures/reliability.rs`.
pub(crate) fn program() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_infra")).parent().unwrap();
    let program = folder.join("examples/fixture-reliability");
    assert!(program.exists(), "build it first: `cargo build --workspace --examples`");
    program
}

impl Running {
    /// Starts a command. Its output goes to files: nobody needs to read for it to go on.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_writing_to(command, None)
    }

    fn start_writing_to(mut command: Command, writer: Option<PipeWriter>) -> Self {
        let output = tempfile::tempdir().unwrap();
        let file = |name| std::fs::File::create(output.path().join(name)).unwrap();
        command.stdout(file("stdout")).stderr(file("stderr"));
        if let Some(writer) = writer {
            command.stdout(writer);
        }
        let mut command = tokio::process::Command::from(command);
        let child = command.kill_on_drop(true).spawn().expect("infra starts");
        Self { child, output }
    }

    /// The process.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().and_then(|id| i32::try_from(id).ok()).expect("it runs")
    }

    /// Kills it at once, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Ended {
        // One that has ended meanwhile cannot be killed, and has ended all the same.
        let _gone = self.child.start_kill();
        self.ended().await
    }

    /// Waits until it has ended, without taking its output.
    pub(crate) async fn wait(&mut self) {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it hangs").unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let waited = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let text = |name: &str| {
            let bytes = std::fs::read(self.output.path().join(name)).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (stdout, stderr) = (text("stdout"), text("stderr"));
        let status = waited.unwrap_or_else(|_| panic!("it hangs:\n{stderr}")).unwrap();
        Ended { code: status.code(), core: status.core_dumped(), stdout, stderr }
    }
}

/// The process that asks the cloud.
struct Inventory {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Inventory {
    fn start(python: &Path, endpoint: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reliability/inventory.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([endpoint, REGION])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the inventory starts");
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, questions, answers }
    }

    fn ask(&mut self) -> Vec<Object> {
        self.questions.write_all(b"\n").and_then(|()| self.questions.flush()).expect("asked");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("answered");
        serde_json::from_str(&line).expect("the inventory answers with JSON")
    }
}

impl Drop for Inventory {
    fn drop(&mut self) {
        // It may have failed, which its standard error has told.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
