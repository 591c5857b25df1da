//! The first minute: from nothing to a stack that was made and is gone again, as a new user goes.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::Project;

/// A workspace that `infra new` made.
struct Workspace {
    folder: PathBuf,
    project: Project,
}

impl Workspace {
    /// A command in the workspace that finds Rust, and builds where others of the tests do.
    fn command(&self, program: &Path) -> Command {
        let template = self.project.command(&[]);
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env_clear();
        for (name, value) in template.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        for name in ["CARGO_HOME", "RUSTUP_HOME", "HOME", "RUSTUP_TOOLCHAIN"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let binary = Path::new(env!("CARGO_BIN_EXE_infra"));
        let built = binary.ancestors().nth(2).expect("the folder of builds");
        let venv = infra_sandbox::shared_venv(&std::env::vars_os().collect::<Vec<_>>());
        // Dependencies are built once for all tests; its own program has a folder of its own.
        command
            .env("CARGO_BUILD_BUILD_DIR", built)
            .env("CARGO_TARGET_DIR", self.project.path().join("target"))
            .env("CARGO_INCREMENTAL", "0")
            .env(infra_sandbox::SHARED_VENV, venv);
        command
    }

    fn infra(&self, words: &str) -> Output {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_infra")));
        command.args(words.split_whitespace()).output().expect("infra starts")
    }

    /// Standard output of what must end with this code.
    fn ends(&self, words: &str, code: i32) -> String {
        let output = self.infra(words);
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert_eq!(output.status.code(), Some(code), "infra {words}:\n{out}\n{err}");
        out.into_owned()
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // Whatever failed, the emulators end.
        drop(self.infra("sandbox stop"));
    }
}

#[test]
fn a_new_workspace_goes_from_nothing_to_destroyed() {
    let project = Project::new();
    let run = project.infra("new fresh/blue-shop");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.shown());
    assert!(run.stdout.contains("stacks/src/blue_shop.rs"), "{}", run.shown());
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.shown());
    let shop = Workspace { folder: project.path().join("fresh/blue-shop"), project };
    let formatted = shop.command(Path::new("cargo")).args(["fmt", "--check"]).output();
    let formatted = formatted.expect("cargo starts");
    assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));

    assert!(shop.ends("validate --env sandbox", 0).starts_with("blue-shop: valid, 8 resources"));
    let plan = shop.ends("plan --env sandbox --detailed-exitcode", 2);
    assert!(plan.contains("8 to add") && plan.contains("0 critical, 0 high"), "{plan}");
    let tree = shop.command(Path::new("cargo")).args(["tree", "--prefix", "none"]).output();
    let tree = String::from_utf8_lossy(&tree.expect("cargo starts").stdout).into_owned();
    assert!(tree.contains("infra-aws") && !tree.contains("aws-sdk"), "{tree}");

    let applied = shop.ends("apply --env sandbox --auto-approve", 0);
    assert!(applied.contains("vpc_id"), "{applied}");
    shop.ends("plan --env sandbox --detailed-exitcode", 0);
    let shown = shop.ends("show --env sandbox network.vpc", 0);
    assert!(shown.contains("declared        stacks/src/blue_shop.rs:"), "{shown}");
    assert!(shown.contains("network.private-us-west-2a (aws_subnet)"), "{shown}");
    let vpc = shop.ends("console --env sandbox -e network.vpc.id", 0);
    assert!(vpc.starts_with("\"vpc-") && applied.contains(vpc.trim()), "{vpc}");
    shop.ends("destroy --env sandbox --auto-approve", 0);
    assert_eq!(shop.ends("state list --env sandbox", 0), "");
}

#[test]
fn what_cannot_be_made_is_refused_and_nothing_is_left() {
    let project = Project::new();
    project.write("full/file", "");
    project.write("file", "");
    for (words, code, said) in [
        ("new full", "new::taken", "`file` is in it"),
        ("new file", "new::taken", "`file`: "),
        ("new Shop", "new::name", "add `--name shop`"),
        ("new shop --name match", "new::name", "add `--name match-stack`"),
        ("new shop --name sh\u{1b}p", "new::name", "`sh\\u{1b}p`"),
        ("new shop --sdk full", "new::sdk", "`aws/Cargo.toml`"),
        ("new shop --sdk nowhere", "new::sdk", "`aws/Cargo.toml`"),
        ("new file/shop", "new::", "`file/shop`"),
    ] {
        let run = project.infra(words);
        assert!([Some(1), Some(64)].contains(&run.code), "{words}: {}", run.shown());
        assert_eq!(run.stdout, "", "{words}: {}", run.shown());
        assert!(run.stderr.contains(&format!("error[{code}")), "{words}: {}", run.shown());
        assert!(run.stderr.contains(said), "{words}: {}", run.shown());
        assert!(!project.path().join("shop").exists(), "{words}");
    }
    // A fresh repository is as good as nothing.
    project.write("repository/.git/HEAD", "");
    let run = project.infra("--chdir repository new . --name shop");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(project.path().join("repository/stacks/src/shop.rs").exists());
}
