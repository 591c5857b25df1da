//! The workflows of `examples/ci/`: every command of `infra` in them is one that there is, every script
//! is one of bash, and the steps of the plan on a pull request do what they say.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::checkov::Checkov;
use crate::repository::here;
use crate::world::World;

const WORKFLOWS: [&str; 4] = [
    "examples/ci/github/infra-plan.yml",
    "examples/ci/github/infra-apply.yml",
    "examples/ci/github/infra-drift.yml",
    "examples/ci/gitlab/.gitlab-ci.yml",
];

/// Every script of a workflow: the `run` of its steps, the `script` of its jobs.
fn scripts(yaml: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match yaml {
        Value::Object(entries) => {
            for (name, value) in entries {
                match (name.as_str(), value) {
                    ("run", Value::String(script)) => found.push(script.clone()),
                    ("script" | "before_script", Value::Array(lines)) => {
                        let lines = lines.iter().filter_map(Value::as_str);
                        found.push(lines.collect::<Vec<_>>().join("\n"));
                    }
                    _ => found.extend(scripts(value)),
                }
            }
        }
        Value::Array(items) => found.extend(items.iter().flat_map(scripts)),
        _ => {}
    }
    found
}

/// The calls of `infra` in a script, each as its words.
fn calls(script: &str) -> Vec<Vec<String>> {
    let commands = script.split(['\n', ';', '|', '{']);
    let calls = commands.filter_map(|command| {
        let words = command.split('>').next()?.split_whitespace();
        let words: Vec<_> = words.map(|word| word.trim_matches('"').to_owned()).collect();
        (words.first()? == "infra").then_some(words)
    });
    calls.collect()
}

#[test]
fn every_call_in_a_workflow_is_one_that_there_is() {
    let checkov = Checkov::installed();
    let mut seen = 0;
    for path in WORKFLOWS {
        let yaml = checkov.yaml(&here(path));
        for script in scripts(&yaml) {
            // What an expression holds would be run as part of the script.
            assert!(!script.contains("${{"), "{path}: {script}");
            let checked = Command::new("bash").args(["-n", "-c", &script]).output();
            let checked = checked.expect("bash starts");
            assert!(checked.status.success(), "{path}: {checked:?}");
            for words in calls(&script) {
                seen += 1;
                let line = words.join(" ");
                let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
                let words = words[1..].iter().map(|word| word.replace('$', ""));
                let output = command.args(words).arg("--help").output().expect("infra starts");
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{path}: `{line}`: {errors}");
            }
        }
    }
    assert!(seen >= 8, "only {seen} calls were found");
}

/// Stands in for GitHub's command: says which comment is ours, if a file says so, and keeps what it was
/// called with.
const GH: &str = r#"#!/bin/sh
case "$*" in
  *--paginate*) cat comment 2>/dev/null || true ;;
  *) printf '%s\n' "$*" >> calls ;;
esac
"#;

#[test]
fn the_plan_of_a_pull_request_is_one_comment_that_is_replaced() {
    let (world, checkov) = (World::new(), Checkov::installed());
    let yaml = checkov.yaml(&here(WORKFLOWS[0]));
    let folder = world.fixtures_folder();
    let tools = tempfile::tempdir().expect("a folder");
    let infra = format!(
        "#!/bin/sh\nexec '{}' \"$@\" --stack small --program ./program\n",
        env!("CARGO_BIN_EXE_infra")
    );
    for (name, text) in [("gh", GH), ("infra", infra.as_str())] {
        let path = tools.path().join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permitted");
    }
    run_plan(&world, &yaml, tools.path());
    let plan = std::fs::read_to_string(folder.join("plan.md")).expect("there");
    assert!(plan.starts_with("<!-- infra-plan dev -->\n"), "{plan}");
    assert!(plan.contains("**2 to add, 0 to change, 0 to destroy.**"), "{plan}");
    let summary = std::fs::read_to_string(folder.join("summary")).expect("there");
    assert_eq!(summary, plan);
    let calls = || std::fs::read_to_string(folder.join("calls")).expect("there");
    let made =
        "api --method POST repos/acme/shop/issues/7/comments --field body=@plan.md --silent\n";
    assert_eq!(calls(), made);
    std::fs::write(folder.join("comment"), "42\n").expect("written");
    run_plan(&world, &yaml, tools.path());
    let replaced =
        "api --method PATCH repos/acme/shop/issues/comments/42 --field body=@plan.md --silent\n";
    assert_eq!(calls(), format!("{made}{replaced}"));
    assert!(!folder.join(".infra/state").exists(), "a plan of a pull request writes no state");
}

/// Runs the steps of the job `plan` that are scripts, but not the one that installs `infra`.
fn run_plan(world: &World, yaml: &Value, tools: &Path) {
    let steps = yaml["jobs"]["plan"]["steps"].as_array().expect("a list");
    let scripts = steps.iter().filter(|step| step["id"] != "install");
    for script in scripts.filter_map(|step| step["run"].as_str()) {
        let mut command = world.shell(tools);
        // As GitHub runs them.
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command.env("ENVIRONMENT", "dev").env("PULL_REQUEST", "7");
        command.env("GITHUB_REPOSITORY", "acme/shop").env("GITHUB_STEP_SUMMARY", "summary");
        if !script.contains("gh api") {
            std::fs::remove_file(world.fixtures_folder().join("summary")).ok();
        }
        let Output { status, stderr, .. } = command.output().expect("bash starts");
        assert!(status.success(), "{script}: {}", String::from_utf8_lossy(&stderr));
    }
}
