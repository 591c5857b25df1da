//! Plans, against a server that only knows who the caller is: what is not there yet is not asked for.

use crate::support::Project;

const NETWORK: &str = "desired(\n\
    \x20   resource('network.vpc', cidr_block='10.0.0.0/16', tags={'team': 'platform'}),\n\
    \x20   resource('private', 'aws_subnet', 9, vpc_id={'$ref': ['network.vpc', 'id']},\n\
    \x20            cidr_block='10.0.1.0/24'),\n\
    \x20   outputs=[('vpc_id', {'$ref': ['network.vpc', 'id']})],\n\
    )";

#[test]
fn a_new_stack_is_shown_whole() {
    let project = Project::with_cloud();
    project.program(NETWORK);
    insta::assert_snapshot!(project.stacks("plan --env dev").shown());
}

#[test]
fn pending_changes_have_an_exit_code_of_their_own() {
    let project = Project::with_cloud();
    project.program(NETWORK);
    assert_eq!(project.stacks("plan --env dev --detailed-exitcode").code, Some(2));
    project.program("desired()");
    let run = project.stacks("plan --env dev --detailed-exitcode");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
}

#[test]
fn the_document_is_terraforms_and_of_one_stack() {
    let project = Project::with_cloud();
    project.program(NETWORK);
    let run = project.stacks("plan --env dev --format json");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    for part in ["\"format_version\": \"1.2\"", "\"address\": \"network.vpc\"", "\"aws_subnet\""] {
        assert!(run.stdout.contains(part), "{part}: {}", run.shown());
    }
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    let run = project.stacks("plan --env dev --format json");
    insta::assert_snapshot!(run.shown(), @r"
    exit: 64
    --- stderr
    error[cli::one-stack]: a JSON document is about one stack
      = 2 stacks are selected
      = hint: name one with `--stack`: network, web
    ");
}

#[test]
fn several_stacks_have_one_summary() {
    let project = Project::with_cloud();
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/16'))");
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    let run = project.stacks("plan --env dev");
    let summaries: Vec<_> = run.stdout.lines().filter(|line| line.starts_with("Plan:")).collect();
    assert_eq!(summaries, ["Plan: 2 to add, 0 to change, 0 to destroy."], "{}", run.shown());
    let stacks: Vec<_> = run.stdout.lines().filter(|line| line.ends_with("in dev")).collect();
    assert_eq!(stacks, ["network in dev", "web in dev"], "{}", run.shown());
}

#[test]
fn an_apply_that_aws_refuses_fails_and_says_what_aws_said() {
    let project = Project::with_cloud();
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/16'))");
    let run = project.stacks("apply --env dev --auto-approve");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("UnauthorizedOperation"), "{}", run.shown());
    assert!(run.stderr.contains("stacks/src/main.rs:7"), "{}", run.shown());
    assert!(run.stdout.contains("Apply incomplete:"), "{}", run.shown());
    assert!(run.stdout.contains("1 failed"), "{}", run.shown());
}

#[test]
fn a_stream_of_events_ends_with_the_outputs() {
    let project = Project::with_cloud();
    project.program("desired(outputs=[('name', 'value')])");
    let run = project.stacks("apply --env dev --auto-approve --format json");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let types: Vec<_> = run
        .stdout
        .lines()
        .map(|line| line.split("\"type\":\"").last().and_then(|rest| rest.split('"').next()))
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(types.first(), Some(&"version"), "{}", run.shown());
    assert!(run.stdout.contains("\"type\":\"outputs\""), "{}", run.shown());
    let run = project.infra("output --env dev name");
    assert_eq!(run.stdout, "value\n", "{}", run.shown());
    let run = project.infra("output --env dev nmae");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("write `name` if that is what you mean"), "{}", run.shown());
}

#[test]
fn a_sensitive_output_is_shown_only_when_asked_for() {
    let project = Project::with_cloud();
    project.program("desired(outputs=[('secret', {'$sensitive': 'hunter2'})])");
    let run = project.stacks("apply --env dev --auto-approve");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(!run.shown().contains("hunter2"), "{}", run.shown());
    let run = project.infra("output --env dev");
    assert_eq!(run.stdout, "secret = (sensitive value)\n", "{}", run.shown());
    let run = project.infra("output --env dev secret");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.shown());
    assert!(run.stderr.contains("--reveal"), "{}", run.shown());
    let run = project.infra("output --env dev secret --reveal");
    assert_eq!(run.stdout, "hunter2\n", "{}", run.shown());
    let run = project.infra("state export --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(!run.stdout.contains("hunter2"), "{}", run.shown());
}

#[test]
fn a_graph_needs_no_cloud() {
    let project = Project::new();
    project.program(NETWORK);
    let run = project.stacks("graph --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains(r#""web/private" -> "web/network.vpc""#), "{}", run.shown());
}

#[test]
fn validate_says_how_lookups_were_answered() {
    let project = Project::new();
    project.write("stacks/settings/dev.toml", "[network]\nvpc_cidr = \"10.0.0.0/16\"\n");
    let run = project.typed("validate --env dev");
    insta::assert_snapshot!(run.stdout, @r"
    network: valid, 1 resource
        aws_availability_zones: answered with placeholders: no run has recorded an answer
    ");
    assert!(!project.has_state());
}

#[test]
fn validate_speaks_json_about_what_is_wrong() {
    let project = Project::new();
    project.write("stacks/settings/dev.toml", "[network]\nvpc_cidr = 7\n");
    let run = project.typed("validate --env dev --format json");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(run.stderr, "", "{}", run.shown());
    for part in ["\"valid\": false", "\"error_count\": 1", "stacks/settings/dev.toml"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.shown());
    }
}

#[test]
fn a_stream_without_a_plan_says_why_in_its_own_form() {
    let project = Project::with_cloud();
    project.program("desired(resource('vpc', 'aws_vpcc', cidr_block='10.0.0.0/16'))");
    let run = project.stacks("apply --env dev --auto-approve --format json");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let lines: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str()).collect();
    assert_eq!(types, [Some("version"), Some("diagnostic")], "{}", run.shown());
    assert_eq!(lines[1]["diagnostic"]["severity"], "error");
    assert_eq!(lines[1]["diagnostic"]["range"]["filename"], "stacks/src/main.rs");
}
