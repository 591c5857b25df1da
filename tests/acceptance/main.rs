//! The stacks of this repository, planned by the binary as a user would, against the sandbox.
//!
//! Proves what no smaller test does: the real program is built, its settings differ by environment,
//! and the plan document of a real system is read by the library that readers of Terraform's plans
//! use. Needs Python for the emulators; the reader needs Go and says so when it is not there.

#[path = "../fixtures/project.rs"]
mod repository;
mod restores;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use infra_sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

/// A copy of the project's configuration in a folder of its own, so that no state is touched, with
/// the program that the repository's crate makes.
struct Project {
    folder: tempfile::TempDir,
    program: PathBuf,
    endpoint: String,
}

impl Project {
    fn infra(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .arg("--program")
            .arg(&self.program)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "123456789012")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("infra does not start: {error}"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        let venv = infra_sandbox::shared_venv(&std::env::vars_os().collect::<Vec<_>>());
        command.current_dir(self.folder.path()).env(infra_sandbox::SHARED_VENV, venv);
        command
    }

    /// The plan document of a stack in an environment, and how many resources of each type it creates.
    fn plan(&self, environment: &str, stack: &str) -> (Vec<u8>, BTreeMap<String, usize>) {
        let output =
            self.infra(&["plan", "--env", environment, "--stack", stack, "--format", "json"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let plan: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("not JSON: {error}\n{errors}"));
        let mut created = BTreeMap::new();
        for change in plan["resource_changes"].as_array().into_iter().flatten() {
            assert_eq!(change["change"]["actions"], serde_json::json!(["create"]));
            *created.entry(change["type"].as_str().unwrap_or_default().to_owned()).or_default() +=
                1;
        }
        (output.stdout, created)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // A plan for the environment `sandbox` starts one of its own, which outlives the command.
        drop(self.command().args(["sandbox", "stop"]).output());
    }
}

/// The stacks that have settings in an environment.
fn settled(project: &Project, environment: &str) -> Vec<String> {
    let file = project.folder.path().join(format!("stacks/settings/{environment}.toml"));
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}"));
    table.into_iter().map(|(stack, _)| stack).collect()
}

fn project(endpoint: String) -> Project {
    Project { program: repository::program(), folder: repository::copy(), endpoint }
}

/// Reads a plan with terraform-json.
#[expect(clippy::print_stderr, reason = "a skipped check says so")]
fn read_by_terraforms_library(plan: &[u8]) {
    use std::io::Write as _;
    if Command::new("go").arg("version").output().is_err() {
        eprintln!("skipped: go is not installed, so the plan is not read by terraform-json");
        return;
    }
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan_json_reader");
    let started = Command::new("go")
        .current_dir(reader)
        .args(["run", "."])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = started.unwrap_or_else(|error| panic!("go does not start: {error}"));
    if let Some(mut input) = child.stdin.take() {
        input.write_all(plan).unwrap_or_else(|error| panic!("the reader stopped: {error}"));
    }
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("go: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = String::from_utf8_lossy(&output.stdout);
    assert!(read.contains("network.vpc aws_vpc network_vpc [create]"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_are_planned_as_their_settings_say() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("a folder: {error}"));
    let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
    let sandbox =
        Sandbox::start(config).await.unwrap_or_else(|error| panic!("no sandbox: {error}"));
    let endpoint = sandbox.endpoint();
    let planned = tokio::task::spawn_blocking(move || {
        let project = project(endpoint);
        let (document, staging) = project.plan("staging", "archon");
        read_by_terraforms_library(&document);
        let (_, production) = project.plan("production", "archon");
        // Two zones with one NAT gateway, three zones with one each.
        assert_eq!((staging["aws_subnet"], staging["aws_nat_gateway"]), (6, 1));
        assert_eq!((production["aws_subnet"], production["aws_nat_gateway"]), (9, 3));
        for environment in repository::environments() {
            for stack in settled(&project, &environment) {
                let (_, created) = project.plan(&environment, &stack);
                assert!(created.contains_key("aws_vpc"), "{stack} in {environment}");
            }
        }
        let (_, faultmaven) = project.plan("staging", "faultmaven");
        // The service and its migration; a password, a token, the keys of two months.
        assert_eq!((faultmaven["aws_ecs_task_definition"], faultmaven["random_password"]), (2, 4));
        let (_, dev) = project.plan("dev", "omniportal");
        let (document, production) = project.plan("production", "omniportal");
        // The database and its replica; buckets here, and in production there too.
        assert_eq!((dev["aws_db_instance"], dev["aws_s3_bucket"]), (2, 4));
        assert_eq!((production["aws_db_instance"], production["aws_s3_bucket"]), (2, 8));
        assert_eq!(production["aws_s3_bucket_replication_configuration"], 4);
        // It stands in its own region, not in that of the environment.
        let document = String::from_utf8_lossy(&document);
        assert!(document.contains("com.amazonaws.us-east-1.secretsmanager"));
        let human = project.infra(&["plan", "--env", "staging", "--stack", "archon"]);
        assert!(String::from_utf8_lossy(&human.stdout).contains("archon in staging"));
        let refused = project.infra(&["destroy", "--env", "production", "--auto-approve"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("`production` is protected"));
    });
    planned.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    sandbox.stop().await;
}
