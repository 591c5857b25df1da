//! Saved plans: written, carried out as they were shown, and refused on any other ground.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sandboxed::{Sandboxed, infra};
use crate::support::{ACCOUNT, Project, Run, serve_caller, serve_identity, with_credentials};

const SECRET: &str = "Sw0rdf1sh-and-chips";

/// A note with this text.
fn note(text: &str) -> String {
    format!("desired(resource('note', 'infra_data', input='{text}'))")
}

fn done(run: Run) -> Run {
    ok(&run);
    run
}

fn ok(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

/// Saves a plan of what the program declares.
fn saved(project: &Project) -> Run {
    done(project.stacks("plan --env dev --out plan"))
}

/// Carries the saved plan out, without the stack program and without asking.
fn apply(project: &Project) -> Run {
    infra(project, "apply plan")
}

/// The plan is not carried out and says so, and no run was begun for it that did not end.
fn refused(project: &Project, run: Run, code: i32, what: &str) -> Run {
    assert_eq!(run.code, Some(code), "{}", run.shown());
    assert!(run.stderr.contains(what), "{what}: {}", run.shown());
    assert_eq!(run.stdout, "", "{}", run.shown());
    let history = project.infra("history --env dev --format json").stdout;
    let runs: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    let ended = |run: &serde_json::Value| run["result"] == "complete";
    assert!(runs.as_array().is_some_and(|runs| runs.iter().all(ended)), "{history}");
    run
}

/// A project with a note that says `one`, and a saved plan that makes it say `two`.
fn with_a_plan() -> Project {
    let project = Project::with_cloud();
    project.program(&note("one"));
    ok(&project.stacks("apply --env dev --auto-approve"));
    project.program(&note("two"));
    let run = saved(&project);
    assert!(run.stderr.contains("saved: `infra apply plan` does what is shown"), "{}", run.shown());
    project
}

fn text_of(project: &Project) -> String {
    let shown = done(project.infra("state show note --env dev")).stdout;
    let line = shown.lines().find(|line| line.trim_start().starts_with("input"));
    line.expect("the input").trim().to_owned()
}

fn read(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path().join(name)).expect("there")
}

/// Puts the check at the end of a plan right again, as whoever changes one on purpose would.
fn with_a_right_check(text: &str) -> String {
    let (body, _) = text.trim_end().rsplit_once('\n').expect("lines");
    let body = format!("{body}\n");
    format!("{body}check {}\n", blake3::hash(body.as_bytes()).to_hex())
}

