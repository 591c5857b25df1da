//! The workflows of `examples/ci/`: every command of `infra` in them is one that there is, every script
//! is one of bash, and the steps of the jobs do what they say. What stands in for the CI system: its
//! variables, its files, a folder of artifacts, and its command `gh`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

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

/// A folder of commands that come before all others: `infra`, with a stack program that is built
/// already, and these.
fn tools(others: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    // A saved plan needs no program, and refuses to be given one.
    let infra = format!(
        "#!/bin/sh\ncase \"$1\" in apply) set -- \"$@\" ;; *) set -- \"$@\" --stack small --program \
         ./program ;; esac\nexec '{}' \"$@\"\n",
        env!("CARGO_BIN_EXE_infra")
    );
    for (name, text) in others.iter().copied().chain([("infra", infra.as_str())]) {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permitted");
    }
    folder
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
    let tools = tools(&[("gh", GH)]);
    run_plan(&world, &yaml, tools.path());
    let plan = std::fs::read_to_string(folder.join("plan.md")).expect("there");
    assert!(plan.starts_with("<!-- infra-plan dev -->\n"), "{plan}");
    assert!(plan.contains("**3 to add, 0 to change, 0 to destroy.**"), "{plan}");
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

/// Runs the steps of the job `plan` of a pull request.
fn run_plan(world: &World, yaml: &Value, tools: &Path) {
    let variables = [("PULL_REQUEST", "7"), ("GITHUB_REPOSITORY", "acme/shop")];
    let output = job_of_github(world, &yaml["jobs"]["plan"], tools, &variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs the steps of a job that are scripts, but not the one that installs `infra`, as GitHub runs
/// them: until one fails. Returns how the last one ended.
fn job_of_github(world: &World, job: &Value, tools: &Path, variables: &[(&str, &str)]) -> Output {
    let folder = world.fixtures_folder();
    for name in ["summary", "output"] {
        std::fs::write(folder.join(name), "").expect("written");
    }
    let steps = job["steps"].as_array().expect("a list");
    let scripts = steps.iter().filter(|step| step["id"] != "install");
    let mut last = None;
    for script in scripts.filter_map(|step| step["run"].as_str()) {
        let mut command = world.shell(tools);
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command.env("ENVIRONMENT", "dev").envs(variables.iter().copied());
        command.env("GITHUB_STEP_SUMMARY", "summary").env("GITHUB_OUTPUT", "output");
        let output = command.output().expect("bash starts");
        let failed = !output.status.success();
        last = Some(output);
        if failed {
            break;
        }
    }
    last.expect("a step")
}

/// Runs the script of a job, after what comes before every job, as GitLab runs them: in one shell. What
/// the job keeps is gone from the folder afterwards, and is returned.
fn job_of_gitlab(world: &World, yaml: &Value, name: &str, tools: &Path) -> (Output, Artifacts) {
    let folder = world.fixtures_folder();
    let lines = |value: &Value| -> Vec<String> {
        let lines = value.as_array().expect("a list").iter();
        lines.map(|line| line.as_str().expect("a line").to_owned()).collect()
    };
    let mut script = lines(&yaml["default"]["before_script"]);
    script.extend(lines(&yaml[name]["script"]));
    let mut command = world.shell(tools);
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script.join("\n")]);
    // Credentials come of the token of the job and of nothing else.
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/infra");
    command.env("AWS_REGION", "us-west-2").env("AWS_TOKEN", "a token of the job");
    command.env("ENVIRONMENT", "dev");
    command.env("CI_PROJECT_DIR", folder);
    let output = command.output().expect("bash starts");
    let kept = yaml[name]["artifacts"]["paths"].as_array().cloned().unwrap_or_default();
    let kept = kept.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    (output, Artifacts::take(folder, kept))
}

/// What one job keeps for another.
struct Artifacts(Vec<(String, Vec<u8>)>);

impl Artifacts {
    /// Takes these files out of the folder.
    fn take(folder: &Path, names: Vec<String>) -> Self {
        let take = |name: String| {
            let path = folder.join(&name);
            let bytes = std::fs::read(&path).ok()?;
            std::fs::remove_file(&path).expect("removed");
            Some((name, bytes))
        };
        Self(names.into_iter().filter_map(take).collect())
    }

    /// Puts them back.
    fn give(&self, folder: &Path) {
        for (name, bytes) in &self.0 {
            std::fs::write(folder.join(name), bytes).expect("written");
        }
    }
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The name of the only artifact that a job of GitHub keeps.
fn kept_by_github(job: &Value) -> Vec<String> {
    let steps = job["steps"].as_array().expect("a list").iter();
    let paths = steps.filter(|step| {
        step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/upload-artifact@"))
    });
    paths.filter_map(|step| step["with"]["path"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_jobs_of_github_apply_what_was_planned_and_find_drift() {
    let (world, checkov) = (World::new(), Checkov::installed());
    let [apply, drift] = [1, 2].map(|index| checkov.yaml(&here(WORKFLOWS[index])));
    let (folder, tools) = (world.fixtures_folder(), tools(&[]));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("there");
    let run = |job: &Value| job_of_github(&world, job, tools.path(), &[]);
    let jobs = &apply["jobs"];

    let output = run(&jobs["plan"]);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Plan: 3 to add"), "{}", text(&output.stdout));
    assert_eq!(read("output"), "changes=true\n");
    let artifacts = Artifacts::take(folder, kept_by_github(&jobs["plan"]));
    assert_eq!(artifacts.0.len(), 1);
    assert_eq!(jobs["apply"]["if"], "needs.plan.outputs.changes == 'true'");
    // Without the artifact there is nothing to apply.
    let output = run(&jobs["apply"]);
    assert_eq!(code(&output), Some(1), "{}", text(&output.stderr));
    artifacts.give(folder);
    let output = run(&jobs["apply"]);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Apply complete: 3 added"), "{}", text(&output.stdout));
    // A second run of the job does nothing a second time.
    let output = run(&jobs["apply"]);
    assert_eq!(code(&output), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("plan-file::stale"), "{}", text(&output.stderr));
    std::fs::remove_file(folder.join("plan.infra")).expect("removed");

    let output = run(&jobs["plan"]);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert_eq!(read("output"), "changes=false\n");
    // What fails fails the job, whatever it says.
    let wrong = [("ENVIRONMENT", "nowhere")];
    let output = job_of_github(&world, &jobs["plan"], tools.path(), &wrong);
    assert_eq!(code(&output), Some(64), "{}", text(&output.stderr));
    assert_eq!(read("output"), "");

    let output = run(&drift["jobs"]["drift"]);
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(read("summary").starts_with("~~~~text\n"), "{}", read("summary"));
    world.change_by_hand();
    let output = run(&drift["jobs"]["drift"]);
    assert_eq!(code(&output), Some(2), "{}", text(&output.stderr));
    let summary = read("summary");
    assert!(summary.contains("visibility_timeout_seconds"), "{summary}");
    assert!(summary.ends_with("~~~~\n"), "{summary}");
}

#[test]
fn the_jobs_of_gitlab_apply_what_was_planned_and_find_drift() {
    let (world, checkov) = (World::new(), Checkov::installed());
    let yaml = checkov.yaml(&here(WORKFLOWS[3]));
    // No job but the note on a merge request calls `jq`; what installs it is not for tests.
    let (folder, tools) = (world.fixtures_folder(), tools(&[("jq", "#!/bin/sh\nexit 1\n")]));
    let run = |name: &str| job_of_gitlab(&world, &yaml, name, tools.path());

    let (output, artifacts) = run("plan-to-apply");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert_eq!(artifacts.0.len(), 1, "{}", text(&output.stderr));
    assert_eq!(yaml["apply"]["needs"], serde_json::json!(["plan-to-apply"]));
    let (output, _) = run("apply");
    assert_eq!(code(&output), Some(1), "{}", text(&output.stderr));
    artifacts.give(folder);
    let (output, _) = run("apply");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Apply complete: 3 added"), "{}", text(&output.stdout));
    let (output, _) = run("apply");
    assert_eq!(code(&output), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("plan-file::stale"), "{}", text(&output.stderr));

    let (output, _) = run("drift");
    assert_eq!(code(&output), Some(0), "{}", text(&output.stderr));
    world.change_by_hand();
    let (output, _) = run("drift");
    assert_eq!(code(&output), Some(2), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("visibility_timeout_seconds"),
        "{}",
        text(&output.stdout)
    );
}
