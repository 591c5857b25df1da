//! Guards: what a protected environment keeps. The others are tested where they stand: another
//! account and `destroy` in `bad_input`, approval by name in `terminal`, the budget in `selection`.

use crate::sandboxed::{Sandboxed, infra};
use crate::support::{Project, Run};

/// Two groups of logs, of which a change of the name replaces one.
fn logs(names: &[&str]) -> String {
    let group = |(number, name): (usize, &&str)| {
        format!("resource('log-{number}', 'aws_cloudwatch_log_group', name='{name}')")
    };
    let groups: Vec<_> = names.iter().enumerate().map(group).collect();
    format!("desired(resource('note', 'infra_data', input='x'), {})", groups.join(", "))
}

fn done(run: Run) -> Run {
    ok(&run);
    run
}

fn ok(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

fn refused(project: &Project, words: &str, what: &str) -> Run {
    let run = project.stacks(words);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains(what), "{what}: {}", run.shown());
    run
}

#[test]
fn a_stack_of_which_most_is_gone_is_not_made_anew_unasked() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    let names = ["gone-0", "gone-1", "gone-2", "gone-3", "gone-4", "gone-5", "gone-6", "gone-7"];
    project.program(&logs(&names));
    ok(&project.stacks("apply --env dev --auto-approve"));
    let delete = |names: &[&str]| {
        sandboxed.by_hand(&format!(
            "for name in {names:?}: client('logs').delete_log_group(logGroupName=name)"
        ));
    };
    // Half of it may go.
    delete(&names[..4]);
    ok(&project.stacks("plan --env dev"));
    delete(&names[4..5]);
    let run = refused(project, "plan --env dev", "error[plan::gone]");
    for what in [
        "5 of 8 recorded objects of web are gone: `log-0`, `log-1`,",
        "region us-west-2, and which endpoint is asked",
        "`--accept-gone` has them made anew",
    ] {
        assert!(run.stderr.contains(what), "{what}: {}", run.shown());
    }
    drop(refused(project, "plan --env dev --destroy", "has them forgotten"));
    drop(refused(project, "plan --env dev --out plan", "error[plan::gone]"));
    assert!(!project.path().join("plan").exists());
    let calls = sandboxed.calls(|| {
        drop(refused(project, "apply --env dev --auto-approve", "error[plan::gone]"));
        drop(refused(project, "destroy --env dev --auto-approve", "error[plan::gone]"));
    });
    assert!(calls.iter().all(|call| !call.mutating), "{calls:?}");
    ok(&project.stacks("plan --env dev --accept-gone --out plan"));
    let run = done(infra(project, "apply plan"));
    assert!(run.stdout.contains("5 added, 0 changed, 0 destroyed"), "{}", run.shown());
    let run = project.stacks("plan --env dev --detailed-exitcode");
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

#[test]
fn a_protected_environment_keeps_what_holds_data() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    project.environment(&format!("endpoint = \"{}\"\nprotected = true", sandboxed.endpoint));
    project.program(&logs(&["kept-0", "kept-1"]));
    // Nobody is asked where the command line has answered.
    ok(&project.stacks("apply --env dev --auto-approve"));
    project.program(&logs(&["other-0"]));
    let run = refused(project, "plan --env dev", "error[plan::stateful]");
    insta::assert_snapshot!(run.stderr, @r"
    error[plan::stateful]: a protected environment keeps what holds data
      ┌─ stacks/src/main.rs:7:5
      = `log-0`
      = this aws_cloudwatch_log_group of web would be replaced, and what it holds is lost
      = hint: if it may be lost, say so: `--accept-loss log-0`
      = hint: or take `protected` off `[environments.dev]`
    error[plan::stateful]: a protected environment keeps what holds data
      ┌─ stacks/src/main.rs:7:5
      = `log-1`
      = this aws_cloudwatch_log_group of web would be destroyed, and what it holds is lost
      = hint: if it may be lost, say so: `--accept-loss log-1`
      = hint: or take `protected` off `[environments.dev]`
    ");
    let calls = sandboxed.calls(|| {
        let words = "apply --env dev --auto-approve --accept-loss log-0";
        let run = refused(project, words, "= `log-1`");
        assert!(!run.stderr.contains("= `log-0`"), "{}", run.shown());
    });
    assert!(calls.iter().all(|call| !call.mutating), "{calls:?}");
    let words = "plan --env dev --accept-loss log-0 --accept-loss log-2";
    drop(refused(project, words, "`--accept-loss log-2`: neither declared nor recorded"));
    let words = "plan --env dev --out plan --accept-loss log-0";
    drop(refused(project, words, "error[plan::stateful]"));
    assert!(!project.path().join("plan").exists());
    // What was accepted when a plan was saved is accepted when it is carried out.
    ok(&project.stacks(&format!("{words} --accept-loss log-1")));
    let run = done(infra(project, "apply plan --auto-approve"));
    assert!(run.stdout.contains("1 added, 0 changed, 2 destroyed"), "{}", run.shown());
    // What holds nothing is not kept, and elsewhere nothing is.
    let nothing = "desired(resource('log-0', 'aws_cloudwatch_log_group', name='other-0'))";
    project.program(nothing);
    ok(&project.stacks("apply --env dev --auto-approve"));
    project.environment(&format!("endpoint = \"{}\"", sandboxed.endpoint));
    project.program("desired()");
    let run = done(project.stacks("apply --env dev --auto-approve"));
    assert!(run.stdout.contains("1 destroyed"), "{}", run.shown());
}
