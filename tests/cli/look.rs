//! Looking things up: a resource, the reference, expressions, and what a shell completes.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::process::Stdio;

use crate::state::project;
use crate::support::{Project, Run};

#[test]
fn a_resource_is_shown_with_its_neighbours_and_its_latest_change() {
    let project = project();
    let run = project.infra("show --env dev vpc");
    insta::assert_snapshot!(run.shown());
    let run = project.infra("show --env dev private --format json");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(json["refers_to"], serde_json::json!(["vpc"]), "{}", run.shown());
    assert_eq!(json["last_changed"]["run"], "30c1aaaa", "{}", run.shown());
    assert_eq!(json["attributes"]["secret"], "(sensitive value)", "{}", run.shown());
    let run = project.infra("show --env dev vcp");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.shown());
    assert!(run.stderr.contains("write `vpc`"), "{}", run.shown());
}

/// Types lines into a console.
fn typed(project: &Project, lines: &str) -> Run {
    let file = project.path().join("lines");
    let mut written = std::fs::File::create(&file).expect("made");
    written.write_all(lines.as_bytes()).expect("written");
    let mut command = project.command(&["console", "--env", "dev"]);
    command.stdin(Stdio::from(std::fs::File::open(&file).expect("read")));
    project.run(&mut command)
}

#[test]
fn expressions_are_evaluated_against_what_is_recorded() {
    let project = project();
    project.write("stacks/settings/dev.toml", "[web]\nzones = 2\ndatabase.class = \"small\"\n");
    let run = typed(
        &project,
        "vpc.cidr_block\n\nsettings.zones\nsettings.database.class\nvpc.secret\n\
         concat(\"x-\", vpc.id)\njsonencode({a = [vpc.id]})\nsplit(\"-\", vpc.secret)[0]\n",
    );
    insta::assert_snapshot!(run.shown(), @r#"
    exit: 0
    --- stdout
    "10.0.0.0/16"
    2
    "small"
    (sensitive value)
    "x-vpc-vpc"
    {
      "a": [
        "vpc-vpc"
      ]
    }
    (sensitive value)
    "#);
    // What is wrong is told, and the rest goes on.
    let run =
        typed(&project, "vpc.ide\nsettings.zone\nprivte.id\nlower(\njoin(1)\nsettngs\nvpc.id\n");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), "\"vpc-vpc\"\n"), "{}", run.shown());
    for said in [
        "write `id`",
        "write `zones`",
        "write `private.id`",
        "column 7",
        "takes 2",
        "write `settings`",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.shown());
    }
    // A name that is secret is not told when it is missing, nor a text that is no JSON.
    let run = typed(&project, "{}[vpc.secret]\njsondecode(vpc.secret)\nlower([vpc.secret])\n");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.shown());
    assert!(!run.stderr.contains("canary"), "{}", run.shown());
    let run = project.infra("console --env dev --stack wbe -e 1");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("write `web`"), "{}", run.shown());
    let run = project.on_terminal(
        &["console", "--env", "dev", "--no-color"],
        &[("> ", "vpc.ix"), ("> ", "vpc.id"), ("> ", "quit")],
    );
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("\"vpc-vpc\""), "{}", run.shown());
}

#[test]
fn the_reference_is_shown_in_the_terminal() {
    let project = Project::new();
    let run = project.infra("docs aws_sqs_queue_policy");
    insta::assert_snapshot!(run.shown());
    let run = project.infra("docs");
    assert!(run.stdout.contains("aws_vpc_endpoint"), "{}", run.shown());
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.shown());
    let run = project.infra("docs sqs");
    assert!(run.stdout.contains("aws_sqs_queue  "), "{}", run.shown());
    let run = project.infra("docs aws_sqs_queu");
    assert_eq!((run.code, run.stdout.as_str()), (Some(64), ""), "{}", run.shown());
    assert!(run.stderr.contains("write `aws_sqs_queue`"), "{}", run.shown());
}

/// What bash offers for a line whose last word is being typed, with the script of `infra completions`.
fn completed(project: &Project, line: &str) -> Vec<String> {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_infra"));
    let script = "source <(infra completions bash)\n\
        read -ra COMP_WORDS <<< \"$1\"\n\
        [[ $1 == *' ' ]] && COMP_WORDS+=('')\n\
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9\n\
        _clap_complete_infra infra \"${COMP_WORDS[COMP_CWORD]}\"\n\
        printf '%s\\n' \"${COMPREPLY[@]}\"\n";
    let template = project.command(&[]);
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script, "bash", line]).current_dir(project.path()).env_clear();
    for (name, value) in template.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let folders = [binary.parent().expect("a folder").to_owned()];
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&rest)));
    let run = project.run(command.env("PATH", path.expect("a path")));
    // Only `compopt` complains: no person is there whose line it could be about.
    assert_eq!(run.code, Some(0), "{line}: {}", run.shown());
    run.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_shell_completes_names_of_the_project() {
    let project = project();
    project.write("stacks/settings/dev.toml", "[api]\n");
    assert_eq!(completed(&project, "infra plan --env "), ["dev"]);
    assert_eq!(completed(&project, "infra plan --env dev --stack "), ["api", "web"]);
    assert_eq!(completed(&project, "infra show --env dev v"), ["vpc"]);
    assert_eq!(completed(&project, "infra apply --env dev --target p"), ["private"]);
    assert!(completed(&project, "infra show --env dev --stack api v").is_empty());
    assert_eq!(completed(&project, "infra docs aws_sqs_queue_p"), ["aws_sqs_queue_policy"]);
    assert_eq!(completed(&project, "infra help env"), ["environments"]);
    assert_eq!(completed(&project, "infra rollb"), ["rollback"]);
    // Where there is no project, or a broken one, nothing is said.
    project.write("infra.toml", "[[");
    assert!(completed(&project, "infra plan --env ").is_empty());
    for shell in ["bash", "zsh", "fish"] {
        let run = project.infra(&format!("completions {shell}"));
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert!(run.stdout.contains("INFRA_COMPLETE"), "{}", run.shown());
    }
    assert_eq!(project.infra("completions csh").code, Some(64));
}
