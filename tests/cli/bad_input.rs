//! Bad input: one diagnostic that says where and what to do, the documented exit code, and a state
//! that is as it was.

use std::time::Duration;

use crate::support::{ACCOUNT, Project, Run, serve_identity, under_shell, with_credentials};

/// Checks what holds for all of them, and returns what was shown.
fn refused(project: &Project, run: &Run, code: i32, expected: &str) -> String {
    assert_eq!(run.code, Some(code), "{}", run.shown());
    assert_eq!(run.stdout, "", "{}", run.shown());
    let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("error[")).collect();
    assert_eq!(errors.len(), 1, "{}", run.shown());
    assert!(errors[0].starts_with(&format!("error[{expected}]")), "{}", run.shown());
    assert!(!project.has_state(), "a state was made");
    run.stderr.clone()
}

const VPC: &str = "desired(resource('vpc', cidr_block='10.0.0.0/16'))";

#[test]
fn without_a_project_there_is_a_way_to_one() {
    let project = Project::new();
    std::fs::remove_file(project.path().join("infra.toml")).expect("removed");
    let run = project.infra("plan --env dev");
    insta::assert_snapshot!(refused(&project, &run, 1, "config::missing"), @r"
    error[config::missing]: there is no project here
      = no `infra.toml` in `$PROJECT` or a folder above it
      = hint: go to a project, or name one with `--chdir DIR`
      = hint: `infra new DIR` makes one
    ");
}

#[test]
fn a_malformed_project_file_is_shown_with_its_line() {
    let project = Project::new();
    project.write("infra.toml", "[environments.dev]\nregion = \n");
    let run = project.infra("plan --env dev");
    insta::assert_snapshot!(refused(&project, &run, 1, "config::syntax"));
}

#[test]
fn an_unknown_key_of_the_project_file_has_a_near_name() {
    let project = Project::new();
    project.environment("acount = \"111122223333\"");
    let run = project.infra("plan --env dev");
    insta::assert_snapshot!(refused(&project, &run, 1, "config::unknown-key"), @r#"
    error[config::unknown-key]: a key is not known
      ┌─ infra.toml:3:1
     3│ acount = "111122223333"
      │ ^
      = `acount` is not a key of `[environments.dev]`
      = hint: write `account` if that is what you mean
    "#);
}

#[test]
fn an_unknown_environment_is_wrong_usage() {
    let project = Project::new();
    let run = project.infra("plan --env prod");
    insta::assert_snapshot!(refused(&project, &run, 64, "config::environment"), @r"
    error[config::environment]: the project has no such environment
      = `prod` is not an environment of `infra.toml`
      = hint: choose one of those that there are: dev
      = hint: or add a table `[environments.NAME]` to `infra.toml`
    ");
}

#[test]
fn an_unknown_stack_is_wrong_usage() {
    let project = Project::new();
    project.program(VPC);
    let run = project.stacks("plan --env dev --stack wbe");
    insta::assert_snapshot!(refused(&project, &run, 64, "program::stack"), @r"
    error[program::stack]: the program has no such stack
      = `wbe` is not one of its stacks
      = hint: write `web` if that is what you mean
    ");
}

#[test]
fn settings_of_a_stack_that_is_not_there_point_at_their_table() {
    let project = Project::new();
    project.program(VPC);
    project.write("stacks/settings/dev.toml", "[web]\n\n[wbe]\n");
    let run = project.stacks("plan --env dev");
    insta::assert_snapshot!(refused(&project, &run, 1, "settings::stack"));
}

#[test]
fn an_environment_without_settings_says_where_they_go() {
    let project = Project::new();
    project.program(VPC);
    std::fs::remove_file(project.path().join("stacks/settings/dev.toml")).expect("removed");
    let run = project.stacks("plan --env dev");
    insta::assert_snapshot!(refused(&project, &run, 1, "settings::none"));
}

#[test]
fn without_credentials_nothing_is_tried() {
    let project = Project::with_cloud();
    project.program(VPC);
    let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
    let run = project.run(&mut command);
    let shown = refused(&project, &run, 1, "aws::credentials");
    assert!(shown.contains("= hint: "), "{shown}");
    assert!(shown.contains("infra.toml:1"), "{shown}");
}

#[test]
fn another_account_is_refused() {
    let project = Project::with_cloud();
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    project.write("infra.toml", &text.replace(ACCOUNT, "999999999999"));
    project.program(VPC);
    let run = project.stacks("apply --env dev --auto-approve");
    let shown = refused(&project, &run, 1, "aws::account");
    assert!(shown.contains(ACCOUNT) && shown.contains("999999999999"), "{shown}");
}

#[test]
fn an_unreachable_endpoint_is_named() {
    let project = Project::new();
    project.program(VPC);
    let run = project.stacks("plan --env dev");
    let shown = refused(&project, &run, 1, "aws::unreachable");
    assert!(shown.contains("= hint: "), "{shown}");
}

#[test]
fn a_duplicate_address_points_at_both_lines() {
    let project = Project::with_cloud();
    project.write("stacks/settings/dev.toml", "[broken]\nhow = \"duplicate\"\n");
    let run = project.typed("plan --env dev");
    let shown = refused(&project, &run, 1, "stack::duplicate");
    assert!(shown.contains("first declared at tests/fixtures/stacks.rs:"), "{shown}");
}

#[test]
fn a_cycle_is_refused() {
    let project = Project::with_cloud();
    project.program(
        "a = resource('a', cidr_block='10.0.0.0/16', tags={'n': {'$ref': ['b', 'id']}})\n\
         b = resource('b', cidr_block='10.1.0.0/16', tags={'n': {'$ref': ['a', 'id']}})\n\
         desired(a, b)",
    );
    let run = project.stacks("plan --env dev");
    let shown = refused(&project, &run, 1, "plan::cycle");
    assert!(shown.contains("stacks/src/main.rs:7"), "{shown}");
}

#[test]
fn an_invalid_cidr_of_a_resource_points_at_its_declaration() {
    let project = Project::with_cloud();
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/33'))");
    let run = project.stacks("plan --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("cidr_block"), "{}", run.shown());
    assert!(run.stderr.contains("stacks/src/main.rs:7"), "{}", run.shown());
    assert!(!project.has_state());
}

/// A subnet of the VPC of the stack.
const SUBNET: &str = "def subnet(name, line, **inputs):\n    \
                      vpc = {'$ref': ['vpc', 'id']}\n    \
                      return resource(name, 'aws_subnet', line, vpc_id=vpc, **inputs)\n";

#[test]
fn subnets_that_share_addresses_are_refused_before_anything_is_asked() {
    let project = Project::new();
    project.program(&format!(
        "{SUBNET}vpc = resource('vpc', cidr_block='10.0.0.0/16')\n\
         a = subnet('a', 8, cidr_block='10.0.0.0/23')\n\
         b = subnet('b', 9, cidr_block='10.0.1.0/24')\n\
         desired(vpc, a, b)"
    ));
    let run = project.stacks("validate --env dev");
    insta::assert_snapshot!(refused(&project, &run, 1, "plan::argument"), @r"
    error[plan::argument]: an argument is wrong
      ┌─ stacks/src/main.rs:9:5
      = `b`
      = `cidr_block` 10.0.1.0/24 overlaps 10.0.0.0/23 of `a`, a subnet of the same VPC, declared at stacks/src/main.rs:8
      = hint: give one of the two another range
    ");
    // A plan has a cloud, and does not get that far either.
    let project = Project::with_cloud();
    project.program(&format!(
        "{SUBNET}vpc = resource('vpc', cidr_block='10.0.0.0/16')\n\
         desired(vpc, subnet('a', 8, cidr_block='10.1.0.0/24'))"
    ));
    let run = project.stacks("plan --env dev");
    let shown = refused(&project, &run, 1, "plan::argument");
    let expected = "`cidr_block` 10.1.0.0/24 is not inside 10.0.0.0/16 of the VPC `vpc`";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn what_is_for_cloudfront_is_refused_in_another_region() {
    let project = Project::new();
    let addresses = |region: &str| {
        format!(
            "web = resource('web', 'aws_wafv2_ip_set', name='web', scope='CLOUDFRONT',\n    \
             ip_address_version='IPV4', addresses=['192.0.2.0/24'])\n\
             web['options'] = {{{region}}}\n\
             desired(web)"
        )
    };
    project.program(&addresses(""));
    let run = project.stacks("validate --env dev");
    insta::assert_snapshot!(refused(&project, &run, 1, "plan::argument"), @r"
    error[plan::argument]: an argument is wrong
      ┌─ stacks/src/main.rs:7:5
      = `web`
      = the scope `CLOUDFRONT` is in us-east-1, not in us-west-2
      = hint: declare it on what `stack.in_region` gives for us-east-1
    ");
    project.program(&addresses("'region': 'us-east-1'"));
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

#[test]
fn a_variable_that_leads_the_sdk_nowhere_is_named() {
    let project = Project::new();
    project.program(VPC);
    let plan = |name: &str, value: &str| {
        let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
        with_credentials(&mut command);
        project.run(command.env(name, value))
    };
    project.environment("");
    let run = plan("AWS_ENDPOINT_URL", "localhost:4566");
    insta::assert_snapshot!(refused(&project, &run, 1, "aws::endpoint"), @r"
    error[aws::endpoint]: the endpoint of AWS is not a URL
      = the variable AWS_ENDPOINT_URL is `localhost:4566`
      = hint: unset AWS_ENDPOINT_URL, or set it to a URL such as `http://localhost:4566`
    ");
    for (name, value) in [("AWS_ENDPOINT_URL", ""), ("AWS_ENDPOINT_URL_STS", "http://")] {
        let shown = refused(&project, &plan(name, value), 1, "aws::endpoint");
        assert!(shown.contains(&format!("unset {name}")), "{shown}");
    }
    // The AWS of the states is asked before.
    project.environment("state = \"s3://states/team\"");
    let run = plan("AWS_ENDPOINT_URL", "not a url");
    assert!(refused(&project, &run, 1, "aws::endpoint").contains("is `not a url`"));
    // A project that names its endpoint does not care.
    project.environment("endpoint = \"http://127.0.0.1:1\"");
    let run = plan("AWS_ENDPOINT_URL", "not a url");
    refused(&project, &run, 1, "aws::unreachable");
}

#[test]
fn what_is_not_aws_is_named_and_never_asked_in_clear() {
    let project = Project::new();
    project.environment("");
    project.program("desired()");
    let plan = |variables: &[(&str, &str)]| {
        let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
        with_credentials(&mut command);
        project.run(command.envs(variables.iter().copied()))
    };
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        let run = plan(&[(name, "http://192.0.2.1:4566/")]);
        let shown = refused(&project, &run, 1, "aws::endpoint");
        assert!(shown.contains(&format!("the variable {name} names")), "{shown}");
        assert!(shown.contains("can be read on the way"), "{shown}");
    }
    project.write("home/.aws/config", "[default]\nendpoint_url = http://192.0.2.1:4566\n");
    let shown = refused(&project, &plan(&[]), 1, "aws::endpoint");
    assert!(shown.contains("or the profile names `http://192.0.2.1:4566`"), "{shown}");
    // On this machine nobody reads along, and somebody may have forgotten all the same.
    let endpoint = serve_identity(ACCOUNT, Duration::ZERO, false);
    let run = plan(&[("AWS_ENDPOINT_URL", &endpoint)]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stderr.contains("warning[aws::endpoint]"), "{}", run.shown());
    assert!(run.stderr.contains(&format!("calls go to `{endpoint}`")), "{}", run.shown());
    // What the project says is meant.
    project.environment(&format!("endpoint = \"{endpoint}\""));
    let run = plan(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.shown());
}

#[test]
fn a_lookup_that_aws_refuses_points_at_its_line() {
    let project = Project::with_cloud();
    project.program(
        "answer = lookup('aws_availability_zones', state='available', local_zones=False)\n\
         desired(diagnostics=[answer['diagnostic']])",
    );
    let run = project.stacks("plan --env dev");
    let shown = refused(&project, &run, 1, "aws::lookup");
    assert!(shown.contains("UnauthorizedOperation (403, request r-2)"), "{shown}");
    assert!(shown.contains("stacks/src/main.rs:3"), "{shown}");
}

#[test]
fn a_state_that_cannot_be_made_is_named() {
    let project = Project::with_cloud();
    project.program(VPC);
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    // A file where a folder is wanted refuses root too, whom permissions do not stop.
    project.write("infra.toml", &format!("{text}state = \"program/state\"\n"));
    let run = project.stacks("plan --env dev");
    let shown = refused(&project, &run, 1, "state::unavailable");
    assert!(shown.contains("program/state"), "{shown}");
}

#[test]
fn a_full_disk_is_an_error_and_no_crash() {
    let project = Project::with_cloud();
    project.program(VPC);
    let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
    with_credentials(&mut command);
    // A file that must not grow answers writes as a full disk does.
    let run = project.run(&mut under_shell(&command, "trap '' XFSZ; ulimit -f 0"));
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[state::unavailable]"), "{}", run.shown());
    // And with room again, the next run finds nothing in its way.
    let run = project.stacks("plan --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

#[test]
fn a_state_that_another_run_holds_is_left_alone() {
    let project = Project::with_cloud();
    project.program(VPC);
    let first = project.stacks("plan --env dev");
    assert_eq!(first.code, Some(0), "{}", first.shown());
    let lock = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(project.path().join(".infra/state/dev/web/lock.json"))
        .expect("a lock file");
    lock.lock().expect("free");
    let run = project.stacks("plan --env dev");
    assert_eq!(run.code, Some(4), "{}", run.shown());
    assert!(run.stderr.contains("error[state::locked]"), "{}", run.shown());
}

#[test]
fn a_protected_environment_is_not_destroyed() {
    let project = Project::with_cloud();
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    project.write("infra.toml", &format!("{text}protected = true\n"));
    project.program(VPC);
    let run = project.stacks("destroy --env dev --auto-approve");
    let shown = refused(&project, &run, 1, "destroy::protected");
    assert!(shown.contains("infra.toml:1"), "{shown}");
}