#[test]
fn a_plan_does_what_was_shown_and_needs_no_program() {
    let project = Project::with_cloud();
    project.program(
        "desired(\n\
         \x20   resource('note', 'infra_data', input='one'),\n\
         \x20   resource('turned', 'infra_data', triggers_replace=['one']),\n\
         \x20   resource('gone', 'infra_data', input='x'),\n\
         \x20   resource('here', 'infra_data', input='y'),\n\
         )",
    );
    ok(&project.stacks("apply --env dev --auto-approve"));
    project.program(
        "secret = {'$sensitive': 'Sw0rdf1sh-and-chips'}\n\
         desired(\n\
         \x20   resource('note', 'infra_data', input=secret),\n\
         \x20   resource('turned', 'infra_data', triggers_replace=['two']),\n\
         \x20   resource('there', 'infra_data', input='y') | {'options': {'moved_from': 'here'}},\n\
         \x20   resource('password', 'random_password', length=20),\n\
         \x20   resource('suffix', 'random_id', byte_length=4),\n\
         \x20   resource('url', 'infra_data', input={'$ref': ['password', 'result']}),\n\
         \x20   outputs=[('suffix', {'$ref': ['suffix', 'hex']}), ('note', {'$ref': ['note', 'input']})],\n\
         )",
    );
    let shown = saved(&project).stdout;
    assert!(shown.contains("Plan: 4 to add, 1 to change, 2 to destroy."), "{shown}");
    let path = project.path().join("plan");
    let mode = path.metadata().expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = read(&project, "plan");
    for form in [SECRET.to_owned(), STANDARD.encode(SECRET), "Sw0rdf1sh".to_owned()] {
        assert!(!file.contains(&form), "{form} is in clear");
    }
    // Names of resources say much about a system.
    assert!(!file.contains("turned") && !file.contains("infra_data"), "{file}");
    // There is no program to build, and none is started.
    std::fs::remove_file(project.path().join("program")).expect("removed");
    std::fs::remove_dir_all(project.path().join("stacks")).expect("removed");
    let run = done(apply(&project));
    assert!(run.stdout.starts_with(&shown), "{}", run.shown());
    assert!(
        run.stdout.contains("Apply complete: 4 added, 1 changed, 2 destroyed."),
        "{}",
        run.shown()
    );
    let reveal = done(project.infra("output --env dev note --reveal")).stdout;
    assert!(reveal.contains(SECRET), "{reveal}");
    let listed = done(project.infra("state list --env dev")).stdout;
    let listed: Vec<_> = listed.split_whitespace().collect();
    for address in ["note", "password", "suffix", "there", "turned", "url"] {
        assert!(listed.contains(&address), "{address}: {listed:?}");
    }
    assert!(!listed.contains(&"here") && !listed.contains(&"gone"), "{listed:?}");
    // What is done is done once.
    let run = refused(&project, apply(&project), 1, "error[plan-file::stale]");
    assert!(run.stderr.contains("apply, "), "{}", run.shown());
}

#[test]
fn what_the_command_line_said_is_in_the_plan() {
    let project = Project::with_cloud();
    project.write("stacks/settings/dev.toml", "[network]\n[web]\n");
    project.program(
        "desired(\n\
         \x20   resource('kept', 'infra_data', input=hello['stack']),\n\
         \x20   resource('left', 'infra_data', input='x'),\n\
         )",
    );
    ok(&project.stacks("plan --env dev --out plan --target kept"));
    let run = done(apply(&project));
    assert!(run.stdout.contains("Apply complete: 2 added"), "{}", run.shown());
    let listed = done(project.infra("state list --env dev")).stdout;
    assert!(!listed.contains("left"), "{listed}");
    ok(&project.stacks("plan --env dev --out plan"));
    let run = infra(&project, "apply plan --format json");
    assert_eq!((run.code, run.stdout.as_str()), (Some(64), ""), "{}", run.shown());
    assert!(run.stderr.contains("error[cli::one-stack]"), "{}", run.shown());
    ok(&project.stacks("plan --env dev --out plan --replace kept --exclude left --stack web"));
    let run = done(apply(&project));
    assert!(run.stdout.contains("1 added, 0 changed, 1 destroyed"), "{}", run.shown());
    ok(&project.stacks("plan --env dev --out plan --destroy"));
    let run = done(apply(&project));
    assert!(run.stdout.contains("Destroy complete: 2 destroyed"), "{}", run.shown());
    // A plan of nothing is carried out as often as one likes.
    project.program("desired()");
    drop(saved(&project));
    ok(&apply(&project));
    let run = done(apply(&project));
    assert!(run.stdout.contains("No changes."), "{}", run.shown());
}

