//! Plans as Markdown, for a comment on a pull request.

use crate::support::Project;

#[test]
fn a_plan_of_several_stacks_is_one_comment() {
    let project = Project::with_cloud();
    project.program(
        "desired(resource('vpc', cidr_block='10.0.0.0/16', tags={'evil': '```\\n</details>'}),\n\
         \x20   outputs=[('secret', {'$sensitive': 'hunter2'})])",
    );
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    let run = project.stacks("plan --env dev --format markdown");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(!run.shown().contains("hunter2"), "{}", run.shown());
    insta::assert_snapshot!(run.stdout);
    let run = project.stacks("plan --env dev --format markdown --detailed-exitcode");
    assert_eq!(run.code, Some(2), "{}", run.shown());
}

#[test]
fn a_plan_that_does_not_fit_says_what_is_left_out() {
    let project = Project::with_cloud();
    project.program(
        "desired(*[resource(f'vpc-{n}', cidr_block='10.0.0.0/16', tags={'t': 'x' * 200})\n\
         \x20   for n in range(900)])",
    );
    let run = project.stacks("plan --env dev --format markdown");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.len() <= 65_536, "{}", run.stdout.len());
    assert!(run.stdout.starts_with("<!-- infra-plan dev -->\n"));
    assert!(run.stdout.contains("**900 to add, 0 to change, 0 to destroy.**"));
    let end = run.stdout.lines().last().expect("a line");
    assert!(end.starts_with("This is not all: the details of "), "{end}");
    assert!(end.ends_with("`infra plan --env dev` shows everything."), "{end}");
}

#[test]
fn only_plans_are_written_so() {
    let project = Project::new();
    let run = project.infra("apply --env dev --auto-approve --format markdown");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("[possible values: human, json]"), "{}", run.shown());
}
