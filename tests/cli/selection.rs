//! Part of the stacks: what is named, what is left out, what is replaced, what is only looked at, and
//! how much may be destroyed.

use crate::sandboxed::Sandboxed;
use crate::support::{Project, Run};

/// `base` <- `net.middle` <- `top`, and `alone`.
fn chain(text: &str) -> String {
    format!(
        "t = '{text}'\n\
         desired(\n\
         \x20   resource('base', 'infra_data', input=t),\n\
         \x20   resource('net.middle', 'infra_data', input={{'$call': ['concat', [t, {{'$ref': ['base', 'id']}}]]}}),\n\
         \x20   resource('top', 'infra_data', input={{'$call': ['concat', [t, {{'$ref': ['net.middle', 'id']}}]]}}),\n\
         \x20   resource('alone', 'infra_data', input=t),\n\
         )"
    )
}

fn done(run: Run) -> Run {
    ok(&run);
    run
}

fn ok(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

/// Nothing was recorded by what was refused.
fn refused(project: &Project, words: &str, code: i32, what: &str) -> Run {
    let before = project.infra("state export --env dev").stdout;
    let run = project.stacks(words);
    assert_eq!(run.code, Some(code), "{}", run.shown());
    assert!(run.stderr.contains(what), "{what}: {}", run.shown());
    assert_eq!(project.infra("state export --env dev").stdout, before);
    run
}

/// The addresses that a plan changes, in order, each with what happens to it.
fn changes(run: &Run) -> Vec<String> {
    let symbols = ["+", "~", "-", "-/+", "."];
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let symbol = words.next().filter(|word| symbols.contains(word))?;
        let address = words.next()?;
        words
            .next()
            .is_some_and(|word| word == "(infra_data)")
            .then(|| format!("{symbol}{address}"))
    };
    let mut changes: Vec<_> = run.stdout.lines().filter_map(line).collect();
    changes.sort();
    changes
}

#[test]
fn a_target_brings_what_it_needs_and_nothing_else() {
    let project = Project::with_cloud();
    project.program(&chain("one"));
    let run = done(project.stacks("plan --env dev --target net"));
    assert_eq!(changes(&run), ["+base", "+net.middle"], "{}", run.shown());
    assert!(run.stderr.contains("warning[plan::partial]"), "{}", run.shown());
    ok(&project.stacks("apply --env dev --target net.middle --auto-approve"));
    let listed = done(project.infra("state list --env dev")).stdout;
    assert!(listed.contains("net.middle") && !listed.contains("top"), "{listed}");
    let history = done(project.infra("history --env dev --format json")).stdout;
    assert!(history.contains("apply --target net.middle"), "{history}");
    let run = done(project.stacks("plan --env dev"));
    assert_eq!(changes(&run), ["+alone", "+top"], "{}", run.shown());
}

#[test]
fn an_exclusion_leaves_out_what_needs_it() {
    let project = Project::with_cloud();
    project.program(&chain("one"));
    let run = done(project.stacks("plan --env dev --exclude net"));
    assert_eq!(changes(&run), ["+alone", "+base"], "{}", run.shown());
    let run = done(project.stacks("plan --env dev --target top --target alone --exclude net"));
    assert_eq!(changes(&run), ["+alone", "+base"], "{}", run.shown());
}

#[test]
fn what_is_destroyed_by_name_takes_what_needs_it_with_it() {
    let project = Project::with_cloud();
    project.program(&chain("one"));
    ok(&project.stacks("apply --env dev --auto-approve"));
    let run = done(project.stacks("plan --env dev --destroy --exclude net.middle"));
    assert_eq!(changes(&run), ["-alone", "-top"], "{}", run.shown());
    let run = done(project.stacks("destroy --env dev --target net.middle --auto-approve"));
    assert!(run.stdout.contains("2 destroyed"), "{}", run.shown());
    let listed = done(project.infra("state list --env dev")).stdout;
    assert!(listed.contains("base") && listed.contains("alone"), "{listed}");
    assert!(!listed.contains("top"), "{listed}");
}

#[test]
fn a_replacement_that_is_asked_for_is_made() {
    let project = Project::with_cloud();
    project.program(&chain("one"));
    ok(&project.stacks("apply --env dev --auto-approve"));
    let run = done(project.stacks("plan --env dev --replace base"));
    assert_eq!(changes(&run), ["-/+base", "~net.middle"], "{}", run.shown());
    assert!(run.stdout.contains("its replacement was asked for"), "{}", run.shown());
    ok(&project.stacks("apply --env dev --replace base --auto-approve"));
    let run = done(project.stacks("plan --env dev --detailed-exitcode"));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
    // What another option leaves out cannot be replaced.
    let words = "plan --env dev --replace base --target alone";
    drop(refused(
        &project,
        words,
        1,
        "error[plan::target]: an option names what another leaves out",
    ));
}