#[test]
fn a_plan_over_objects_of_aws_holds_what_the_cloud_says() {
    let sandboxed = Sandboxed::new();
    let project = &sandboxed.project;
    let stack = |days: u32| {
        format!(
            "desired(\n\
             \x20   resource('vpc', cidr_block='10.0.0.0/16', tags={{'team': 'platform'}}),\n\
             \x20   resource('subnet', 'aws_subnet', vpc_id={{'$ref': ['vpc', 'id']}}, cidr_block='10.0.1.0/24'),\n\
             \x20   resource('log', 'aws_cloudwatch_log_group', name='saved', retention_in_days={days})\n\
             \x20       | {{'options': {{'import_id': 'saved'}}}},\n\
             \x20   outputs=[('vpc', {{'$ref': ['vpc', 'id']}})],\n\
             )"
        )
    };
    sandboxed.by_hand("client('logs').create_log_group(logGroupName='saved')");
    project.program(&stack(7));
    drop(saved(project));
    let run = done(apply(project));
    assert!(run.stdout.contains("1 imported, 2 added, 1 changed, 0 destroyed"), "{}", run.shown());
    let run = project.stacks("plan --env dev --detailed-exitcode");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    // Drift since the plan: of what it changes, and of what it did not change.
    project.program(&stack(30));
    drop(saved(project));
    sandboxed
        .by_hand("client('logs').put_retention_policy(logGroupName='saved', retentionInDays=1)");
    let run = refused(project, apply(project), 1, "error[plan-file::moved]");
    assert!(
        run.stderr.contains("`log`: it is not as it was: `retention_in_days`"),
        "{}",
        run.shown()
    );
    drop(saved(project));
    sandboxed.by_hand(
        "ec2 = client('ec2')\n\
         vpc = ec2.describe_vpcs(Filters=[{'Name': 'tag:team', 'Values': ['platform']}])['Vpcs'][0]\n\
         ec2.create_tags(Resources=[vpc['VpcId']], Tags=[{'Key': 'team', 'Value': 'other'}])",
    );
    let calls = sandboxed.calls(|| {
        let run = refused(project, apply(project), 1, "error[plan-file::moved]");
        let what = "`vpc`: it was to stay, and would be updated";
        assert!(run.stderr.contains(what), "{}", run.shown());
    });
    assert!(calls.iter().all(|call| !call.mutating), "{calls:?}");
    drop(saved(project));
    ok(&apply(project));
    ok(&project.stacks("plan --env dev --refresh-only --out plan"));
    sandboxed
        .by_hand("client('logs').put_retention_policy(logGroupName='saved', retentionInDays=3)");
    let run = refused(project, apply(project), 1, "error[plan-file::moved]");
    assert!(run.stderr.contains("`log`: it was to stay, and would be recorded"), "{}", run.shown());
}

#[test]
fn a_plan_is_refused_on_other_ground() {
    // The state has moved on.
    let project = with_a_plan();
    ok(&project.stacks("apply --env dev --auto-approve"));
    let run = refused(&project, apply(&project), 1, "error[plan-file::stale]");
    let history = done(project.infra("history --env dev --format json")).stdout;
    let runs: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    let latest = runs.as_array().and_then(|runs| runs.last()).expect("a run");
    let id = latest["id"].as_str().expect("an id");
    assert!(run.stderr.contains(&format!("run `{id}` wrote it")), "{}", run.shown());
    // Another account, where the environment names none.
    let project = with_a_plan();
    let toml = read(&project, "infra.toml");
    let other = serve_identity("999988887777", Duration::ZERO, false);
    project.environment(&format!("endpoint = \"{other}\""));
    let run = refused(&project, apply(&project), 1, "error[plan-file::account]");
    assert!(run.stderr.contains(ACCOUNT) && run.stderr.contains("999988887777"), "{}", run.shown());
    // Another region.
    project.write("infra.toml", &toml.replace("us-west-2", "eu-central-1"));
    let run = refused(&project, apply(&project), 1, "error[plan-file::region]");
    assert!(run.stderr.contains("made in us-west-2"), "{}", run.shown());
    assert!(run.stderr.contains("infra.toml:1"), "{}", run.shown());
    // Other tags for all objects.
    project.write("infra.toml", &format!("{toml}default_tags = {{ team = \"x\" }}\n"));
    drop(refused(&project, apply(&project), 1, "error[plan-file::configuration]"));
    // What is there has moved, and the state with it: records are compared one by one.
    project.write("infra.toml", &toml);
    assert_eq!(text_of(&project), "input = \"one\"");
    ok(&apply(&project));
    assert_eq!(text_of(&project), "input = \"two\"");
}

