//! Where commands of the book run: a copy of a fixture in a temporary folder, with AWS played by one
//! sandbox for all pages, which is emptied before each.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_sandbox::{PINS, SHARED_VENV, Sandbox, SandboxConfig, detached::Running};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::compare::Ids;
use crate::page::{Call, Page, Step, patched};
use crate::root;

/// Where the workspaces are that pages begin with.
const FIXTURES: &str = "tests/fixtures/book";

/// How the folder of a workspace is called on a page.
const FOLDER: &str = "/home/ann";

/// Seconds that a command may take; a cold build of a stacks crate on a busy machine is the longest.
const PATIENCE: &str = "600";

/// AWS on this machine, and where workspaces are.
pub(crate) struct World {
    folder: TempDir,
    sandbox: Sandbox,
    venv: PathBuf,
    runtime: Runtime,
}

/// A workspace that a page is about.
struct Workspace {
    folder: PathBuf,
    home: PathBuf,
    venv: PathBuf,
    endpoint: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = SandboxConfig::of_a_test(folder.path().join("sandbox"), std::env::vars_os());
        let venv = config.venv_directory();
        let runtime = Runtime::new().expect("threads");
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
        Self { folder, sandbox, venv, runtime }
    }

    /// Does what a page asks for and returns what is not as it says.
    pub(crate) fn run(&self, page: &mut Page) -> Vec<String> {
        self.runtime.block_on(self.sandbox.control().reset()).expect("emptied");
        let mut wrong = Vec::new();
        let mut ids = Ids::default();
        let mut workspace = None;
        for step in std::mem::take(&mut page.steps) {
            let Step::Workspace(name) = &step else {
                let workspace = workspace.as_ref().expect("a page begins with its workspace");
                let problem = perform(workspace, &step, page, &mut ids);
                wrong.extend(problem.map(|what| format!("{}: {what}", page.path.display())));
                continue;
            };
            let stem = page.path.file_stem().expect("a name").to_string_lossy();
            workspace = Some(self.workspace(name, &self.folder.path().join(&*stem)));
        }
        wrong
    }

    /// A copy of a fixture that uses the crates of this repository, beside which the sandbox runs.
    fn workspace(&self, fixture: &str, home: &Path) -> Workspace {
        let folder = home.join(fixture);
        let from = root().join(FIXTURES).join(fixture);
        copy(&from, &folder);
        let manifest = folder.join("stacks/Cargo.toml");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        let ours = text.replace("../../../../../", &format!("{}/", root().display()));
        std::fs::write(&manifest, ours).expect("written");
        // The releases that this repository has, so that nothing is fetched.
        std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("copied");
        self.announce(&folder.join(".infra/sandbox"));
        Workspace {
            folder,
            home: home.to_owned(),
            venv: self.venv.clone(),
            endpoint: self.sandbox.endpoint(),
        }
    }

    /// Tells `infra` in a project where the sandbox is, as one that it started itself would.
    fn announce(&self, folder: &Path) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).expect("a folder");
        let running = Running {
            endpoint: self.sandbox.endpoint(),
            pid: std::process::id(),
            emulator_pids: self.sandbox.emulator_pids(),
            started: "2026-01-01T00:00:00Z".to_owned(),
            pins: PINS.map(str::to_owned).to_vec(),
            instance: self.sandbox.instance().to_owned(),
        };
        let text = serde_json::to_string(&running).expect("JSON");
        let file = folder.join("sandbox.json");
        std::fs::write(&file, text).expect("written");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("permitted");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a fixture") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// Does one step, and says what is not as the page has it.
fn perform(workspace: &Workspace, step: &Step, page: &mut Page, ids: &mut Ids) -> Option<String> {
    let file = |name: &str| workspace.folder.join(name);
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap_or_default();
    let write = |name: &str, text: String| {
        let path = file(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    match step {
        Step::Workspace(_) => None,
        Step::Edit(name, diff) => match patched(&read(name), diff) {
            Ok(text) => {
                write(name, text);
                None
            }
            Err(problem) => Some(format!("{name}: {problem}")),
        },
        Step::Write(name, lines) => {
            write(name, lines.join("\n") + "\n");
            None
        }
        Step::Shows(name, lines) => {
            let block = lines.join("\n") + "\n";
            (!read(name).contains(&block)).then(|| format!("{name} has no such lines:\n{block}"))
        }
        Step::Run(command) => {
            let (done, printed) = run(workspace.somebody_else(&ids.now(command)), workspace);
            (!done).then(|| format!("`{command}` fails:\n{}", printed.join("\n")))
        }
        Step::Call(call) => check(workspace, call, page, ids),
    }
}

fn check(workspace: &Workspace, call: &Call, page: &mut Page, ids: &mut Ids) -> Option<String> {
    let (done, printed) = run(workspace.shell(&ids.now(&call.command)), workspace);
    let shown = page.shown(call).to_vec();
    let agrees = ids.agree(&shown, &printed);
    if !agrees {
        let fresh = ids.rewritten(&shown, &printed);
        page.replace(call.range.clone(), fresh);
    }
    if agrees && done {
        return None;
    }
    let mut what = format!("line {}: `{}`", call.range.start, call.command);
    if !done {
        what.push_str(" fails; where that is meant, end it with `; echo $?`");
    }
    let _ = write!(what, "\nprints\n{}", printed.join("\n"));
    if !agrees {
        let _ = write!(what, "\nand the page shows\n{}", shown.join("\n"));
    }
    Some(what)
}

/// Runs a command; tells whether it succeeded, and what it printed to either stream.
fn run(mut command: Command, workspace: &Workspace) -> (bool, Vec<String>) {
    let output = command.output().expect("a shell starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let text = text.replace(&workspace.home.display().to_string(), FOLDER);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let text = text.replace(&format!("ann on {}", host.trim()), "ann on laptop");
    (output.status.success(), text.lines().map(|line| line.trim_end().to_owned()).collect())
}

impl Workspace {
    /// A line of shell with nothing of the caller's environment but what builds need.
    fn shell(&self, line: &str) -> Command {
        let infra = Path::new(env!("CARGO_BIN_EXE_infra")).parent().expect("a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = [infra.to_owned()].into_iter().chain(std::env::split_paths(&path));
        let mut command = Command::new("timeout");
        command
            .args([PATIENCE, "bash", "-c", &format!("exec 2>&1\n{line}")])
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", std::env::join_paths(paths).expect("paths"))
            .env("HOME", &self.home)
            .env("USER", "ann")
            .env("COLUMNS", "80")
            .env("LANG", "C.UTF-8")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            // One folder for all workspaces: what they depend on is built once.
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("book"))
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_NET_OFFLINE", "true")
            .env(SHARED_VENV, &self.venv);
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let given = std::env::var_os(name).map(PathBuf::from);
            command.env(name, given.unwrap_or_else(|| home.join(folder)));
        }
        command
    }

    /// The same for somebody who has Python with AWS's own SDK as `$PYTHON`, and credentials.
    fn somebody_else(&self, line: &str) -> Command {
        let mut command = self.shell(line);
        command
            .env("PYTHON", self.venv.join("bin/python"))
            .env("FIXTURES", root().join(FIXTURES))
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "sandbox")
            .env("AWS_SECRET_ACCESS_KEY", "sandbox")
            .env("AWS_DEFAULT_REGION", "us-west-2");
        command
    }
}
