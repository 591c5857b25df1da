//! A sandbox, and plans of this repository's systems and of the stacks in `stacks.py`.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use infra_sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::repository;

const PRELUDE: &str = include_str!("../fixtures/program.py");
const STACKS: &str = include_str!("stacks.py");

/// A sandbox and two projects before it.
pub(crate) struct World {
    endpoint: String,
    python: PathBuf,
    systems: TempDir,
    fixtures: TempDir,
    _sandbox: Sandbox,
    _runtime: Runtime,
    _folder: TempDir,
}

/// A plan document.
pub(crate) struct Plan {
    pub(crate) path: PathBuf,
    pub(crate) json: Value,
    _folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
        let python = config.venv_directory().join("bin/python");
        let runtime = Runtime::new().expect("threads");
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
        let fixtures = tempfile::tempdir().expect("a folder");
        let settings = fixtures.path().join("stacks/settings");
        std::fs::create_dir_all(&settings).expect("a folder");
        let infra = "[environments.dev]\nregion = \"us-west-2\"\n";
        std::fs::write(fixtures.path().join("infra.toml"), infra).expect("written");
        std::fs::write(settings.join("dev.toml"), "[bad]\n[good]\n[small]\n").expect("written");
        let program = fixtures.path().join("program");
        let prelude = PRELUDE.replace(r#"["network", "web"]"#, r#"["bad", "good", "small"]"#);
        let text = format!("#!/usr/bin/env python3\n{prelude}\n{STACKS}");
        std::fs::write(&program, text).expect("written");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("permitted");
        Self {
            endpoint: sandbox.endpoint(),
            python,
            systems: repository::copy(),
            fixtures,
            _sandbox: sandbox,
            _runtime: runtime,
            _folder: folder,
        }
    }

    /// The project of the stacks of `stacks.py`.
    pub(crate) fn fixtures_folder(&self) -> &Path {
        self.fixtures.path()
    }

    /// A shell in that project, with these tools before all others.
    pub(crate) fn shell(&self, tools: &Path) -> Command {
        let mut command = Command::new("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        command.current_dir(self.fixtures.path()).stdin(Stdio::null());
        command.env("PATH", format!("{}:{path}", tools.display()));
        self.before_the_sandbox(&mut command);
        command
    }

    /// Gives a command the sandbox for its AWS, and nothing of the caller's.
    fn before_the_sandbox(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "123456789012")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true");
    }

    fn infra(&self, project: &Path, program: &Path, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        self.before_the_sandbox(&mut command);
        command.current_dir(project).args(words).arg("--program").arg(program);
        let output = command.stdin(Stdio::null()).output().expect("infra starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        output
    }

    /// The plan of a stack of this repository.
    pub(crate) fn system(&self, stack: &str, environment: &str) -> Plan {
        let words = ["plan", "--env", environment, "--stack", stack, "--format", "json"];
        Plan::read(self.infra(self.systems.path(), &repository::program(), &words))
    }

    /// The page of the plan of a stack of this repository.
    pub(crate) fn page(&self, stack: &str, environment: &str) -> PathBuf {
        let words = ["plan", "--env", environment, "--stack", stack, "--format", "html"];
        let output = self.infra(self.systems.path(), &repository::program(), &words);
        let page = self.systems.path().join("plan.html");
        std::fs::write(&page, output.stdout).expect("written");
        page
    }

    fn fixtures(&self, words: &[&str]) -> Output {
        let folder = self.fixtures.path();
        self.infra(folder, &folder.join("program"), words)
    }

    /// The plan of a stack of `stacks.py`.
    pub(crate) fn fixture(&self, stack: &str) -> Plan {
        let words = ["plan", "--env", "dev", "--stack", stack, "--format", "json"];
        Plan::read(self.fixtures(&words))
    }

    /// Somebody changes the queue of the small stack without `infra`.
    pub(crate) fn change_by_hand(&self) {
        let script = format!(
            "import boto3\n\
             session = boto3.Session('123456789012', 'sandbox', region_name='us-west-2')\n\
             queues = session.client('sqs', endpoint_url='{}')\n\
             url = queues.get_queue_url(QueueName='readers-jobs')['QueueUrl']\n\
             queues.set_queue_attributes(QueueUrl=url, Attributes={{'VisibilityTimeout': '77'}})\n",
            self.endpoint
        );
        let output = Command::new(&self.python).arg("-c").arg(script).output();
        let output = output.expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Applies a stack of `stacks.py`.
    pub(crate) fn apply(&self, stack: &str) {
        self.fixtures(&["apply", "--env", "dev", "--stack", stack, "--auto-approve"]);
    }

    /// The plan of destroying a stack of `stacks.py`.
    pub(crate) fn destruction(&self, stack: &str) -> Plan {
        let words = ["plan", "--destroy", "--env", "dev", "--stack", stack, "--format", "json"];
        Plan::read(self.fixtures(&words))
    }
}

impl Plan {
    /// Keeps the document as it was written: readers get it unchanged.
    fn read(output: Output) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        std::fs::write(&path, &output.stdout).expect("written");
        let json = serde_json::from_slice(&output.stdout).expect("JSON");
        Self { path, json, _folder: folder }
    }

    /// What is planned to be there: address and type.
    pub(crate) fn resources(&self) -> Vec<(String, String)> {
        let resources = &self.json["planned_values"]["root_module"]["resources"];
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let resources = resources.as_array().expect("a list").iter();
        resources.map(|resource| (text(&resource["address"]), text(&resource["type"]))).collect()
    }

    /// How many there are of each type.
    pub(crate) fn types(&self) -> BTreeMap<String, usize> {
        let mut types = BTreeMap::new();
        for (_, kind) in self.resources() {
            *types.entry(kind).or_default() += 1;
        }
        types
    }

    /// How many changes have this action.
    pub(crate) fn actions(&self, action: &str) -> usize {
        let changes = self.json["resource_changes"].as_array().expect("a list").iter();
        let has = |change: &&Value| {
            let actions = change["change"]["actions"].as_array().expect("a list");
            actions.iter().any(|found| found == action)
        };
        changes.filter(has).count()
    }
}