#[test]
fn a_plan_that_somebody_else_made_is_carried_out_with_a_warning() {
    let project = Project::with_cloud();
    let role = |session: &str| {
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/plan/{session}");
        project.environment(&format!("endpoint = \"{}\"", serve_caller(&arn)));
    };
    role("monday");
    project.program(&note("one"));
    drop(saved(&project));
    // The same role in another session is the same.
    role("tuesday");
    let run = done(apply(&project));
    assert!(!run.stderr.contains("plan-file::caller"), "{}", run.shown());
    project.program(&note("two"));
    drop(saved(&project));
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    project.environment(&format!("endpoint = \"{}\"", serve_caller(&arn)));
    let run = done(apply(&project));
    assert!(run.stderr.contains("warning[plan-file::caller]"), "{}", run.shown());
    let who = [format!("arn:aws:sts::{ACCOUNT}:assumed-role/plan,"), arn];
    assert!(who.iter().all(|who| run.stderr.contains(who)), "{}", run.shown());
    assert_eq!(text_of(&project), "input = \"two\"");
}

#[test]
fn a_plan_of_another_environment_or_another_state_is_refused() {
    let project = with_a_plan();
    let run =
        refused(&project, infra(&project, "apply plan --env prod"), 1, "plan-file::environment");
    assert!(run.stderr.contains("it is for `dev`, and not for `prod`"), "{}", run.shown());
    let toml = read(&project, "infra.toml");
    project.write("infra.toml", &toml.replace("environments.dev", "environments.prod"));
    let run = apply(&project);
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("error[config::environment]"), "{}", run.shown());
    project.write("infra.toml", &toml);
    std::fs::remove_dir_all(project.path().join(".infra/state")).expect("removed");
    let run = apply(&project);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("the state of `web` is not there"), "{}", run.shown());
    assert!(!project.path().join(".infra/state").exists(), "looking made a state");
    ok(&project.stacks("apply --env dev --auto-approve"));
    let run = refused(&project, apply(&project), 1, "error[plan-file::state]");
    assert!(run.stderr.contains("belongs to another history"), "{}", run.shown());
    ok(&infra(&project, "apply --env dev --program program --auto-approve"));
}

#[test]
fn a_plan_that_was_cut_or_changed_is_refused() {
    let project = with_a_plan();
    let good = read(&project, "plan");
    let expect = |text: &str, what: &str| {
        project.write("plan", text);
        refused(&project, apply(&project), 1, what)
    };
    for length in [0, 5, 11, 40, good.len() / 2, good.len() - 1] {
        drop(expect(&good[..length], "error[plan-file::damaged]"));
    }
    let at = good.len() / 2;
    let other = if &good[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
    drop(expect(&changed, "error[plan-file::damaged]"));
    // Changed on purpose, with a check that is right: the seals are not.
    let run = expect(&with_a_right_check(&changed), "error[plan-file::damaged]");
    assert!(run.stderr.contains("does not open"), "{}", run.shown());
    let (date, _) =
        good.split_once("\"made\":\"").map(|(_, rest)| rest.split_at(10)).expect("a date");
    let moved = with_a_right_check(&good.replace(date, "2031-01-01"));
    drop(expect(&moved, "error[plan-file::damaged]"));
    let run =
        expect(&good.replacen("infra-plan 1", "infra-plan 7", 1), "error[plan-file::release]");
    assert!(run.stderr.contains("of format 7, and this release reads 1"), "{}", run.shown());
    let release = format!("\"release\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let later = with_a_right_check(&good.replace(&release, "\"release\":\"99.0.0\""));
    let run = expect(&later, "error[plan-file::release]");
    assert!(run.stderr.contains("it was made by 99.0.0"), "{}", run.shown());
    let run = expect("{\"format_version\": \"1.2\"}\n", "error[plan-file::no-plan]");
    assert!(run.stderr.contains("hint"), "{}", run.shown());
    project.write("plan", &good);
    drop(refused(&project, infra(&project, "apply nothing"), 1, "error[plan-file::missing]"));
    drop(refused(&project, infra(&project, "apply stacks"), 1, "error[plan-file::no-plan]"));
    // A plan of another project with the same names does not open here.
    let other = with_a_plan();
    project.write("plan", &read(&other, "plan"));
    drop(refused(&project, apply(&project), 1, "error[plan-file::state]"));
    project.write("plan", &good);
    ok(&apply(&project));
}