#[test]
fn an_address_belongs_to_every_stack_that_has_it() {
    let project = Project::with_cloud();
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    project.program(
        "if hello['stack'] == 'web':\n\
         \x20   desired(resource('both', 'infra_data', input='w'), resource('page', 'infra_data', input='w'))\n\
         else:\n\
         \x20   desired(resource('both', 'infra_data', input='n'))",
    );
    let run = done(project.stacks("plan --env dev --target page"));
    assert_eq!(changes(&run), ["+page"], "{}", run.shown());
    assert!(!run.stdout.contains("network in dev"), "{}", run.shown());
    let run = done(project.stacks("plan --env dev --target both"));
    assert_eq!(changes(&run), ["+both", "+both"], "{}", run.shown());
    let run = done(project.stacks("plan --env dev --exclude page"));
    assert_eq!(changes(&run), ["+both", "+both"], "{}", run.shown());
    let words = "apply --env dev --auto-approve --target both --target pagge";
    let run = refused(&project, words, 1, "error[plan::target]");
    insta::assert_snapshot!(run.stderr, @r"
    error[plan::target]: an option names no resource
      = `--target pagge`: neither declared nor recorded
      = hint: write `page` if that is what you mean
    ");
    let run = refused(&project, "plan --env dev --replace bth --exclude pge", 1, "--exclude pge");
    assert!(run.stderr.contains("`--replace bth`: not declared"), "{}", run.shown());
    assert!(run.stderr.contains("write `both` if that is what you mean"), "{}", run.shown());
}

#[test]
fn options_that_contradict_one_another_are_wrong_usage() {
    let project = Project::with_cloud();
    project.program(&chain("one"));
    for (words, what) in [
        ("plan --env dev --target base --exclude base", "error[cli::part]"),
        ("apply --env dev --exclude base --target base", "error[cli::part]"),
        ("destroy --env dev --exclude base --target base", "error[cli::part]"),
        ("plan --env dev --destroy --replace base", "'--replace <ADDRESS>'"),
        ("plan --env dev --destroy --refresh-only", "'--refresh-only'"),
        ("plan --env dev --refresh-only --replace base", "'--replace <ADDRESS>'"),
        ("apply --env dev --refresh-only --replace base", "'--replace <ADDRESS>'"),
        ("plan --env dev --refresh-only --refresh=false", "error[cli::refresh]"),
        ("apply --env dev --refresh-only --refresh=false", "error[cli::refresh]"),
        ("plan --env dev --out plan --lock=false", "error[cli::out]"),
        ("destroy --env dev --replace base", "'--replace'"),
        ("plan --env dev --target No.Address", "a segment starts with a lower-case letter"),
        ("plan --env dev --max-destroy many", "'--max-destroy <N>'"),
    ] {
        let run = project.stacks(words);
        assert_eq!(run.code, Some(64), "{words}: {}", run.shown());
        assert!(run.stderr.contains(what), "{words}: {}", run.shown());
        assert!(!project.has_state(), "{words}");
    }
}

#[test]
fn more_destructions_than_the_budget_allows_are_refused_before_anything_is_asked() {
    let project = Project::with_cloud();
    project.program(&chain("one"));
    ok(&project.stacks("apply --env dev --auto-approve"));
    project
        .program("desired(resource('alone', 'infra_data', input='one', triggers_replace=['x']))");
    let words = "apply --env dev --auto-approve --max-destroy 3";
    let run = refused(&project, words, 1, "error[plan::max-destroy]");
    insta::assert_snapshot!(run.stderr, @"
    error[plan::max-destroy]: the plan destroys more than is allowed
      = 4 objects would be destroyed, and `--max-destroy` allows 3:
        `alone` of web
        `top` of web
        `net.middle` of web
        `base` of web
      = hint: if that is what you want, allow it: `--max-destroy 4`
    ");
    // Nobody is asked first.
    drop(refused(&project, "apply --env dev --max-destroy 0", 1, "error[plan::max-destroy]"));
    drop(refused(
        &project,
        "plan --env dev --max-destroy 3 --out plan",
        1,
        "error[plan::max-destroy]",
    ));
    assert!(!project.path().join("plan").exists());
    drop(refused(
        &project,
        "destroy --env dev --auto-approve --max-destroy 3",
        1,
        "plan::max-destroy",
    ));
    // The environment's own number, which the flag is over.
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    project.write("infra.toml", &format!("{text}max_destroy = 1\n"));
    let run = refused(&project, "apply --env dev --auto-approve", 1, "error[plan::max-destroy]");
    assert!(
        run.stderr.contains("`max_destroy` of `[environments.dev]` allows 1"),
        "{}",
        run.shown()
    );
    ok(&project.stacks("plan --env dev --max-destroy 4"));
    // Destroying is what `destroy` is for.
    ok(&project.stacks("destroy --env dev --auto-approve"));
    project.write("infra.toml", &format!("{text}max_destroy = -1\n"));
    let run = project.stacks("plan --env dev");
    assert!(
        run.stderr.contains("`environments.dev.max_destroy` is a number from 0 on"),
        "{}",
        run.shown()
    );
}

#[test]
fn only_what_is_selected_is_read() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    project.program(
        "desired(\n\
         \x20   resource('vpc', cidr_block='10.0.0.0/16'),\n\
         \x20   resource('log', 'aws_cloudwatch_log_group', name='selection', retention_in_days=7),\n\
         )",
    );
    ok(&project.stacks("apply --env dev --auto-approve"));
    let services = |words: &str| {
        let calls = sandboxed.calls(|| drop(done(project.stacks(words))));
        let mut services: Vec<_> = calls.into_iter().map(|call| call.service).collect();
        services.sort();
        services.dedup();
        services
    };
    assert_eq!(services("plan --env dev"), ["ec2", "logs", "sts"]);
    assert_eq!(services("plan --env dev --target log"), ["logs", "sts"]);
    assert_eq!(services("plan --env dev --exclude log"), ["ec2", "sts"]);
    assert_eq!(services("plan --env dev --refresh-only --target vpc"), ["ec2", "sts"]);
    assert_eq!(services("plan --env dev --refresh=false"), ["sts"]);
}

#[test]
fn a_refresh_alone_records_what_changed_outside_and_changes_no_object() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    project.program(
        "desired(\n\
         \x20   resource('vpc', cidr_block='10.0.0.0/16', tags={'team': 'platform'}),\n\
         \x20   resource('log', 'aws_cloudwatch_log_group', name='refreshed', retention_in_days=7),\n\
         \x20   outputs=[('days', {'$ref': ['log', 'retention_in_days']})],\n\
         )",
    );
    ok(&project.stacks("apply --env dev --auto-approve"));
    let run = done(project.stacks("plan --env dev --refresh-only --detailed-exitcode"));
    assert!(run.stdout.contains("as recorded, 2 resources unchanged"), "{}", run.shown());
    sandboxed.by_hand(
        "client('logs').put_retention_policy(logGroupName='refreshed', retentionInDays=1)",
    );
    let run = project.stacks("plan --env dev --refresh-only --detailed-exitcode");
    assert_eq!(run.code, Some(2), "{}", run.shown());
    insta::assert_snapshot!(run.stdout, @"
    web in dev

      Changed outside of infra (1)

      ! log (aws_cloudwatch_log_group) was changed outside of infra (refreshed)
          ~ retention_in_days = 7 -> 1

        (1 resource unchanged)

      Outputs
          ~ days = 7 -> 1

    Refresh: 1 resource changed outside of infra; only the state is brought up to date.
    ");
    // It writes the state, so it asks.
    let run = project.stacks("apply --env dev --refresh-only");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    let calls = sandboxed.calls(|| {
        let words = "apply --env dev --refresh-only --auto-approve";
        let run = done(project.stacks(words));
        assert!(run.stdout.contains("days = 1"), "{}", run.shown());
    });
    assert!(calls.iter().all(|call| !call.mutating), "{calls:?}");
    let run = done(project.infra("state show log --env dev"));
    assert!(run.stdout.contains("retention_in_days = 1"), "{}", run.shown());
    // It is not drift any more, and still not as declared.
    let run = done(project.stacks("plan --env dev"));
    assert!(!run.stdout.contains("outside of infra"), "{}", run.shown());
    assert!(run.stdout.contains("~ retention_in_days = 1 -> 7"), "{}", run.shown());
    sandboxed.by_hand("client('logs').delete_log_group(logGroupName='refreshed')");
    let run = done(project.stacks("apply --env dev --refresh-only --auto-approve"));
    assert!(run.stdout.contains("was deleted outside of infra"), "{}", run.shown());
    assert!(!done(project.infra("state list --env dev")).stdout.contains("log"));
    let run = done(project.stacks("plan --env dev"));
    assert!(run.stdout.contains("Plan: 1 to add, 0 to change, 0 to destroy."), "{}", run.shown());
}
