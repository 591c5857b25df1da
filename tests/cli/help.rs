//! Help and usage.

use crate::support::Project;

#[test]
fn the_help_names_every_command() {
    let run = Project::new().infra("--help");
    insta::assert_snapshot!(run.shown());
}

#[test]
fn the_help_of_apply_groups_its_options() {
    let run = Project::new().infra("apply --help");
    insta::assert_snapshot!(run.shown());
}

#[test]
fn topics_and_commands_are_explained() {
    let project = Project::new();
    let run = project.infra("help exit-codes");
    insta::assert_snapshot!(run.shown());
    let nested = project.infra("help state mv");
    assert_eq!(nested.stdout, project.infra("state mv --help").stdout, "{}", nested.shown());
    assert_eq!(project.infra("help").stdout, project.infra("--help").stdout);
    for (words, near) in [("help enviroments", "`environments`"), ("help state mw", "`mv`")] {
        let run = project.infra(words);
        assert_eq!((run.code, run.stdout.as_str()), (Some(64), ""), "{}", run.shown());
        assert!(run.stderr.contains(near), "{}", run.shown());
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let project = Project::new();
    let run = project.infra("man pages/man1");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.shown());
    for page in ["infra", "infra-plan", "infra-state-mv", "infra-new"] {
        let path = project.path().join(format!("pages/man1/{page}.1"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(".SH SYNOPSIS") && text.contains(".SH OPTIONS"), "{page}: {text}");
    }
    project.write("file", "");
    let run = project.infra("man file");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("man::file"), "{}", run.shown());
}

#[test]
fn the_doctor_sees_what_would_leak_and_what_no_program_has() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    project.program("desired()");
    project.write("stacks/settings/dev.toml", "[wbe]\n");
    project.write(".infra/other", "");
    let folder = project.path().join(".infra");
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).expect("permitted");
    let git = std::process::Command::new("git").arg("init").arg("-q").arg(project.path()).status();
    assert!(git.expect("git").success());
    let run = project.infra("doctor --program program");
    let line = |name: &str| run.stdout.lines().find(|line| line.contains(name)).unwrap_or_default();
    assert!(line("git  ").starts_with("missing"), "{}", run.shown());
    assert!(line("folder of infra").contains("(mode 755)"), "{}", run.shown());
    assert!(line("settings of dev").contains("no stack `wbe`"), "{}", run.shown());
    for mend in ["chmod 700", "/.gitignore`", "write `web`"] {
        assert!(run.stdout.contains(mend), "{mend}: {}", run.shown());
    }
    project.write(".gitignore", "/.infra\n");
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).expect("permitted");
    project.write("stacks/settings/dev.toml", "[web]\n");
    let run = project.infra("doctor --program program");
    let line = |name: &str| run.stdout.lines().find(|line| line.contains(name)).unwrap_or_default();
    for name in ["git  ", "folder of infra", "settings of dev"] {
        assert!(line(name).starts_with("ok"), "{}", run.shown());
    }
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