#[test]
fn what_says_what_to_plan_contradicts_a_plan() {
    let project = with_a_plan();
    for flag in [
        "--stack web",
        "--var a=b",
        "--var-file a.toml",
        "--program program",
        "--target note",
        "--exclude note",
        "--replace note",
        "--adopt",
        "--refresh=false",
        "--refresh=true",
        "--refresh-only",
        "--max-destroy 1",
        "--accept-loss note",
        "--accept-gone",
    ] {
        let run = infra(&project, &format!("apply plan {flag}"));
        assert_eq!(run.code, Some(64), "{flag}: {}", run.shown());
        let name = flag.split([' ', '=']).next().expect("a word");
        assert!(run.stderr.contains(name), "{flag}: {}", run.shown());
    }
    let run = infra(&project, "apply plan --destroy");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    let run = infra(&project, "apply");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("--env <NAME>"), "{}", run.shown());
    assert_eq!(text_of(&project), "input = \"one\"");
    // What says how to carry it out does not.
    let run = done(infra(
        &project,
        "apply plan --env dev --parallelism 2 --lock-timeout 1s --format json",
    ));
    let types: Vec<_> = run.stdout.lines().filter(|l| l.contains("apply_complete")).collect();
    assert_eq!(types.len(), 1, "{}", run.shown());
}

#[test]
fn a_protected_environment_still_wants_its_name() {
    let project = with_a_plan();
    let toml = read(&project, "infra.toml");
    project.write("infra.toml", &format!("{toml}protected = true\n"));
    let run = apply(&project);
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("nobody is there to approve"), "{}", run.shown());
    let run = infra(&project, "apply plan --format json");
    assert_eq!((run.code, run.stdout.as_str()), (Some(64), ""), "{}", run.shown());
    let run = project.on_terminal(&["apply", "plan"], &[("Type ", "yes")]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(text_of(&project), "input = \"one\"");
    let run = project.on_terminal(&["apply", "plan"], &[("Type ", "dev")]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert_eq!(text_of(&project), "input = \"two\"");
    // Looking at what a destruction would do is allowed, and keeping it; doing it is not.
    ok(&project.stacks("plan --env dev --destroy --out plan"));
    drop(refused(
        &project,
        infra(&project, "apply plan --auto-approve"),
        1,
        "error[destroy::protected]",
    ));
    assert_eq!(text_of(&project), "input = \"two\"");
}

#[test]
fn a_plan_that_cannot_be_written_is_told() {
    let project = Project::with_cloud();
    project.program(&note("one"));
    let run = project.stacks("plan --env dev --out nowhere/plan");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[plan-file::write]"), "{}", run.shown());
    // A folder is not replaced, and nothing is left behind.
    let run = project.stacks("plan --env dev --out stacks");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let names = std::fs::read_dir(project.path()).expect("listed");
    let left =
        names.flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".tmp"));
    assert_eq!(left.count(), 0);
    let mut command =
        project.command(&["plan", "--env", "dev", "--program", "program", "--out", ""]);
    with_credentials(&mut command);
    let run = project.run(&mut command);
    assert_ne!(run.code, Some(0), "{}", run.shown());
}
