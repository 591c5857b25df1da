//! Help and usage.

use crate::support::Project;

#[test]
fn the_help_names_every_command_and_exit_code() {
    let run = Project::new().infra("--help");
    insta::assert_snapshot!(run.shown());
}

#[test]
fn the_help_of_apply_groups_its_options() {
    let run = Project::new().infra("apply --help");
    insta::assert_snapshot!(run.shown());
}

#[test]
fn wrong_usage_is_64() {
    let project = Project::new();
    for words in [
        "",
        "fly",
        "plan",
        "plan --env",
        "plan --env dev --target A",
        "apply --env dev --parallelism 0",
    ] {
        let run = project.infra(words);
        assert_eq!(run.code, Some(64), "{words}: {}", run.shown());
        assert_eq!(run.stdout, "", "{words}: {}", run.shown());
    }
    assert_eq!(project.infra("--version").code, Some(0));
}

#[test]
fn a_project_is_found_from_below_and_with_chdir() {
    let project = Project::new();
    project.write("deep/er/file", "");
    let run = project.infra("--chdir deep/er plan --env nope");
    assert!(run.stderr.contains("`nope` is not an environment"), "{}", run.shown());
    let run = project.infra("--chdir nowhere plan --env dev");
    assert_eq!(run.code, Some(64), "{}", run.shown());
}

#[test]
fn the_doctor_says_what_is_missing_and_what_mends_it() {
    let project = Project::new();
    project.program("desired()");
    let run = project.infra("doctor --program program");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let line = |name: &str| run.stdout.lines().find(|line| line.contains(name)).unwrap_or_default();
    assert!(line("infra.toml").starts_with("ok"), "{}", run.shown());
    assert!(line("the stack program").contains("declares network, web"), "{}", run.shown());
    assert!(line("state of dev").starts_with("ok"), "{}", run.shown());
    assert!(line("cloud of dev").starts_with("missing"), "{}", run.shown());
    assert!(run.stdout.contains("= hint: "), "{}", run.shown());
    assert!(!project.has_state());

    let project = Project::with_cloud();
    project.program("desired()");
    let mut command = project.command(&["doctor", "--program", "program"]);
    crate::support::with_credentials(&mut command);
    let run = project.run(&mut command);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("account 111122223333 in us-west-2"), "{}", run.shown());
}
