//! Going back to a past run: releases that are taken back, and what is refused.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use crate::sandboxed::{Sandboxed, infra};
use crate::support::{Project, Run, with_credentials};

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

/// The ids of all runs, oldest first.
fn runs(project: &Project) -> Vec<String> {
    let run = done(infra(project, "history --env dev --format json"));
    let runs: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let id = |run: &serde_json::Value| run["id"].as_str().expect("a text").to_owned();
    runs.as_array().expect("a list").iter().map(id).collect()
}

fn rollback(project: &Project, words: &str) -> Run {
    infra(project, &format!("rollback --env dev {words}"))
}

/// What was refused changed nothing.
fn refused(project: &Project, words: &str, code: i32) -> Run {
    let before = project.infra("state export --env dev").stdout;
    let run = rollback(project, words);
    assert_eq!(run.code, Some(code), "{}", run.shown());
    assert_eq!(project.infra("state export --env dev").stdout, before);
    run
}

fn apply(project: &Project, resources: &str) -> String {
    project.program(&format!("desired({resources})"));
    drop(done(project.stacks("apply --env dev --auto-approve")));
    runs(project).pop().expect("a run")
}

fn note(name: &str, text: &str) -> String {
    format!("resource('{name}', 'infra_data', input='{text}')")
}

/// A release: the revision of a task that runs an image, and a tag that names it.
fn release(image: &str, more: &str) -> String {
    format!(
        "resource('task', 'aws_ecs_task_definition', family='shop', \
         container_definitions=[{{'name': 'app', 'image': '{image}', 'memory': 128}}]), \
         resource('vpc', cidr_block='10.0.0.0/16', tags={{'release': '{image}'}}){more}"
    )
}

#[test]
fn two_releases_are_rolled_back_and_the_rollback_too() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    let first = apply(project, &release("shop:1", ""));
    apply(project, &release("shop:2", ", resource('extra', cidr_block='10.1.0.0/16')"));
    apply(project, &release("shop:3", ""));
    let run = done(rollback(project, &format!("{} --auto-approve", &first[..10])));
    assert!(run.stderr.contains(&format!("to what run {first} left (apply, ")), "{}", run.shown());
    assert!(
        run.stdout.contains("Rollback complete: 1 added, 1 changed, 1 destroyed."),
        "{}",
        run.shown()
    );
    project.program(&format!("desired({})", release("shop:1", "")));
    drop(done(project.stacks("plan --env dev --detailed-exitcode")));
    assert!(
        done(infra(project, "history --env dev"))
            .stdout
            .contains(&format!("rollback {}", &first[..10]))
    );
    // Without a run the latest one is taken back: that was the rollback.
    drop(done(rollback(project, "--auto-approve")));
    project.program(&format!("desired({})", release("shop:3", "")));
    drop(done(project.stacks("plan --env dev --detailed-exitcode")));
}

#[test]
fn what_was_made_goes_and_what_was_deleted_is_made_anew_and_named() {
    let project = Project::with_cloud();
    let first = apply(&project, &[note("a", "one"), note("gone", "x")].join(", "));
    apply(&project, &[note("a", "two"), note("fresh", "y")].join(", "));
    apply(&project, &[note("a", "three"), note("fresh", "z"), note("more", "m")].join(", "));
    let run = refused(&project, &first, 64);
    assert!(run.stderr.contains("warning[undo::new-object]"), "{}", run.shown());
    assert!(run.stderr.contains("= `gone`"), "{}", run.shown());
    assert!(run.stderr.contains("nobody is there to approve"), "{}", run.shown());
    assert!(run.stdout.contains("Plan: 1 to add, 1 to change, 2 to destroy."), "{}", run.shown());
    let words = ["rollback", "--env", "dev", &first];
    let run = project.on_terminal(&words, &[("Type `yes` to rollback: ", "no")]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let run = project.on_terminal(&words, &[("Type `yes` to rollback: ", "yes")]);
    drop(done(run));
    project.program(&format!("desired({})", [note("a", "one"), note("gone", "x")].join(", ")));
    drop(done(project.stacks("plan --env dev --detailed-exitcode")));
    // There is nothing more to take back.
    let latest = runs(&project).pop().expect("a run");
    let run = done(rollback(&project, &latest));
    assert!(run.stdout.starts_with("Nothing to do: no run of web changed a resource after"));
}

#[test]
fn a_resource_that_was_moved_keeps_its_address() {
    let project = Project::with_cloud();
    let first = apply(&project, &note("a", "one"));
    apply(&project, &note("a", "two"));
    drop(done(project.infra("state mv --env dev a b")));
    apply(&project, &note("b", "three"));
    let run = done(rollback(&project, &format!("{first} --auto-approve --format json")));
    assert!(run.stdout.contains("0 added, 1 changed, 0 destroyed"), "{}", run.shown());
    project.program(&format!("desired({})", note("b", "one")));
    drop(done(project.stacks("plan --env dev --detailed-exitcode")));
}

#[test]
fn a_run_that_cannot_be_gone_back_to_is_refused() {
    let project = Project::with_cloud();
    let first = apply(&project, &note("a", "one"));
    let run = refused(&project, "zz --auto-approve", 1);
    assert!(run.stderr.starts_with("error[history::unknown]"), "{}", run.shown());
    let run = refused(&project, " --auto-approve --format json --stack nobody", 64);
    assert!(run.stderr.starts_with("error[state::stack]"), "{}", run.shown());
    // A second stack with a history of its own.
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    drop(done(project.stacks("apply --env dev --stack network --auto-approve")));
    let rollback = |words: &str| {
        let words = format!("rollback --env dev {words}");
        let mut command = project.command(&words.split_whitespace().collect::<Vec<_>>());
        with_credentials(&mut command);
        project.run(&mut command)
    };
    let run = rollback("--auto-approve");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.starts_with("error[rollback::one-stack]"), "{}", run.shown());
    let run = rollback(&format!("{first} --stack network --auto-approve"));
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.starts_with("error[rollback::other-stack]"), "{}", run.shown());
    assert!(run.stderr.contains(&format!("`infra rollback {first} --env dev --stack web`")));
    let every = rollback(" --auto-approve ");
    assert_eq!(every.code, Some(64), "{}", every.shown());
    // The empty prefix is one of every run.
    let mut command = project.command(&["rollback", "--env", "dev", "--auto-approve", ""]);
    with_credentials(&mut command);
    let run = project.run(&mut command);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.starts_with("error[history::ambiguous]"), "{}", run.shown());
}

#[test]
fn without_a_change_there_is_nothing_to_go_back_to() {
    let project = Project::with_cloud();
    let run = rollback(&project, "--auto-approve");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.starts_with("error[rollback::nothing]"), "{}", run.shown());
    assert!(!project.has_state());
}
