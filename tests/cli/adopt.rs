//! A state that was lost: what is there is taken over and not made a second time. Against a sandbox.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use crate::sandboxed::Sandboxed;
use crate::support::{Project, Run};

fn lose(project: &Project) {
    std::fs::remove_dir_all(project.path().join(".infra/state")).expect("removed");
}

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

fn without_ids(text: &str) -> String {
    let hide = |word: &str| {
        let end = word.rfind(|c: char| c.is_ascii_hexdigit()).map_or(0, |at| at + 1);
        match word.strip_prefix("vpc-") {
            Some(_) => format!("vpc-ID{}", &word[end..]),
            None => word.to_owned(),
        }
    };
    let line = |line: &str| line.split(' ').map(hide).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn a_lost_state_is_noticed_and_what_is_there_is_taken_over() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/16'))");
    let run = done(project.stacks("apply --env dev --auto-approve"));
    assert!(run.stdout.contains("1 added"), "{}", run.shown());
    lose(project);
    let run = project.stacks("plan --env dev");
    insta::assert_snapshot!(without_ids(&run.shown()), @r"
    exit: 1
    --- stderr
    error[plan::lost-state]: the state is empty, and objects of the stack are there
      = at least 1 object carries the tags of `web` in `dev` and is not recorded:
        vpc: vpc-ID
      = hint: put an exported state back:
        `infra state restore FILE --env dev --stack web`
      = hint: or record what is there, without an export:
        `infra plan --adopt --env dev --stack web`
      = hint: or check `state` in `infra.toml`, if the state is kept elsewhere
    ");
    assert!(run.stderr.lines().all(|line| line.chars().count() <= 80), "{}", run.shown());
    // Nobody was asked, so nothing is recorded.
    let run = project.stacks("apply --env dev --adopt");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("nobody is there to approve"), "{}", run.shown());
    let run = project.stacks("plan --env dev --adopt --lock=false");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("error[cli::adopt]"), "{}", run.shown());
    assert_eq!(project.infra("state list --env dev").stdout, "");
    let run = done(project.stacks("plan --env dev --adopt"));
    insta::assert_snapshot!(without_ids(&run.shown()), @r"
    exit: 0
    --- stdout
    web in dev: as declared, 1 resource unchanged

    No changes.
    --- stderr
    web: vpc: aws_vpc vpc-ID is recorded now
    web: 1 object was taken over; it was not changed
    ");
    let run = done(project.stacks("apply --env dev --adopt --auto-approve"));
    assert!(run.stderr.contains("web: nothing is there that is not recorded"), "{}", run.shown());
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
    let run = done(project.infra("history --env dev"));
    let taken = |line: &str| line.contains("complete") && line.ends_with("plan --adopt");
    assert!(run.stdout.lines().any(taken), "{}", run.shown());
    lose(project);
    let run = done(project.stacks("destroy --env dev --adopt --auto-approve"));
    assert!(run.stderr.contains("1 object was taken over"), "{}", run.shown());
    assert!(run.stdout.contains("1 destroyed"), "{}", run.shown());
}
